//! Facts: everything the evaluator may look at, loaded by the shell, handed in as one value. Deterministic: the clock is in it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    flags::Flag,
    ledger::{SpendView, Unreadable},
    policy::{Policy, Trigger},
    settings::Settings,
    signal::{SituationKind, Urgency},
    tier::Confidence,
    time::Timestamp,
    twin::{History, Preference},
};

/// What is known of a person at one instant.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The instant.
    pub now: Timestamp,
    /// Tier, limits, zone, stop switch.
    pub settings: Settings,
    /// What they prefer.
    pub preferences: Vec<Preference>,
    /// What was done before.
    pub history: History,
    /// Their own policies, enabled or not.
    pub policies: Vec<Policy>,
    /// Their escalation triggers.
    pub triggers: Vec<Trigger>,
    /// Spend within the window in the limits' currency; at dispatch without the execution's own reservation.
    pub spend: Result<SpendView, Unreadable>,
}

/// What the decision found out about the signal, stored with it so that approval and dispatch judge the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// What it is.
    pub situation: SituationKind,
    /// How soon.
    pub urgency: Urgency,
    /// What was noticed.
    pub flags: BTreeSet<Flag>,
    /// How sure the twin is of the action under review.
    pub confidence: Confidence,
    /// Who sent it, if anybody, as an address or name.
    pub sender: Option<String>,
    /// An explicit or confirmed preference speaks for the verb (`domain.md` §6 rule 11).
    pub stated_preference: bool,
    /// Some preference of at least moderate supports it.
    pub supported: bool,
}
