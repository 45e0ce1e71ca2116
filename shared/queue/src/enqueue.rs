//! Enqueueing: one statement for a whole slice, inside the caller's transaction, on the database's clock.
//!
//! Invariants: a duplicate key never aborts the caller's transaction, it only answers "was there already"; nothing
//! is announced here (a NOTIFY inside a transaction makes commits queue behind one another): the caller rings the
//! [`crate::Bell`] after its commit, and if it dies before that, the next poll finds the job.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use observe::Traceparent;
use serde_json::Value;
use sqlx::PgExecutor;
use ulid::Ulid;

/// A job to put into a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// Which queue: `apalis.jobs.job_type`.
    pub queue: String,
    /// What the handler's argument is read from: ids, nothing that can go stale.
    pub payload: Value,
    /// Two jobs of one queue never share a key, finished and dead ones included. Row id + revision, or `None`.
    pub key: Option<String>,
    /// Higher runs first.
    pub priority: i32,
    /// Starts it may cost at most, crashes included. At least 1.
    pub max_attempts: i32,
    /// How long after now it is due; without meaning when `due` is given.
    pub delay: Duration,
    /// When exactly it is due.
    pub due: Option<DateTime<Utc>>,
    /// The trace it goes on with; without one it begins its own.
    pub traceparent: Option<Traceparent>,
}

impl NewJob {
    /// Due now, no key, priority 0, five attempts.
    pub fn new(queue: impl Into<String>, payload: Value) -> Self {
        Self {
            queue: queue.into(),
            payload,
            key: None,
            priority: 0,
            max_attempts: 5,
            delay: Duration::ZERO,
            due: None,
            traceparent: None,
        }
    }
}

/// Puts jobs into their queues, in the caller's transaction. Answers per job its new id, or `None` where an equal
/// (queue, key) already exists, whatever became of it.
pub async fn enqueue(db: impl PgExecutor<'_>, jobs: &[NewJob]) -> Result<Vec<Option<String>>, sqlx::Error> {
    enqueue_at(db, jobs, None).await
}

/// [`enqueue`], with delays counted from `now` instead of the database's clock.
#[expect(clippy::as_conversions, reason = "how sqlx is told the type of a parameter")]
pub async fn enqueue_at(
    db: impl PgExecutor<'_>,
    jobs: &[NewJob],
    now: Option<DateTime<Utc>>,
) -> Result<Vec<Option<String>>, sqlx::Error> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = jobs.iter().map(|_| Ulid::generate().to_string()).collect();
    let queues: Vec<&str> = jobs.iter().map(|job| job.queue.as_str()).collect();
    let payloads: Vec<Vec<u8>> = jobs.iter().map(|job| job.payload.to_string().into_bytes()).collect();
    let keys: Vec<Option<&str>> = jobs.iter().map(|job| job.key.as_deref()).collect();
    let priorities: Vec<i32> = jobs.iter().map(|job| job.priority).collect();
    let max_attempts: Vec<i32> = jobs.iter().map(|job| job.max_attempts.max(1)).collect();
    let delays: Vec<i64> = jobs.iter().map(|job| millis(job.delay)).collect();
    let traces: Vec<Option<String>> = jobs.iter().map(|job| job.traceparent.map(|it| it.to_string())).collect();
    let dues: Vec<Option<DateTime<Utc>>> = jobs.iter().map(|job| job.due).collect();

    let new: HashSet<String> = sqlx::query_scalar!(
        "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority, idempotency_key,
                                  traceparent)
         SELECT n.id, n.queue, n.payload, 'Pending', 0, n.max_attempts,
                coalesce(n.due, coalesce($1, now()) + n.delay_ms * interval '1 millisecond'), n.priority, n.key, n.traceparent
           FROM unnest($2::text[], $3::text[], $4::bytea[], $5::int[], $6::int[], $7::bigint[], $8::timestamptz[], $9::text[],
                       $10::text[]) AS n (id, queue, payload, max_attempts, priority, delay_ms, due, key, traceparent)
         ON CONFLICT (job_type, idempotency_key) DO NOTHING
         RETURNING id",
        now,
        &ids,
        &queues as &[&str],
        &payloads,
        &max_attempts,
        &priorities,
        &delays,
        &dues as &[Option<DateTime<Utc>>],
        &keys as &[Option<&str>],
        &traces as &[Option<String>],
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .collect();
    Ok(ids.into_iter().map(|id| new.contains(&id).then_some(id)).collect())
}

/// A duration in whole milliseconds, as the database counts them.
pub(crate) fn millis(duration: Duration) -> i64 {
    // a century is "never" to a queue, and still fits a timestamp
    const CENTURY: i64 = 100 * 366 * 24 * 3600 * 1000;
    i64::try_from(duration.as_millis()).map_or(CENTURY, |ms| ms.min(CENTURY))
}
