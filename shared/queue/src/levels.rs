//! How full the queues are, for gauges that are looked at every few seconds: bounded reads, whatever the backlog.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Error, PgExecutor};

/// One queue at one moment; each count stops at 100 000.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Its name.
    pub queue: String,
    /// Could be claimed now.
    pub due: i32,
    /// Waiting for their time.
    pub scheduled: i32,
    /// Held by a worker.
    pub running: i32,
    /// Will not run again by themselves.
    pub dead: i32,
    /// Since when the next one to be claimed has been due.
    pub oldest_due: Option<Duration>,
    /// Nobody claims from it.
    pub paused: bool,
    /// Workers that gave a sign of life within 30 seconds.
    pub workers: i32,
}

/// The levels of these queues, and of every other that has jobs. `now` of `None` is the database's clock.
pub async fn levels(db: impl PgExecutor<'_>, known: &[&str], now: Option<DateTime<Utc>>) -> Result<Vec<Level>, Error> {
    let known: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
    let rows = sqlx::query!(
        r#"WITH RECURSIVE waiting AS (
             (SELECT job_type FROM apalis.jobs WHERE status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts)
               ORDER BY job_type LIMIT 1)
             UNION ALL
             SELECT (SELECT j.job_type FROM apalis.jobs j
                      WHERE (j.status = 'Pending' OR (j.status = 'Failed' AND j.attempts < j.max_attempts)) AND j.job_type > w.job_type
                      ORDER BY j.job_type LIMIT 1)
               FROM waiting w WHERE w.job_type IS NOT NULL),
           names AS (
             SELECT unnest($2::text[]) AS queue UNION SELECT job_type FROM waiting WHERE job_type IS NOT NULL)
           SELECT n.queue AS "queue!",
                  (SELECT count(*) FROM (SELECT 1 FROM apalis.jobs j
                    WHERE (j.status = 'Pending' OR (j.status = 'Failed' AND j.attempts < j.max_attempts)) AND j.job_type = n.queue
                      AND j.run_at <= coalesce($1, now()) LIMIT 100000) one)::int AS "due!",
                  (SELECT count(*) FROM (SELECT 1 FROM apalis.jobs j
                    WHERE (j.status = 'Pending' OR (j.status = 'Failed' AND j.attempts < j.max_attempts)) AND j.job_type = n.queue
                      AND j.run_at > coalesce($1, now()) LIMIT 100000) one)::int AS "scheduled!",
                  (SELECT count(*) FROM (SELECT 1 FROM apalis.jobs j
                    WHERE j.status IN ('Queued', 'Running') AND j.job_type = n.queue LIMIT 100000) one)::int AS "running!",
                  (SELECT count(*) FROM (SELECT 1 FROM apalis.jobs j
                    WHERE (j.status = 'Killed' OR (j.status = 'Failed' AND j.attempts >= j.max_attempts)) AND j.job_type = n.queue
                    LIMIT 100000) one)::int AS "dead!",
                  (SELECT (extract(epoch FROM coalesce($1, now()) - j.run_at) * 1000)::bigint FROM apalis.jobs j
                    WHERE (j.status = 'Pending' OR (j.status = 'Failed' AND j.attempts < j.max_attempts)) AND j.job_type = n.queue
                      AND j.run_at <= coalesce($1, now())
                    ORDER BY j.priority DESC, j.run_at LIMIT 1) AS oldest_ms,
                  EXISTS (SELECT 1 FROM apalis.pauses p WHERE p.queue = n.queue) AS "paused!",
                  (SELECT count(*) FROM apalis.workers w
                    WHERE w.worker_type = n.queue AND w.last_seen > now() - interval '30 seconds')::int AS "workers!"
             FROM names n ORDER BY n.queue"#,
        now,
        &known,
    )
    .fetch_all(db)
    .await?;
    let levels = rows.into_iter().map(|row| Level {
        queue: row.queue,
        due: row.due,
        scheduled: row.scheduled,
        running: row.running,
        dead: row.dead,
        oldest_due: row.oldest_ms.map(|ms| Duration::from_millis(ms.max(0).unsigned_abs())),
        paused: row.paused,
        workers: row.workers,
    });
    Ok(levels.collect())
}
