//! The calendar: answers to invitations, ways out of conflicts, and hours the person keeps for themselves.

use chrono::NaiveTime;
use chrono_tz::Tz;
use serde_json::Value;

use super::{Draft, Reading, Role, Understood, classify::is_mail_source, instant, strings};
use crate::{
    action::Verb,
    facts::Facts,
    signal::{Domain, SituationKind},
    words::{says, words},
};

const CANCELS: &[&str] = &["cancel", "cancel event", "cancel meeting", "delete", "cancellation request"];
const MOVES: &[&str] = &["reschedule", "move", "reschedule request"];

pub(super) fn drafts(reading: &Reading<'_>, understood: &Understood, facts: &Facts) -> Vec<Draft> {
    if reading.wishes(CANCELS) && !reading.kind_says(&["cancelled", "canceled"]) {
        return vec![
            Draft::asked(Verb::CancelEvent),
            Draft::other(Verb::RescheduleEvent),
            Draft::other(Verb::ProposeAlternative),
        ];
    }
    let move_it = reading.wishes(MOVES)
        || (is_mail_source(reading)
            && ["move", "reschedule", "postpone"].iter().any(|word| says(&reading.headline(), word)));
    let ways = match understood.situation {
        SituationKind::CalendarConflict => vec![
            Draft::way(Verb::ProposeAlternative),
            Draft::way(Verb::RescheduleEvent),
            Draft::way(Verb::DeclineInvite),
            Draft::other(Verb::TentativeAccept),
        ],
        SituationKind::CalendarInvite if move_it => vec![
            Draft::way(Verb::RescheduleEvent).to(
                if reading.text(&["new_time", "proposed_time", "suggested_time"]).is_some() {
                    Role::Asked
                } else {
                    Role::Way
                },
            ),
            Draft::way(Verb::ProposeAlternative),
            Draft::other(Verb::AcceptInvite),
            Draft::other(Verb::DeclineInvite),
        ],
        SituationKind::CalendarInvite => invite(inside_kept_hours(reading, facts)),
        SituationKind::CalendarUpdate if move_it => {
            vec![Draft::asked(Verb::RescheduleEvent), Draft::way(Verb::ProposeAlternative)]
        }
        SituationKind::CalendarUpdate
        | SituationKind::EmailTriage
        | SituationKind::SubscriptionRenewal
        | SituationKind::GroceryReorder
        | SituationKind::TravelDecision
        | SituationKind::FinanceOperation
        | SituationKind::SmartHome
        | SituationKind::TaskManagement
        | SituationKind::SocialMedia
        | SituationKind::DocumentManagement
        | SituationKind::HealthWellness
        | SituationKind::Generic => vec![Draft::way(Verb::AcknowledgeUpdate)],
    };
    if is_mail_source(reading) {
        // Whatever is decided about the event, the mail wants an answer; and only the mail is certain to be there.
        return ways.into_iter().chain([Draft::other(Verb::DraftReply)]).collect();
    }
    ways
}

/// The answers to an invitation; inside hours the person keeps for themselves, another time comes first and nothing
/// accepts alone.
fn invite(kept: bool) -> Vec<Draft> {
    if kept {
        let why = "It falls into hours you keep for yourself.";
        return vec![
            Draft::way(Verb::ProposeAlternative),
            Draft::way(Verb::DeclineInvite),
            Draft::way(Verb::TentativeAccept).but(why),
            Draft::way(Verb::AcceptInvite).but(why),
        ];
    }
    vec![
        Draft::way(Verb::AcceptInvite),
        Draft::way(Verb::TentativeAccept),
        Draft::way(Verb::DeclineInvite),
        Draft::way(Verb::ProposeAlternative),
    ]
}

/// The event starts within hours that a preference keeps free.
fn inside_kept_hours(reading: &Reading<'_>, facts: &Facts) -> bool {
    let Some(start) = start(reading, facts.settings.timezone) else { return false };
    let keeps = |key: &str| {
        let key = words(key);
        ["focus", "deep work", "no meeting", "blocked time", "protected", "lunch", "do not disturb"]
            .iter()
            .any(|phrase| says(&key, phrase))
    };
    let kept =
        facts.preferences.iter().filter(|preference| preference.domain == Domain::Calendar && keeps(&preference.key));
    kept.flat_map(|preference| hours(&preference.value))
        .any(|(from, to)| if from <= to { from <= start && start < to } else { start >= from || start < to })
}

/// When the event starts on the person's clock.
fn start(reading: &Reading<'_>, zone: Tz) -> Option<NaiveTime> {
    let text = reading.text(&["time_slot", "start", "start_time", "starts_at", "time", "proposed_time"])?;
    clock(text).or_else(|| instant(text, zone).map(|at| at.utc().with_timezone(&zone).time()))
}

/// The ranges of hours in a preference: `9am-11am`, or an object with start and end, or a list of either.
fn hours(value: &Value) -> Vec<(NaiveTime, NaiveTime)> {
    if let Value::Array(ranges) = value {
        return ranges.iter().flat_map(hours).collect();
    }
    if let Some(range) = value.as_object() {
        let at = |name: &str| range.get(name).and_then(Value::as_str).and_then(clock);
        return at("start").or_else(|| at("from")).zip(at("end").or_else(|| at("to"))).into_iter().collect();
    }
    strings(value)
        .filter_map(|text| text.split_once(['-', '–']).or_else(|| text.split_once(" to ")))
        .filter_map(|(from, to)| clock(from).zip(clock(to)))
        .collect()
}

/// A time of day as people write it: `9am`, `10:30 PM`, `14:00`.
fn clock(text: &str) -> Option<NaiveTime> {
    let text = text.trim().to_lowercase();
    let (digits, shift) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(morning), _) => (morning, Some(0)),
        (None, Some(evening)) => (evening, Some(12)),
        (None, None) => (text.as_str(), None),
    };
    let (hour, minute) = digits.trim().split_once(':').unwrap_or((digits.trim(), "0"));
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let hour = shift.map_or(hour, |shift| hour % 12 + shift);
    NaiveTime::from_hms_opt(hour, minute, 0)
}
