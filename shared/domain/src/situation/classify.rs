//! What a signal is: the situation, by whole words, first match wins (`domain.md` §3 "Situation").
//!
//! A mail source goes straight to the rule for mail, so that a mail about an order can never order anything; what the
//! connector says (type, category) beats what somebody wrote. Within rule 2 the source's family counts before the
//! domain's, and that before the type's: a health source books appointments, not trips.

use super::reading::Reading;
use crate::{
    signal::{Domain, SituationKind},
    words::says,
};

const CALENDAR: &[&str] = &["calendar", "meeting", "invite", "invitation", "scheduling"];
const MAIL: &[&str] = &["email", "mail", "gmail", "message"];
const MAIL_SOURCES: &[&str] = &["email", "mail", "gmail", "message", "outlook", "imap", "inbox"];

/// The families of rule 2 in the order of the rules, each with the words that name it.
const FAMILIES: &[(SituationKind, &[&str])] = &[
    (SituationKind::SubscriptionRenewal, &["billing", "subscription", "renewal", "trial"]),
    (SituationKind::GroceryReorder, &["grocery", "groceries", "shopping", "purchase", "order request"]),
    (SituationKind::TravelDecision, &["travel", "flight", "hotel", "booking", "trip", "airline"]),
    (
        SituationKind::FinanceOperation,
        &["finance", "bank", "banking", "payment", "bill", "transaction", "transfer", "refund", "charge"],
    ),
    (
        SituationKind::SmartHome,
        &[
            "smart home",
            "smarthome",
            "iot",
            "device",
            "sensor",
            "alarm",
            "geofence",
            "thermostat",
            "home assistant",
            "homekit",
        ],
    ),
    (SituationKind::TaskManagement, &["task", "todo", "project"]),
    (
        SituationKind::SocialMedia,
        &[
            "social",
            "social media",
            "twitter",
            "facebook",
            "instagram",
            "linkedin",
            "mastodon",
            "bluesky",
            "tiktok",
            "reddit",
            "youtube",
            "mention",
        ],
    ),
    (SituationKind::DocumentManagement, &["document", "file", "drive", "permission", "dropbox", "onedrive"]),
    (SituationKind::HealthWellness, &["health", "medical", "fitness", "medication", "prescription"]),
];

/// Categories and types of mail that settle that it is only to be sorted, whatever its subject says.
const SORTED: &[&str] = &[
    "newsletter",
    "promotion",
    "promotional",
    "promo",
    "marketing",
    "spam",
    "suspicious",
    "phishing",
    "scam",
    "social",
    "notification",
    "digest",
    "shipping",
    "delivery",
    "confirmation",
    "receipt",
    "legal",
    "forum",
];
const RENEWALS: &[&str] = &["renewal", "renew", "renewing", "renewed", "subscription", "billing"];
const MEETINGS: &[&str] = &["meeting", "invite", "invitation", "reschedule", "rescheduled", "rescheduling"];
const CONFIRMED: &[&str] = &["confirmation", "confirmed"];
const BOOKED: &[&str] = &["booking", "reservation", "order", "hotel", "flight", "itinerary", "purchase"];
const SENT: &[&str] = &["shipped", "shipping", "delivered", "out for delivery", "tracking"];

/// The situation of a signal.
pub(crate) fn situation(reading: &Reading<'_>) -> SituationKind {
    if is_mail_source(reading) {
        return mail(reading);
    }
    let names = |said: &[String], phrases: &[&str]| phrases.iter().any(|phrase| says(said, phrase));
    if names(reading.source(), CALENDAR) || names(reading.kind(), CALENDAR) {
        return calendar(reading);
    }
    let family =
        |said: &[String]| FAMILIES.iter().find(|(_, phrases)| names(said, phrases)).map(|(situation, _)| *situation);
    if let Some(situation) = family(reading.source()) {
        return situation;
    }
    if let Some(domain) = domain_said(reading) {
        match domain {
            Domain::Calendar => return calendar(reading),
            Domain::Email => return mail(reading),
            Domain::Subscriptions => return SituationKind::SubscriptionRenewal,
            Domain::Shopping => return SituationKind::GroceryReorder,
            Domain::Travel => return SituationKind::TravelDecision,
            Domain::Finance => return SituationKind::FinanceOperation,
            Domain::SmartHome => return SituationKind::SmartHome,
            Domain::Tasks => return SituationKind::TaskManagement,
            Domain::SocialMedia => return SituationKind::SocialMedia,
            Domain::Documents => return SituationKind::DocumentManagement,
            Domain::Health => return SituationKind::HealthWellness,
            Domain::General => {}
        }
    }
    if let Some(situation) = family(reading.kind()) {
        return situation;
    }
    if names(reading.source(), MAIL) || names(reading.kind(), MAIL) { mail(reading) } else { SituationKind::Generic }
}

/// The domain the caller names, in the field or in the payload.
fn domain_said(reading: &Reading<'_>) -> Option<Domain> {
    reading.signal().domain.or_else(|| reading.text(&["domain"])?.to_lowercase().parse().ok())
}

/// The signal comes out of a mailbox.
pub(crate) fn is_mail_source(reading: &Reading<'_>) -> bool {
    let from = |phrases: &[&str]| phrases.iter().any(|phrase| says(reading.source(), phrase));
    from(MAIL_SOURCES) && !from(&["calendar"])
}

/// The payload says that somebody waits for an answer.
pub(crate) fn wants_answer(reading: &Reading<'_>) -> bool {
    let status = reading.text(&["response_status", "rsvp_status"]).map(crate::words::words).unwrap_or_default();
    reading.is(&[
        "requires_response",
        "response_required",
        "needs_response",
        "requires_reply",
        "needs_reply",
        "reply_required",
        "requires_answer",
        "requires_action",
        "action_required",
        "rsvp_required",
        "rsvp",
    ]) || says(&status, "needs action")
        || says(&status, "needsaction")
}

fn calendar(reading: &Reading<'_>) -> SituationKind {
    let conflicts = reading.kind_says(&["conflict"]) || super::conflicts(reading);
    if conflicts {
        SituationKind::CalendarConflict
    } else if wants_answer(reading)
        || reading.kind_says(&["invite", "invitation", "scheduling", "meeting request", "rsvp"])
    {
        SituationKind::CalendarInvite
    } else {
        SituationKind::CalendarUpdate
    }
}

fn mail(reading: &Reading<'_>) -> SituationKind {
    let category = reading.category();
    let in_category = |phrases: &[&str]| phrases.iter().any(|phrase| says(&category, phrase));
    if in_category(&["renewal", "subscription", "billing", "trial"]) {
        return SituationKind::SubscriptionRenewal;
    }
    if in_category(&["invoice", "bill", "payment"]) {
        return SituationKind::FinanceOperation;
    }
    if in_category(&["meeting", "invite", "invitation", "calendar", "scheduling", "reschedule"]) {
        return SituationKind::CalendarInvite;
    }
    let subject = reading.headline();
    let about = |phrases: &[&str]| phrases.iter().any(|phrase| says(&subject, phrase));
    if in_category(SORTED) || reading.kind_says(SORTED) || about(SENT) || (about(CONFIRMED) && about(BOOKED)) {
        return SituationKind::EmailTriage;
    }
    if about(RENEWALS) || (about(&["trial"]) && about(&["end", "ends", "ending", "expires", "expiring", "over"])) {
        SituationKind::SubscriptionRenewal
    } else if about(&["invoice", "payment due"]) {
        SituationKind::FinanceOperation
    } else if about(MEETINGS) {
        SituationKind::CalendarInvite
    } else {
        SituationKind::EmailTriage
    }
}
