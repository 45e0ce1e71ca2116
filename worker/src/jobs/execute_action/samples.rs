//! Executions and verdicts for the tests beside.

use domain::{
    action::{Action, Cost, Verb},
    digest::Digest,
    execution::{Execution, Kind, State, Step, StepState},
    id::Id,
    policy::{Effect, Reason, Rule, Verdict},
    signal::{Domain, Object},
    time::Timestamp,
};

/// A time of one day.
pub(super) fn at(time: &str) -> Timestamp {
    format!("2026-03-02T{time}Z").parse().unwrap()
}

fn id<K>(n: u32) -> Id<K> {
    format!("00000000-0000-0000-0000-{n:012}").parse().unwrap()
}

/// The twin's own, free, planned and due at eight.
pub(super) fn planned() -> Execution {
    let action =
        Action { verb: Verb::ArchiveEmail, domain: Domain::Email, parameters: Object::new(), cost: Cost::Free };
    Execution {
        id: id(7),
        user: id(1),
        decision: id(2),
        approval: None,
        kind: Kind::Act,
        reverses: None,
        retry_of: None,
        digest: action.digest(),
        permitted_revision: 1,
        reserved: None,
        max_cost_cents: None,
        steps: vec![Step { ordinal: 0, action: action.clone(), state: StepState::Pending, output: None }],
        action,
        engine: None,
        engine_ref: None,
        request: None,
        attempt: 0,
        sends: 0,
        in_doubt_since: None,
        cancel_asked: None,
        consent_until: None,
        created_at: at("08:00:00"),
        updated_at: at("08:00:00"),
        state: State::Planned { due: at("08:00:00") },
    }
}

/// The same, agreed to by the person, whose word is good until then.
pub(super) fn consented(until: Timestamp) -> Execution {
    Execution { approval: Some(id(3)), consent_until: Some(until), ..planned() }
}

/// A verdict for one reason.
pub(super) fn verdict(effect: Effect) -> Verdict {
    let reason = Reason { rule: Rule::TierRisk, effect, text: "Because.".into(), numbers: Object::new() };
    Verdict { effect, reasons: vec![reason], policy_hash: Digest::of(&1), revision: 2, at: at("09:00:00") }
}
