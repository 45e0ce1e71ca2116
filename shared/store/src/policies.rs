//! Policies and triggers: the rules a person writes. Each keeps its body as JSON and a revision of its own; every write
//! raises the settings' revision too, because what was permitted before may not be any more (`domain.md` §7, §6 rule 10).

use chrono::{DateTime, Utc};
use domain::{
    id::{Id, UserId},
    policy::{Policy, Trigger},
    time::Timestamp,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Error, Result, Source, Tx, UserLock,
    row::{self, Row},
};

/// A rule as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// What it says.
    pub rule: T,
    /// Grows with every change: its `ETag`.
    pub revision: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What is kept this way.
pub trait Kept: Serialize + DeserializeOwned {
    /// The word in the column `kind`.
    const KIND: &'static str;
}

/// A rule of either kind as it is found.
#[derive(Deserialize)]
pub(crate) struct RuleRow {
    id: Uuid,
    pub(crate) kind: String,
    body: Value,
}

impl RuleRow {
    pub(crate) fn read<T: Kept>(&self) -> Result<T> {
        Row::of("own_rules", self.id).json("body", self.body.clone())
    }
}

impl Kept for Policy {
    const KIND: &'static str = "policy";
}

impl Kept for Trigger {
    const KIND: &'static str = "trigger";
}

/// All of a person's, oldest first.
pub async fn list<T: Kept>(db: impl Source, user: UserId) -> Result<Vec<Stored<T>>> {
    let found = sqlx::query!(
        "SELECT id, body, revision, created_at, updated_at FROM own_rules
          WHERE user_id = $1 AND kind = $2 ORDER BY created_at, id",
        user.uuid(),
        T::KIND,
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let stored = found.into_iter().map(|row| stored(row.id, row.body, row.revision, row.created_at, row.updated_at));
    stored.collect()
}

/// One of a person's.
pub async fn get<T: Kept, K>(db: impl Source, user: UserId, id: Id<K>) -> Result<Stored<T>> {
    let found = sqlx::query!(
        "SELECT body, revision, created_at, updated_at FROM own_rules WHERE id = $1 AND user_id = $2 AND kind = $3",
        id.uuid(),
        user.uuid(),
        T::KIND,
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?
    .ok_or(Error::NotFound)?;
    stored(id.uuid(), found.body, found.revision, found.created_at, found.updated_at)
}

fn stored<T: Kept>(
    id: Uuid,
    body: Value,
    revision: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
) -> Result<Stored<T>> {
    let rule = Row::of("own_rules", id).json("body", body)?;
    Ok(Stored { rule, revision, created_at: created_at.into(), updated_at: updated_at.into() })
}

/// Writes a new one.
pub async fn create<T: Kept, K>(tx: &mut Tx, lock: &UserLock, id: Id<K>, rule: &T, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "INSERT INTO own_rules (id, user_id, kind, body, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)",
        id.uuid(),
        lock.user().uuid(),
        T::KIND,
        row::json(rule)?,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    tightened(tx, lock, now).await
}

/// Changes one; [`Error::Stale`] unless it still has this revision. Gives the new revision.
pub async fn update<T: Kept, K>(
    tx: &mut Tx,
    lock: &UserLock,
    id: Id<K>,
    rule: &T,
    revision: i64,
    now: Timestamp,
) -> Result<i64> {
    let changed = sqlx::query_scalar!(
        "UPDATE own_rules SET body = $4, revision = revision + 1, updated_at = $6
          WHERE id = $1 AND user_id = $2 AND kind = $3 AND revision = $5 RETURNING revision",
        id.uuid(),
        lock.user().uuid(),
        T::KIND,
        row::json(rule)?,
        revision,
        now.utc(),
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::Stale)?;
    tightened(tx, lock, now).await?;
    Ok(changed)
}

/// Removes one.
pub async fn remove<T: Kept, K>(tx: &mut Tx, lock: &UserLock, id: Id<K>, now: Timestamp) -> Result<()> {
    let removed = sqlx::query!(
        "DELETE FROM own_rules WHERE id = $1 AND user_id = $2 AND kind = $3",
        id.uuid(),
        lock.user().uuid(),
        T::KIND,
    )
    .execute(tx.connection())
    .await?;
    if removed.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    tightened(tx, lock, now).await
}

/// The settings' revision covers the rules: a permit from before is looked at again.
async fn tightened(tx: &mut Tx, lock: &UserLock, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "UPDATE users SET settings_revision = settings_revision + 1, updated_at = $2 WHERE id = $1",
        lock.user().uuid(),
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
