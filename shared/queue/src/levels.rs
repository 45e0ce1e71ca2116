//! How full the queues are, for gauges that are looked at every few seconds and for operators when everything is full:
//! bounded reads, whatever the backlog.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::Error;

use crate::{Lent, lanes::lanes};

/// Where each count of a [`Level`] stops.
pub const COUNTED: i32 = 100_000;

/// One queue at one moment; each count stops at [`COUNTED`].
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Level {
    /// Its name.
    pub queue: String,
    /// Could be claimed now.
    pub due: i32,
    /// Waiting for their time: delayed, snoozed or backing off.
    pub scheduled: i32,
    /// Held by a worker.
    pub running: i32,
    /// Will not run again by themselves: out of attempts, or abandoned.
    pub dead: i32,
    /// Finished and not yet pruned; only [`depth`] counts them.
    pub done: Option<i32>,
    /// How long the oldest due job has been waiting.
    pub oldest_due: Option<Duration>,
    /// Nobody claims from it.
    pub paused: bool,
    /// Workers that gave a sign of life within 30 seconds.
    pub workers: i32,
}

/// The levels of these queues, and of every other that has jobs. `now` of `None` is the database's clock.
pub async fn levels(conn: &mut Lent, known: &[&str], now: Option<DateTime<Utc>>) -> Result<Vec<Level>, Error> {
    measured(conn, known, false, now).await
}

/// The levels of every queue that has jobs, those that are done with them. `now` of `None` is the database's clock.
pub async fn depth(conn: &mut Lent, now: Option<DateTime<Utc>>) -> Result<Vec<Level>, Error> {
    measured(conn, &[], true, now).await
}

async fn measured(
    conn: &mut Lent,
    known: &[&str],
    finished: bool,
    now: Option<DateTime<Utc>>,
) -> Result<Vec<Level>, Error> {
    let lanes = lanes(&mut *conn, None).await?;
    // in an index's order, though nothing is made of it: so that the planner takes no other way than that index
    let mut names = lanes.names;
    names.extend(known.iter().map(|&name| name.to_owned()));
    let rows = sqlx::query!(
        r#"SELECT n.queue AS "queue!", coalesce(w.due, 0) AS "due!", coalesce(w.scheduled, 0) AS "scheduled!",
                  (SELECT count(*) FROM (SELECT 1 FROM apalis.jobs j
                    WHERE j.status IN ('Queued', 'Running') AND j.job_type = n.queue ORDER BY j.lock_at LIMIT $6) one)::int AS "running!",
                  (SELECT count(*) FROM (SELECT 1 FROM apalis.jobs j
                    WHERE (j.status = 'Killed' OR (j.status = 'Failed' AND j.attempts >= j.max_attempts)) AND j.job_type = n.queue
                    ORDER BY j.done_at LIMIT $6) one)::int AS "dead!",
                  CASE WHEN $5::bool THEN
                    (SELECT count(*) FROM (SELECT 1 FROM apalis.jobs j
                      WHERE j.status = 'Done' AND j.job_type = n.queue ORDER BY j.done_at LIMIT $6) one)::int END AS done,
                  (extract(epoch FROM coalesce($1, now()) - w.oldest) * 1000)::bigint AS oldest_ms,
                  EXISTS (SELECT 1 FROM apalis.pauses p WHERE p.queue = n.queue) AS "paused!",
                  (SELECT count(*) FROM apalis.workers w
                    WHERE w.worker_type = n.queue AND w.last_seen > now() - interval '30 seconds')::int AS "workers!"
             FROM (SELECT DISTINCT unnest($2::text[]) AS queue) n LEFT JOIN (
               SELECT l.queue, least(sum(due.jobs), $6)::int AS due, least(sum(later.jobs), $6)::int AS scheduled,
                      min(due.oldest) AS oldest
                 FROM unnest($3::text[], $4::int[]) AS l (queue, priority)
                CROSS JOIN LATERAL (
                  SELECT count(*) AS jobs, min(one.run_at) AS oldest FROM (SELECT j.run_at FROM apalis.jobs j
                    WHERE (j.status = 'Pending' OR (j.status = 'Failed' AND j.attempts < j.max_attempts)) AND j.job_type = l.queue
                      AND j.priority = l.priority AND j.run_at <= coalesce($1, now()) ORDER BY j.run_at LIMIT $6) one) due
                CROSS JOIN LATERAL (
                  SELECT count(*) AS jobs FROM (SELECT 1 FROM apalis.jobs j
                    WHERE (j.status = 'Pending' OR (j.status = 'Failed' AND j.attempts < j.max_attempts)) AND j.job_type = l.queue
                      AND j.priority = l.priority AND j.run_at > coalesce($1, now()) ORDER BY j.run_at LIMIT $6) one) later
                GROUP BY l.queue) w ON w.queue = n.queue
            ORDER BY n.queue"#,
        now,
        &names,
        &lanes.queues,
        &lanes.priorities,
        finished,
        i64::from(COUNTED),
    )
    .fetch_all(conn)
    .await?;
    let levels = rows.into_iter().map(|row| Level {
        queue: row.queue,
        due: row.due,
        scheduled: row.scheduled,
        running: row.running,
        dead: row.dead,
        done: row.done,
        oldest_due: row.oldest_ms.map(|ms| Duration::from_millis(ms.max(0).unsigned_abs())),
        paused: row.paused,
        workers: row.workers,
    });
    Ok(levels.collect())
}
