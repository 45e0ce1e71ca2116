//! Sign-ins at providers that were begun: kept as hashes, consumed by the first that comes back, whatever becomes of it.

use domain::{id::UserId, time::Timestamp};

use crate::{Result, Source, Store, Tx, UserLock};

/// A sign-in that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// SHA-256 of the state that travels with the redirects.
    pub state_hash: [u8; 32],
    /// SHA-256 of the verifier that the browser keeps: the challenge of PKCE.
    pub challenge: [u8; 32],
    /// For whom.
    pub user: UserId,
    /// At which provider.
    pub provider: String,
    /// The caller's token or session.
    pub begun_by: String,
    /// Not good from then on.
    pub expires_at: Timestamp,
}

/// Begins one.
pub async fn begin(tx: &mut Tx, lock: &UserLock, connect: &Connect) -> Result<()> {
    lock.covers(connect.user)?;
    sqlx::query!(
        "INSERT INTO account_connects (state_hash, challenge, user_id, provider, begun_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        connect.state_hash.as_slice(),
        connect.challenge.as_slice(),
        connect.user.uuid(),
        connect.provider,
        connect.begun_by,
        connect.expires_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Takes one away and gives it, once; none when there is none, or no longer.
pub async fn consume(store: &Store, state_hash: &[u8; 32], now: Timestamp) -> Result<Option<Connect>> {
    let found = sqlx::query!(
        "DELETE FROM account_connects WHERE state_hash = $1
         RETURNING state_hash, challenge, user_id, provider, begun_by, expires_at",
        state_hash.as_slice(),
    )
    .fetch_optional(&mut *store.conn().await?)
    .await?;
    let connect = found.and_then(|row| {
        Some(Connect {
            state_hash: row.state_hash.try_into().ok()?,
            challenge: row.challenge.try_into().ok()?,
            user: UserId::new(row.user_id),
            provider: row.provider,
            begun_by: row.begun_by,
            expires_at: row.expires_at.into(),
        })
    });
    Ok(connect.filter(|connect| connect.expires_at > now))
}

/// Removes what expired before `before`, so many at a time; gives how many.
pub async fn prune(store: &Store, before: Timestamp, limit: u32) -> Result<u64> {
    let removed = sqlx::query!(
        "DELETE FROM account_connects WHERE state_hash IN
         (SELECT state_hash FROM account_connects WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before.utc(),
        i64::from(limit),
    )
    .execute(&mut *store.conn().await?)
    .await?;
    Ok(removed.rows_affected())
}
