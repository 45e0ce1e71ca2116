//! Delivers what quiet hours have held back, when they are over: all of it at once, told in one event (`domain.md` §12).
//!
//! The sweep finds the people something is held for; the rows say what. What the person has read or dealt with meanwhile
//! is not told any more.

use domain::id::UserId;
use store::notifications;

use super::{Halt, Turn};
use crate::State;

pub(super) async fn run(state: &State, turn: &Turn, user: UserId) -> Result<(), Halt> {
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    let told = notifications::release(&mut tx, &lock, turn.now).await?;
    state.faults.point("notify.before_commit").await;
    tx.commit(told, turn.now).await?;
    state.faults.point("notify.after_commit").await;
    Ok(())
}
