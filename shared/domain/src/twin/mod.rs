//! The twin: what it has learned of a person, each with confidence and where it comes from (`domain.md` §11).

mod key;
mod opinion;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{catalogue::Verb, id::PreferenceId, signal::Domain, tier::Confidence, wire::wire_enum};

pub(crate) use opinion::{Evidence, Opinion, of as opinion, support, wants_to_hear};
pub(crate) use value::plain_verb;

wire_enum! {
    /// Where a preference comes from.
    Source, "preference source" { Default = "default", Inferred = "inferred", Corrected = "corrected", Explicit = "explicit" }
}

wire_enum! {
    /// A lasting trait; counts in scores when two domains agree.
    Trait, "trait" {
        CautiousSpender = "cautious_spender", DelegationAverse = "delegation_averse", QuickResponder = "quick_responder",
        RoutineDriven = "routine_driven", PrivacyConscious = "privacy_conscious",
    }
}

/// One preference: speaks for or against verbs of its own domain, and of no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// Its id.
    pub id: PreferenceId,
    /// Where it counts.
    pub domain: Domain,
    /// What about, such as `auto_archive`.
    pub key: String,
    /// What they prefer.
    pub value: Value,
    /// How sure.
    pub confidence: Confidence,
    /// From where.
    pub source: Source,
    /// How much evidence.
    pub evidence_count: u32,
}

/// What the record says about the person's dealings so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Executed actions by domain (`domain.md` §6 rule 11).
    pub executed: BTreeMap<Domain, u32>,
    /// Rejections in a row by domain, newest first.
    pub consecutive_rejections: BTreeMap<Domain, u32>,
    /// Payees that were paid before, as the parameter `payee` names them, case-folded.
    pub known_payees: BTreeSet<String>,
    /// Verbs that must ask for so many times yet (`domain.md` §11 punish).
    pub asks_owed: BTreeMap<Verb, u32>,
    /// Traits with enough evidence.
    pub traits: BTreeSet<Trait>,
    /// Evidence of repetition by verb: how often the person had this done.
    pub patterns: BTreeMap<Verb, u32>,
}

impl History {
    /// What repetition alone says about a verb; it never passes high (`domain.md` §11).
    pub fn pattern(&self, verb: Verb) -> Confidence {
        confidence_from_repetition(self.patterns.get(&verb).copied().unwrap_or_default())
    }
}

/// How sure repetition makes the twin (`domain.md` §11 "Patterns"); without a statement it never passes high.
pub(crate) const fn confidence_from_repetition(times: u32) -> Confidence {
    match times {
        0..=2 => Confidence::Speculative,
        3..=4 => Confidence::Low,
        5..=9 => Confidence::Moderate,
        10.. => Confidence::High,
    }
}

/// How sure evidence makes the twin (`domain.md` §11): a statement is confirmed; else how often, and how consistent in
/// hundredths.
pub const fn confidence_from_evidence(explicit: bool, evidence: u32, consistency_hundredths: u8) -> Confidence {
    if explicit {
        Confidence::Confirmed
    } else if evidence >= 5 && consistency_hundredths >= 80 {
        Confidence::High
    } else if evidence >= 3 && consistency_hundredths >= 60 {
        Confidence::Moderate
    } else if evidence >= 2 && consistency_hundredths >= 40 {
        Confidence::Low
    } else {
        Confidence::Speculative
    }
}
