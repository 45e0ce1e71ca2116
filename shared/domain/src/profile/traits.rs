//! Traits: what the person is like wherever one looks. One counts when two domains agree (`domain.md` §11).
//!
//! A trait only ever moves the order of candidates that were allowed; it allows nothing.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::TimeDelta;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{
    Answered, Found, Grounds,
    case::{Case, Verdict},
    grounds::percent,
    habit,
};
use crate::{
    action::Cost,
    catalogue::{self, Deed, Movement},
    decide::CAUTIOUS_ABOVE_CENTS,
    signal::Domain,
    tier::Confidence,
    twin::Trait,
};

/// So many domains have to agree.
const DOMAINS: usize = 2;
/// A domain agrees from here on: at least three, and three in five.
const AGREES_FROM: Confidence = Confidence::Moderate;
/// Who answers within this time of the question answers quickly.
const QUICK: TimeDelta = TimeDelta::minutes(10);

/// A trait the person has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTrait {
    /// Which.
    pub name: Trait,
    /// The domains that agree.
    pub domains: Vec<Domain>,
}

/// What speaks for a trait in one domain, of how much.
#[derive(Default)]
struct Speaks<'a> {
    supporting: Vec<&'a Answered>,
    all: usize,
}

impl Speaks<'_> {
    fn confidence(&self) -> Option<Confidence> {
        Grounds::share(self.supporting.clone(), self.all).map(|grounds| grounds.confidence)
    }
}

/// As sure as the second surest domain: that is how sure two of them agree.
pub(super) fn found(cases: &[Case<'_>], zone: Tz) -> Vec<Found<HeldTrait>> {
    let routines: BTreeSet<_> = habit::found(cases, zone)
        .into_iter()
        .filter_map(|found| Some((found.domain?, found.says.verb, found.says.weekday, found.says.hour)))
        .collect();
    let held = |name: &Trait| {
        let mut domains: BTreeMap<Domain, Speaks<'_>> = BTreeMap::new();
        for case in cases {
            let says = match name {
                Trait::RoutineDriven => case.agreed().then(|| routines.contains(&habit::slot(case, zone).0)),
                Trait::CautiousSpender | Trait::DelegationAverse | Trait::QuickResponder | Trait::PrivacyConscious => {
                    shows(*name, case)
                }
            };
            if let Some(supports) = says {
                let speaks = domains.entry(case.answer.domain).or_default();
                speaks.all += 1;
                if supports {
                    speaks.supporting.push(case.answer);
                }
            }
        }
        agreed(*name, domains)
    };
    Trait::ALL.iter().filter_map(held).collect()
}

fn agreed(name: Trait, mut domains: BTreeMap<Domain, Speaks<'_>>) -> Option<Found<HeldTrait>> {
    domains.retain(|_, speaks| speaks.confidence() >= Some(AGREES_FROM));
    let mut sure: Vec<_> = domains.values().filter_map(Speaks::confidence).collect();
    sure.sort_unstable_by_key(|confidence| Reverse(*confidence));
    let confidence = *sure.get(DOMAINS - 1)?;
    let all = domains.values().map(|speaks| speaks.all).sum();
    let says = HeldTrait { name, domains: domains.keys().copied().collect() };
    let supporting: Vec<_> = domains.into_values().flat_map(|speaks| speaks.supporting).collect();
    let (count, consistency) = (supporting.len(), percent(supporting.len(), all));
    let grounds = Grounds { confidence, ..Grounds::of(supporting, count, consistency)? };
    Some(Found { domain: None, says, grounds })
}

/// Whether a case speaks for a trait; none where it says nothing about it.
fn shows(name: Trait, case: &Case<'_>) -> Option<bool> {
    let row = catalogue::spec(case.verb);
    let about = match name {
        Trait::CautiousSpender => match case.answer.cost {
            Cost::Known { cents, .. } => cents > CAUTIOUS_ABOVE_CENTS,
            Cost::Unknown => true,
            Cost::Free => false,
        },
        // What costs money is refused for the money.
        Trait::DelegationAverse => row.counts_irreversible() && case.answer.cost == Cost::Free,
        Trait::PrivacyConscious => row.deed == Deed::Share || row.movement == Movement::Exported,
        // What is said afterwards answers no question.
        Trait::QuickResponder if matches!(case.verdict, Verdict::TakenBack | Verdict::Praised) => false,
        Trait::QuickResponder => return Some(case.answer.at.since(case.answer.asked_at) <= QUICK),
        Trait::RoutineDriven => false,
    };
    about.then(|| !case.agreed())
}
