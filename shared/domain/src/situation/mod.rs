//! Situations: what a signal turns out to be (`domain.md` §3), and what could be done about it (§4).
//!
//! One file per family builds what could be done; it names verbs and where they stand, never their risk. Parameters are
//! read off the payload by the verb's own row, so a candidate carries every id its row asks for and nothing else: a
//! secret in a payload has no way into an action.

mod calendar;
mod classify;
mod documents;
mod draft;
mod email;
mod finance;
mod general;
mod hazard;
mod health;
mod home;
mod reading;
mod reply;
mod shopping;
mod social;
mod subscriptions;
mod tasks;
mod travel;
mod urgency;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use self::urgency::from_time_left;
pub(crate) use self::{
    draft::{Draft, Role},
    hazard::Hazard,
    reading::{Reading, strings},
    reply::elsewhere,
    urgency::instant,
};
use crate::{
    facts::{Context, Facts},
    flags::{self, Flag},
    signal::{Domain, Signal, SituationKind, Urgency},
    tier::Confidence,
};

/// Fields that speak of a conflict in the calendar.
pub(crate) const CONFLICT_FIELDS: &[&str] = &[
    "has_conflict",
    "conflict",
    "conflicts",
    "is_conflict",
    "conflicts_with",
    "conflicting_events",
    "conflicting_event",
    "overlaps",
    "overlapping_events",
    "double_booked",
];

/// What was found out about a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Understood {
    /// What it is.
    pub situation: SituationKind,
    /// The domain of the situation.
    pub domain: Domain,
    /// How soon.
    pub urgency: Urgency,
    /// What was noticed.
    pub flags: BTreeSet<Flag>,
    /// Who sent it, if anybody.
    pub sender: Option<String>,
    /// Somebody waits for an answer, by the payload's word.
    pub wants_answer: bool,
    /// A danger the person must hear of at once.
    pub(crate) hazard: Option<Hazard>,
}

impl Understood {
    /// The context of an action of which nothing is known yet but the signal.
    pub fn context(&self) -> Context {
        Context {
            situation: self.situation,
            urgency: self.urgency,
            flags: self.flags.clone(),
            confidence: Confidence::Speculative,
            sender: self.sender.clone(),
            stated_preference: false,
            supported: false,
        }
    }

    /// A flag is raised that counts when it is decided how to reach the person (`domain.md` §6).
    pub(crate) fn flagged(&self) -> bool {
        self.flags.iter().any(|flag| !flag.only_informs(self.situation))
    }
}

/// Says what a signal is: situation, domain, urgency, flags, sender.
pub fn classify(signal: &Signal, facts: &Facts) -> Understood {
    understand(&Reading::of(signal), facts)
}

/// The same of a signal that is open already.
pub(crate) fn understand(reading: &Reading<'_>, facts: &Facts) -> Understood {
    let situation = classify::situation(reading);
    let mut flags = flags::read(reading, situation, facts.now);
    if situation == SituationKind::CalendarConflict {
        flags.insert(Flag::CalendarConflict);
    }
    if situation == SituationKind::GroceryReorder && shopping::breaks_diet(reading, facts) {
        flags.insert(Flag::Allergen);
    }
    let hazard = hazard::of(reading, situation, &flags);
    Understood {
        situation,
        domain: situation.domain(),
        urgency: urgency::urgency(reading, situation, hazard, facts.now, facts.settings.timezone),
        flags,
        sender: reading.sender().map(str::to_owned),
        wants_answer: classify::wants_answer(reading),
        hazard,
    }
}

/// The payload speaks of a conflict in the calendar.
pub(crate) fn conflicts(reading: &Reading<'_>) -> bool {
    reading.is(CONFLICT_FIELDS) && !reading.is(&["no_conflict"])
}

/// What could be done about a signal, in the order in which it comes to mind.
pub(crate) fn drafts(reading: &Reading<'_>, understood: &Understood, facts: &Facts) -> Vec<Draft> {
    let mut drafts = match understood.situation {
        SituationKind::EmailTriage => email::drafts(reading, understood),
        SituationKind::CalendarInvite | SituationKind::CalendarConflict | SituationKind::CalendarUpdate => {
            calendar::drafts(reading, understood, facts)
        }
        SituationKind::SubscriptionRenewal => subscriptions::drafts(reading, understood),
        SituationKind::GroceryReorder => shopping::drafts(reading),
        SituationKind::TravelDecision => travel::drafts(reading),
        SituationKind::FinanceOperation => finance::drafts(reading, understood),
        SituationKind::SmartHome => home::drafts(reading, understood),
        SituationKind::TaskManagement => tasks::drafts(reading),
        SituationKind::SocialMedia => social::drafts(reading),
        SituationKind::DocumentManagement => documents::drafts(reading),
        SituationKind::HealthWellness => health::drafts(reading, understood),
        SituationKind::Generic => general::drafts(reading, understood),
    };
    if let Some(verb) = draft::named(reading, understood.domain) {
        // The connector names the very verb: that is what is asked for, and what the builder thought of are other ways.
        drafts.retain(|draft| draft.verb != verb);
        for draft in &mut drafts {
            draft.role = draft.role.behind();
        }
        drafts.insert(0, Draft::asked(verb));
    }
    drafts
}
