//! The machine of an execution: planned, running, then settled exactly once (`domain.md` §10).
//!
//! Safety by fence: every claim increments `attempt`, and only that attempt may write what came of it. The idempotency
//! key is the execution's id for its whole life. `Execution::plan` takes a [`Warrant`]: nothing runs unreviewed.

mod answer;
mod life;
mod resolution;
mod reversal;
mod stepwise;
mod warrant;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use warrant::Grounds;

pub use answer::{Answer, Carrier, Next};
pub use resolution::{CalledOff, OutOfPlace, Resolved, Word};
pub use stepwise::{StepEnd, StepReport, Stepped};
pub use warrant::{Consent, NoWarrant, Warrant};

use crate::{
    action::Action,
    digest::Digest,
    id::{ApprovalId, DecisionId, ExecutionId, UserId},
    money::Money,
    signal::Object,
    time::Timestamp,
    wire::wire_enum,
};

/// Sends before a transient error is final (`domain.md` §10).
pub const MAX_SENDS: i32 = 6;
/// How long an outcome may stay in doubt before the person is asked (`domain.md` §10).
pub const RECONCILE_FOR: TimeDelta = TimeDelta::minutes(15);
/// How long consent is good for (`domain.md` §1 law 7).
pub const CONSENT_LASTS: TimeDelta = TimeDelta::hours(24);

wire_enum! {
    /// What kind of execution.
    Kind, "execution kind" { Act = "act", Undo = "undo" }
}

wire_enum! {
    /// Where an execution stands.
    Phase, "execution state" {
        Planned = "planned", Running = "running", Succeeded = "succeeded", Failed = "failed", Unknown = "unknown",
        Cancelled = "cancelled",
    }
}

wire_enum! {
    /// Where a step stands.
    StepState, "step state" {
        Pending = "pending", Running = "running", Succeeded = "succeeded", Failed = "failed", Unknown = "unknown",
        Cancelled = "cancelled",
    }
}

wire_enum! {
    /// Why an execution did not succeed.
    ErrorClass, "error class" {
        /// Transient errors until the attempts ran out.
        Exhausted = "exhausted",
        /// The engine refused the request: it will not get better by repeating.
        Refused = "refused",
        /// The engine says, naming our id, that it failed.
        EngineFailed = "engine_failed",
        /// Nobody can tell whether it happened.
        InDoubt = "in_doubt",
        /// Policy denied it after it was planned.
        Denied = "denied",
        /// Consent ran out before it could start.
        ConsentLapsed = "consent_lapsed",
        /// Settings tightened: the person is asked again.
        AskedAgain = "asked_again",
        /// The person cancelled it.
        ByPerson = "by_person",
    }
}

/// One step of the plan, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// From 0.
    pub ordinal: u16,
    /// What it does.
    pub action: Action,
    /// Where it stands.
    pub state: StepState,
    /// What the engine said of it.
    pub output: Option<Object>,
}

/// An execution. Fields are open for the store to write and read back; life begins at [`Execution::plan`] only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Execution {
    /// Its id, and the engine's idempotency key.
    pub id: ExecutionId,
    /// Whose.
    pub user: UserId,
    /// Of which decision.
    pub decision: DecisionId,
    /// Consented to by which approval; none means the twin acted alone.
    pub approval: Option<ApprovalId>,
    /// Doing or undoing.
    pub kind: Kind,
    /// For an undo: what it reverses.
    pub reverses: Option<ExecutionId>,
    /// For another try: what it tries again.
    pub retry_of: Option<ExecutionId>,
    /// What is to be done.
    pub action: Action,
    /// Of the action, as reviewed and consented to.
    pub digest: Digest,
    /// The settings' revision it was permitted under.
    pub permitted_revision: i64,
    /// What may be spent at most: the cost, or the person's cap where the cost is unknown. Reserved while this is open.
    pub reserved: Option<Money>,
    /// The person's cap on an unknown cost, told to the engine.
    pub max_cost_cents: Option<i64>,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// Which engine.
    pub engine: Option<String>,
    /// The engine's own id of it.
    pub engine_ref: Option<String>,
    /// The exact bytes that were or will be sent; stored before the first send and never changed.
    pub request: Option<Vec<u8>>,
    /// The fence: how often it was claimed.
    pub attempt: i32,
    /// How often the request was sent.
    pub sends: i32,
    /// Since when its outcome is in doubt.
    pub in_doubt_since: Option<Timestamp>,
    /// Since when the person wants it stopped, though it may be under way.
    pub cancel_asked: Option<Timestamp>,
    /// Consent is good until then.
    pub consent_until: Option<Timestamp>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Where it stands.
    pub state: State,
}

