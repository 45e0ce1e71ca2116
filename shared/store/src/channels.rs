//! Channels: where else a person is told (`domain.md` §12). A webhook's secret is in [`crate::secrets`], sealed.

use chrono::{DateTime, Utc};
use domain::{
    channel::Channel,
    id::{ChannelId, UserId},
    time::Timestamp,
};
use uuid::Uuid;
use vault::{Binding, Purpose};

use crate::{
    Error, Result, Source, Tx, UserLock,
    row::{self, Row},
    secrets,
};

struct ChannelRow {
    id: Uuid,
    user_id: Uuid,
    kind: String,
    name: String,
    address: String,
    minimum_severity: String,
    enabled: bool,
    failing_since: Option<DateTime<Utc>>,
    trouble: Option<String>,
    old_secret_until: Option<DateTime<Utc>>,
    revision: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<ChannelRow> for Channel {
    type Error = Error;

    fn try_from(found: ChannelRow) -> Result<Self> {
        let row = Row::of("channels", found.id);
        Ok(Self {
            id: ChannelId::new(found.id),
            user: UserId::new(found.user_id),
            kind: row.word("kind", &found.kind)?,
            name: found.name,
            address: found.address,
            minimum_severity: row.word("minimum_severity", &found.minimum_severity)?,
            enabled: found.enabled,
            failing_since: found.failing_since.map(Into::into),
            trouble: found.trouble,
            old_secret_until: found.old_secret_until.map(Into::into),
            revision: found.revision,
            created_at: found.created_at.into(),
            updated_at: found.updated_at.into(),
        })
    }
}

/// What a channel's secret is sealed for. Behind it in the same seal stands the one before it, once there was one.
pub fn binding(user: UserId, id: ChannelId) -> Binding {
    Binding { purpose: Purpose::Channel, user: user.uuid(), subject: id.uuid() }
}

/// All of a person's, in the order they were made.
pub async fn list(db: impl Source, user: UserId) -> Result<Vec<Channel>> {
    let found = sqlx::query_as!(
        ChannelRow,
        "SELECT id, user_id, kind, name, address, minimum_severity, enabled, failing_since, trouble, old_secret_until,
                revision, created_at, updated_at
           FROM channels WHERE user_id = $1 ORDER BY created_at, id",
        user.uuid(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found.into_iter().map(Channel::try_from).collect()
}

/// One of a person's.
pub async fn get(db: impl Source, user: UserId, id: ChannelId) -> Result<Channel> {
    let found = sqlx::query_as!(
        ChannelRow,
        "SELECT id, user_id, kind, name, address, minimum_severity, enabled, failing_since, trouble, old_secret_until,
                revision, created_at, updated_at
           FROM channels WHERE id = $1 AND user_id = $2",
        id.uuid(),
        user.uuid(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?;
    found.ok_or(Error::NotFound)?.try_into()
}

/// Writes one: new, or what may change of one that is there.
pub async fn save(tx: &mut Tx, lock: &UserLock, channel: &Channel) -> Result<()> {
    lock.covers(channel.user)?;
    let written = sqlx::query!(
        "INSERT INTO channels (id, user_id, kind, name, address, minimum_severity, enabled, failing_since, trouble,
                               old_secret_until, revision, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE
         SET name = $4, address = $5, minimum_severity = $6, enabled = $7, failing_since = $8, trouble = $9,
             old_secret_until = $10, revision = $11, updated_at = $13
         WHERE channels.user_id = $2 AND channels.kind = $3",
        channel.id.uuid(),
        channel.user.uuid(),
        channel.kind.as_str(),
        &row::text(&channel.name),
        &row::text(&channel.address),
        channel.minimum_severity.as_str(),
        channel.enabled,
        channel.failing_since.map(Timestamp::utc),
        channel.trouble,
        channel.old_secret_until.map(Timestamp::utc),
        channel.revision,
        channel.created_at.utc(),
        channel.updated_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    if written.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// Removes one, with its secret and its deliveries.
pub async fn remove(tx: &mut Tx, lock: &UserLock, id: ChannelId) -> Result<()> {
    let removed = sqlx::query!("DELETE FROM channels WHERE id = $1 AND user_id = $2", id.uuid(), lock.user().uuid())
        .execute(tx.connection())
        .await?;
    if removed.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    secrets::forget(tx, lock, binding(lock.user(), id)).await
}
