//! Events: one ordered stream per user without gaps. They are written by [`crate::Tx::commit`] only.
//!
//! The number comes from a counter on the user's row, taken under its lock: a lower number is always visible first,
//! so that a reader's cursor never skips one.

use std::collections::BTreeMap;

use domain::{
    event::{Name, New},
    id::{DecisionId, UserId},
    signal::Object,
    time::Timestamp,
};
use serde_json::Value;

use crate::{
    Error, Result, Source, Tx,
    row::{self, Row},
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number in the user's stream, from 1.
    pub seq: i64,
    /// What.
    pub name: Name,
    /// Ids and short facts.
    pub facts: Object,
    /// When.
    pub at: Timestamp,
}

struct EventRow {
    seq: i64,
    name: String,
    facts: Value,
    at: chrono::DateTime<chrono::Utc>,
}

impl EventRow {
    fn read(self, user: UserId) -> Result<Event> {
        let row = Row::of("events", user.uuid());
        Ok(Event {
            seq: self.seq,
            name: row.word("name", &self.name)?,
            facts: row.json("facts", self.facts)?,
            at: self.at.into(),
        })
    }
}

/// A user's events after a number, in order.
pub async fn since(db: impl Source, user: UserId, after_seq: i64, limit: u32) -> Result<Vec<Event>> {
    let rows = sqlx::query_as!(
        EventRow,
        "SELECT seq, name, facts, at FROM events WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        user.uuid(),
        after_seq,
        i64::from(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    rows.into_iter().map(|row| row.read(user)).collect()
}

/// The number of a user's last event; 0 before the first.
pub async fn last_seq(db: impl Source, user: UserId) -> Result<i64> {
    sqlx::query_scalar!("SELECT event_seq FROM users WHERE id = $1", user.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?
        .ok_or(Error::NotFound)
}

/// The numbers of these users' last events.
pub async fn last_seqs(db: impl Source, users: &[UserId]) -> Result<Vec<(UserId, i64)>> {
    let ids: Vec<_> = users.iter().map(|user| user.uuid()).collect();
    let found = sqlx::query!("SELECT id, event_seq FROM users WHERE id = ANY($1)", &ids)
        .fetch_all(&mut *db.conn().await?)
        .await?;
    Ok(found.into_iter().map(|row| (UserId::new(row.id), row.event_seq)).collect())
}

/// What happened about a decision and its signal, in order.
pub async fn of_decision(db: impl Source, user: UserId, decision: DecisionId) -> Result<Vec<Event>> {
    let rows = sqlx::query_as!(
        EventRow,
        "SELECT seq, name, facts, at FROM events
          WHERE user_id = $1
            AND (facts ->> 'decision' = $2::uuid::text
                 OR facts ->> 'signal' = (SELECT d.signal_id::text FROM decisions d WHERE d.id = $2 AND d.user_id = $1))
          ORDER BY seq",
        user.uuid(),
        decision.uuid(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    rows.into_iter().map(|row| row.read(user)).collect()
}

/// Appends to the streams of the users concerned, in the order given. [`Error::NotFound`] if one of them is not there.
pub(crate) async fn append(tx: &mut Tx, events: &[New], now: Timestamp) -> Result<()> {
    let mut streams: BTreeMap<UserId, Vec<&New>> = BTreeMap::new();
    for event in events {
        streams.entry(event.user).or_default().push(event);
    }
    for (user, events) in streams {
        append_to(tx, user, &events, now).await?;
    }
    Ok(())
}

/// To one stream: nearly every commit is about one person. (The planner is not to see how long the lists are: it would
/// plan anew each time.)
#[expect(clippy::as_conversions, reason = "names the type of an array for the macro, converts nothing")]
async fn append_to(tx: &mut Tx, user: UserId, events: &[&New], now: Timestamp) -> Result<()> {
    let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    let facts = events.iter().map(|event| row::json(&event.facts)).collect::<Result<Vec<_>>>()?;
    let count = row::number::<_, i64>(events.len())?;
    let written = sqlx::query!(
        "WITH counter AS (
           UPDATE users SET event_seq = event_seq + $2 WHERE id = $1 RETURNING event_seq - $2 AS before
         )
         INSERT INTO events (user_id, seq, name, facts, at)
         SELECT $1, counter.before + told.nth, told.name, told.facts, $5
           FROM counter, unnest((SELECT $3::text[]), (SELECT $4::jsonb[])) WITH ORDINALITY AS told (name, facts, nth)",
        user.uuid(),
        count,
        &names as &[&str],
        &facts,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    if written.rows_affected() == row::number::<_, u64>(count)? { Ok(()) } else { Err(Error::NotFound) }
}
