//! The order as it is stored before anything is done: what each step does, and to what. Carried out from what was stored.

use domain::{action::Verb, execution::Execution, id::ExecutionId, signal::Object};
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) execution_id: ExecutionId,
    /// What it takes back, for an undo.
    pub(super) reverses: Option<ExecutionId>,
    pub(super) steps: Vec<Step>,
}

/// One step of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) ordinal: u16,
    pub(super) verb: Verb,
    pub(super) parameters: Object,
}

/// The bytes to store. They need not survive a trip through the database's own JSON: they are kept as bytes.
pub fn prepare(execution: &Execution) -> Vec<u8> {
    let steps = execution.steps.iter().map(|step| Step {
        ordinal: step.ordinal,
        verb: step.action.verb,
        parameters: step.action.parameters.clone(),
    });
    let order = Order { execution_id: execution.id, reverses: execution.reverses, steps: steps.collect() };
    // Our own types always serialise; and no bytes at all are refused when they are read back.
    serde_json::to_vec(&order).unwrap_or_default()
}

impl Order {
    /// The order stored with this execution, if it is this execution's.
    pub(super) fn stored(execution: &Execution) -> Option<Self> {
        let order: Self = serde_json::from_slice(execution.request.as_deref()?).ok()?;
        (order.execution_id == execution.id).then_some(order)
    }

    /// The Message-ID of what a step writes: the same however often it is written.
    pub(super) fn message_id(&self, step: &Step) -> String {
        message_id(self.execution_id, step.ordinal)
    }

    /// The Message-ID of what the execution that is taken back wrote, as this step takes it back: the last first.
    pub(super) fn reversed_message_id(&self, step: &Step) -> Option<String> {
        let last = u16::try_from(self.steps.len()).ok()?.checked_sub(1)?;
        Some(message_id(self.reverses?, last.checked_sub(step.ordinal)?))
    }
}

fn message_id(execution: ExecutionId, ordinal: u16) -> String {
    format!("<{execution}.{ordinal}@skytwin.invalid>")
}
