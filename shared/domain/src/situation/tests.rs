//! The unit cases of classification and urgency by their ids, and the near misses beside them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Understood, classify, from_time_left};
use crate::{
    signal::{Signal, SituationKind, Urgency},
    testing::{facts, now, signal},
    tier::TrustTier,
};

const UNIT_CASES: &str = include_str!("../../../../tests/scenarios/unit-cases.json");

/// The case of that id, as a test's name has it.
fn case(group: &str, name: &str) -> Value {
    let file: Value = serde_json::from_str(UNIT_CASES).unwrap();
    let id = name.replace('_', "-");
    file["unit_cases"][group].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap().clone()
}

fn understood(signal: &Signal) -> Understood {
    classify(signal, &facts(TrustTier::ModerateAutonomy))
}

fn read(source: &str, kind: &str, payload: Value) -> Understood {
    understood(&signal(source, kind, payload))
}

fn classifies(case: &Value) {
    let mut payload = case["signal"].as_object().unwrap().clone();
    let (source, kind) = (payload.remove("source").unwrap(), payload.remove("type").unwrap());
    let got = read(source.as_str().unwrap(), kind.as_str().unwrap(), payload.into());
    assert_eq!(got.situation.as_str(), case["situation"]);
    assert_eq!(got.domain.as_str(), case["domain"]);
    if let Some(urgency) = case["urgency"].as_str() {
        assert_eq!(got.urgency.as_str(), urgency);
    }
    if let Some(least) = case["min_urgency"].as_str() {
        assert!(got.urgency >= least.parse().unwrap());
    }
}

fn presses(case: &Value) {
    let left = TimeDelta::minutes(case["minutes_left"].as_i64().unwrap());
    assert_eq!(from_time_left(left).as_str(), case["urgency"]);
    let payload = json!({ "deadline": now().plus(left) });
    assert_eq!(read("tasks", "task", payload).urgency.as_str(), case["urgency"], "through a payload");
}

