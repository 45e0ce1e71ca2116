//! Decides what a signal means, and records everything that follows, in one transaction (`domain.md` §6).
//!
//! The decision's id derives from the signal's, and the signal is the decision's key: a second run finds it decided.
//! Facts are read under the user's lock, so two signals of one person never spend the same money.

use std::time::Duration;

use domain::{decide::decide, id::SignalId};
use store::{approvals, decisions, executions, facts, signals};

use super::{Halt, Turn, noted};
use crate::State;

/// How long to leave a signal alone while the stop switch is on.
const PARKED: Duration = Duration::from_secs(15);

pub(super) async fn run(state: &State, turn: &Turn, id: SignalId) -> Result<(), Halt> {
    let mut tx = state.store.begin().await?;
    let lock = signals::lock_owner(&mut tx, id).await?;
    noted("user", lock.user());
    let row = signals::load(&mut tx, &lock, id).await?;
    match row.state {
        signals::State::Decided => return Err(Halt::Nothing("it is decided")),
        // a dead signal is decided all the same when somebody drives its job again
        signals::State::Accepted | signals::State::Dead { .. } => {}
    }
    let facts = facts::load(&mut tx, &lock, turn.now).await?;
    if facts.settings.stopped {
        return Err(Halt::Later { delay: PARKED, why: "the twin is stopped" });
    }
    let decided = decide(&row.signal, &facts);
    noted("decision", decided.decision.id);
    if !decisions::insert(&mut tx, &lock, &decided.decision).await? {
        return Err(Halt::Nothing("it was decided before"));
    }
    if let Some(approval) = &decided.approval {
        approvals::insert(&mut tx, &lock, approval).await?;
    }
    if let Some(execution) = &decided.execution {
        executions::insert(&mut tx, &lock, execution, turn.now).await?;
    }
    state.faults.point("evaluate.before_commit").await;
    tx.commit(decided.outbox, turn.now).await?;
    state.faults.point("evaluate.after_commit").await;
    Ok(())
}
