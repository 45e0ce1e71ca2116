//! One piece of work: what was asked, how far it is, and what is said about it.
//!
//! The answer always derives from the run, so that every replay and every look tells the same story.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    fault::{End, Twist},
    gate::{Answered, Gate},
};

/// What our side asks for in `x_context`, as this side understands it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) execution_id: String,
    pub(crate) verb: String,
    #[serde(default)]
    pub(crate) parameters: Map<String, Value>,
    #[serde(default)]
    pub(crate) steps: Vec<Value>,
    #[serde(default)]
    constraints: Constraints,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Constraints {
    #[serde(default)]
    max_cost_cents: Option<i64>,
    #[serde(default)]
    currency: Option<String>,
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// `resp_…`.
    pub(crate) id: String,
    /// Whose, by the token.
    #[serde(default)]
    pub(crate) caller: usize,
    /// The conversation it takes place in.
    #[serde(default)]
    pub(crate) thread: String,
    pub(crate) key: Option<String>,
    /// SHA-256 of the body that started it.
    pub(crate) fingerprint: String,
    model: String,
    /// None if the request is not one of ours: such a run talks and does nothing.
    pub(crate) order: Option<Order>,
    created_at: DateTime<Utc>,
    /// Looks that still find it in progress.
    polls: u32,
    /// How it will end.
    end: End,
    /// What it costs, if not what was asked for.
    cost: Option<i64>,
    /// Where it waits before it does anything.
    #[serde(default)]
    pub(crate) gate: Option<Gate>,
    /// What it was told there.
    #[serde(default)]
    pub(crate) answered: Option<Answered>,
    /// How it ended, once it has.
    pub(crate) over: Option<End>,
}

impl Run {
    pub(crate) fn start(
        id: String,
        fingerprint: String,
        model: String,
        order: Option<Order>,
        now: DateTime<Utc>,
    ) -> Self {
        let end = if order.is_some() { End::Completed } else { End::Prose };
        Self {
            thread: id.clone(),
            id,
            caller: 0,
            key: None,
            fingerprint,
            model,
            order,
            created_at: now,
            polls: 0,
            end,
            cost: None,
            gate: None,
            answered: None,
            over: None,
        }
    }

    pub(crate) fn twist(&mut self, twist: &Twist) {
        match twist {
            Twist::Ends { end } => self.end = *end,
            Twist::InProgress { polls, end } => (self.polls, self.end) = (*polls, *end),
            Twist::Cost { cents } => self.cost = Some(*cents),
            Twist::Gate { gate } => self.gate = Some(gate.clone()),
        }
    }

    pub(crate) fn was_cancelled(&self) -> bool {
        self.over == Some(End::Cancelled)
    }

    /// The gate it waits at.
    pub(crate) fn open_gate(&self) -> Option<&Gate> {
        self.gate.as_ref().filter(|_| self.answered.is_none() && self.over.is_none())
    }

    /// One look: the last one in progress makes the next one find the end.
    pub(crate) const fn looked_at(&mut self) {
        self.polls = self.polls.saturating_sub(1);
    }

    /// Nobody will look: it goes on by itself. Whether it takes longer than anybody waits for its words.
    pub(crate) fn hurry(&mut self) -> bool {
        self.gate = None;
        std::mem::take(&mut self.polls) > 0
    }

    /// How it ends now, if now is the time.
    pub(crate) fn due_end(&self) -> Option<End> {
        let end = match (&self.gate, &self.answered) {
            (Some(_), None) => return None,
            (Some(gate), Some(answered)) if !answered.is_leave() => gate.declined,
            (Some(_) | None, _) => self.end,
        };
        (self.over.is_none() && self.polls == 0).then_some(end)
    }

