//! Reminds of an approval, or expires it (`domain.md` §9). The stop switch does not stop this: time goes on.
//!
//! The guard is the row's: an answer and the expiry compare the same clock and write the same row, so one of them wins.

use domain::{approval::Ripened, id::ApprovalId};
use store::{approvals, facts};

use super::{Halt, Turn, noted};
use crate::State;

pub(super) async fn run(state: &State, turn: &Turn, id: ApprovalId) -> Result<(), Halt> {
    let user = noted("user", approvals::user_of(&state.store, id).await?);
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    let approval = approvals::load(&mut tx, &lock, id).await?;
    noted("decision", approval.decision);
    let facts = facts::load(&mut tx, &lock, turn.now).await?;
    match approval.ripen(&facts) {
        Ripened::Nothing => Err(Halt::Nothing("it is resolved")),
        Ripened::Later(at) => Err(Halt::until(at, turn.now, "its time has not come")),
        Ripened::Changed(approval, outbox) => {
            approvals::save(&mut tx, &lock, &approval).await?;
            state.faults.point("expire.before_commit").await;
            tx.commit(outbox, turn.now).await?;
            state.faults.point("expire.after_commit").await;
            Ok(())
        }
    }
}
