//! Dangers: smoke, intrusion, fraud, a medical anomaly. The person hears of them at once, whatever the tier (`domain.md` §6).
//!
//! Only what a connector says counts, never what somebody wrote: a mail can't shout fire.

use std::collections::BTreeSet;

use super::reading::Reading;
use crate::{
    flags::Flag,
    signal::SituationKind,
    words::{says, words},
};

/// Which danger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hazard {
    /// Smoke, fire, gas, water where none should be, or an alert of safety.
    Safety,
    /// Somebody where nobody should be, or an alert of security.
    Intrusion,
    /// Somebody else spends the person's money.
    Fraud,
    /// The body is out of order.
    Medical,
}

impl Hazard {
    /// In a sentence.
    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::Safety => "a danger to safety",
            Self::Intrusion => "a possible intrusion",
            Self::Fraud => "a possible fraud",
            Self::Medical => "a medical anomaly",
        }
    }
}

const SAFETY: &[&str] = &[
    "smoke",
    "fire",
    "gas leak",
    "gas detected",
    "carbon monoxide",
    "co detected",
    "water leak",
    "leak detected",
    "flood",
    "flooding",
];
const INTRUSION: &[&str] = &[
    "intrusion",
    "intruder",
    "break in",
    "burglary",
    "glass break",
    "glass broken",
    "forced entry",
    "tamper",
    "tampering",
    "alarm triggered",
];
const MOVEMENT: &[&str] =
    &["motion", "movement", "door opened", "window opened", "door open", "window open", "person detected", "presence"];
const OVER: &[&str] = &["cleared", "resolved", "test", "battery", "offline", "ended", "maintenance", "normal"];
const AWAY: &[&str] = &[
    "all_residents_away",
    "everyone_away",
    "nobody_home",
    "residents_away",
    "away_mode",
    "on_vacation",
    "user_away",
    "is_away",
];
const MEDICAL: &[&str] =
    &["anomaly", "emergency", "fall detected", "abnormal", "critical", "irregular", "health alert", "medical alert"];

/// The danger a signal reports, if it does.
pub(crate) fn of(reading: &Reading<'_>, situation: SituationKind, flags: &BTreeSet<Flag>) -> Option<Hazard> {
    let mut said = reading.wish();
    for name in ["event", "event_type", "alert_type", "alert", "reason", "status", "detected"] {
        said.extend(reading.text(&[name]).map(words).unwrap_or_default().into_iter().chain(["·".to_owned()]));
    }
    let any = |phrases: &[&str]| phrases.iter().any(|phrase| says(&said, phrase));
    if reading.kind_says(&["safety alert"]) {
        return Some(Hazard::Safety);
    }
    if reading.kind_says(&["security alert", "security breach"]) {
        return Some(Hazard::Intrusion);
    }
    if reading.kind_says(&["fraud", "fraud alert"])
        || (situation == SituationKind::FinanceOperation
            && (any(&["fraud"])
                || reading.is(&["fraud", "is_fraud", "suspected_fraud", "fraud_suspected", "fraud_alert"])))
    {
        return Some(Hazard::Fraud);
    }
    match situation {
        SituationKind::SmartHome if any(OVER) => None,
        SituationKind::SmartHome if any(SAFETY) => Some(Hazard::Safety),
        SituationKind::SmartHome if any(INTRUSION) || (any(MOVEMENT) && nobody_home(reading)) => {
            Some(Hazard::Intrusion)
        }
        SituationKind::HealthWellness if reading.kind_says(MEDICAL) || flags.contains(&Flag::Anomaly) => {
            Some(Hazard::Medical)
        }
        SituationKind::SmartHome
        | SituationKind::HealthWellness
        | SituationKind::EmailTriage
        | SituationKind::CalendarInvite
        | SituationKind::CalendarConflict
        | SituationKind::CalendarUpdate
        | SituationKind::SubscriptionRenewal
        | SituationKind::GroceryReorder
        | SituationKind::TravelDecision
        | SituationKind::FinanceOperation
        | SituationKind::TaskManagement
        | SituationKind::SocialMedia
        | SituationKind::DocumentManagement
        | SituationKind::Generic => None,
    }
}

fn nobody_home(reading: &Reading<'_>) -> bool {
    let status = reading
        .text(&["user_status", "home_status", "occupancy", "mode", "home_mode", "presence_status"])
        .map(words)
        .unwrap_or_default();
    reading.is(AWAY)
        || reading.denies(&["anyone_home", "residents_home", "occupied"])
        || ["away", "vacation", "vacant", "empty"].iter().any(|word| says(&status, word))
}
