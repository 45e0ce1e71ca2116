//! Whether the engine may go through a gate: only for exactly what was approved, once, and in time. Pure.
//!
//! Invariant: leave is given where the gate names one of our steps and every parameter of it, and nothing besides;
//! whatever we can't compare is not what the person approved (`domain.md` §1 law 1).

use domain::{
    execution::{Execution, Step},
    signal::Object,
    time::Timestamp,
};
use serde_json::Value;

use super::record::{Detail, Gate, Kind, Record, Wish};
use crate::adapters::ironclaw::clipped;

/// What a gate says about the tool itself rather than about what it is used with.
const ABOUT_THE_TOOL: &str = "Capability";

/// The answer to a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// Go ahead.
    Granted,
    /// No, and why, in a sentence for the person.
    Refused(String),
}

/// Whether this gate of the run may be passed.
pub(super) fn leave(record: &Record, gate: &Gate, execution: &Execution, now: Timestamp) -> Leave {
    let refused = |why: &str| Leave::Refused(why.to_owned());
    if now >= execution.deadline() {
        return refused("The engine asked for leave to go on after the time for this was up, so it was refused.");
    }
    let Some(wish) = gate.wish.as_ref().filter(|_| gate.kind == Kind::Approval) else {
        return Leave::Refused(match gate.kind {
            Kind::Auth => format!(
                "The engine needs a sign-in of yours first ({}). Sign in there with the engine, then try again.",
                clipped(&gate.headline)
            ),
            Kind::Approval => {
                "The engine asked for leave without saying what for, so it was refused. Let the engine approve its tools \
                 by itself (SkyTwin has asked you already), then try again."
                    .to_owned()
            }
            Kind::Resource | Kind::Generic => format!(
                "The engine waits for something that nobody here can give it ({}). Look there, then try again.",
                clipped(&gate.headline)
            ),
        });
    };
    // A step is approved once: a second wish for the same is one more than was agreed to.
    let mut open: Vec<&Step> = execution.steps.iter().collect();
    for earlier in record.gates.iter().take_while(|earlier| earlier.name != gate.name) {
        let taken = earlier.wish.as_ref().and_then(|wish| open.iter().position(|step| is_for(wish, step)));
        if let Some(taken) = taken {
            open.remove(taken);
        }
    }
    if open.iter().any(|step| is_for(wish, step)) {
        Leave::Granted
    } else {
        Leave::Refused(format!(
            "The engine asked for leave to use `{}`, which is not what was approved ({}), or not with the same details, \
             so it was refused. If it is the right tool, let the engine approve it by itself, then try again.",
            clipped(&wish.tool),
            execution.action.verb
        ))
    }
}

/// The gates of a run that it was not let through.
pub(super) fn shut<'a>(record: &'a Record, execution: &Execution, now: Timestamp) -> Vec<&'a Gate> {
    record.gates.iter().filter(|gate| leave(record, gate, execution, now) != Leave::Granted).collect()
}

fn is_for(wish: &Wish, step: &Step) -> bool {
    wish.tool == step.action.verb.as_str()
        && wish.destination.is_none()
        && says(&wish.details, wish, &step.action.parameters)
}

