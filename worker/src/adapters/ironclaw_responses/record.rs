//! What the engine's own record of a conversation says: which gate its last run waits at, and which tools it began.
//!
//! Read from the events of the conversation, which begin with everything so far. Invariant: only what is in the record
//! counts; where it is cut short, the run is not known to be over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::adapters::ironclaw::is_plain_name;

/// The record of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) run_id: String,
    /// Without its word breaks: replies write `BlockedApproval`, streams `blocked_approval`.
    status: String,
    /// Every gate it came to, oldest first.
    pub(super) gates: Vec<Gate>,
    activities: Vec<Activity>,
}

/// Where a run waits for leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gate {
    pub(super) name: String,
    pub(super) kind: Kind,
    invocation: Option<String>,
    pub(super) headline: String,
    /// What it wants leave for, if it says so.
    pub(super) wish: Option<Wish>,
}

/// What leave is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// To use a tool.
    Approval,
    /// To act in somebody's name somewhere.
    Auth,
    /// For more than it was given.
    Resource,
    /// For something else.
    #[serde(other)]
    Generic,
}

/// A tool, and what it is to be used with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Wish {
    #[serde(rename = "tool_name")]
    pub(super) tool: String,
    #[serde(default)]
    pub(super) destination: Option<Value>,
    #[serde(default)]
    pub(super) details: Vec<Detail>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Detail {
    pub(super) label: String,
    pub(super) value: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Activity {
    invocation: Option<String>,
    tool: String,
}

#[cfg(test)]
impl Record {
    pub(super) fn at(gates: Vec<Gate>) -> Self {
        Self { gates, ..Self::default() }
    }
}

#[cfg(test)]
impl Gate {
    pub(super) fn wishing(self, wish: Wish) -> Self {
        Self { wish: Some(wish), ..self }
    }

    pub(super) fn of_kind(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, invocation: None, headline: "Sign in".to_owned(), wish: None }
    }
}

impl Record {
    /// The last run of a conversation, from the frames of its event stream.
    pub(super) fn read(frames: &[u8]) -> Option<Self> {
        let mut runs = Runs::new();
        for frame in String::from_utf8_lossy(frames).split("\n\n") {
            let data: String = frame.lines().filter_map(|line| line.strip_prefix("data:")).collect();
            if let Ok(Value::Object(event)) = serde_json::from_str(&data) {
                let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
                note(&mut runs, kind, &event);
            }
        }
        last(&runs).cloned()
    }

    /// The gate it waits at now.
    pub(super) fn open_gate(&self) -> Option<&Gate> {
        self.gates.last().filter(|_| self.status.is_empty() || self.status.starts_with("blocked"))
    }

    /// Whether it is over, and did not end well.
    pub(super) fn is_broken_off(&self) -> bool {
        ["failed", "killed", "cancelled"].contains(&self.status.as_str())
    }

    /// The tools it began to use, other than those that were kept behind these gates.
    pub(super) fn begun(&self, shut: &[&Gate]) -> Vec<&str> {
        let was_shut = |activity: &Activity| {
            activity.invocation.is_some() && shut.iter().any(|gate| gate.invocation == activity.invocation)
        };
        let mut tools: Vec<_> = self
            .activities
            .iter()
            .filter(|activity| !was_shut(activity))
            .map(|activity| activity.tool.as_str())
            .collect();
        tools.dedup();
        tools
    }
}

type Object = serde_json::Map<String, Value>;

/// Takes one event into the record of the run it is about.
fn note(runs: &mut Runs, kind: &str, event: &Object) {
    let part = |name: &str| event.get(name).and_then(Value::as_object);
    match kind {
        "gate" => {
            if let Some(prompt) = part("prompt") {
                note_gate(runs, prompt, "turn_run_id", Kind::Approval, "gate_ref");
            }
        }
        "auth_required" => {
            if let Some(prompt) = part("prompt") {
                note_gate(runs, prompt, "turn_run_id", Kind::Auth, "auth_request_ref");
            }
        }
        "capability_activity" => {
            if let Some(activity) = part("activity") {
                note_activity(runs, activity);
            }
        }
        "cancelled" => note_status(runs, part("response")),
        "failed" => note_status(runs, part("run_state")),
        "projection_snapshot" | "projection_update" => {
            let items = part("state").and_then(|state| state.get("items")).and_then(Value::as_array);
            for item in items.into_iter().flatten() {
                let inner = |name: &str| item.get(name).and_then(Value::as_object);
                if let Some(gate) = inner("gate") {
                    let kind = gate.get("gate_kind").and_then(|kind| Kind::deserialize(kind).ok());
                    note_gate(runs, gate, "run_id", kind.unwrap_or(Kind::Generic), "gate_ref");
                } else if let Some(activity) = inner("capability_activity") {
                    note_activity(runs, activity);
                } else {
                    note_status(runs, inner("run_status"));
                }
            }
        }
        _ => {}
    }
}

