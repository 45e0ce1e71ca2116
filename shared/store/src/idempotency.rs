//! What a POST with an Idempotency-Key was answered, so that asking again gives the same answer.
//!
//! Invariant: of two callers with the same key one works and the other waits or is told; whoever took a key over
//! fences off whoever let it lie.

use chrono::TimeDelta;
use domain::time::Timestamp;

use crate::{
    Error, Result, Source, Store,
    row::{self, Row},
};

/// How long a key may lie open before another may take it over: longer than any request takes.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to the answer.
    pub headers: Vec<(String, String)>,
    /// The body as it went out.
    pub body: Vec<u8>,
}

/// The right to answer under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    caller: String,
    key: String,
    taken_at: Timestamp,
}

/// What taking a key led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is yours: work, then [`finish`] or [`abandon`].
    New(Ticket),
    /// It was answered before.
    Replay(Saved),
    /// Somebody is at it.
    InFlight,
    /// The key was used for something else.
    OtherContent,
}

/// Takes a key of a caller for a request with this fingerprint. One that somebody left open for 60 s may be taken over.
pub async fn take(store: &Store, caller: &str, key: &str, fingerprint: &str, now: Timestamp) -> Result<Taken> {
    let taken = sqlx::query_scalar!(
        "INSERT INTO idempotency_keys AS k (caller, key, fingerprint, taken_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (caller, key) DO UPDATE SET taken_at = excluded.taken_at
           WHERE k.finished_at IS NULL AND k.fingerprint = excluded.fingerprint AND k.taken_at <= $5
         RETURNING k.taken_at",
        caller,
        key,
        fingerprint,
        now.utc(),
        now.minus(LEASE).utc(),
    )
    .fetch_optional(&mut *store.conn().await?)
    .await?;
    if let Some(taken_at) = taken {
        return Ok(Taken::New(Ticket { caller: caller.to_owned(), key: key.to_owned(), taken_at: taken_at.into() }));
    }
    let found = sqlx::query!(
        "SELECT fingerprint, status, headers, body FROM idempotency_keys WHERE caller = $1 AND key = $2",
        caller,
        key,
    )
    .fetch_optional(&mut *store.conn().await?)
    .await?;
    let Some(found) = found else {
        // abandoned between the two statements: the caller's next try gets it
        return Ok(Taken::InFlight);
    };
    if found.fingerprint != fingerprint {
        return Ok(Taken::OtherContent);
    }
    let (Some(status), Some(headers), Some(body)) = (found.status, found.headers, found.body) else {
        return Ok(Taken::InFlight);
    };
    let row = Row::of("idempotency_keys", uuid::Uuid::nil());
    Ok(Taken::Replay(Saved { status: row.number("status", status)?, headers: row.json("headers", headers)?, body }))
}

/// Keeps the answer; in the transaction of the change where there is one. [`crate::Error::Stale`] if the key was taken over.
pub async fn finish(db: impl Source, ticket: &Ticket, saved: &Saved, now: Timestamp) -> Result<()> {
    let finished = sqlx::query!(
        "UPDATE idempotency_keys SET status = $4, headers = $5, body = $6, finished_at = $7
          WHERE caller = $1 AND key = $2 AND taken_at = $3 AND finished_at IS NULL",
        ticket.caller,
        ticket.key,
        ticket.taken_at.utc(),
        row::number::<_, i16>(saved.status)?,
        row::json(&saved.headers)?,
        saved.body,
        now.utc(),
    )
    .execute(&mut *db.conn().await?)
    .await?;
    if finished.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Lets go of a key that came to nothing, so that it may be tried again.
pub async fn abandon(db: impl Source, ticket: &Ticket) -> Result<()> {
    sqlx::query!(
        "DELETE FROM idempotency_keys WHERE caller = $1 AND key = $2 AND taken_at = $3 AND finished_at IS NULL",
        ticket.caller,
        ticket.key,
        ticket.taken_at.utc(),
    )
    .execute(&mut *db.conn().await?)
    .await?;
    Ok(())
}

/// Forgets at most `limit` keys taken before `before`; gives how many.
pub async fn prune(store: &Store, before: Timestamp, limit: u32) -> Result<u64> {
    let forgotten = sqlx::query!(
        "DELETE FROM idempotency_keys k USING (
           SELECT caller, key FROM idempotency_keys WHERE taken_at < $1 ORDER BY taken_at LIMIT $2
         ) AS old WHERE k.caller = old.caller AND k.key = old.key AND k.taken_at < $1",
        before.utc(),
        i64::from(limit),
    )
    .execute(&mut *store.conn().await?)
    .await?;
    Ok(forgotten.rows_affected())
}
