//! Deleting a person: everything that is theirs, wherever it stands, in one transaction.
//!
//! Invariant: complete. Afterwards no table holds their id, and nothing they wrote: a test searches every column of every
//! table. Most rows go with the person's own (foreign keys cascade); here is what no foreign key reaches. What an engine
//! or a provider knows of them is not ours to delete, and what runs there at this moment may still happen.

use std::time::Duration;

use domain::digest::Digest;

use crate::{Error, Result, Tx, UserLock};

/// How long one statement may take: whoever was here for years has left a lot.
const PATIENCE: Duration = Duration::from_mins(10);

/// Deletes the locked person.
pub async fn user(tx: &mut Tx, lock: UserLock) -> Result<()> {
    let user = lock.user();
    let id = user.to_string();
    tx.connection().answers_within(PATIENCE);
    // answers kept for repetitions, under the ids of tokens and sessions that are about to go
    sqlx::query!(
        "DELETE FROM idempotency_keys k
          WHERE k.caller IN (SELECT t.id::text FROM api_tokens t WHERE t.user_id = $1
                             UNION ALL SELECT s.id::text FROM sessions s WHERE s.user_id = $1)
             OR position(convert_to($2, 'UTF8') IN k.body) > 0",
        user.uuid(),
        id,
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!("DELETE FROM engine_callers WHERE caller = $1", id).execute(tx.connection()).await?;
    // the audit keeps that something was done to somebody, not to whom
    let nobody = Digest::of_bytes(id.as_bytes()).to_string();
    sqlx::query!(
        "UPDATE audit SET target = replace(target, $1, $2) WHERE position($1 IN target) > 0",
        id,
        format!("deleted-{}", nobody.get(..16).unwrap_or_default()),
    )
    .execute(tx.connection())
    .await?;
    queue::forget(tx.connection(), &[&id]).await?;
    let gone = sqlx::query!("DELETE FROM users WHERE id = $1", user.uuid()).execute(tx.connection()).await?;
    if gone.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound) }
}