fn note_gate(runs: &mut Runs, gate: &Object, run: &str, kind: Kind, reference: &str) {
    let (Some(run), Some(gate_ref)) = (name(gate, run), name(gate, reference)) else { return };
    let gates = &mut of(runs, run).gates;
    let wish = gate.get("approval_context").and_then(|context| Wish::deserialize(context).ok());
    // The same gate is told in several ways, and only one of them says what it is about.
    if let Some(known) = gates.iter_mut().find(|known| known.name == gate_ref) {
        known.wish = known.wish.take().or(wish);
        return;
    }
    let headline = gate.get("headline").and_then(Value::as_str).unwrap_or_default().to_owned();
    gates.push(Gate { name: gate_ref, kind, invocation: name(gate, "invocation_id"), headline, wish });
}

fn note_activity(runs: &mut Runs, activity: &Object) {
    // One that names no run may be anybody's: it counts against the last.
    let run = name(activity, "turn_run_id").or_else(|| last(runs).map(|run| run.run_id.clone())).unwrap_or_default();
    let tool = activity.get("capability_id").and_then(Value::as_str).unwrap_or("a tool").to_owned();
    of(runs, run).activities.push(Activity { invocation: name(activity, "invocation_id"), tool });
}

fn note_status(runs: &mut Runs, told: Option<&Object>) {
    let Some(told) = told else { return };
    if let (Some(run), Some(status)) = (name(told, "run_id"), told.get("status").and_then(Value::as_str)) {
        of(runs, run).status = status.replace('_', "").to_ascii_lowercase();
    }
}

fn name(object: &Object, field: &str) -> Option<String> {
    object.get(field).and_then(Value::as_str).filter(|name| is_plain_name(name, 256)).map(str::to_owned)
}

/// The runs of a conversation by id, each with its turn.
type Runs = BTreeMap<String, (usize, Record)>;

fn of(runs: &mut Runs, run_id: String) -> &mut Record {
    let turn = runs.len();
    &mut runs.entry(run_id.clone()).or_insert_with(|| (turn, Record { run_id, ..Record::default() })).1
}

