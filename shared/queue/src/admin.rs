//! What an operator wants to know and do: how deep the queues are, which jobs are dead and why, try one again.
//!
//! Each count reads the partial index made for it (`migrations/0001_queue.sql`), not the table.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Error, PgExecutor};

/// One queue at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Depth {
    /// Its name.
    pub queue: String,
    /// Could be claimed now.
    pub due: i64,
    /// Waiting for their time: delayed, snoozed or backing off.
    pub scheduled: i64,
    /// Held by a worker.
    pub running: i64,
    /// Out of attempts, or abandoned.
    pub dead: i64,
    /// Finished and not yet pruned.
    pub done: i64,
    /// How long the oldest due job has been waiting.
    pub oldest_due: Option<Duration>,
}

/// How deep every queue is that has rows. `now` of `None` is the database's clock.
pub async fn depth(db: impl PgExecutor<'_>, now: Option<DateTime<Utc>>) -> Result<Vec<Depth>, Error> {
    let rows = sqlx::query!(
        r#"SELECT job_type AS "queue!", sum(due)::bigint AS "due!", sum(scheduled)::bigint AS "scheduled!",
                  sum(running)::bigint AS "running!", sum(dead)::bigint AS "dead!", sum(done)::bigint AS "done!",
                  (extract(epoch FROM coalesce($1, now()) - min(oldest)) * 1000)::bigint AS oldest_ms
             FROM (
               SELECT job_type, count(*) FILTER (WHERE run_at <= coalesce($1, now())) AS due,
                      count(*) FILTER (WHERE run_at > coalesce($1, now())) AS scheduled, 0 AS running, 0 AS dead, 0 AS done,
                      min(run_at) FILTER (WHERE run_at <= coalesce($1, now())) AS oldest
                 FROM apalis.jobs WHERE status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts) GROUP BY job_type
               UNION ALL
               SELECT job_type, 0, 0, count(*), 0, 0, NULL FROM apalis.jobs WHERE status IN ('Queued', 'Running') GROUP BY job_type
               UNION ALL
               SELECT job_type, 0, 0, 0, count(*), 0, NULL FROM apalis.jobs
                WHERE status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts) GROUP BY job_type
               UNION ALL
               SELECT job_type, 0, 0, 0, 0, count(*), NULL FROM apalis.jobs WHERE status = 'Done' GROUP BY job_type
             ) AS part GROUP BY job_type ORDER BY job_type"#,
        now,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Depth {
            queue: row.queue,
            due: row.due,
            scheduled: row.scheduled,
            running: row.running,
            dead: row.dead,
            done: row.done,
            oldest_due: row.oldest_ms.map(|ms| Duration::from_millis(ms.max(0).unsigned_abs())),
        })
        .collect())
}

/// A job that will not run again by itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Dead {
    /// `apalis.jobs.id`.
    pub id: String,
    /// Its queue.
    pub queue: String,
    /// The payload as text, whatever it is.
    pub payload: String,
    /// Its key, if it had one.
    pub key: Option<String>,
    /// Starts it cost.
    pub attempts: i32,
    /// Starts it was allowed.
    pub max_attempts: i32,
    /// What the last run, or the worker that could not read it, said.
    pub why: String,
    /// Since when.
    pub died_at: Option<DateTime<Utc>>,
}

/// Dead jobs, the latest first, at most `limit`: of one queue or all, those whose reason contains `why` or all.
pub async fn dead(
    db: impl PgExecutor<'_>,
    queue: Option<&str>,
    why: Option<&str>,
    limit: i64,
) -> Result<Vec<Dead>, Error> {
    let rows = sqlx::query!(
        r#"SELECT id, job_type, job, idempotency_key, attempts, max_attempts, done_at,
                  coalesce(last_result->>'Err', last_result::text, 'unknown') AS "why!"
             FROM apalis.jobs
            WHERE (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))
              AND ($1::text IS NULL OR job_type = $1)
              AND ($3::text IS NULL OR position($3 IN coalesce(last_result->>'Err', '')) > 0)
            ORDER BY done_at DESC LIMIT $2"#,
        queue,
        limit,
        why,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Dead {
            id: row.id,
            queue: row.job_type,
            payload: String::from_utf8_lossy(&row.job).into_owned(),
            key: row.idempotency_key,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            why: row.why,
            died_at: row.done_at,
        })
        .collect())
}

/// Gives a dead job all its attempts again, due now. Answers its queue, to be rung; `None` when it is not dead.
///
/// It keeps its key: it is the same row, so nothing can collide, and a ring for the same transition still finds it.
pub async fn redrive(db: impl PgExecutor<'_>, id: &str, now: Option<DateTime<Utc>>) -> Result<Option<String>, Error> {
    sqlx::query_scalar!(
        "UPDATE apalis.jobs
            SET status = 'Pending', attempts = 0, run_at = coalesce($2, now()), done_at = NULL, lock_by = NULL, lock_at = NULL
          WHERE id = $1 AND (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))
          RETURNING job_type",
        id,
        now,
    )
    .fetch_optional(db)
    .await
}
