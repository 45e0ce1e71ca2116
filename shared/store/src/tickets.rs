//! Tickets that let one stream of events begin: kept as a hash, good once and for a moment.

use domain::{id::UserId, time::Timestamp};
use uuid::Uuid;

use crate::{Result, Source, Tx};

/// Writes a ticket under the SHA-256 of its secret; `holder` is the token or session that asked for it.
pub async fn insert(
    tx: &mut Tx,
    user: UserId,
    holder: Uuid,
    secret_hash: &[u8; 32],
    expires_at: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO stream_tickets (secret_hash, user_id, holder, expires_at) VALUES ($1, $2, $3, $4)",
        secret_hash.as_slice(),
        user.uuid(),
        holder,
        expires_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Uses a ticket up; gives whose it is and who asked for it. None if it is unknown, used or over.
pub async fn take(db: impl Source, secret_hash: &[u8; 32], now: Timestamp) -> Result<Option<(UserId, Uuid)>> {
    let taken = sqlx::query!(
        "DELETE FROM stream_tickets WHERE secret_hash = $1 AND expires_at > $2 RETURNING user_id, holder",
        secret_hash.as_slice(),
        now.utc(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?;
    Ok(taken.map(|ticket| (UserId::new(ticket.user_id), ticket.holder)))
}

/// Removes tickets that nobody used; gives how many.
pub async fn prune(db: impl Source, now: Timestamp, batch: u32) -> Result<u64> {
    let removed = sqlx::query!(
        "DELETE FROM stream_tickets
          WHERE secret_hash IN (SELECT secret_hash FROM stream_tickets WHERE expires_at <= $1 LIMIT $2)",
        now.utc(),
        i64::from(batch),
    )
    .execute(&mut *db.conn().await?)
    .await?;
    Ok(removed.rows_affected())
}