fn last(runs: &Runs) -> Option<&Record> {
    runs.values().max_by_key(|(turn, _)| *turn).map(|(_, record)| record)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_event() -> impl Strategy<Value = Value> {
        const WORDS: &[&str] = &[
            "type",
            "gate",
            "prompt",
            "turn_run_id",
            "r-1",
            "r-2",
            "gate_ref",
            "gate:approval-1",
            "invocation_id",
            "i-1",
            "headline",
            "approval_context",
            "tool_name",
            "details",
            "label",
            "value",
            "capability_activity",
            "activity",
            "capability_id",
            "run_state",
            "run_id",
            "status",
            "blocked_approval",
            "failed",
            "state",
            "items",
            "run_status",
            "gate_kind",
            "auth",
            "../x",
        ];
        let kind = prop::sample::select(vec![
            "gate",
            "auth_required",
            "capability_activity",
            "cancelled",
            "failed",
            "projection_update",
            "x",
        ]);
        let known = prop::sample::select(vec![
            gate("r-1"),
            gate("r-2"),
            gate("../x"),
            status("r-1", "blocked_approval"),
            status("r-2", "Failed"),
            activity("r-1", "i-1", "pay"),
        ]);
        let made = (kind, fuzz::object_of(WORDS)).prop_map(|(kind, mut event)| {
            event.insert("type".to_owned(), kind.into());
            Value::Object(event)
        });
        prop_oneof![3 => known, 2 => made, 1 => fuzz::json_of(WORDS)]
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn any_stream_is_a_record_whose_names_fit_a_path_and_whose_open_gate_is_its_last_or_none(
            events in prop::collection::vec(any_event(), 0..12), noise in fuzz::text_of(&["data:", "\n", "\n\n", "id: 1", "{", "\r"])
        ) {
            let frames: Vec<_> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
            let whole = format!("{}{noise}", frames.concat()).into_bytes();
            for cut in [whole.len(), whole.len() / 2] {
                let Some(record) = Record::read(&whole[..cut]) else { continue };
                prop_assert!(record.run_id.is_empty() || is_plain_name(&record.run_id, 256));
                prop_assert!(record.gates.iter().all(|gate| is_plain_name(&gate.name, 256)));
                let names: std::collections::BTreeSet<_> = record.gates.iter().map(|gate| &gate.name).collect();
                prop_assert_eq!(names.len(), record.gates.len(), "one gate is told of once");
                prop_assert!(record.open_gate().is_none_or(|open| !record.is_broken_off() && Some(open) == record.gates.last()));
                let shut: Vec<_> = record.gates.iter().collect();
                prop_assert!(record.begun(&shut).len() <= record.begun(&[]).len());
            }
        }
    }

    fn read(events: &[Value]) -> Record {
        let frames = events.iter().map(|event| format!("event: x\nid: \"1\"\ndata: {event}\n\n: keep-alive\n\n"));
        let frames = frames.collect::<Vec<_>>().concat();
        Record::read(frames.as_bytes()).unwrap()
    }

    fn status(run: &str, status: &str) -> Value {
        json!({"type": "projection_update", "state": {"items": [{"run_status": {"run_id": run, "status": status}}]}})
    }

    fn gate(run: &str) -> Value {
        json!({"type": "gate", "prompt": {"turn_run_id": run, "gate_ref": "gate:approval-1", "invocation_id": "i-1",
            "headline": "May I?", "approval_context": {"tool_name": "create_note", "action": {"label": "Run tool"},
            "scope": {"label": "This request only", "reusable": false},
            "details": [{"label": "Capability", "value": "create_note"}]}}})
    }

    fn activity(run: &str, invocation: &str, tool: &str) -> Value {
        json!({"type": "capability_activity", "activity": {"invocation_id": invocation, "turn_run_id": run,
            "capability_id": tool, "status": "started"}})
    }

    #[test]
    fn a_gate_is_open_until_its_run_goes_on_and_is_one_gate_however_often_it_is_told() {
        let again = json!({"type": "projection_snapshot", "state": {"items": [{"gate": {"run_id": "r-1",
            "gate_kind": "approval", "gate_ref": "gate:approval-1", "headline": "May I?"}}]}});
        let events = [again, gate("r-1"), status("r-1", "blocked_approval")];
        let record = read(&events);
        assert_eq!(record.gates.len(), 1);
        assert_eq!(record.open_gate().unwrap().wish.as_ref().unwrap().tool, "create_note");
        let went_on = [&events[..], &[status("r-1", "running")]].concat();
        assert_eq!(read(&went_on).open_gate(), None);
    }

    #[test]
    fn only_the_last_run_of_a_conversation_counts_in_either_spelling() {
        let record = read(&[status("r-1", "Completed"), activity("r-1", "i-0", "other"), status("r-2", "Failed")]);
        assert_eq!((record.run_id.as_str(), record.is_broken_off()), ("r-2", true));
        assert_eq!(record.begun(&[]), Vec::<&str>::new());
    }

    #[test]
    fn a_tool_behind_a_gate_that_stayed_shut_was_not_begun_and_every_other_was() {
        let record = read(&[gate("r-1"), activity("r-1", "i-1", "create_note"), activity("r-1", "i-2", "pay")]);
        let shut: Vec<_> = record.gates.iter().collect();
        assert_eq!((record.begun(&shut), record.begun(&[])), (vec!["pay"], vec!["create_note", "pay"]));
    }

    #[test]
    fn who_must_sign_in_somewhere_waits_at_a_gate_too_and_what_can_not_be_read_says_nothing() {
        let sign_in = json!({"type": "auth_required",
            "prompt": {"turn_run_id": "r-1", "auth_request_ref": "gate:auth-1", "headline": "Sign in", "body": ""}});
        assert_eq!(read(&[sign_in]).open_gate().unwrap().kind, Kind::Auth);
        assert_eq!(
            Record::read(b"data: {\"type\": \"gate\", \"prompt\": {\"turn_run_id\": \"../x\"}}\n\ndata: {"),
            None
        );
    }
}
