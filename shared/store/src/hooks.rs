//! Hooks: doors of a person's own for signed signals. Their secrets are in [`crate::secrets`], sealed.

use chrono::{DateTime, Utc};
use domain::{
    id::{HookId, UserId},
    time::Timestamp,
};
use uuid::Uuid;
use vault::{Binding, Purpose, Sealed};

use crate::{Error, Result, Source, Tx, UserLock, row, secrets};

/// A hook, without what signs for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its id.
    pub id: HookId,
    /// Whose.
    pub user: UserId,
    /// What it is called.
    pub name: String,
    /// What its signals say they come from.
    pub source: String,
    /// Since when.
    pub created_at: Timestamp,
}

struct HookRow {
    id: Uuid,
    user_id: Uuid,
    name: String,
    source: String,
    created_at: DateTime<Utc>,
}

impl From<HookRow> for Hook {
    fn from(row: HookRow) -> Self {
        let (id, user) = (HookId::new(row.id), UserId::new(row.user_id));
        Self { id, user, name: row.name, source: row.source, created_at: row.created_at.into() }
    }
}

/// What a secret of a hook is sealed for.
pub const fn binding(user: UserId, secret: Uuid) -> Binding {
    Binding { purpose: Purpose::Hook, user: user.uuid(), subject: secret }
}

/// Writes a hook.
pub async fn insert(tx: &mut Tx, lock: &UserLock, hook: &Hook) -> Result<()> {
    lock.covers(hook.user)?;
    sqlx::query!(
        "INSERT INTO hooks (id, user_id, name, source, created_at) VALUES ($1, $2, $3, $4, $5)",
        hook.id.uuid(),
        hook.user.uuid(),
        &*row::text(&hook.name),
        &*row::text(&hook.source),
        hook.created_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A user's hooks, the oldest first.
pub async fn list(db: impl Source, user: UserId) -> Result<Vec<Hook>> {
    let found = sqlx::query_as!(
        HookRow,
        "SELECT id, user_id, name, source, created_at FROM hooks WHERE user_id = $1 ORDER BY created_at, id",
        user.uuid(),
    );
    Ok(found.fetch_all(&mut *db.conn().await?).await?.into_iter().map(Hook::from).collect())
}

/// One hook, whosever: for whoever knocks there, who can't say whose it is.
pub async fn find(db: impl Source, id: HookId) -> Result<Hook> {
    let found =
        sqlx::query_as!(HookRow, "SELECT id, user_id, name, source, created_at FROM hooks WHERE id = $1", id.uuid(),);
    Ok(found.fetch_optional(&mut *db.conn().await?).await?.ok_or(Error::NotFound)?.into())
}

/// One hook of a user.
pub async fn get(db: impl Source, user: UserId, id: HookId) -> Result<Hook> {
    find(db, id).await.and_then(|hook| if hook.user == user { Ok(hook) } else { Err(Error::NotFound) })
}

/// Removes a hook and all that signs for it.
pub async fn remove(tx: &mut Tx, lock: &UserLock, id: HookId) -> Result<()> {
    let secrets = sqlx::query_scalar!(
        "SELECT s.id FROM hook_secrets s JOIN hooks h ON h.id = s.hook_id WHERE h.id = $1 AND h.user_id = $2",
        id.uuid(),
        lock.user().uuid(),
    )
    .fetch_all(tx.connection())
    .await?;
    for secret in secrets {
        secrets::forget(tx, lock, binding(lock.user(), secret)).await?;
    }
    let removed = sqlx::query!("DELETE FROM hooks WHERE id = $1 AND user_id = $2", id.uuid(), lock.user().uuid());
    if removed.execute(tx.connection()).await?.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// Adds a secret, lets those before it end at `until` at the latest, and forgets those that have ended.
pub async fn add_secret(
    tx: &mut Tx,
    lock: &UserLock,
    hook: &Hook,
    (secret, sealed): (Uuid, &Sealed),
    until: Timestamp,
    now: Timestamp,
) -> Result<()> {
    lock.covers(hook.user)?;
    let ended = sqlx::query_scalar!(
        "DELETE FROM hook_secrets WHERE hook_id = $1 AND expires_at <= $2 RETURNING id",
        hook.id.uuid(),
        now.utc(),
    )
    .fetch_all(tx.connection())
    .await?;
    for secret in ended {
        secrets::forget(tx, lock, binding(hook.user, secret)).await?;
    }
    sqlx::query!(
        "UPDATE hook_secrets SET expires_at = least(coalesce(expires_at, $2), $2) WHERE hook_id = $1",
        hook.id.uuid(),
        until.utc(),
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!(
        "INSERT INTO hook_secrets (id, hook_id, created_at) VALUES ($1, $2, $3)",
        secret,
        hook.id.uuid(),
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    secrets::put(tx, lock, binding(hook.user, secret), sealed, now).await
}

/// The secrets that sign for a hook now, sealed.
pub async fn secrets_of(db: &crate::Store, hook: &Hook, now: Timestamp) -> Result<Vec<(Binding, Sealed)>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM hook_secrets WHERE hook_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at DESC",
        hook.id.uuid(),
        now.utc(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let binding = binding(hook.user, id);
        match secrets::get(db, binding).await {
            Ok(sealed) => found.push((binding, sealed)),
            // It was removed in between.
            Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
