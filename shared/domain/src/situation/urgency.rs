//! How soon: what the source says, else the deadline, else the kind (`domain.md` §3 "Urgency").

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use super::{Hazard, reading::Reading};
use crate::{
    signal::{SituationKind, Urgency},
    time::Timestamp,
};

/// Fields that say until when something must be done.
const DEADLINES: &[&str] = &[
    "deadline",
    "due_date",
    "due_at",
    "due",
    "due_by",
    "respond_by",
    "response_deadline",
    "reply_by",
    "expires_at",
    "expires_on",
    "expiry",
    "expiration_date",
    "trial_ends_at",
    "trial_end_date",
    "trial_ends",
    "renewal_date",
    "renews_at",
    "renews_on",
    "payment_due_date",
];
/// Fields that say how long is left.
const HOURS_LEFT: &[&str] =
    &["due_in_hours", "hours_left", "hours_until_due", "hours_until_deadline", "expires_in_hours", "hours_remaining"];
const MINUTES_LEFT: &[&str] = &["due_in_minutes", "minutes_left", "minutes_until_due", "expires_in_minutes"];
const DAYS_LEFT: &[&str] = &[
    "due_in_days",
    "days_left",
    "days_until_due",
    "days_until_renewal",
    "trial_ends_in_days",
    "expires_in_days",
    "days_remaining",
];

/// How soon a signal wants attention.
pub(crate) fn urgency(
    reading: &Reading<'_>,
    situation: SituationKind,
    hazard: Option<Hazard>,
    now: Timestamp,
    zone: Tz,
) -> Urgency {
    let said = reading.signal().urgency.or_else(|| reading.text(&["urgency"])?.to_lowercase().parse().ok());
    said.or_else(|| left(reading, now, zone).map(from_time_left)).unwrap_or_else(|| by_kind(situation, hazard))
}

/// How soon something is whose deadline is so far away.
pub fn from_time_left(left: TimeDelta) -> Urgency {
    if left < TimeDelta::hours(1) {
        Urgency::Critical
    } else if left < TimeDelta::hours(4) {
        Urgency::High
    } else if left < TimeDelta::hours(24) {
        Urgency::Medium
    } else {
        Urgency::Low
    }
}

/// The time left until the nearest deadline the payload names.
fn left(reading: &Reading<'_>, now: Timestamp, zone: Tz) -> Option<TimeDelta> {
    let at = DEADLINES
        .iter()
        .filter_map(|name| reading.text(&[name]))
        .filter_map(|text| instant(text, zone))
        .map(|at| at.since(now));
    let hours = reading.whole(HOURS_LEFT).and_then(TimeDelta::try_hours);
    let minutes = reading.whole(MINUTES_LEFT).and_then(TimeDelta::try_minutes);
    let days = reading.whole(DAYS_LEFT).and_then(TimeDelta::try_days);
    at.chain(hours).chain(minutes).chain(days).min()
}

/// An instant as written: RFC 3339, a local date and time, or a date, which means until the end of that day.
pub(crate) fn instant(text: &str, zone: Tz) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let local = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.succ_opt()?.and_hms_opt(0, 0, 0))?;
    // Where the clock jumps the earlier reading is taken, so nothing seems less urgent than it is.
    local
        .and_local_timezone(zone)
        .earliest()
        .or_else(|| local.and_utc().with_timezone(&zone).into())
        .map(|at| Timestamp::new(at.to_utc()))
}

const fn by_kind(situation: SituationKind, hazard: Option<Hazard>) -> Urgency {
    if hazard.is_some() {
        return Urgency::Critical;
    }
    match situation {
        SituationKind::CalendarConflict => Urgency::High,
        SituationKind::CalendarInvite
        | SituationKind::SubscriptionRenewal
        | SituationKind::TravelDecision
        | SituationKind::FinanceOperation
        | SituationKind::SmartHome
        | SituationKind::HealthWellness => Urgency::Medium,
        SituationKind::EmailTriage
        | SituationKind::CalendarUpdate
        | SituationKind::GroceryReorder
        | SituationKind::TaskManagement
        | SituationKind::SocialMedia
        | SituationKind::DocumentManagement
        | SituationKind::Generic => Urgency::Low,
    }
}
