//! The demo: a person with sensible settings, and a handful of signals that show every kind of outcome.

use std::collections::BTreeMap;

use domain::{
    id::UserId,
    settings::Autonomy,
    signal::Domain,
    tier::{Confidence, TrustTier},
    twin::{Preference, Source},
};
use serde_json::{Value, json};

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

/// Signals for a first look: each leads to something else.
pub(crate) fn signals() -> Vec<Value> {
    let signal = |id: &str, source: &str, kind: &str, payload: Value| json!({ "source": source, "type": kind, "external_id": format!("demo-{id}"), "payload": payload });
    vec![
        signal(
            "newsletter",
            "gmail",
            "email_received",
            json!({
            "message_id": "msg-1001", "from": "letters@gardening.example", "subject": "What to plant in November",
            "body": "Five bulbs for a bright spring.", "category": "newsletter" }),
        ),
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
            "invite",
            "calendar",
            "meeting_invite",
            json!({
            "eventId": "evt-31", "title": "Lunch with Robin", "organizer": "robin@friends.example", "noConflict": true }),
        ),
        signal(
            "move",
            "gmail",
            "email_received",
            json!({
            "message_id": "msg-1002", "from": "kim@work.example", "subject": "Could we move our meeting to Thursday?",
            "body": "Something came up on Wednesday." }),
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
