//! The score by which allowed candidates are ranked (`domain.md` §4).

use crate::{
    action::{Action, Cost},
    catalogue::{self, Reversibility},
    decision::Support,
    risk::Risk,
    tier::Confidence,
    twin::{History, Trait},
};

/// A cost up to so many cents still earns points.
const CHEAP_CENTS: i64 = 500;
/// A cautious spender minds from here on, in cents.
pub(crate) const CAUTIOUS_ABOVE_CENTS: i64 = 1_000;
/// Support and patterns add at most so many points each.
const MOST_BOOST: i64 = 20;
/// A pattern from so many times on is a routine.
const ROUTINE_FROM: u32 = 3;

/// Points of a candidate; only the order matters.
pub(super) fn of(action: &Action, confidence: Confidence, support: &[Support], risk: &Risk, history: &History) -> i64 {
    let row = catalogue::spec(action.verb);
    let full = row.reversibility == Reversibility::Full && !row.counts_irreversible();
    let cheap = match action.cost {
        Cost::Free => 10,
        Cost::Known { cents, .. } if cents <= CHEAP_CENTS => 5,
        Cost::Known { .. } | Cost::Unknown => 0,
    };
    let ranks: i64 = support.iter().filter(|support| support.speaks_for).map(|support| support.confidence.rank()).sum();
    let times = history.patterns.get(&action.verb).copied().unwrap_or_default();
    let base = confidence.rank() * 10 + (4 - risk.overall.rank()) * 5;
    base + if full { 15 } else { 0 }
        + cheap
        + MOST_BOOST.min(3 * ranks)
        + MOST_BOOST.min(i64::from(times))
        + traits(action, times, history)
}

fn traits(action: &Action, times: u32, history: &History) -> i64 {
    let row = catalogue::spec(action.verb);
    let answers = ["reply", "respond", "accept"]
        .iter()
        .any(|word| row.words.acts.contains(word) || row.words.nouns.contains(word));
    let points = |held: &Trait| match held {
        Trait::CautiousSpender => {
            let dear = match action.cost {
                Cost::Known { cents, .. } => cents > CAUTIOUS_ABOVE_CENTS,
                Cost::Unknown => true,
                Cost::Free => false,
            };
            if dear { -10 } else { 0 }
        }
        Trait::DelegationAverse if row.counts_irreversible() => -5,
        Trait::QuickResponder if answers => 5,
        Trait::RoutineDriven if times >= ROUTINE_FROM => 3,
        Trait::PrivacyConscious if row.moves_data() => -3,
        Trait::DelegationAverse | Trait::QuickResponder | Trait::RoutineDriven | Trait::PrivacyConscious => 0,
    };
    history.traits.iter().map(points).sum()
}
