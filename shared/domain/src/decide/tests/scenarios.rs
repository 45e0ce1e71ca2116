//! The development scenarios, held against the decision as their own `vocabulary.reading` says.

use serde_json::Value;

use crate::{
    decide::decide,
    decision::{Decision, Outcome},
    ledger::SpendView,
    testing::{facts, prefers, signal},
    tier::TrustTier,
};

const SCENARIOS: &str = include_str!("../../../../../tests/scenarios/dev.json");

pub(super) fn decided(scenario: &Value) -> Decision {
    let (user, incoming) = (&scenario["user"], &scenario["signal"]);
    let mut facts = facts(user["trust_tier"].as_str().unwrap().parse::<TrustTier>().unwrap());
    facts.settings.domain_tiers = serde_json::from_value(user["domain_tiers"].clone()).unwrap();
    facts.settings.autonomy = serde_json::from_value(user["autonomy"].clone()).unwrap();
    facts.settings.timezone = user["timezone"].as_str().unwrap().parse().unwrap();
    facts.spend = Ok(SpendView { settled_cents: user["spent_today_cents"].as_i64().unwrap(), ..SpendView::default() });
    let preference = |p: &Value| {
        let word = |field: &str| p[field].as_str().unwrap();
        prefers(
            word("domain").parse().unwrap(),
            word("key"),
            p["value"].clone(),
            word("confidence").parse().unwrap(),
            word("source").parse().unwrap(),
        )
    };
    facts.preferences = scenario["preferences"].as_array().unwrap().iter().map(preference).collect();
    let mut signal =
        signal(incoming["source"].as_str().unwrap(), incoming["type"].as_str().unwrap(), incoming["payload"].clone());
    signal.external_id = incoming["external_id"].as_str().map(str::to_owned);
    decide(&signal, &facts).decision
}

fn faults(expect: &Value, decision: &Decision) -> Vec<String> {
    let names =
        |field: &str| -> Vec<&str> { expect[field].as_array().unwrap().iter().filter_map(Value::as_str).collect() };
    let outcome = decision.outcome.as_str();
    let chosen = decision.chosen();
    let ran = decision.outcome == Outcome::Auto;
    let mut faults = Vec::new();
    if !names("allowed_outcomes").contains(&outcome) && !names("also_accepted").contains(&outcome) {
        faults.push(format!("{outcome} is not among {:?}", names("allowed_outcomes")));
    }
    if expect["must_auto_execute"].as_bool() != Some(ran) {
        faults.push(format!("ran alone: {ran}"));
    }
    if let (true, Some(most), Some(chosen)) = (ran, expect["max_risk_tier_of_chosen_action"].as_str(), chosen)
        && chosen.risk.overall > most.parse().unwrap()
    {
        faults.push(format!("risk {} above {most}", chosen.risk.overall));
    }
    let wanted = names("action_type_any_of");
    let handed_over = wanted.contains(&"escalate_to_user")
        && matches!(decision.outcome, Outcome::Ask | Outcome::Alert | Outcome::Block);
    let proposes = matches!(decision.outcome, Outcome::Auto | Outcome::Ask | Outcome::Suggest);
    if proposes
        && !wanted.is_empty()
        && !handed_over
        && !chosen.is_some_and(|chosen| wanted.contains(&chosen.action.verb.as_str()))
    {
        faults.push(format!("{:?} is not among {wanted:?}", chosen.map(|chosen| chosen.action.verb)));
    }
    if let Some(least) = expect["min_urgency"].as_str()
        && decision.context.urgency < least.parse().unwrap()
    {
        faults.push(format!("urgency {} below {least}", decision.context.urgency));
    }
    faults
}

#[test]
fn every_development_scenario_comes_out_as_it_allows() {
    let file: Value = serde_json::from_str(SCENARIOS).unwrap();
    let scenarios = file["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 51);
    let mut failed = Vec::new();
    for scenario in scenarios {
        let decision = decided(scenario);
        for fault in faults(&scenario["expect"], &decision) {
            failed
                .push(format!("{} {}: {fault}\n    {:?}", scenario["id"], scenario["title"], decision.explanation.why));
        }
    }
    assert!(failed.is_empty(), "{} faults\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn every_decision_has_an_explanation_that_says_something_everywhere() {
    let file: Value = serde_json::from_str(SCENARIOS).unwrap();
    for scenario in file["scenarios"].as_array().unwrap() {
        let decision = decided(scenario);
        let explanation = &decision.explanation;
        assert!(
            !explanation.headline.is_empty()
                && !explanation.understood.is_empty()
                && !explanation.why.is_empty()
                && !explanation.next.is_empty()
        );
        let asked = matches!(decision.outcome, Outcome::Ask | Outcome::Block | Outcome::Suggest);
        let by_rule = !explanation.rules.is_empty()
            || decision
                .chosen()
                .is_some_and(|chosen| chosen.verdict.reasons.iter().all(|r| r.effect == crate::policy::Effect::Allow));
        assert!(!asked || by_rule, "{}", scenario["id"]);
    }
}
