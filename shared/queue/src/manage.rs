//! What an operator does to jobs and queues: call jobs off, let queues stand still, see who works.
//!
//! Every act takes the caller's connection, so that it is one with whatever else the caller writes of it. Nothing here
//! touches a job that a worker holds.

use chrono::{DateTime, Utc};
use sqlx::{Error, PgExecutor};

use crate::enqueue::millis;

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
