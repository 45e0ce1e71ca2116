//! The twin's profile: what a person's answers add up to, field by field (`domain.md` §11).
//!
//! Pure derivation: the same answers give the same profile in whatever order they come, each finding says what it rests
//! on, and what is found in a domain rests on answers in that domain alone. Nothing is kept that the record does not
//! show again; what the person had forgotten is not found again from what they had answered until then.

mod case;
mod forgotten;
mod grounds;
mod habit;
mod heuristic;
mod hours;
mod money;
mod risk;
mod style;
#[cfg(test)]
mod tests;
mod traits;

use std::collections::BTreeSet;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use case::Answered;
pub use forgotten::Forgotten;
pub use grounds::Grounds;
pub use habit::Routine;
pub use heuristic::Heuristic;
pub use hours::{ActiveHours, Hour};
pub use money::SpendNorm;
pub use risk::{RiskTolerance, Tolerated};
pub use style::CommunicationStyle;
pub use traits::HeldTrait;

use crate::{signal::Domain, twin::Trait, wire::wire_enum};

/// So many answers, the newest, are looked at: older ones say little about the person of today.
pub const MOST_ANSWERS: u32 = 500;
/// Most findings of a kind in one domain, the best founded.
const MOST_IN_DOMAIN: usize = 20;

wire_enum! {
    /// A field of the profile.
    Field, "field of the twin" {
        RiskTolerance = "risk_tolerance", SpendNorms = "spend_norms", Routines = "routines",
        CommunicationStyle = "communication_style", DomainHeuristics = "domain_heuristics",
        ActiveHours = "active_hours", Traits = "traits",
    }
}

impl Field {
    /// How a change of it is named: the field, and the domain where it has one.
    pub fn named(self, domain: Option<Domain>) -> String {
        domain.map_or_else(|| self.as_str().to_owned(), |domain| format!("{self}/{domain}"))
    }
}

/// One thing found, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found<T> {
    /// Where it holds; none where it is about the person as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// What was found.
    #[serde(flatten)]
    pub says: T,
    /// What it rests on.
    #[serde(flatten)]
    pub grounds: Grounds,
}

/// Everything found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// What the person agrees to, by domain and risk.
    pub risk_tolerance: Vec<Found<RiskTolerance>>,
    /// What they agree to spend, by domain and currency.
    pub spend_norms: Vec<Found<SpendNorm>>,
    /// What they want done when.
    pub routines: Vec<Found<Routine>>,
    /// What becomes of what is written for them, by domain.
    pub communication_style: Vec<Found<CommunicationStyle>>,
    /// What they want done about whom.
    pub domain_heuristics: Vec<Found<Heuristic>>,
    /// When they answer; one or none.
    pub active_hours: Vec<Found<ActiveHours>>,
    /// What they are like wherever one looks.
    pub traits: Vec<Found<HeldTrait>>,
}

impl Profile {
    /// What these answers add up to, on a wall clock of this zone.
    pub fn derive(answers: &[Answered], zone: Tz, forgotten: &Forgotten) -> Self {
        let cases = |field| case::all(answers.iter().filter(|answer| forgotten.counts(field, answer)));
        let counted = answers.iter().filter(|answer| forgotten.counts(Field::ActiveHours, answer));
        Self {
            risk_tolerance: risk::found(&cases(Field::RiskTolerance)),
            spend_norms: money::found(&cases(Field::SpendNorms)),
            routines: habit::found(&cases(Field::Routines), zone),
            communication_style: style::found(&cases(Field::CommunicationStyle)),
            domain_heuristics: heuristic::found(&cases(Field::DomainHeuristics)),
            active_hours: hours::found(counted, zone),
            traits: traits::found(&cases(Field::Traits), zone),
        }
    }

    /// What is found here and not, or not in these words, in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self {
            risk_tolerance: less(&self.risk_tolerance, &other.risk_tolerance),
            spend_norms: less(&self.spend_norms, &other.spend_norms),
            routines: less(&self.routines, &other.routines),
            communication_style: less(&self.communication_style, &other.communication_style),
            domain_heuristics: less(&self.domain_heuristics, &other.domain_heuristics),
            active_hours: less(&self.active_hours, &other.active_hours),
            traits: less(&self.traits, &other.traits),
        }
    }

    /// The fields something was found for, as `field/domain`, or `field` where it is about the person as a whole.
    pub fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        name(&mut names, Field::RiskTolerance, &self.risk_tolerance);
        name(&mut names, Field::SpendNorms, &self.spend_norms);
        name(&mut names, Field::Routines, &self.routines);
        name(&mut names, Field::CommunicationStyle, &self.communication_style);
        name(&mut names, Field::DomainHeuristics, &self.domain_heuristics);
        name(&mut names, Field::ActiveHours, &self.active_hours);
        name(&mut names, Field::Traits, &self.traits);
        names
    }

    /// What differs between the two, by name.
    pub fn changes(&self, after: &Self) -> BTreeSet<String> {
        let mut names = self.without(after).names();
        names.extend(after.without(self).names());
        names
    }

    /// The traits that count in scores.
    pub fn held_traits(&self) -> BTreeSet<Trait> {
        self.traits.iter().map(|found| found.says.name).collect()
    }
}

fn less<T: Clone + PartialEq>(from: &[Found<T>], what: &[Found<T>]) -> Vec<Found<T>> {
    from.iter().filter(|found| !what.contains(found)).cloned().collect()
}

fn name<T>(names: &mut BTreeSet<String>, field: Field, found: &[Found<T>]) {
    names.extend(found.iter().map(|found| field.named(found.domain)));
}

/// The best founded of each domain, in order of domain.
fn best<T>(mut found: Vec<Found<T>>) -> Vec<Found<T>> {
    // Stable: among equals the order they were found in, which is that of what they say.
    found.sort_by_key(|found| (found.domain, std::cmp::Reverse(found.grounds.count)));
    let mut before = (None, 0);
    found.retain(|found| {
        before = if before.0 == found.domain { (before.0, before.1 + 1) } else { (found.domain, 1) };
        before.1 <= MOST_IN_DOMAIN
    });
    found
}
