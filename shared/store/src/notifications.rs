//! Notifications: told once per dedupe key, shown from their hour on. They are written by [`crate::Tx::commit`] only.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    id::{NotificationId, UserId},
    notify::{self, Kind, New, Severity},
    outbox::Outbox,
    time::Timestamp,
};
use uuid::Uuid;

use crate::{
    Cursor, Error, Page, Result, Source, Tx, UserLock,
    counted::Counted,
    deliveries,
    page::one_more,
    row::{self, Row},
};

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// What it is about.
    pub kind: Kind,
    /// How loud.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// A few sentences.
    pub body: String,
    /// Where to look.
    pub link: Option<String>,
    /// Not shown before.
    pub deliver_at: Timestamp,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Which notifications to mark read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(NotificationId),
    /// All that are shown by now.
    All,
}

struct NotificationRow {
    id: Uuid,
    kind: String,
    severity: String,
    title: String,
    body: String,
    link: Option<String>,
    deliver_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl NotificationRow {
    fn read(self) -> Result<Notification> {
        let row = Row::of("notifications", self.id);
        Ok(Notification {
            id: NotificationId::new(self.id),
            kind: row.word("kind", &self.kind)?,
            severity: row.word("severity", &self.severity)?,
            title: self.title,
            body: self.body,
            link: self.link,
            deliver_at: self.deliver_at.into(),
            read_at: self.read_at.map(Into::into),
            created_at: self.created_at.into(),
        })
    }
}

/// A user's notifications that are due to be shown, newest first.
pub async fn list(
    db: impl Source,
    user: UserId,
    unread_only: bool,
    cursor: Option<Cursor>,
    limit: u32,
    now: Timestamp,
) -> Result<Page<Notification>> {
    let rows = sqlx::query_as!(
        NotificationRow,
        "SELECT id, kind, severity, title, body, link, deliver_at, read_at, created_at
           FROM notifications
          WHERE user_id = $1 AND deliver_at <= $2 AND (read_at IS NULL OR NOT $3)
            AND (deliver_at, id) < (coalesce($4::timestamptz, 'infinity'), coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
          ORDER BY deliver_at DESC, id DESC LIMIT $6",
        user.uuid(),
        now.utc(),
        unread_only,
        cursor.map(|(at, _)| at.utc()),
        cursor.map(|(_, id)| id),
        one_more(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let items = rows.into_iter().map(NotificationRow::read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(items, limit, |item| (item.deliver_at, item.id.uuid())))
}

/// How many are shown and not read.
pub async fn unread(db: impl Source, user: UserId, now: Timestamp) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM notifications WHERE user_id = $1 AND read_at IS NULL AND deliver_at <= $2"#,
        user.uuid(),
        now.utc(),
    )
    .fetch_one(&mut *db.conn().await?)
    .await?;
    Ok(count)
}

/// Marks read; gives how many were unread. [`crate::Error::NotFound`] for one that is not there.
pub async fn read(tx: &mut Tx, lock: &UserLock, which: Which, now: Timestamp) -> Result<u64> {
    let one = match which {
        Which::One(id) => Some(id.uuid()),
        Which::All => None,
    };
    let marked = sqlx::query!(
        "UPDATE notifications SET read_at = $3
          WHERE user_id = $1 AND (id = $2 OR ($2 IS NULL AND deliver_at <= $3)) AND read_at IS NULL",
        lock.user().uuid(),
        one,
        now.utc(),
    )
    .execute(tx.connection())
    .await?
    .rows_affected();
    if let Some(id) = one.filter(|_| marked == 0) {
        sqlx::query_scalar!("SELECT id FROM notifications WHERE id = $1 AND user_id = $2", id, lock.user().uuid())
            .fetch_optional(tx.connection())
            .await?
            .ok_or(Error::NotFound)?;
    }
    Ok(marked)
}

/// Marks read what was told under this key: the person has dealt with it.
pub async fn dealt_with(tx: &mut Tx, lock: &UserLock, dedupe_key: &str, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "UPDATE notifications SET read_at = $3 WHERE user_id = $1 AND dedupe_key = $2 AND read_at IS NULL",
        lock.user().uuid(),
        dedupe_key,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// These of a person's that are still there, oldest first.
pub async fn some(db: impl Source, user: UserId, ids: &[NotificationId]) -> Result<Vec<Notification>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        NotificationRow,
        "SELECT id, kind, severity, title, body, link, deliver_at, read_at, created_at
           FROM notifications WHERE user_id = $1 AND id = ANY($2) ORDER BY created_at, id",
        user.uuid(),
        &ids,
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    rows.into_iter().map(NotificationRow::read).collect()
}

/// Marks delivered what was held back until now, and tells what of it nobody has read meanwhile, all of it together.
pub async fn release(tx: &mut Tx, lock: &UserLock, now: Timestamp) -> Result<Outbox> {
    let rows = sqlx::query_as!(
        NotificationRow,
        "UPDATE notifications SET delivered_at = $2 WHERE user_id = $1 AND delivered_at IS NULL AND deliver_at <= $2
         RETURNING id, kind, severity, title, body, link, deliver_at, read_at, created_at",
        lock.user().uuid(),
        now.utc(),
    )
    .fetch_all(tx.connection())
    .await?;
    let mut held = rows.into_iter().map(NotificationRow::read).collect::<Result<Vec<_>>>()?;
    held.retain(|one| one.read_at.is_none());
    held.sort_by_key(|one| (one.created_at, one.id));
    let told: Vec<_> = held.iter().map(|one| (one.id, one.kind, one.severity)).collect();
    tell(tx, lock.user(), &told, now).await
}

/// Stores what was not told before, and tells it. What is held back is told when it is released.
#[expect(clippy::as_conversions, reason = "names the type of an array for the macro, converts nothing")]
pub(crate) async fn insert(tx: &mut Tx, told: &[New], now: Timestamp) -> Result<Outbox> {
    if told.is_empty() {
        return Ok(Outbox::nothing());
    }
    let ids: Vec<_> = told.iter().map(|new| id_of(new).uuid()).collect();
    let users: Vec<_> = told.iter().map(|new| new.user.uuid()).collect();
    let kinds: Vec<_> = told.iter().map(|new| new.kind.as_str()).collect();
    let severities: Vec<_> = told.iter().map(|new| new.severity.as_str()).collect();
    let titles: Vec<_> = told.iter().map(|new| row::text(&new.title).into_owned()).collect();
    let bodies: Vec<_> = told.iter().map(|new| row::text(&new.body).into_owned()).collect();
    let links: Vec<_> = told.iter().map(|new| new.link.as_deref().map(|link| row::text(link).into_owned())).collect();
    let keys: Vec<_> = told.iter().map(|new| row::text(&new.dedupe_key).into_owned()).collect();
    let hours: Vec<_> = told.iter().map(|new| new.deliver_at.utc()).collect();
    let mut stored: HashSet<Uuid> = sqlx::query_scalar!(
        "INSERT INTO notifications (id, user_id, kind, severity, title, body, link, dedupe_key, deliver_at, created_at, delivered_at)
         SELECT n.*, $10, CASE WHEN n.deliver_at <= $10 THEN $10 END
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                       $8::text[], $9::timestamptz[]) AS n (id, user_id, kind, severity, title, body, link, dedupe_key, deliver_at)
         ON CONFLICT DO NOTHING RETURNING id",
        &ids,
        &users,
        &kinds as &[&str],
        &severities as &[&str],
        &titles,
        &bodies,
        &links as &[Option<String>],
        &keys,
        &hours,
        now.utc(),
    )
    .fetch_all(tx.connection())
    .await?
    .into_iter()
    .collect();
    // removed as they are found: the same key twice in one outbox is told once
    let new: Vec<&New> = told.iter().filter(|new| stored.remove(&id_of(new).uuid())).collect();
    tx.count(new.iter().map(|new| Counted::notification(new.kind)));
    let mut outbox = Outbox::nothing();
    for new in new.into_iter().filter(|new| new.deliver_at <= now) {
        outbox = outbox.and(tell(tx, new.user, &[(id_of(new), new.kind, new.severity)], now).await?);
    }
    Ok(outbox)
}

/// Tells these together: in one event, and in one delivery to each of the person's channels that wants any of them.
async fn tell(tx: &mut Tx, user: UserId, told: &[(NotificationId, Kind, Severity)], now: Timestamp) -> Result<Outbox> {
    let Some(event) = notify::told(user, told) else { return Ok(Outbox::nothing()) };
    let rings = deliveries::plan(tx, user, told, now).await?;
    Ok(Outbox { events: vec![event], rings, ..Outbox::nothing() })
}

/// Derives from the user and the key, so that telling twice writes the same row.
fn id_of(new: &New) -> NotificationId {
    new.user.child(&format!("notification:{}", new.dedupe_key))
}
