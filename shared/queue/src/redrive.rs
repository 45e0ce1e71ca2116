//! Running dead jobs again: one, or many in a pass that goes through the dead once, oldest first, a batch at a time.
//!
//! A job that runs again keeps its key: it is the same row, so nothing can collide, and a ring for the same transition still
//! finds it.

use chrono::{DateTime, Utc};
use sqlx::{Error, PgExecutor};

use crate::{Lent, lanes::queues};

/// Gives a dead job all its attempts again, due now. Answers its queue, to be rung; `None` when it is not dead.
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

/// A pass over the dead of one queue or all, those whose reason contains something or all.
///
/// It remembers where it has come to, so that what does not fit is read once and not again by every batch; and it ends with
/// what was dead when it began, so that jobs which die of the same at once are not driven round and round.
#[derive(Debug)]
pub struct Redrive {
    queues: Vec<String>,
    why: Option<String>,
    /// When the last of them died.
    until: Option<DateTime<Utc>>,
    /// The last one that was looked at: when it died, and its id.
    after: (Option<DateTime<Utc>>, String),
    now: Option<DateTime<Utc>>,
}

/// What a batch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Driven {
    /// The queue it was of, to be rung after the commit.
    pub queue: String,
    /// Jobs that run again.
    pub jobs: u64,
}

impl Redrive {
    /// Begins one. `now` of `None` is the database's clock.
    pub async fn begin(
        conn: &mut Lent,
        queue: Option<&str>,
        why: Option<&str>,
        now: Option<DateTime<Utc>>,
    ) -> Result<Self, Error> {
        let queues = queues(&mut *conn, queue).await?;
        let until = sqlx::query_scalar!(
            "SELECT max((SELECT max(j.done_at) FROM apalis.jobs j
                          WHERE (j.status = 'Killed' OR (j.status = 'Failed' AND j.attempts >= j.max_attempts))
                            AND j.job_type = q.name))
               FROM unnest($1::text[]) AS q (name)",
            &queues,
        )
        .fetch_one(conn)
        .await?;
        Ok(Self { queues, why: why.map(str::to_owned), until, after: (None, String::new()), now })
    }

    /// Looks at the next dead, at most `batch`, and has those that fit run again. `None` when all have been looked at.
    pub async fn next(&mut self, conn: &mut Lent, batch: i64) -> Result<Option<Driven>, Error> {
        while let Some(queue) = self.queues.last() {
            let (died_at, id) = &self.after;
            let looked = sqlx::query!(
                r#"WITH looked AS MATERIALIZED (
                     SELECT id, done_at, ($5::text IS NULL OR position($5 IN coalesce(last_result->>'Err', '')) > 0) AS fits
                       FROM apalis.jobs
                      WHERE (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts)) AND job_type = $1
                        AND (done_at, id) > (coalesce($2::timestamptz, '-infinity'), $3) AND done_at <= $4
                      ORDER BY done_at, id LIMIT $6),
                   free AS (
                     SELECT j.id FROM apalis.jobs j
                      WHERE j.id = ANY(ARRAY(SELECT id FROM looked WHERE fits))
                        AND (j.status = 'Killed' OR (j.status = 'Failed' AND j.attempts >= j.max_attempts))
                        FOR UPDATE SKIP LOCKED),
                   driven AS (
                     UPDATE apalis.jobs j
                        SET status = 'Pending', attempts = 0, run_at = coalesce($7, now()), done_at = NULL,
                            lock_by = NULL, lock_at = NULL
                       FROM free WHERE j.id = free.id RETURNING 1)
                   SELECT done_at AS "died_at!", id, (SELECT count(*) FROM driven) AS "jobs!"
                     FROM looked ORDER BY done_at DESC, id DESC LIMIT 1"#,
                queue,
                *died_at,
                id,
                self.until,
                self.why,
                batch,
                self.now,
            )
            .fetch_optional(&mut *conn)
            .await?;
            if let Some(last) = looked {
                self.after = (Some(last.died_at), last.id);
                return Ok(Some(Driven { queue: queue.clone(), jobs: last.jobs.unsigned_abs() }));
            }
            self.queues.pop();
            self.after = (None, String::new());
        }
        Ok(None)
    }
}
