//! Looking for jobs: by where they stand, by queue, by what their last run said.
//!
//! Invariant: a look is bounded, whatever the backlog. Each stand has a partial index that leads with the queue, and of each
//! queue (of those that wait: of each priority) the next or the latest are read in the index's order and no more than could
//! be wanted. No index knows what a run said, so that is looked for among the first [`SEARCHED`].
//!
//! A statement for each stand, alike but for predicate and order: only what is written out is recognized as an index's.

use chrono::{DateTime, Utc};
use sqlx::Error;

use crate::{
    Lent,
    lanes::{lanes, queues},
};

/// Among so many of a queue a reason is looked for: the next to run, or the last that ended.
pub const SEARCHED: i64 = 10_000;

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
    /// Its key, if it had one.
    pub key: Option<String>,
    /// Starts it has cost.
    pub attempts: i32,
    /// Starts it may cost.
    pub max_attempts: i32,
    /// When it is or was due.
    pub due_at: DateTime<Utc>,
    /// The worker that holds it.
    pub held_by: Option<String>,
    /// What its last run, or the worker that could not read it, said.
    pub said: Option<String>,
    /// Since when it is done or dead.
    pub ended_at: Option<DateTime<Utc>>,
}

struct Row {
    id: String,
    queue: String,
    payload: Vec<u8>,
    key: Option<String>,
    attempts: i32,
    max_attempts: i32,
    due_at: DateTime<Utc>,
    held_by: Option<String>,
    said: Option<String>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<Row> for Job {
    fn from(row: Row) -> Self {
        let Row { id, queue, payload, key, attempts, max_attempts, due_at, held_by, said, ended_at } = row;
        let payload = String::from_utf8_lossy(&payload).into_owned();
        Self { id, queue, payload, key, attempts, max_attempts, due_at, held_by, said, ended_at }
    }
}

/// Of each queue those that stand so, in an order; then those of them that fit, in the same.
macro_rules! of_each {
    ($stand:tt, $order:tt, $queues:expr, $why:expr, $limit:expr) => {
        sqlx::query_as!(
            Row,
            r#"SELECT j.id AS "id!", j.job_type AS "queue!", j.job AS "payload!", j.idempotency_key AS key,
                      j.attempts AS "attempts!", j.max_attempts AS "max_attempts!", j.run_at AS "due_at!", j.lock_by AS held_by,
                      j.last_result->>'Err' AS said, j.done_at AS ended_at
                 FROM unnest($1::text[]) AS q (name) CROSS JOIN LATERAL (
                   SELECT * FROM apalis.jobs j WHERE "# + $stand + " AND j.job_type = q.name ORDER BY " + $order + " LIMIT $2) j
                WHERE $3::text IS NULL OR position($3 IN coalesce(j.last_result->>'Err', '')) > 0
                ORDER BY " + $order + " LIMIT $4",
            $queues,
            looked_at($why, $limit),
            $why,
            $limit,
        )
    };
}

/// Jobs that stand so, the next to run (or the longest at it, or the last that ended) first: of one queue or all, those whose
/// last run said `why` or all. `now` of `None` is the database's clock.
pub async fn jobs(
    conn: &mut Lent,
    queue: Option<&str>,
    stand: Stand,
    why: Option<&str>,
    limit: i64,
    now: Option<DateTime<Utc>>,
) -> Result<Vec<Job>, Error> {
    let rows = match stand {
        Stand::Due | Stand::Scheduled => waiting(conn, queue, stand == Stand::Due, why, limit, now).await?,
        Stand::Running => {
            let queues = queues(&mut *conn, queue).await?;
            of_each!("j.status IN ('Queued', 'Running')", "j.lock_at", &queues, why, limit).fetch_all(conn).await?
        }
        Stand::Dead => {
            let queues = queues(&mut *conn, queue).await?;
            let dead = of_each!(
                "(j.status = 'Killed' OR (j.status = 'Failed' AND j.attempts >= j.max_attempts))",
                "j.done_at DESC",
                &queues,
                why,
                limit
            );
            dead.fetch_all(conn).await?
        }
        Stand::Done => {
            let queues = queues(&mut *conn, queue).await?;
            of_each!("j.status = 'Done'", "j.done_at DESC", &queues, why, limit).fetch_all(conn).await?
        }
    };
    Ok(rows.into_iter().map(Job::from).collect())
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
pub async fn dead(conn: &mut Lent, queue: Option<&str>, why: Option<&str>, limit: i64) -> Result<Vec<Dead>, Error> {
    let found = jobs(conn, queue, Stand::Dead, why, limit, None).await?.into_iter().map(|job| Dead {
        id: job.id,
        queue: job.queue,
        payload: job.payload,
        key: job.key,
        attempts: job.attempts,
        max_attempts: job.max_attempts,
        why: job.said.unwrap_or_else(|| "unknown".to_owned()),
        died_at: job.ended_at,
    });
    Ok(found.collect())
}

/// How many of each queue are looked at.
fn looked_at(why: Option<&str>, limit: i64) -> i64 {
    if why.is_some() { SEARCHED.max(limit) } else { limit }
}

async fn waiting(
    conn: &mut Lent,
    queue: Option<&str>,
    due: bool,
    why: Option<&str>,
    limit: i64,
    now: Option<DateTime<Utc>>,
) -> Result<Vec<Row>, Error> {
    let lanes = lanes(&mut *conn, queue).await?;
    sqlx::query_as!(
        Row,
        r#"SELECT j.id AS "id!", j.job_type AS "queue!", j.job AS "payload!", j.idempotency_key AS key, j.attempts AS "attempts!",
                  j.max_attempts AS "max_attempts!", j.run_at AS "due_at!", j.lock_by AS held_by, j.last_result->>'Err' AS said,
                  j.done_at AS ended_at
             FROM unnest($1::text[], $2::int[]) AS l (queue, priority) CROSS JOIN LATERAL (
               SELECT * FROM apalis.jobs j
                WHERE (j.status = 'Pending' OR (j.status = 'Failed' AND j.attempts < j.max_attempts))
                  AND j.job_type = l.queue AND j.priority = l.priority
                  AND j.run_at > CASE WHEN $3::bool THEN '-infinity' ELSE coalesce($4, now()) END
                  AND j.run_at <= CASE WHEN $3::bool THEN coalesce($4, now()) ELSE 'infinity' END
                ORDER BY j.run_at LIMIT $5) j
            WHERE $6::text IS NULL OR position($6 IN coalesce(j.last_result->>'Err', '')) > 0
            ORDER BY CASE WHEN $3::bool THEN l.priority END DESC, j.run_at LIMIT $7"#,
        &lanes.queues,
        &lanes.priorities,
        due,
        now,
        looked_at(why, limit),
        why,
        limit,
    )
    .fetch_all(conn)
    .await
}
