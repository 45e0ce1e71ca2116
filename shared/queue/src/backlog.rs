//! How far a queue is behind: what was enqueued after its next job has had no chance to run yet.

use chrono::{DateTime, Utc};
use sqlx::{Error, PgExecutor};

/// Since when the job that each of these queues would start next has been due. A queue with nothing due is left out.
/// `now` of `None` is the database's clock.
pub async fn behind(
    db: impl PgExecutor<'_>,
    queues: &[&str],
    now: Option<DateTime<Utc>>,
) -> Result<Vec<(String, DateTime<Utc>)>, Error> {
    let queues: Vec<String> = queues.iter().map(ToString::to_string).collect();
    let found = sqlx::query!(
        r#"SELECT q.name AS "queue!", next.run_at
             FROM unnest($1::text[]) AS q (name)
            CROSS JOIN LATERAL (
              SELECT c.run_at FROM apalis.jobs c
               WHERE (c.status = 'Pending' OR (c.status = 'Failed' AND c.attempts < c.max_attempts))
                 AND c.run_at <= coalesce($2, now()) AND c.job_type = q.name
               ORDER BY c.priority DESC, c.run_at LIMIT 1) AS next"#,
        &queues,
        now,
    )
    .fetch_all(db)
    .await?;
    Ok(found.into_iter().map(|row| (row.queue, row.run_at)).collect())
}