/// One test per case of the file.
macro_rules! unit_cases {
    ($group:literal, $holds:ident: $($name:ident)+) => {
        $(#[test] fn $name() { $holds(&case($group, stringify!($name))); })+
    };
}

unit_cases!("classification", classifies: cl_01 cl_02 cl_03 cl_04 cl_05 cl_06 cl_07 cl_08 cl_09 cl_10 cl_11 cl_12 cl_13 cl_14);
unit_cases!("urgency_from_deadline", presses: ur_01 ur_02 ur_03 ur_04 ur_05);

#[test]
fn urgency_is_what_the_source_says_then_the_deadline_then_the_kind() {
    let urgency = |payload: Value| read("calendar", "meeting_invite", payload).urgency;
    assert_eq!(urgency(json!({})), Urgency::Medium);
    assert_eq!(urgency(json!({ "respondBy": "2026-03-30T14:00:00Z" })), Urgency::High);
    assert_eq!(urgency(json!({ "respondBy": "2026-03-30T14:00:00Z", "urgency": "low" })), Urgency::Low);
    assert_eq!(urgency(json!({ "urgency": "extreme" })), Urgency::Medium);
    assert_eq!(urgency(json!({ "dueInHours": 3 })), Urgency::High);
    assert_eq!(urgency(json!({ "due": "2026-03-30" })), Urgency::Medium, "a date lasts until its end");
    assert_eq!(urgency(json!({ "due": "2026-03-29" })), Urgency::Critical, "yesterday is over");
    let mut said = signal("calendar", "meeting_invite", json!({ "urgency": "low" }));
    said.urgency = Some(Urgency::Critical);
    assert_eq!(understood(&said).urgency, Urgency::Critical);
}

#[test]
fn a_date_ends_in_the_persons_own_zone() {
    let mut facts = facts(TrustTier::ModerateAutonomy);
    let due = signal("tasks", "task_deadline", json!({ "due": "2026-03-30" }));
    facts.settings.timezone = chrono_tz::Asia::Tokyo; // 21:00 there: three hours left
    assert_eq!(classify(&due, &facts).urgency, Urgency::High);
    facts.settings.timezone = chrono_tz::America::Los_Angeles; // 05:00 there: nineteen hours left
    assert_eq!(classify(&due, &facts).urgency, Urgency::Medium);
}

#[test]
fn signals_are_read_by_whole_words_and_the_first_match_wins() {
    use SituationKind as S;
    let cases = [
        ("stripe", "trial_ending", json!({}), S::SubscriptionRenewal),
        ("instacart", "order_request", json!({}), S::GroceryReorder),
        ("kayak", "flight_delay", json!({}), S::TravelDecision),
        ("my_bank", "deposit", json!({}), S::FinanceOperation),
        ("hub", "geofence_arrival", json!({}), S::SmartHome),
        ("smart_home", "energy_bill", json!({}), S::SmartHome),
        ("notion", "todo", json!({}), S::TaskManagement),
        ("mastodon", "mention", json!({}), S::SocialMedia),
        ("google_drive", "upload", json!({}), S::DocumentManagement),
        ("health", "appointment_booking", json!({}), S::HealthWellness),
        ("webhook", "ping", json!({}), S::Generic),
        ("webhook", "ping", json!({ "domain": "finance" }), S::FinanceOperation),
        ("webhook", "billable_hours", json!({}), S::Generic),
        ("webhook", "profile_update", json!({}), S::Generic),
        ("webhook", "tasker", json!({}), S::Generic),
        ("zoom", "meeting_ended", json!({}), S::CalendarUpdate),
        ("google_calendar", "calendar_event", json!({ "data": { "hasConflict": true } }), S::CalendarConflict),
        (
            "google_calendar",
            "calendar_event",
            json!({ "hasConflict": false, "requiresResponse": true }),
            S::CalendarInvite,
        ),
        ("google_calendar", "calendar_event", json!({ "noConflict": true }), S::CalendarUpdate),
        // mail goes straight to its own rule
        ("gmail", "flight_booking", json!({ "subject": "Your booking is confirmed" }), S::EmailTriage),
        ("gmail", "email", json!({ "subject": "Meeting room booking confirmation" }), S::EmailTriage),
        ("gmail", "email", json!({ "subject": "Invoice 12" }), S::FinanceOperation),
        ("gmail", "email", json!({ "subject": "Payment due on Friday" }), S::FinanceOperation),
        ("gmail", "email", json!({ "subject": "Can we reschedule?" }), S::CalendarInvite),
        ("gmail", "email", json!({ "subject": "Meeting tips", "category": "newsletter" }), S::EmailTriage),
        ("gmail", "email", json!({ "subject": "Hello", "category": "subscription" }), S::SubscriptionRenewal),
        ("gmail", "purchase", json!({ "subject": "Groceries" }), S::EmailTriage),
        ("outlook_calendar", "event", json!({}), S::CalendarUpdate),
        ("zapier", "email_received", json!({ "subject": "Billing notice" }), S::SubscriptionRenewal),
    ];
    for (source, kind, payload, expected) in cases {
        assert_eq!(read(source, kind, payload.clone()).situation, expected, "{source} {kind} {payload}");
    }
}

#[test]
fn a_danger_is_what_a_connector_reports_and_never_what_somebody_writes() {
    let danger = |source: &str, kind: &str, payload: Value| read(source, kind, payload).hazard.is_some();
    assert!(danger("smart_home", "safety_alert", json!({})));
    assert!(danger("smart_home", "sensor", json!({ "action": "smoke_detected" })));
    assert!(danger("bank", "fraud_alert", json!({})));
    assert!(danger("bank", "transaction", json!({ "suspectedFraud": true })));
    assert!(danger("health", "anomaly_detected", json!({})));
    assert!(!danger("smart_home", "device_status", json!({ "device": "smoke_detector", "action": "low_battery" })));
    assert!(!danger("smart_home", "sensor", json!({ "action": "smoke_cleared" })));
    assert!(!danger("smart_home", "sensor", json!({ "action": "motion_detected" })));
    assert!(!danger("gmail", "email", json!({ "subject": "FIRE! fraud alert", "body": "smoke everywhere" })));
    assert!(!danger("health", "metric_log", json!({ "metric": "weight", "value": 70 })));
}
