//! Refreshes one account's token (`domain.md` §13). No connector hands out tokens yet, so the row is found and left
//! alone; the job exists so that accounts which come due are rung and seen.

use domain::id::AccountId;
use store::accounts;

use super::{Halt, Turn};
use crate::State;

pub(super) async fn run(state: &State, _turn: &Turn, id: AccountId) -> Result<(), Halt> {
    accounts::user_of(&state.store, id).await?;
    Err(Halt::Nothing("no connector keeps a token for it"))
}