/// Whether the details are exactly these parameters.
fn says(details: &[Detail], wish: &Wish, parameters: &Object) -> bool {
    let (about, given): (Vec<_>, Vec<_>) = details.iter().partition(|detail| detail.label == ABOUT_THE_TOOL);
    about.iter().all(|detail| detail.value == wish.tool)
        && given.len() == parameters.len()
        && parameters
            .iter()
            .all(|(key, value)| given.iter().any(|detail| detail.label == *key && detail.value == text(value)))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::{
        action::{Action, Cost, Verb},
        execution::{Kind as Purpose, State, StepState},
        id::Id,
        signal::Domain,
    };
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-03-02T09:00:00Z".parse().unwrap()
    }

    fn id<K>(n: u32) -> Id<K> {
        format!("00000000-0000-0000-0000-{n:012}").parse().unwrap()
    }

    /// A note with two details, once.
    fn execution() -> Execution {
        let parameters = json!({"text": "Milk", "count": 2}).as_object().unwrap().clone();
        let action = Action { verb: Verb::CreateNote, domain: Domain::General, parameters, cost: Cost::Free };
        Execution {
            id: id(7),
            user: id(1),
            decision: id(2),
            approval: None,
            kind: Purpose::Act,
            reverses: None,
            retry_of: None,
            digest: action.digest(),
            permitted_revision: 1,
            reserved: None,
            max_cost_cents: None,
            steps: vec![Step { ordinal: 0, action: action.clone(), state: StepState::Running, output: None }],
            action,
            engine: None,
            engine_ref: None,
            request: None,
            attempt: 1,
            sends: 1,
            in_doubt_since: None,
            cancel_asked: None,
            consent_until: None,
            created_at: now(),
            updated_at: now(),
            state: State::Running { due: now() },
        }
    }

    fn gate(name: &str, tool: &str, details: &[(&str, &str)]) -> Gate {
        let details = details.iter().map(|(label, value)| Detail { label: (*label).into(), value: (*value).into() });
        let wish = Wish { tool: tool.into(), destination: None, details: details.collect() };
        Gate::of_kind(name, Kind::Approval).wishing(wish)
    }

    fn asked(gates: Vec<Gate>) -> Leave {
        let last = gates.last().unwrap().clone();
        leave(&Record::at(gates), &last, &execution(), now())
    }

    const DETAILS: [(&str, &str); 3] = [("Capability", "create_note"), ("text", "Milk"), ("count", "2")];

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn whatever_is_wished_for_leave_is_given_to_the_first_wish_for_exactly_the_step_and_to_no_other(
            wishes in prop::collection::vec(
                (
                    prop_oneof![4 => Just("create_note"), 1 => Just("pay_bill"), 1 => Just("")],
                    prop_oneof![
                        2 => prop::sample::select(vec![DETAILS.to_vec(), DETAILS[1..].to_vec(), vec![DETAILS[2], DETAILS[1]]]),
                        3 => prop::collection::vec((prop::sample::select(vec!["Capability", "text", "count", "list"]), prop::sample::select(vec!["create_note", "Milk", "2", "3"])), 0..5),
                    ],
                ),
                1..4,
            ),
        ) {
            let exact = |(tool, details): &(&str, Vec<(&str, &str)>)| {
                let (about, mut given): (Vec<_>, Vec<_>) = details.iter().partition(|(label, _)| *label == ABOUT_THE_TOOL);
                given.sort_unstable();
                *tool == "create_note" && about.iter().all(|(_, tool)| *tool == "create_note") && given == [("count", "2"), ("text", "Milk")]
            };
            let gates = wishes.iter().enumerate().map(|(number, (tool, details))| gate(&format!("g{number}"), tool, details));
            let first = wishes.iter().position(exact) == Some(wishes.len() - 1);
            prop_assert_eq!(asked(gates.collect()) == Leave::Granted, first, "{:?}", wishes);
        }
    }

    #[test]
    fn leave_is_given_for_exactly_what_was_approved() {
        assert_eq!(asked(vec![gate("g", "create_note", &DETAILS)]), Leave::Granted);
        assert_eq!(asked(vec![gate("g", "create_note", &DETAILS[1..])]), Leave::Granted);
        let others: [&[(&str, &str)]; 7] = [
            &[],
            &DETAILS[..2],
            &[("text", "Milk"), ("count", "3")],
            &[("text", "Milk"), ("count", "2"), ("list", "all")],
            &[("text", "Milk"), ("text", "Milk")],
            &[("Capability", "pay_bill"), ("text", "Milk"), ("count", "2")],
            &[("text", "milk"), ("count", "2")],
        ];
        for details in others {
            assert_ne!(asked(vec![gate("g", "create_note", details)]), Leave::Granted, "{details:?}");
        }
        assert_ne!(asked(vec![gate("g", "create_notes", &DETAILS[1..])]), Leave::Granted);
        let mut elsewhere = gate("g", "create_note", &DETAILS);
        elsewhere.wish.as_mut().unwrap().destination = Some(json!({"label": "POST https://elsewhere.example"}));
        assert_ne!(asked(vec![elsewhere]), Leave::Granted);
    }

    #[test]
    fn leave_is_given_once_for_each_step_and_to_the_same_gate_however_often_it_is_looked_at() {
        let first = gate("g-1", "create_note", &DETAILS);
        assert_ne!(asked(vec![first.clone(), gate("g-2", "create_note", &DETAILS)]), Leave::Granted);
        assert_eq!(asked(vec![gate("g-0", "look_up", &[]), first]), Leave::Granted);
    }

    #[test]
    fn no_leave_is_given_after_its_time_or_for_what_only_the_person_can_give() {
        let one = gate("g", "create_note", &DETAILS);
        let record = Record::at(vec![one.clone()]);
        let late = now().plus(TimeDelta::hours(24));
        assert!(matches!(leave(&record, &one, &execution(), late), Leave::Refused(why) if why.contains("time")));
        for kind in [Kind::Approval, Kind::Auth, Kind::Resource, Kind::Generic] {
            let why = asked(vec![Gate::of_kind("g", kind)]);
            assert!(matches!(&why, Leave::Refused(why) if why.contains("try again")), "{kind:?}: {why:?}");
        }
    }
}
