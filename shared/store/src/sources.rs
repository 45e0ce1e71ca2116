//! What is polled, and which signals it brought. A page's signals and its cursor are written together or not at all.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    id::{AccountId, DecisionId, SignalId, SourceId, UserId},
    signal::Object,
    source::{Kind, LeftOut, Source as Polled},
    time::Timestamp,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Error, Result, Source, Tx, UserLock,
    row::{self, Row},
};

struct Found {
    id: Uuid,
    user_id: Uuid,
    account_id: Uuid,
    kind: String,
    cursor: Option<Value>,
    attempt: i64,
    pause_seconds: i64,
    failures: i32,
    trouble: Option<String>,
    read_at: Option<DateTime<Utc>>,
    due_at: DateTime<Utc>,
    left_out: i64,
    left_out_at: Option<DateTime<Utc>>,
    left_out_why: Option<String>,
}

impl Found {
    fn read(self) -> Result<Polled> {
        let row = Row::of("sources", self.id);
        let left_out = match (self.left_out, self.left_out_at, self.left_out_why) {
            (0, None, None) => None,
            (count, Some(at), Some(why)) => Some(LeftOut { count, at: at.into(), why }),
            (_, None, _) => return Err(row.corrupt("left_out_at")),
            (_, _, None) => return Err(row.corrupt("left_out_why")),
        };
        Ok(Polled {
            id: SourceId::new(self.id),
            user: UserId::new(self.user_id),
            account: AccountId::new(self.account_id),
            kind: row.word("kind", &self.kind)?,
            cursor: self.cursor,
            attempt: self.attempt,
            pause: TimeDelta::try_seconds(self.pause_seconds).ok_or_else(|| row.corrupt("pause_seconds"))?,
            failures: self.failures,
            trouble: self.trouble,
            read_at: self.read_at.map(Into::into),
            due: self.due_at.into(),
            left_out,
        })
    }
}

/// The columns of [`Found`], for the rest of a query.
macro_rules! find {
    ($rest:tt, $($arg:expr),* $(,)?) => {
        sqlx::query_as!(
            Found,
            "SELECT s.id, s.user_id, s.account_id, s.kind, s.cursor, s.attempt, s.pause_seconds, s.failures, s.trouble, s.read_at,
                    s.due_at, s.left_out, s.left_out_at, s.left_out_why
               FROM sources s " + $rest,
            $($arg),*
        )
    };
}

/// Adds a source; one that is known goes on where it was, and is due when this one is.
pub async fn open(tx: &mut Tx, lock: &UserLock, source: &Polled, now: Timestamp) -> Result<()> {
    lock.covers(source.user)?;
    sqlx::query!(
        "INSERT INTO sources (id, user_id, account_id, kind, cursor, attempt, pause_seconds, failures, trouble, read_at, due_at,
                              created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
         ON CONFLICT (id) DO UPDATE SET due_at = least(sources.due_at, excluded.due_at), updated_at = excluded.updated_at",
        source.id.uuid(),
        source.user.uuid(),
        source.account.uuid(),
        source.kind.as_str(),
        source.cursor,
        source.attempt,
        source.pause.num_seconds(),
        source.failures,
        source.trouble,
        source.read_at.map(Timestamp::utc),
        source.due.utc(),
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// One source of a user.
pub async fn get(db: impl Source, user: UserId, id: SourceId) -> Result<Polled> {
    let found = find!("WHERE s.id = $1 AND s.user_id = $2", id.uuid(), user.uuid());
    found.fetch_optional(&mut *db.conn().await?).await?.ok_or(Error::NotFound)?.read()
}

/// A user's sources.
pub async fn list(db: impl Source, user: UserId) -> Result<Vec<Polled>> {
    let found = find!("WHERE s.user_id = $1 ORDER BY s.created_at, s.kind", user.uuid());
    found.fetch_all(&mut *db.conn().await?).await?.into_iter().map(Found::read).collect()
}

/// Whose source it is: for a job, which names the source only.
pub async fn user_of(db: impl Source, id: SourceId) -> Result<UserId> {
    let user = sqlx::query_scalar!("SELECT user_id FROM sources WHERE id = $1", id.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?;
    user.map(UserId::new).ok_or(Error::NotFound)
}

/// Writes a claim. [`Error::Stale`] if another claim was faster.
pub async fn claim(tx: &mut Tx, lock: &UserLock, claimed: &Polled, now: Timestamp) -> Result<()> {
    write(tx, lock, claimed, claimed.attempt - 1, now).await
}

/// Writes what came of a claim. [`Error::Stale`] if it was claimed anew since.
pub async fn save(tx: &mut Tx, lock: &UserLock, read: &Polled, now: Timestamp) -> Result<()> {
    write(tx, lock, read, read.attempt, now).await
}

async fn write(tx: &mut Tx, lock: &UserLock, source: &Polled, attempt: i64, now: Timestamp) -> Result<()> {
    lock.covers(source.user)?;
    let cursor = source.cursor.as_ref().map(row::json).transpose()?;
    let trouble = source.trouble.as_deref().map(row::text);
    let left_out = source.left_out.as_ref();
    let left_out_why = left_out.map(|left_out| row::text(&left_out.why));
    let written = sqlx::query!(
        "UPDATE sources SET cursor = $3, attempt = $4, pause_seconds = $5, failures = $6, trouble = $7, read_at = $8, due_at = $9,
                updated_at = $10, left_out = $11, left_out_at = $12, left_out_why = $13
          WHERE id = $1 AND attempt = $2",
        source.id.uuid(),
        attempt,
        cursor,
        source.attempt,
        source.pause.num_seconds(),
        source.failures,
        trouble.as_deref(),
        source.read_at.map(Timestamp::utc),
        source.due.utc(),
        now.utc(),
        left_out.map_or(0, |left_out| left_out.count),
        left_out.map(|left_out| left_out.at.utc()),
        left_out_why.as_deref(),
    )
    .execute(tx.connection())
    .await?;
    if written.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Where a decision came from: the account whose source brought its signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which account.
    pub account: AccountId,
    /// It can be used, as far as its row tells.
    pub connected: bool,
    /// What was read.
    pub kind: Kind,
    /// What the source said, so also what it named.
    pub payload: Object,
}

/// Where a decision came from; none where its signal came in by another door.
pub async fn origin(db: impl Source, user: UserId, decision: DecisionId) -> Result<Option<Origin>> {
    let found = sqlx::query!(
        r#"SELECT s.id, s.kind, s.account_id, a.state IN ('active', 'refreshing') AS "connected!", n.payload
             FROM decisions d JOIN signals n ON n.id = d.signal_id JOIN sources s ON s.id = n.source_id
             JOIN accounts a ON a.id = s.account_id
            WHERE d.id = $1 AND d.user_id = $2"#,
        decision.uuid(),
        user.uuid(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let row = Row::of("sources", found.id);
    Ok(Some(Origin {
        account: AccountId::new(found.account_id),
        connected: found.connected,
        kind: row.word("kind", &found.kind)?,
        payload: row.json("payload", found.payload)?,
    }))
}

/// Notes that this source brought these signals.
pub async fn brought(tx: &mut Tx, lock: &UserLock, source: SourceId, signals: &[SignalId]) -> Result<()> {
    if signals.is_empty() {
        return Ok(());
    }
    let signals: Vec<Uuid> = signals.iter().map(|signal| signal.uuid()).collect();
    sqlx::query!(
        "UPDATE signals SET source_id = $1 WHERE user_id = $2 AND id = ANY ($3)",
        source.uuid(),
        lock.user().uuid(),
        &signals,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