    /// The response object as of now.
    pub(crate) fn response(&self) -> Value {
        let status = match self.over {
            None => "in_progress",
            Some(End::Completed | End::Failed | End::StepFails { .. } | End::Prose | End::OtherId) => "completed",
            Some(End::Broken | End::BrokenAfter) => "failed",
            Some(End::Cancelled) => "cancelled",
            Some(End::Incomplete) => "incomplete",
        };
        let output = self.words().map(|text| {
            json!({
                "type": "message", "id": self.id.replacen("resp_", "msg_", 1), "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": text}],
            })
        });
        let error = (status == "failed").then(|| json!({"code": "internal_error", "message": "The run failed."}));
        json!({
            "id": self.id, "object": "response", "created_at": self.created_at.timestamp(), "status": status,
            "model": self.model, "output": Vec::from_iter(output), "error": error,
        })
    }

    /// What it says at its end.
    pub(crate) fn words(&self) -> Option<String> {
        self.over.and_then(|end| self.text(end))
    }

    fn text(&self, end: End) -> Option<String> {
        let Some(order) = &self.order else {
            return Some("Hello! Tell me what to do, and for which execution.".to_owned());
        };
        let succeeded = |id: &str| {
            block(&json!({
                "execution_id": id, "status": "succeeded", "steps": order.reports(End::Completed),
                "outputs": {"reference": self.id.replacen("resp_", "sim_", 1), "verb": order.verb},
                "actual_cost_cents": self.cost.unwrap_or_else(|| order.cost()),
                "currency": order.constraints.currency.as_deref().unwrap_or("USD"),
            }))
        };
        match end {
            End::Completed => Some(format!("I carried out `{}`.\n\n{}", order.verb, succeeded(&order.execution_id))),
            End::OtherId => Some(format!(
                "I carried out `{}`.\n\n{}",
                order.verb,
                succeeded("00000000-0000-4000-8000-000000000000")
            )),
            End::Prose => Some(format!("Done! `{}` was completed successfully.", order.verb)),
            End::Incomplete => Some(format!("I am about to report on `{}`: ", order.verb)),
            End::Failed => Some(format!(
                "I could not carry out `{}`.\n\n{}",
                order.verb,
                block(
                    &json!({"execution_id": order.execution_id, "status": "failed", "error": "the account was not found", "outputs": {}})
                )
            )),
            End::StepFails { .. } => Some(format!(
                "I could not carry out all of `{}`.\n\n{}",
                order.verb,
                block(
                    &json!({"execution_id": order.execution_id, "status": "failed", "error": "a step failed", "outputs": {},
                    "steps": order.reports(end)})
                )
            )),
            End::Broken | End::BrokenAfter | End::Cancelled => None,
        }
    }
}

impl Order {
    pub(crate) const fn parameters(&self) -> &Map<String, Value> {
        &self.parameters
    }

    /// The steps that are done when it ends like this.
    pub(crate) fn steps_done(&self, end: End) -> impl Iterator<Item = &Value> {
        let done = match end {
            End::StepFails { ordinal } => usize::from(ordinal),
            End::Completed | End::Prose | End::OtherId | End::Incomplete | End::BrokenAfter => self.steps.len(),
            End::Failed | End::Broken | End::Cancelled => 0,
        };
        self.steps.iter().take(done)
    }

    /// What is said of each step.
    fn reports(&self, end: End) -> Vec<Value> {
        let done = self.steps_done(end).count();
        let report = |(at, step): (usize, &Value)| {
            let ordinal = step.get("ordinal").cloned().unwrap_or(Value::Null);
            match at.cmp(&done) {
                Ordering::Less => {
                    json!({"ordinal": ordinal, "status": "succeeded", "outputs": {"verb": step.get("verb")}})
                }
                Ordering::Equal => json!({"ordinal": ordinal, "status": "failed", "error": "the step did not work"}),
                Ordering::Greater => json!({"ordinal": ordinal, "status": "skipped"}),
            }
        };
        self.steps.iter().enumerate().map(report).collect()
    }

    /// The price named in the parameters where it is within the limit, else the limit.
    fn cost(&self) -> i64 {
        let limit = self.constraints.max_cost_cents.unwrap_or(0).max(0);
        let named =
            ["cost_cents", "costCents", "amount_cents"].into_iter().find_map(|key| self.parameters.get(key)?.as_i64());
        named.filter(|cents| (0..=limit).contains(cents)).unwrap_or(limit)
    }
}

/// The result block: fenced JSON, last in the text.
fn block(result: &Value) -> String {
    format!("```json\n{}\n```", json!({"skytwin_result": result}))
}
