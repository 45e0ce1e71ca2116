//! What an operator does to jobs and queues: look for them, run them again, call them off, let queues stand still.
//!
//! Every act takes the caller's connection, so that it is one with whatever else the caller writes of it. Nothing here
//! touches a job that a worker holds.

use chrono::{DateTime, Utc};
use sqlx::{Error, PgExecutor};

use crate::enqueue::millis;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Could be claimed now.
    Due,
    /// Waits for its time.
    Scheduled,
    /// A worker holds it.
    Running,
    /// Will not run again by itself.
    Dead,
    /// Finished.
    Done,
}

impl Stand {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Due, Self::Scheduled, Self::Running, Self::Dead, Self::Done];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Dead => "dead",
            Self::Done => "done",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stand| stand.as_str() == name)
    }
}

/// A job as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Job {
    /// `apalis.jobs.id`.
    pub id: String,
    /// Its queue.
    pub queue: String,
    /// The payload as text, whatever it is.
    pub payload: String,
    /// Starts it has cost.
    pub attempts: i32,
    /// Starts it may cost.
    pub max_attempts: i32,
    /// When it is or was due.
    pub due_at: DateTime<Utc>,
    /// The worker that holds it.
    pub held_by: Option<String>,
    /// What its last run said.
    pub said: Option<String>,
    /// Since when it is done or dead.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Jobs that stand so, the next to run (or the last that ended) first: of one queue or all, those whose last run said `why`
/// or all. `now` of `None` is the database's clock.
pub async fn jobs(
    db: impl PgExecutor<'_>,
    queue: Option<&str>,
    stand: Stand,
    why: Option<&str>,
    limit: i64,
    now: Option<DateTime<Utc>>,
) -> Result<Vec<Job>, Error> {
    let rows = sqlx::query!(
        r#"SELECT id, job_type, job, attempts, max_attempts, run_at, lock_by, last_result->>'Err' AS said, done_at
             FROM apalis.jobs
            WHERE ($1::text IS NULL OR job_type = $1)
              AND ($5::text IS NULL OR position($5 IN coalesce(last_result->>'Err', '')) > 0)
              AND CASE $2
                  WHEN 'due' THEN (status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts)) AND run_at <= coalesce($4, now())
                  WHEN 'scheduled' THEN (status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts)) AND run_at > coalesce($4, now())
                  WHEN 'running' THEN status IN ('Queued', 'Running')
                  WHEN 'dead' THEN status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts)
                  ELSE status = 'Done' END
            ORDER BY done_at DESC NULLS FIRST, run_at LIMIT $3"#,
        queue,
        stand.as_str(),
        limit,
        now,
        why,
    )
    .fetch_all(db)
    .await?;
    let jobs = rows.into_iter().map(|row| Job {
        id: row.id,
        queue: row.job_type,
        payload: String::from_utf8_lossy(&row.job).into_owned(),
        attempts: row.attempts,
        max_attempts: row.max_attempts,
        due_at: row.run_at,
        held_by: row.lock_by,
        said: row.said,
        ended_at: row.done_at,
    });
    Ok(jobs.collect())
}

/// Gives at most `batch` dead jobs all their attempts again: of one queue or all, of those whose reason contains `why` or
/// all. Answers the queues to be rung, one entry per job; fewer than `batch` means that none are left.
pub async fn redrive_many(
    db: impl PgExecutor<'_>,
    queue: Option<&str>,
    why: Option<&str>,
    batch: i64,
    now: Option<DateTime<Utc>>,
) -> Result<Vec<String>, Error> {
    sqlx::query_scalar!(
        "UPDATE apalis.jobs
            SET status = 'Pending', attempts = 0, run_at = coalesce($4, now()), done_at = NULL, lock_by = NULL, lock_at = NULL
          WHERE id = ANY(ARRAY(
            SELECT id FROM apalis.jobs
             WHERE (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))
               AND ($1::text IS NULL OR job_type = $1)
               AND ($2::text IS NULL OR position($2 IN coalesce(last_result->>'Err', '')) > 0)
             ORDER BY done_at LIMIT $3 FOR UPDATE SKIP LOCKED))
          RETURNING job_type",
        queue,
        why,
        batch,
        now,
    )
    .fetch_all(db)
    .await
}