/// Where an execution stands, with what belongs to that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// To be dispatched once due.
    Planned {
        /// Not before.
        due: Timestamp,
    },
    /// Claimed; the engine may know of it.
    Running {
        /// When to look at it next: at once after a crash, later while parked.
        due: Timestamp,
    },
    /// The engine says, naming our id, that it is done.
    Succeeded {
        /// When.
        at: Timestamp,
        /// What it said.
        result: Object,
        /// What it really cost.
        actual: Option<Money>,
    },
    /// It did not happen, and that is certain.
    Failed {
        /// When.
        at: Timestamp,
        /// Which way.
        class: ErrorClass,
        /// A sentence for the person.
        error: String,
    },
    /// Nobody can tell; the person decides.
    Unknown {
        /// Since when.
        at: Timestamp,
        /// Why nobody can.
        error: String,
    },
    /// It will not happen.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Which way.
        class: ErrorClass,
        /// A sentence for the person.
        why: String,
    },
}

impl State {
    /// The state's name.
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Planned { .. } => Phase::Planned,
            Self::Running { .. } => Phase::Running,
            Self::Succeeded { .. } => Phase::Succeeded,
            Self::Failed { .. } => Phase::Failed,
            Self::Unknown { .. } => Phase::Unknown,
            Self::Cancelled { .. } => Phase::Cancelled,
        }
    }

    /// Nothing more happens to it by itself.
    pub const fn is_settled(&self) -> bool {
        !matches!(self, Self::Planned { .. } | Self::Running { .. })
    }
}

impl Execution {
    /// Plans an execution of exactly the action the warrant is for. The reservation is the known cost, or the person's cap.
    pub fn plan(
        id: ExecutionId,
        user: UserId,
        decision: DecisionId,
        action: Action,
        warrant: &Warrant,
        max_cost_cents: Option<i64>,
        now: Timestamp,
    ) -> Result<Self, NoWarrant> {
        let digest = action.digest();
        if warrant.permit().digest() != &digest {
            return Err(NoWarrant::OtherAction);
        }
        let (approval, consent_until) = match &warrant.0 {
            Grounds::Commanded(_) => return Err(NoWarrant::OtherPurpose),
            Grounds::Auto(_) => (None, None),
            Grounds::Consented(_, consent) => (Some(consent.approval), Some(consent.given_at.plus(CONSENT_LASTS))),
        };
        let cap = max_cost_cents.map(|cents| Money::new(cents, warrant.permit().currency()));
        Ok(Self {
            id,
            user,
            decision,
            approval,
            kind: Kind::Act,
            reverses: None,
            retry_of: None,
            reserved: action.cost.known().or(cap),
            max_cost_cents,
            steps: vec![Step { ordinal: 0, action: action.clone(), state: StepState::Pending, output: None }],
            action,
            digest,
            permitted_revision: warrant.permit().revision(),
            engine: None,
            engine_ref: None,
            request: None,
            attempt: 0,
            sends: 0,
            in_doubt_since: None,
            cancel_asked: None,
            consent_until,
            created_at: now,
            updated_at: now,
            state: State::Planned { due: now },
        })
    }

    /// Whether the person consented (or it is the person's own command).
    pub const fn is_consented(&self) -> bool {
        self.approval.is_some() || matches!(self.kind, Kind::Undo)
    }

    /// When its time is up: consent does not last longer, and nothing the twin does alone may run for ever.
    pub fn deadline(&self) -> Timestamp {
        self.consent_until.unwrap_or_else(|| self.created_at.plus(CONSENT_LASTS))
    }

    /// When somebody has to look at it; none once settled.
    pub const fn due(&self) -> Option<Timestamp> {
        match &self.state {
            State::Planned { due } | State::Running { due } => Some(*due),
            State::Succeeded { .. } | State::Failed { .. } | State::Unknown { .. } | State::Cancelled { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
