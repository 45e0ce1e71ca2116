//! Dry-runs: the stored decision under other rules, at its own time.

use serde_json::json;

use super::{Effect, always, policy};
use crate::{
    action::Verb,
    decision::{Candidate, Decision, Outcome},
    explain::Explanation,
    fixtures::{action, at, context, facts, id},
    policy::{Moment, replay, review},
    risk,
    signal::Domain,
    tier::TrustTier,
};

/// An archived mail of a Sunday night.
fn decided() -> Decision {
    let (action, context, facts) = (action(Verb::ArchiveEmail), context(), facts());
    let risk = risk::assess(&action, &context);
    let verdict = review(&action, &risk, &context, &facts, Moment::Decide).verdict;
    let candidate = Candidate {
        ordinal: 0,
        summary: "archive it".into(),
        confidence: context.confidence,
        support: Vec::new(),
        score: 0,
        missing: Vec::new(),
        action,
        risk,
        verdict,
    };
    Decision {
        id: id(1),
        user: id(2),
        signal: id(3),
        domain: Domain::Email,
        context,
        tier: TrustTier::ModerateAutonomy,
        outcome: Outcome::Auto,
        candidates: vec![candidate],
        chosen: Some(0),
        explanation: Explanation {
            headline: String::new(),
            understood: String::new(),
            why: Vec::new(),
            rules: Vec::new(),
            next: String::new(),
        },
        decided_at: at("2026-03-01T23:30:00Z"),
    }
}

#[test]
fn a_rule_about_the_hour_means_the_hour_of_the_decision() {
    let (decision, before) = (decided(), facts());
    for (hour, changes) in [(23, true), (12, false)] {
        let mut after = before.clone();
        after.policies.push(policy(7, 0, &json!({ "field": "local_hour", "op": "eq", "value": hour }), Effect::Deny));
        let replayed = replay(&decision, &before, &after).unwrap();
        assert_eq!(replayed.changes(), changes, "{replayed:?}");
        assert_eq!(replayed.before.effect, Effect::Allow);
    }
}

#[test]
fn a_stop_hides_no_difference_and_nothing_to_do_is_no_difference() {
    let (mut decision, mut before) = (decided(), facts());
    before.settings.stopped = true;
    let mut after = before.clone();
    after.policies.push(policy(7, 0, &always(), Effect::RequireApproval));
    let replayed = replay(&decision, &before, &after).unwrap();
    assert_eq!((replayed.before.effect, replayed.after.effect), (Effect::Allow, Effect::RequireApproval));
    decision.chosen = None;
    decision.candidates.clear();
    assert_eq!(replay(&decision, &before, &after), None);
}
