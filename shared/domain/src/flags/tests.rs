//! Every flag: what raises it, and what only looks as if it did.

use serde_json::{Value, json};

use super::{Flag, eats_not};
use crate::{
    situation::classify,
    testing::{facts, signal},
    tier::TrustTier,
};

fn raised(source: &str, kind: &str, payload: Value, flag: Flag) -> bool {
    classify(&signal(source, kind, payload), &facts(TrustTier::ModerateAutonomy)).flags.contains(&flag)
}

/// A flag, a source and a type, payloads that raise it, payloads that only look as if they did.
type Case = (Flag, &'static str, &'static str, Vec<Value>, Vec<Value>);

#[test]
fn each_flag_has_what_raises_it_and_what_does_not() {
    use Flag as F;
    let unused = json!({ "lastUsedAt": "2026-02-01T00:00:00Z" });
    let used = json!({ "lastUsedAt": "2026-03-20T00:00:00Z" });
    let many: Vec<String> = (0..11).map(|n| format!("{n}@x.example")).collect();
    // flag, source, type, raises, does not
    let cases: Vec<Case> = vec![
        (
            F::ContainsPii,
            "drive",
            "file",
            vec![json!({ "containsPII": true }), json!({ "body": "My passport number is" })],
            vec![json!({ "containsPII": false }), json!({ "body": "passport photo" })],
        ),
        (F::ContainsPhi, "health", "records_export", vec![json!({}), json!({ "contains_phi": true })], vec![]),
        (
            F::ContainsPhi,
            "health",
            "metric_log",
            vec![json!({ "phi": true })],
            vec![json!({ "metric": "weight", "value": 1 })],
        ),
        (
            F::Confidential,
            "drive",
            "file",
            vec![json!({ "classification": "Confidential" }), json!({ "title": "CONFIDENTIAL: plan" })],
            vec![json!({ "classification": "public" }), json!({ "title": "Confident speaking" })],
        ),
        (
            F::Legal,
            "gmail",
            "email",
            vec![
                json!({ "subject": "Two contracts" }),
                json!({ "category": "legal" }),
                json!({ "body": "needs your signature" }),
            ],
            vec![json!({ "subject": "Our contractor" }), json!({ "body": "agreed, see you" })],
        ),
        (
            F::Irreversible,
            "twitter",
            "post_delete",
            vec![json!({ "irreversible": true }), json!({ "reversible": false })],
            vec![json!({ "irreversible": false }), json!({ "reversible": true })],
        ),
        (
            F::ExternalParty,
            "calendar",
            "meeting_invite",
            vec![
                json!({ "allInternal": false }),
                json!({ "externalAttendees": ["a@b.example"] }),
                json!({ "attendeeType": "external_client" }),
            ],
            vec![
                json!({ "allInternal": true }),
                json!({ "externalAttendees": [] }),
                json!({ "attendeeType": "colleague" }),
            ],
        ),
        (
            F::ThirdParty,
            "health",
            "data_share",
            vec![json!({ "thirdParty": true }), json!({ "recipientType": "third_party" })],
            vec![json!({ "thirdParty": false })],
        ),
        (
            F::Bulk,
            "drive",
            "file",
            vec![json!({ "count": 11 }), json!({ "recipients": many }), json!({ "affectedUsers": "45" })],
            vec![json!({ "count": 10 }), json!({ "recipients": ["a"] })],
        ),
        (
            F::UnknownVendor,
            "bank",
            "charge",
            vec![json!({ "isUnknownVendor": true }), json!({ "newPayee": true }), json!({ "knownVendor": false })],
            vec![json!({ "isUnknownVendor": false }), json!({ "vendor": "Unknown Pleasures" })],
        ),
        (
            F::Foreign,
            "bank",
            "charge",
            vec![json!({ "isForeign": true }), json!({ "isInternational": true })],
            vec![json!({ "vendor": "Foreign Affairs" })],
        ),
        (
            F::PriceAnomaly,
            "billing",
            "renewal",
            vec![
                json!({ "costCents": 125, "previousCostCents": 100 }),
                json!({ "priceIncrease": 25 }),
                json!({ "amount": 50.0, "previousAmount": "40.00" }),
            ],
            vec![
                json!({ "costCents": 124, "previousCostCents": 100 }),
                json!({ "priceIncrease": 24 }),
                json!({ "costCents": 100, "previousCostCents": 0 }),
                json!({ "costCents": 80, "previousCostCents": 100 }),
            ],
        ),
        (
            F::DuplicateService,
            "billing",
            "renewal",
            vec![json!({ "duplicateService": true }), json!({ "overlapsWith": ["Other"] })],
            vec![json!({ "duplicateService": false }), json!({ "overlapsWith": [] })],
        ),
        (
            F::LittleUsed,
            "billing",
            "renewal",
            vec![json!({ "lastUsedDaysAgo": 30 }), json!({ "unused": true }), unused],
            vec![json!({ "lastUsedDaysAgo": 29 }), used],
        ),
        (
            F::CostIfMissed,
            "tasks",
            "deadline",
            vec![json!({ "costIfMissed": 50_000 }), json!({ "lateFee": "25.00" })],
            vec![json!({ "costIfMissed": 0 })],
        ),
        (
            F::SubstitutionOfVendor,
            "shopping",
            "grocery_reorder",
            vec![json!({ "originalVendor": "A", "vendor": "B" }), json!({ "substituteVendor": "B" })],
            vec![json!({ "originalVendor": "A", "vendor": "a" }), json!({ "vendor": "A" })],
        ),
        (
            F::NonRefundable,
            "travel",
            "hotel",
            vec![
                json!({ "nonRefundable": true }),
                json!({ "refundable": false }),
                json!({ "description": "Non-refundable rate" }),
            ],
            vec![json!({ "refundable": true }), json!({ "description": "Fully refundable" })],
        ),
        (
            F::UnusualVolume,
            "shopping",
            "grocery_reorder",
            vec![json!({ "unusualVolume": true }), json!({ "quantity": 12, "usualQuantity": 4 })],
            vec![json!({ "quantity": 11, "usualQuantity": 4 }), json!({ "quantity": 40 })],
        ),
        (
            F::Allergen,
            "shopping",
            "grocery_reorder",
            vec![json!({ "containsAllergen": true }), json!({ "allergens": ["nuts"] })],
            vec![json!({ "containsAllergen": false }), json!({ "allergens": [] })],
        ),
        (
            F::MinorInvolved,
            "health",
            "appointment",
            vec![json!({ "involvesMinor": true }), json!({ "patientAge": 17 })],
            vec![json!({ "patientAge": 18 }), json!({ "subject": "A minor change" })],
        ),
        (
            F::SecuritySensitive,
            "smart_home",
            "door",
            vec![json!({ "action": "unlock" }), json!({ "action": "disarm" }), json!({ "unknownDevice": true })],
            vec![json!({ "action": "lock" }), json!({ "action": "arm" })],
        ),
        (
            F::SecuritySensitive,
            "gmail",
            "email",
            vec![json!({ "subject": "New password" })],
            vec![json!({ "subject": "Unlock 20 % off" })],
        ),
        (F::SecuritySensitive, "drive", "permission_change", vec![json!({})], vec![]),
        (
            F::Suspicious,
            "gmail",
            "email",
            vec![
                json!({ "category": "suspicious" }),
                json!({ "isPhishing": true }),
                json!({ "subject": "You won a prize" }),
            ],
            vec![json!({ "subject": "Surprise!" }), json!({ "subject": "Booker prize", "category": "newsletter" })],
        ),
        (
            F::Controversial,
            "twitter",
            "mention",
            vec![json!({ "isControversial": true }), json!({ "topic": "political_regulation" })],
            vec![json!({ "topic": "cooking" })],
        ),
        (
            F::Anomaly,
            "bank",
            "transaction",
            vec![json!({ "isAnomaly": true }), json!({ "unusualActivity": true })],
            vec![json!({ "isAnomaly": false })],
        ),
        (
            F::Anomaly,
            "health",
            "metric_log",
            vec![
                json!({ "value": 160, "normalRange": [50, 100] }),
                json!({ "value": { "systolic": 165 }, "normalRange": { "systolic": [90, 130] } }),
            ],
            vec![json!({ "value": 100, "normalRange": [50, 100] }), json!({ "value": 160 })],
        ),
        (
            F::CalendarConflict,
            "calendar",
            "event",
            vec![json!({ "hasConflict": true }), json!({ "conflictsWith": ["e1"] })],
            vec![
                json!({ "hasConflict": false }),
                json!({ "noConflict": true }),
                json!({ "subject": "Conflict training" }),
            ],
        ),
        (
            F::Legal,
            "webhook",
            "ping",
            vec![json!({ "flags": ["legal", "no_such_flag"] })],
            vec![json!({ "flags": ["bulk"] })],
        ),
    ];
    for (flag, source, kind, raises, spares) in cases {
        for payload in raises {
            assert!(raised(source, kind, payload.clone(), flag), "{flag} should be raised by {payload}");
        }
        for payload in spares {
            assert!(!raised(source, kind, payload.clone(), flag), "{flag} should not be raised by {payload}");
        }
    }
}

