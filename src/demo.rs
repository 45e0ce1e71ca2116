//! The demo: a person with sensible settings, a mailbox and a calendar, and a handful of signals that show every kind of
//! outcome.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{
    id::UserId,
    settings::Autonomy,
    signal::Domain,
    tier::{Confidence, TrustTier},
    time::Timestamp,
    twin::{Preference, Source},
};
use serde_json::{Value, json};
use simulator::{google::Mail, provider::Person};

/// Her name.
pub(crate) const NAME: &str = "Demo";
/// How far the twin may go in general.
pub(crate) const TIER: TrustTier = TrustTier::ModerateAutonomy;

/// Limits: 100 USD an action, 500 USD a day, and asking before anything irreversible.
pub(crate) fn autonomy() -> Autonomy {
    Autonomy { max_spend_per_action_cents: Some(10_000), max_daily_spend_cents: Some(50_000), ..Autonomy::default() }
}

/// Her id: always the same, so that a start knows whether it is the first.
pub(crate) fn id() -> UserId {
    UserId::new(uuid::Uuid::nil()).child("demo")
}

/// What she has told the twin herself, so the twin may be sure of it.
pub(crate) fn preferences() -> Vec<Preference> {
    let told = [
        (Domain::Email, "auto_archive", json!(true)),
        (Domain::Subscriptions, "auto_renew_under_20", json!(true)),
        (Domain::SmartHome, "bedtime_thermostat", json!({ "temp": 66, "time": "22:30" })),
        (Domain::Documents, "auto_file_invoices", json!(true)),
        (Domain::Calendar, "default_response", json!("tentative")),
    ];
    let stated = told.into_iter().map(|(domain, key, value)| Preference {
        id: id().child(&format!("{domain}/{key}")),
        domain,
        key: key.to_owned(),
        value,
        confidence: Confidence::Confirmed,
        source: Source::Explicit,
        evidence_count: 1,
    });
    stated.collect()
}

/// Domains she trusts the twin less in.
pub(crate) fn domain_tiers() -> BTreeMap<Domain, TrustTier> {
    BTreeMap::from([(Domain::Finance, TrustTier::Suggest), (Domain::SocialMedia, TrustTier::Observer)])
}

/// Who she is at the provider of her mailbox and calendar.
pub(crate) fn person() -> Person {
    Person { subject: "demo".to_owned(), email: "demo@mail.example".to_owned() }
}

/// Mails that wait in her mailbox.
pub(crate) fn mails() -> [Mail; 2] {
    let newsletter =
        Mail::new("letters@gardening.example", "What to plant in November", "Five bulbs for a bright spring.");
    let question = Mail::new(
        "Kim <kim@work.example>",
        "Could we move our meeting to Thursday?",
        "Something came up on Wednesday.",
    );
    [newsletter.label("CATEGORY_PROMOTIONS").header("List-Id", "<letters.gardening.example>"), question]
}

/// An invitation that waits in her calendar.
pub(crate) fn invitation(now: Timestamp) -> Value {
    let (start, end) = (now.plus(TimeDelta::days(2)), now.plus(TimeDelta::days(2) + TimeDelta::hours(1)));
    let robin = "robin@friends.example";
    json!({ "id": "demolunch", "summary": "Lunch with Robin", "start": { "dateTime": start }, "end": { "dateTime": end },
        "organizer": { "email": robin }, "attendees": [
            { "email": robin, "responseStatus": "accepted" },
            { "email": person().email, "responseStatus": "needsAction" }] })
}

/// Signals for a first look, besides what waits in her mailbox and calendar: each leads to something else.
pub(crate) fn signals() -> Vec<Value> {
    let signal = |id: &str, source: &str, kind: &str, payload: Value| json!({ "source": source, "type": kind, "external_id": format!("demo-{id}"), "payload": payload });
    vec![
        signal(
            "thermostat",
            "smart_home",
            "routine_trigger",
            json!({
            "device": "thermostat", "device_id": "hall-1", "action": "set_temperature", "value": 66, "trigger": "bedtime_schedule" }),
        ),
        signal(
            "renewal",
            "billing",
            "subscription_renewal",
            json!({
            "subject": "Your photo storage renews tomorrow", "subscriptionId": "sub-photos", "vendor": "Photo Box", "costCents": 299 }),
        ),
        signal(
            "price",
            "billing",
            "subscription_renewal",
            json!({
            "subject": "A new price for your film plan", "subscriptionId": "sub-films", "vendor": "Filmhouse",
            "costCents": 1899, "previousCostCents": 1299 }),
        ),
        signal(
            "bill",
            "finance",
            "payment_due",
            json!({
            "subject": "Water bill, third quarter", "billId": "bill-77", "payee": "City Water", "costCents": 8450,
            "dueDate": "2030-01-15" }),
        ),
        signal(
            "invoice",
            "documents",
            "document_file",
            json!({
            "documentId": "doc-8", "documentName": "Invoice-0818.pdf", "documentType": "invoice", "targetFolder": "Invoices" }),
        ),
        signal(
            "mention",
            "social_media",
            "brand_mention",
            json!({
            "platform": "example", "mentionId": "m-5", "author": "@sam", "content": "Nice talk yesterday!", "sentiment": "positive" }),
        ),
        signal(
            "smoke",
            "smart_home",
            "safety_alert",
            json!({
            "device": "smoke_detector_kitchen", "action": "smoke_detected", "severity": "critical" }),
        ),
    ]
}
