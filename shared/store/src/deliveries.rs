//! Deliveries: what is on its way to a person's channels, and what became of it (`domain.md` §12).
//!
//! Invariant: planned in the transaction that tells the person and written only over the version that was read, so none is
//! forgotten and of two workers at one only one says what came of it.

use chrono::{DateTime, Utc};
use domain::{
    channel::{Delivery, Phase, State},
    id::{ChannelId, DeliveryId, NotificationId, UserId},
    notify::{Kind, Severity},
    outbox::Ring,
    time::Timestamp,
};
use uuid::Uuid;

use crate::{Cursor, Error, Page, Result, Source, Tx, UserLock, channels, page::one_more, row::Row};

struct DeliveryRow {
    id: Uuid,
    user_id: Uuid,
    channel_id: Uuid,
    notifications: Vec<Uuid>,
    state: String,
    due_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    tries: i32,
    error: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = Error;

    fn try_from(found: DeliveryRow) -> Result<Self> {
        let row = Row::of("deliveries", found.id);
        let (due, settled) = (found.due_at.map(Into::into), found.settled_at.map(Into::into));
        let state = match row.word("state", &found.state)? {
            Phase::Pending => State::Pending { due: row.filled("due_at", due)? },
            Phase::Delivered => State::Delivered { at: row.filled("settled_at", settled)? },
            Phase::Dead => State::Dead { at: row.filled("settled_at", settled)? },
        };
        Ok(Self {
            id: DeliveryId::new(found.id),
            user: UserId::new(found.user_id),
            channel: ChannelId::new(found.channel_id),
            notifications: found.notifications.into_iter().map(NotificationId::new).collect(),
            state,
            tries: found.tries,
            error: found.error,
            version: found.version,
            created_at: found.created_at.into(),
            updated_at: found.updated_at.into(),
        })
    }
}

/// A channel's deliveries, the latest first. [`Error::NotFound`] where the person has no such channel.
pub async fn list(
    db: &crate::Store,
    user: UserId,
    channel: ChannelId,
    cursor: Option<Cursor>,
    limit: u32,
) -> Result<Page<Delivery>> {
    channels::get(db, user, channel).await?;
    let rows = sqlx::query_as!(
        DeliveryRow,
        "SELECT id, user_id, channel_id, notifications, state, due_at, settled_at, tries, error, version, created_at, updated_at
           FROM deliveries
          WHERE channel_id = $1 AND user_id = $2
            AND (created_at, id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
          ORDER BY created_at DESC, id DESC LIMIT $5",
        channel.uuid(),
        user.uuid(),
        cursor.map(|(at, _)| at.utc()),
        cursor.map(|(_, id)| id),
        one_more(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let items = rows.into_iter().map(Delivery::try_from).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(items, limit, |item| (item.created_at, item.id.uuid())))
}

/// One of a person's.
pub async fn get(db: impl Source, user: UserId, id: DeliveryId) -> Result<Delivery> {
    let found = sqlx::query_as!(
        DeliveryRow,
        "SELECT id, user_id, channel_id, notifications, state, due_at, settled_at, tries, error, version, created_at, updated_at
           FROM deliveries WHERE id = $1 AND user_id = $2",
        id.uuid(),
        user.uuid(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?;
    found.ok_or(Error::NotFound)?.try_into()
}

/// Whose delivery it is: for a job, which names the delivery only.
pub async fn user_of(db: impl Source, id: DeliveryId) -> Result<UserId> {
    let user = sqlx::query_scalar!("SELECT user_id FROM deliveries WHERE id = $1", id.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?;
    user.map(UserId::new).ok_or(Error::NotFound)
}

/// Writes one over the version before this one; a first version is a new row. [`Error::Stale`] when somebody else has
/// written it meanwhile.
pub async fn save(tx: &mut Tx, lock: &UserLock, delivery: &Delivery) -> Result<()> {
    lock.covers(delivery.user)?;
    insert(tx, delivery).await
}

/// Plans what tells these notifications at the person's channels: one delivery for each that wants any of them.
pub(crate) async fn plan(
    tx: &mut Tx,
    user: UserId,
    told: &[(NotificationId, Kind, Severity)],
    now: Timestamp,
) -> Result<Vec<Ring>> {
    let mut rings = Vec::new();
    for channel in channels::list(&mut *tx, user).await? {
        let wanted: Vec<_> = told.iter().filter(|(.., loud)| channel.wants(*loud)).map(|(id, ..)| *id).collect();
        let Some(first) = wanted.first() else { continue };
        // A notification is told once, so its id makes the delivery's.
        let (delivery, planned) = Delivery::plan(&channel, &first.to_string(), wanted, now);
        insert(tx, &delivery).await?;
        rings.extend(planned.rings);
    }
    Ok(rings)
}

async fn insert(tx: &mut Tx, delivery: &Delivery) -> Result<()> {
    let told: Vec<_> = delivery.notifications.iter().map(|id| id.uuid()).collect();
    let (due, settled) = match delivery.state {
        State::Pending { due } => (Some(due.utc()), None),
        State::Delivered { at } | State::Dead { at } => (None, Some(at.utc())),
    };
    let written = sqlx::query!(
        "INSERT INTO deliveries (id, user_id, channel_id, notifications, state, due_at, settled_at, tries, error, version,
                                 created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (id) DO UPDATE
         SET state = $5, due_at = $6, settled_at = $7, tries = $8, error = $9, version = $10, updated_at = $12
         WHERE deliveries.user_id = $2 AND deliveries.version = $10 - 1",
        delivery.id.uuid(),
        delivery.user.uuid(),
        delivery.channel.uuid(),
        &told,
        delivery.state.phase().as_str(),
        due,
        settled,
        delivery.tries,
        delivery.error,
        delivery.version,
        delivery.created_at.utc(),
        delivery.updated_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    if written.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale) }
}
