//! The plan of an undo: an execution of its own that points at the one it reverses (`domain.md` §2, §10).
//!
//! Invariant: like every other it is planned from warrants, one for each step, and only from those for taking back.

use super::{Execution, Grounds, Kind, NoWarrant, State, Step, StepState, Warrant};
use crate::{action::Action, id::ExecutionId, time::Timestamp};

impl Execution {
    /// Plans the undo of `self` by these steps, in this order, each with the warrant for exactly it.
    pub fn reversed(&self, id: ExecutionId, steps: Vec<(Action, Warrant)>, now: Timestamp) -> Result<Self, NoWarrant> {
        for (action, warrant) in &steps {
            if !matches!(warrant.0, Grounds::Commanded(_)) {
                return Err(NoWarrant::OtherPurpose);
            }
            if warrant.permit().digest() != &action.digest() {
                return Err(NoWarrant::OtherAction);
            }
        }
        let Some((action, warrant)) = steps.first().cloned() else {
            return Err(NoWarrant::OtherAction);
        };
        let steps = (0..).zip(steps).map(|(ordinal, (action, _))| Step {
            ordinal,
            action,
            state: StepState::Pending,
            output: None,
        });
        Ok(Self {
            id,
            user: self.user,
            decision: self.decision,
            approval: None,
            kind: Kind::Undo,
            reverses: Some(self.id),
            retry_of: None,
            reserved: None,
            max_cost_cents: None,
            steps: steps.collect(),
            digest: action.digest(),
            action,
            permitted_revision: warrant.permit().revision(),
            engine: None,
            engine_ref: None,
            request: None,
            attempt: 0,
            sends: 0,
            in_doubt_since: None,
            cancel_asked: None,
            consent_until: None,
            created_at: now,
            updated_at: now,
            state: State::Planned { due: now },
        })
    }
}
