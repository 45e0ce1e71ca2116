//! Conditions: what is refused with which path, and what holds.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{decide, policy};
use crate::{
    action::{Action, Cost, Verb},
    facts::{Context, Facts},
    fixtures::{action, at, context, costing, facts},
    flags::Flag,
    money::Money,
    policy::{Condition, Effect, Field, MAX_NODES, Op, Rule},
};

fn holds(when: &Value, action: &Action, context: &Context, facts: &Facts) -> bool {
    assert!(Condition::parse(when, "").is_ok(), "{when}: {:?}", Condition::parse(when, ""));
    let mut facts = facts.clone();
    facts.policies = vec![policy(1, 0, when, Effect::Deny)];
    decide(action, context, &facts).verdict.reasons.iter().any(|reason| reason.rule == Rule::OwnPolicy)
}

fn compare(field: &str, op: &str, value: &Value) -> Value {
    json!({ "field": field, "op": op, "value": value })
}

#[test]
fn every_field_is_read_from_the_case() {
    let mut facts = facts();
    facts.settings.timezone = chrono_tz::Asia::Tokyo;
    facts.now = at("2026-03-29T22:30:00Z");
    let mut context = context();
    context.sender = Some("Dana@BigClient.example".into());
    context.flags.insert(Flag::Legal);
    let action = costing(Verb::RenewSubscription, 1_200);
    for (field, op, value) in [
        ("verb", "eq", json!("renew_subscription")),
        ("verb", "in", json!(["pay_bill", "renew_subscription"])),
        ("domain", "neq", json!("email")),
        ("cost_cents", "gt", json!(1_199)),
        ("cost_cents", "lte", json!(1_200)),
        ("reversible", "eq", json!(false)),
        ("risk", "gte", json!("high")),
        ("risk.financial_impact", "eq", json!("moderate")),
        ("risk.legal_sensitivity", "eq", json!("high")),
        ("risk.privacy_sensitivity", "lt", json!("low")),
        ("risk.reversibility", "in", json!(["moderate", "high"])),
        ("risk.relationship_sensitivity", "lte", json!("low")),
        ("risk.operational_risk", "not_in", json!(["critical"])),
        ("tier", "eq", json!("moderate_autonomy")),
        ("confidence", "gte", json!("high")),
        ("urgency", "lt", json!("critical")),
        ("flags", "contains", json!("legal")),
        ("sender", "contains", json!("@bigclient")),
        ("sender", "eq", json!("dana@bigclient.EXAMPLE")),
        ("local_hour", "eq", json!(7)),
        ("weekday", "in", json!(["monday", "tuesday"])),
    ] {
        let when = compare(field, op, &value);
        assert!(holds(&when, &action, &context, &facts), "{when}");
        assert!(!holds(&json!({ "not": when }), &action, &context, &facts), "not {field} {op}");
    }
}

#[test]
fn an_unknown_or_foreign_cost_is_above_every_number() {
    let foreign = Cost::of(Money::new(1, "JPY".parse().unwrap()));
    for cost in [Cost::Unknown, foreign] {
        let action = Action { cost, ..action(Verb::PlaceOrder) };
        assert!(holds(&compare("cost_cents", "gt", &json!(i64::MAX)), &action, &context(), &facts()));
        assert!(!holds(&compare("cost_cents", "lte", &json!(i64::MAX)), &action, &context(), &facts()));
    }
}

#[test]
fn a_sender_that_is_not_there_equals_nothing() {
    let here = |op: &str, value: &Value| {
        holds(&compare("sender", op, value), &action(Verb::ArchiveEmail), &context(), &facts())
    };
    assert!(!here("eq", &json!("a")) && !here("contains", &json!("a")) && !here("in", &json!(["a"])));
    assert!(here("neq", &json!("a")) && here("not_in", &json!(["a"])));
}

#[test]
fn all_any_and_not_combine() {
    let yes = compare("cost_cents", "eq", &json!(0));
    let no = compare("cost_cents", "gt", &json!(0));
    let here = |when: &Value| holds(when, &action(Verb::ArchiveEmail), &context(), &facts());
    assert!(here(&json!({ "all": [yes, { "any": [no, yes] }, { "not": no }] })));
    assert!(!here(&json!({ "all": [yes, no] })));
    assert!(!here(&json!({ "any": [no, { "not": yes }] })));
}

