//! The events of a conversation's runs, as the chat API streams them: derived from the runs, so that every look tells the
//! same story.

use serde_json::{Value, json};

use crate::{
    fault::End,
    gate::{Gate, GateKind},
    run::{Order, Run},
};

/// Everything so far, ended by a sign of life; none where there is no such conversation.
pub(crate) fn of(runs: &[&Run]) -> Option<String> {
    if runs.is_empty() {
        return None;
    }
    let events = runs.iter().flat_map(|run| events(run));
    let told = (1_u32..).zip(events).map(|(cursor, (name, mut data))| {
        if let Value::Object(data) = &mut data {
            data.insert("cursor".to_owned(), cursor.to_string().into());
            data.insert("type".to_owned(), name.into());
        }
        format!("event: {name}\nid: \"{cursor}\"\ndata: {data}\n\n")
    });
    Some(told.chain(["event: keep_alive\ndata: {\"type\":\"keep_alive\"}\n\n".to_owned()]).collect())
}

/// The run's id in this API, in the form of a UUID.
pub(crate) fn run_id(run: &Run) -> String {
    let digits = run.id.trim_start_matches("resp_");
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// The name of the gate it comes to.
pub(crate) fn gate_ref(run: &Run) -> String {
    format!("gate:approval-{}", run_id(run))
}

fn events(run: &Run) -> Vec<(&'static str, Value)> {
    let id = run_id(run);
    let mut events = vec![
        (
            "accepted",
            json!({"ack": {"outcome": "submitted", "thread_id": run.thread, "run_id": id, "status": "Queued"}}),
        ),
        ("running", json!({"progress": {"turn_run_id": id, "kind": "typing"}})),
    ];
    if let Some(gate) = &run.gate {
        events.extend(prompt(run, gate));
        events.push(status(run, &format!("blocked_{}", gate.kind.as_str())));
        if run.answered.is_some() {
            events.push(status(run, "running"));
        }
    }
    let Some(end) = run.over else { return events };
    if let Some(order) = run.order.as_ref().filter(|_| end.has_effect()) {
        events.push(activity(run, &order.verb));
    }
    match end {
        End::Cancelled => {
            events.push((
                "cancelled",
                json!({"response": {"run_id": id, "status": "Cancelled", "already_terminal": false}}),
            ));
        }
        End::Broken | End::BrokenAfter => {
            events.push((
                "failed",
                json!({"run_state": {"run_id": id, "status": "Failed", "failure": {"category": "internal"}}}),
            ));
        }
        End::Completed | End::Failed | End::StepFails { .. } | End::Prose | End::OtherId | End::Incomplete => {
            events.push(("final_reply", json!({"reply": {"turn_run_id": id, "text": run.words()}})));
            events.push(status(run, "completed"));
        }
    }
    events
}

fn status(run: &Run, status: &str) -> (&'static str, Value) {
    let item = json!({"run_status": {"run_id": run_id(run), "status": status}});
    ("projection_update", json!({"state": {"thread_id": run.thread, "items": [item]}}))
}

fn activity(run: &Run, tool: &str) -> (&'static str, Value) {
    let activity = json!({"invocation_id": invocation(run), "turn_run_id": run_id(run), "thread_id": run.thread,
        "capability_id": tool, "status": "completed"});
    ("capability_activity", json!({"activity": activity}))
}

fn prompt(run: &Run, gate: &Gate) -> Vec<(&'static str, Value)> {
    let (id, gate_ref) = (run_id(run), gate_ref(run));
    let headline = match gate.kind {
        GateKind::Approval => "May this tool be used?",
        GateKind::Auth => "Sign in to go on",
        GateKind::Resource => "The budget is used up",
    };
    let item = json!({"gate": {"run_id": id, "gate_kind": gate.kind.as_str(), "gate_ref": gate_ref,
        "invocation_id": invocation(run), "headline": headline, "allow_always": true}});
    let told = ("projection_update", json!({"state": {"thread_id": run.thread, "items": [item]}}));
    let prompt = match gate.kind {
        GateKind::Resource => None,
        GateKind::Auth => Some((
            "auth_required",
            json!({"prompt": {"turn_run_id": id, "auth_request_ref": gate_ref, "headline": headline, "body": ""}}),
        )),
        GateKind::Approval => Some((
            "gate",
            json!({"prompt": {"turn_run_id": id, "gate_ref": gate_ref, "invocation_id": invocation(run),
                "headline": headline, "body": "", "allow_always": true, "approval_context": context(run, gate)}}),
        )),
    };
    prompt.into_iter().chain([told]).collect()
}

/// What leave is asked for: the tool, and every parameter as a detail.
fn context(run: &Run, gate: &Gate) -> Value {
    if !gate.says_what_for {
        return Value::Null;
    }
    let tool = gate.tool.as_deref().or(run.order.as_ref().map(|order| order.verb.as_str())).unwrap_or("unknown");
    let parameters = gate.parameters.as_ref().or(run.order.as_ref().map(Order::parameters));
    let details = parameters.into_iter().flatten().map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        json!({"label": key, "value": text})
    });
    let details: Vec<_> = [json!({"label": "Capability", "value": tool})].into_iter().chain(details).collect();
    json!({"tool_name": tool, "action": {"label": "Run tool"}, "details": details,
        "scope": {"label": "This request only", "reusable": false}})
}

fn invocation(run: &Run) -> String {
    run_id(run).replacen('-', "-1", 1).chars().take(36).collect()
}
