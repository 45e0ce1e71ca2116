//! The evaluator's tests: the numbered cases, the never-list with its near misses, conditions, and the laws.

mod cases;
mod conditions;
mod laws;
mod never;
mod replay;
mod triggers;

use super::{Effect, Moment, OwnRule, Policy, Review, Rule, condition::Condition, review};
use crate::{
    action::Action,
    facts::{Context, Facts},
    fixtures::id,
    risk,
};

/// Reviews when the twin decides.
fn decide(action: &Action, context: &Context, facts: &Facts) -> Review {
    review(action, &risk::assess(action, context), context, facts, Moment::Decide)
}

/// The rules that ask or deny, in order.
fn objections(review: &Review) -> Vec<Rule> {
    let mut rules: Vec<_> = review
        .verdict
        .reasons
        .iter()
        .filter(|reason| reason.effect != Effect::Allow)
        .map(|reason| reason.rule)
        .collect();
    rules.dedup();
    rules
}

/// A policy of one rule.
fn policy(number: u128, priority: i32, when: &serde_json::Value, effect: Effect) -> Policy {
    let rule = OwnRule { when: Condition::stored(when), effect, reason: "because I say so".into() };
    Policy {
        id: id(number),
        name: format!("policy {number}"),
        description: String::new(),
        domain: None,
        priority,
        enabled: true,
        rules: vec![rule],
    }
}

/// A condition that always holds.
fn always() -> serde_json::Value {
    serde_json::json!({ "field": "cost_cents", "op": "gte", "value": 0 })
}
