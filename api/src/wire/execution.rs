//! An execution: what was to be done, how often it was tried, and what came of it.

use domain::{
    execution::{self, ErrorClass, Kind, Phase, State, StepState},
    signal::Object,
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    action::{Action, Amount},
    words,
};

/// An execution.
#[derive(Debug, Serialize, ToSchema)]
pub struct Execution {
    /// Its id, and the engine's idempotency key.
    pub id: Uuid,
    /// Of which decision.
    pub decision: Uuid,
    /// Consented to by which approval; null where the twin acted alone.
    pub approval: Option<Uuid>,
    /// Doing or undoing.
    #[schema(value_type = words::ExecutionKind)]
    pub kind: Kind,
    /// For an undo: what it reverses.
    pub reverses: Option<Uuid>,
    /// For another try: what it tries again.
    pub retry_of: Option<Uuid>,
    /// What is to be done.
    pub action: Action,
    /// Where it stands.
    #[schema(value_type = words::ExecutionState)]
    pub state: Phase,
    /// While it is open: when it is looked at next.
    #[schema(value_type = Option<words::Instant>)]
    pub due_at: Option<Timestamp>,
    /// When it was settled.
    #[schema(value_type = Option<words::Instant>)]
    pub settled_at: Option<Timestamp>,
    /// What the engine said when it succeeded.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Object>,
    /// What it really cost, where the engine said.
    pub actual: Option<Amount>,
    /// Why it did not succeed.
    #[schema(value_type = Option<words::ErrorClass>)]
    pub error_class: Option<ErrorClass>,
    /// The same in a sentence.
    pub error: Option<String>,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// How often it was claimed by a worker.
    pub attempts: i32,
    /// How often the request was sent.
    pub sends: i32,
    /// Which engine.
    pub engine: Option<String>,
    /// The engine's own id of it.
    pub engine_ref: Option<String>,
    /// What may be spent at most, reserved while it is open.
    pub reserved: Option<Amount>,
    /// The person's cap on an unknown cost, in cents.
    pub max_cost_cents: Option<i64>,
    /// Since when its outcome is in doubt.
    #[schema(value_type = Option<words::Instant>)]
    pub in_doubt_since: Option<Timestamp>,
    /// Since when you want it stopped, though it may be under way.
    #[schema(value_type = Option<words::Instant>)]
    pub cancel_asked_at: Option<Timestamp>,
    /// Consent is good until then.
    #[schema(value_type = Option<words::Instant>)]
    pub consent_until: Option<Timestamp>,
    /// When it was planned.
    #[schema(value_type = words::Instant)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = words::Instant)]
    pub updated_at: Timestamp,
}

/// One step of the plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct Step {
    /// From 0.
    pub ordinal: u16,
    /// What it does.
    pub action: Action,
    /// Where it stands.
    #[schema(value_type = words::StepState)]
    pub state: StepState,
    /// What the engine said of it.
    #[schema(value_type = Option<Object>)]
    pub output: Option<Object>,
}

impl From<execution::Step> for Step {
    fn from(step: execution::Step) -> Self {
        Self { ordinal: step.ordinal, action: step.action.into(), state: step.state, output: step.output }
    }
}

impl From<execution::Execution> for Execution {
    fn from(execution: execution::Execution) -> Self {
        let state = execution.state.phase();
        let (mut due_at, mut settled_at, mut result, mut actual, mut error_class, mut error) =
            (None, None, None, None, None, None);
        match execution.state {
            State::Planned { due } | State::Running { due } => due_at = Some(due),
            State::Succeeded { at, result: said, actual: cost } => {
                (settled_at, result, actual) = (Some(at), Some(said), cost.map(Amount::from));
            }
            State::Failed { at, class, error: why } | State::Cancelled { at, class, why } => {
                (settled_at, error_class, error) = (Some(at), Some(class), Some(why));
            }
            State::Unknown { at, error: why } => (settled_at, error) = (Some(at), Some(why)),
        }
        Self {
            id: execution.id.uuid(),
            decision: execution.decision.uuid(),
            approval: execution.approval.map(domain::id::Id::uuid),
            kind: execution.kind,
            reverses: execution.reverses.map(domain::id::Id::uuid),
            retry_of: execution.retry_of.map(domain::id::Id::uuid),
            action: execution.action.into(),
            state,
            due_at,
            settled_at,
            result,
            actual,
            error_class,
            error,
            steps: execution.steps.into_iter().map(Step::from).collect(),
            attempts: execution.attempt,
            sends: execution.sends,
            engine: execution.engine,
            engine_ref: execution.engine_ref,
            reserved: execution.reserved.map(Amount::from),
            max_cost_cents: execution.max_cost_cents,
            in_doubt_since: execution.in_doubt_since,
            cancel_asked_at: execution.cancel_asked,
            consent_until: execution.consent_until,
            created_at: execution.created_at,
            updated_at: execution.updated_at,
        }
    }
}
