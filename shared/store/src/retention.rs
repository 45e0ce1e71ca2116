//! What is old goes: oldest first, in batches that skip whatever somebody holds, each a transaction of its own.
//!
//! Each batch is found by an index on the age, so that a look costs the same however much there is (a test reads the
//! plans). Signals stay, and with them what makes a second one the same: only what they said goes.

use domain::time::Timestamp;

use crate::{Result, Source, Store};

/// Empties the payloads of signals that were decided and came before `before`.
pub async fn payloads(store: &Store, before: Timestamp, batch: u32) -> Result<u64> {
    let emptied = sqlx::query!(
        "UPDATE signals SET payload = '{}' WHERE id = ANY(ARRAY(
            SELECT id FROM signals WHERE state <> 'accepted' AND payload <> '{}' AND received_at < $1
             ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before.utc(),
        i64::from(batch),
    )
    .execute(&mut *store.conn().await?)
    .await?;
    Ok(emptied.rows_affected())
}

/// Removes events from before `before`.
pub async fn events(store: &Store, before: Timestamp, batch: u32) -> Result<u64> {
    let removed = sqlx::query!(
        "WITH old AS (
            SELECT user_id, seq FROM events WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
         DELETE FROM events e USING old WHERE e.user_id = old.user_id AND e.seq = old.seq",
        before.utc(),
        i64::from(batch),
    )
    .execute(&mut *store.conn().await?)
    .await?;
    Ok(removed.rows_affected())
}

/// Removes notifications from before `before`.
pub async fn notifications(store: &Store, before: Timestamp, batch: u32) -> Result<u64> {
    let removed = sqlx::query!(
        "DELETE FROM notifications WHERE id = ANY(ARRAY(
            SELECT id FROM notifications WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before.utc(),
        i64::from(batch),
    )
    .execute(&mut *store.conn().await?)
    .await?;
    Ok(removed.rows_affected())
}

/// Removes deliveries that were over before `before`.
pub async fn deliveries(store: &Store, before: Timestamp, batch: u32) -> Result<u64> {
    let removed = sqlx::query!(
        "DELETE FROM deliveries WHERE id = ANY(ARRAY(
            SELECT id FROM deliveries WHERE settled_at < $1 ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before.utc(),
        i64::from(batch),
    )
    .execute(&mut *store.conn().await?)
    .await?;
    Ok(removed.rows_affected())
}

/// Removes tokens that were expired or revoked before `before`.
pub async fn tokens(store: &Store, before: Timestamp, batch: u32) -> Result<u64> {
    let removed = sqlx::query!(
        "DELETE FROM api_tokens WHERE id = ANY(ARRAY(
            SELECT id FROM api_tokens WHERE least(revoked_at, expires_at) < $1
             ORDER BY least(revoked_at, expires_at) LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before.utc(),
        i64::from(batch),
    )
    .execute(&mut *store.conn().await?)
    .await?;
    Ok(removed.rows_affected())
}

/// Removes privileged acts from before `before`.
pub async fn audit(store: &Store, before: Timestamp, batch: u32) -> Result<u64> {
    let removed = sqlx::query!(
        "DELETE FROM audit WHERE id = ANY(ARRAY(
            SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before.utc(),
        i64::from(batch),
    )
    .execute(&mut *store.conn().await?)
    .await?;
    Ok(removed.rows_affected())
}