/// Calls a job off that no worker holds: it is dead, with this reason. False when there is none to call off.
pub async fn cancel(db: impl PgExecutor<'_>, id: &str, why: &str, now: Option<DateTime<Utc>>) -> Result<bool, Error> {
    let cancelled = sqlx::query!(
        "UPDATE apalis.jobs SET status = 'Killed', done_at = coalesce($3, now()), last_result = jsonb_build_object('Err', $2::text)
          WHERE id = $1 AND (status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts))",
        id,
        why,
        now,
    )
    .execute(db)
    .await?;
    Ok(cancelled.rows_affected() == 1)
}

/// Lets a queue stand still for the whole fleet: nobody claims from it until [`resume`]. What runs goes on.
pub async fn pause(db: impl PgExecutor<'_>, queue: &str, why: &str, now: Option<DateTime<Utc>>) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO apalis.pauses (queue, paused_at, why) VALUES ($1, coalesce($3, now()), $2)
         ON CONFLICT (queue) DO UPDATE SET why = excluded.why",
        queue,
        why,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Lets it go on. False when it was not paused. Ring it after the commit.
pub async fn resume(db: impl PgExecutor<'_>, queue: &str) -> Result<bool, Error> {
    let gone = sqlx::query!("DELETE FROM apalis.pauses WHERE queue = $1", queue).execute(db).await?;
    Ok(gone.rows_affected() == 1)
}

/// A queue that stands still.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Pause {
    /// Which.
    pub queue: String,
    /// Since when.
    pub paused_at: DateTime<Utc>,
    /// What for.
    pub why: String,
}

/// Every queue that stands still.
pub async fn pauses(db: impl PgExecutor<'_>) -> Result<Vec<Pause>, Error> {
    sqlx::query_as!(Pause, "SELECT queue, paused_at, why FROM apalis.pauses ORDER BY queue").fetch_all(db).await
}

/// A worker that gave a sign of life lately.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Alive {
    /// `apalis.workers.id`.
    pub id: String,
    /// The queue it works on.
    pub queue: String,
    /// Since when.
    pub started_at: Option<DateTime<Utc>>,
    /// Its last sign of life.
    pub seen_at: DateTime<Utc>,
    /// Jobs it holds.
    pub running: i64,
}

/// The workers that gave a sign of life within `lately`.
pub async fn workers(db: impl PgExecutor<'_>, lately: std::time::Duration) -> Result<Vec<Alive>, Error> {
    sqlx::query_as!(
        Alive,
        r#"SELECT w.id, w.worker_type AS queue, w.started_at, w.last_seen AS seen_at,
                  (SELECT count(*) FROM apalis.jobs j WHERE j.lock_by = w.id) AS "running!"
             FROM apalis.workers w WHERE w.last_seen > now() - $1::bigint * interval '1 millisecond'
            ORDER BY w.worker_type, w.started_at"#,
        millis(lately),
    )
    .fetch_all(db)
    .await
}

/// Removes jobs that no worker holds and whose payload or key names one of these; for when what they name is deleted.
pub async fn forget(db: impl PgExecutor<'_>, names: &[&str]) -> Result<u64, Error> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let gone = sqlx::query!(
        "DELETE FROM apalis.jobs j USING unnest($1::text[]) AS named (name)
          WHERE j.status NOT IN ('Queued', 'Running')
            AND (position(convert_to(named.name, 'UTF8') IN j.job) > 0 OR position(named.name IN coalesce(j.idempotency_key, '')) > 0)",
        &names,
    )
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}
