//! Escalation triggers: the numbered cases.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::{decide, objections};
use crate::{
    action::{Cost, Verb},
    fixtures::{action, context, facts, id},
    money::Money,
    policy::{Rule, Trigger, When},
    signal::Domain,
    tier::Confidence,
};

fn fires(
    when: When,
    cost: Cost,
    change: impl FnOnce(&mut crate::facts::Facts, &mut crate::facts::Context),
    enabled: bool,
) -> bool {
    let mut facts = facts();
    facts.triggers = vec![Trigger { id: id(1), enabled, when }];
    let mut context = context();
    change(&mut facts, &mut context);
    let action = crate::action::Action { cost, ..action(Verb::CreateTask) };
    objections(&decide(&action, &context, &facts)).contains(&Rule::Trigger)
}

fn stored(value: serde_json::Value) -> When {
    serde_json::from_value(value).unwrap()
}

fn cents(cents: i64) -> Cost {
    Cost::of(Money::usd(cents))
}

#[test]
fn et_01_and_et_02_an_amount_fires_from_its_threshold_on() {
    let threshold = || stored(json!({ "type": "amount_threshold", "thresholdCents": 5_000 }));
    assert!(fires(threshold(), cents(6_000), |_, _| {}, true), "et-01");
    assert!(!fires(threshold(), cents(4_999), |_, _| {}, true), "et-02");
    assert!(fires(threshold(), cents(5_000), |_, _| {}, true));
    assert!(fires(threshold(), Cost::Unknown, |_, _| {}, true), "an unknown cost is above every threshold");
    assert!(!fires(threshold(), Cost::Free, |_, _| {}, true));
}

#[test]
fn et_03_a_risk_tier_fires_from_its_threshold_on() {
    let high = || stored(json!({ "kind": "risk_tier_threshold", "min_risk_tier": "high" }));
    assert!(fires(high(), cents(3_000), |_, _| {}, true));
    assert!(!fires(high(), cents(2_500), |_, _| {}, true));
}

#[test]
fn et_04_low_confidence_fires_below_its_threshold() {
    let moderate = || stored(json!({ "type": "low_confidence", "minConfidence": "moderate" }));
    assert!(fires(moderate(), Cost::Free, |_, context| context.confidence = Confidence::Low, true));
    assert!(!fires(moderate(), Cost::Free, |_, context| context.confidence = Confidence::Moderate, true));
}

#[test]
fn et_05_a_domain_without_preferences_is_novel() {
    let preference = |domain| crate::twin::Preference {
        id: id(5),
        domain,
        key: "k".into(),
        value: json!(true),
        confidence: Confidence::Low,
        source: crate::twin::Source::Inferred,
        evidence_count: 1,
    };
    assert!(fires(When::NovelSituation, Cost::Free, |_, _| {}, true));
    assert!(fires(
        When::NovelSituation,
        Cost::Free,
        |facts, _| facts.preferences.push(preference(Domain::Email)),
        true
    ));
    assert!(!fires(
        When::NovelSituation,
        Cost::Free,
        |facts, _| facts.preferences.push(preference(Domain::Tasks)),
        true
    ));
}

#[test]
fn et_06_rejections_in_a_row_fire_from_their_count_on() {
    let three = || stored(json!({ "kind": "consecutive_rejections", "count": 3 }));
    for (actual, expected) in [(4, true), (3, true), (2, false)] {
        assert_eq!(
            fires(
                three(),
                Cost::Free,
                |facts, _| facts.history.consecutive_rejections = BTreeMap::from([(Domain::Tasks, actual)]),
                true
            ),
            expected
        );
    }
}

#[test]
fn et_07_a_trigger_that_is_off_never_fires() {
    assert!(!fires(stored(json!({ "type": "amount_threshold", "thresholdCents": 1 })), cents(9_999), |_, _| {}, false));
}

#[test]
fn et_08_a_trigger_that_cannot_be_read_fires() {
    assert!(fires(stored(json!({ "type": "unknown_kind" })), Cost::Free, |_, _| {}, true));
    assert!(fires(
        stored(json!({ "kind": "amount_threshold", "threshold_cents": "many" })),
        Cost::Free,
        |_, _| {},
        true
    ));
    let written =
        |value: serde_json::Value| When::parse(value.as_object().unwrap()).map_err(|faults| faults[0].path.clone());
    assert_eq!(written(json!({ "kind": "unknown_kind" })), Err("/kind".into()));
    assert_eq!(written(json!({ "kind": "amount_threshold", "threshold_cents": 0 })), Err("/threshold_cents".into()));
    assert_eq!(written(json!({ "kind": "low_confidence", "min_confidence": "sure" })), Err("/min_confidence".into()));
    assert_eq!(written(json!({ "kind": "novel_situation", "count": 2 })), Err("/count".into()));
}

proptest! {
    #![proptest_config(fuzz::cases(1))]

    #[test]
    fn whatever_is_stored_as_a_trigger_reads_back_the_same_and_fires_where_it_can_not_be_read(
        given in fuzz::object_of(&[
            "kind", "amount_threshold", "threshold_cents", "risk_tier_threshold", "min_risk_tier", "high",
            "low_confidence", "min_confidence", "novel_situation", "consecutive_rejections", "count", "enabled",
        ]),
        kind in prop::sample::select(When::KINDS),
    ) {
        let mut known = given.clone();
        known.insert("kind".to_owned(), kind.into());
        for given in [given, known] {
            let when = When::stored(given.clone());
            prop_assert_eq!(&stored(serde_json::to_value(&when).unwrap()), &when);
            prop_assert_eq!(When::parse(&given).is_err(), matches!(when, When::Unreadable(_)));
            if let When::Unreadable(_) = when {
                let fired = fires(when, Cost::Free, |_, _| {}, true);
                prop_assert!(fired);
            }
        }
    }
}