fn nested(depth: usize) -> Value {
    (1..depth).fold(super::always(), |inner, _| json!({ "not": inner }))
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_path() {
    for (when, path) in [
        (json!(null), "/when"),
        (json!({}), "/when/field"),
        (json!({ "all": [] }), "/when/all"),
        (json!({ "any": "x" }), "/when/any"),
        (json!({ "all": [super::always()], "any": [super::always()] }), "/when/all"),
        (compare("shoe_size", "eq", &json!(1)), "/when/field"),
        (compare("cost_cents", "is", &json!(1)), "/when/op"),
        (compare("cost_cents", "contains", &json!(1)), "/when/op"),
        (compare("verb", "gt", &json!("pay_bill")), "/when/op"),
        (compare("flags", "eq", &json!("legal")), "/when/op"),
        (compare("cost_cents", "gt", &json!("much")), "/when/value"),
        (compare("cost_cents", "gt", &json!(1.5)), "/when/value"),
        (compare("cost_cents", "gt", &json!(-1)), "/when/value"),
        (compare("local_hour", "eq", &json!(24)), "/when/value"),
        (compare("risk", "eq", &json!("awful")), "/when/value"),
        (compare("reversible", "eq", &json!("no")), "/when/value"),
        (compare("sender", "contains", &json!(" ")), "/when/value"),
        (compare("verb", "in", &json!([])), "/when/value"),
        (compare("verb", "in", &json!("pay_bill")), "/when/value"),
        (compare("verb", "in", &json!(["pay_bill", "rob_bank"])), "/when/value/1"),
        (json!({ "field": "verb", "op": "eq", "value": "pay_bill", "negate": true }), "/when/negate"),
        (json!({ "any": [super::always(), { "not": { "field": "x" } }] }), "/when/any/1/not/field"),
    ] {
        let faults = Condition::parse(&when, "/when").expect_err(&when.to_string());
        assert_eq!(faults[0].path, path, "{when}: {faults:?}");
        assert!(!Condition::stored(&when).is_readable(), "{when}");
    }
}

#[test]
fn a_condition_nests_eight_deep_and_has_sixty_four_nodes_and_no_more() {
    assert!(Condition::parse(&nested(8), "").is_ok());
    assert_eq!(Condition::parse(&nested(9), "").unwrap_err()[0].path, "/not".repeat(8));
    let wide = |leaves: usize| json!({ "any": vec![super::always(); leaves] });
    assert!(Condition::parse(&wide(MAX_NODES - 1), "").is_ok());
    assert!(Condition::parse(&wide(MAX_NODES), "").is_err());
    assert!(!Condition::stored(&wide(MAX_NODES)).is_readable());
    let wrong = json!({ "any": vec![json!(1); 100_000] });
    assert!(Condition::parse(&wrong, "").unwrap_err().len() <= MAX_NODES, "not a fault for each of them");
}

#[test]
fn a_condition_reads_back_as_it_was_written_even_where_it_cannot_be_read() {
    for when in [
        json!({ "all": [super::always(), { "not": compare("verb", "in", &json!(["pay_bill"])) }] }),
        json!({ "any": [compare("moon", "eq", &json!("full")), compare("flags", "contains", &json!("legal"))] }),
    ] {
        let condition: Condition = serde_json::from_value(when.clone()).unwrap();
        assert_eq!(serde_json::to_value(&condition).unwrap(), when);
    }
}

/// Words of conditions.
const WORDS: &[&str] = &[
    "all",
    "any",
    "not",
    "field",
    "op",
    "value",
    "verb",
    "cost_cents",
    "flags",
    "sender",
    "local_hour",
    "weekday",
    "risk",
    "reversible",
    "eq",
    "gt",
    "in",
    "not_in",
    "contains",
    "pay_bill",
    "legal",
    "high",
    "monday",
    "kim@work.example",
];

/// Trees that are conditions more often than not.
fn tree() -> BoxedStrategy<Value> {
    let field = prop::sample::select(Field::ALL).prop_map(Field::as_str);
    let op = prop::sample::select(Op::ALL).prop_map(Op::as_str);
    let value = prop_oneof![2 => prop::sample::select(WORDS).prop_map(Value::from), 2 => (0..24).prop_map(Value::from), 1 => fuzz::json_of(WORDS)];
    let value = prop_oneof![3 => value.clone(), 1 => prop::collection::vec(value, 0..4).prop_map(Value::from)];
    let comparison = (field, op, value).prop_map(|(field, op, value)| compare(field, op, &value));
    let leaf = prop_oneof![4 => comparison, 1 => fuzz::json_of(WORDS)];
    let tree = leaf.prop_recursive(9, 80, 4, |inner| {
        let parts = prop::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            parts.clone().prop_map(|parts| json!({ "all": parts })),
            parts.prop_map(|parts| json!({ "any": parts })),
            inner.prop_map(|part| json!({ "not": part })),
        ]
    });
    tree.boxed()
}

proptest! {
    #![proptest_config(fuzz::cases(1))]

    #[test]
    fn whatever_is_given_is_taken_whole_or_refused_with_its_places_and_is_kept_as_it_was(given in tree()) {
        let stored = Condition::stored(&given);
        let written = serde_json::to_value(&stored).unwrap();
        prop_assert_eq!(&Condition::stored(&written), &stored);
        match Condition::parse(&given, "/when") {
            Ok(condition) => {
                prop_assert!(condition.is_readable());
                prop_assert_eq!(&condition, &stored);
                holds(&given, &action(Verb::PayBill), &context(), &facts());
            }
            Err(faults) => {
                prop_assert!(!stored.is_readable());
                prop_assert!(!faults.is_empty() && faults.iter().all(|fault| fault.path.starts_with("/when")));
            }
        }
    }
}