#[test]
fn every_flag_can_be_raised_by_its_own_name() {
    for flag in Flag::ALL {
        assert!(raised("webhook", "ping", json!({ flag.as_str(): true }), *flag), "{flag}");
        assert!(!raised("webhook", "ping", json!({ flag.as_str(): false }), *flag), "{flag}");
    }
}

#[test]
fn what_a_person_does_not_eat_is_found_and_what_is_free_of_it_is_not() {
    let eats_not = |restriction: &str, item: &str| eats_not(&[restriction.to_owned()], &[item.to_owned()]);
    for (restriction, item) in [
        ("gluten-free", "wheat bread"),
        ("vegan", "Greek yogurt"),
        ("vegetarian", "chicken wings"),
        ("nut allergy", "almond milk"),
        ("no cilantro", "fresh cilantro"),
        ("lactose intolerant", "whole milk"),
        ("peanuts", "peanut butter"),
    ] {
        assert!(eats_not(restriction, item), "{restriction} {item}");
    }
    for (restriction, item) in [
        ("gluten-free", "gluten-free pasta"),
        ("gluten-free", "rice"),
        ("vegan", "vegan cheese"),
        ("vegetarian", "cheese"),
        ("nut allergy", "nutmeg tea"),
        ("low sodium", "apples"),
    ] {
        assert!(!eats_not(restriction, item), "{restriction} {item}");
    }
}
