//! Promotes or regresses a person's tiers by their record (`domain.md` §11), in one transaction with an audit row each.
//!
//! A run without new evidence changes nothing: what counts starts after a scope's last change, and that is what this
//! transaction writes.

use chrono::DateTime;
use domain::{
    id::UserId,
    time::Timestamp,
    trust::{announce, evaluate},
};
use store::{feedback, trust, users};

use super::{Halt, Turn};
use crate::State;

pub(super) async fn run(state: &State, turn: &Turn, user: UserId) -> Result<(), Halt> {
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    let settings = users::settings(&mut tx, user).await?;
    let standings = trust::standings(&mut tx, user).await?;
    // A domain whose tier never changed counts all its answers, and there is always one.
    let beginning = Timestamp::new(DateTime::UNIX_EPOCH);
    let answers = feedback::since(&mut tx, user, beginning).await?;
    let changes = evaluate(&settings, &standings, &answers, turn.now);
    if changes.is_empty() {
        return Err(Halt::Nothing("the record demands no change"));
    }
    for change in &changes {
        trust::change(&mut tx, &lock, change, turn.now).await?;
    }
    state.faults.point("trust.before_commit").await;
    tx.commit(announce(&changes, &settings, turn.now), turn.now).await?;
    state.faults.point("trust.after_commit").await;
    Ok(())
}
