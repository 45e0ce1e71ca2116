//! Finished rows are ours to remove: apalis keeps them for ever. In batches, a queue's oldest first, skipping what
//! others hold, so that pruning never stands in anybody's way.
//!
//! A finished cron tick stays until its successor is due: its row is what says that it has already been rung.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::Error;

use crate::{Lent, enqueue::millis, lanes::queues};

/// Removes at most `batch` jobs that finished more than `older_than` ago. Answers how many: fewer than `batch`
/// means that none are left.
pub async fn prune(
    conn: &mut Lent,
    older_than: Duration,
    batch: i64,
    now: Option<DateTime<Utc>>,
) -> Result<u64, Error> {
    let pruned = sqlx::query!(
        r"DELETE FROM apalis.jobs WHERE id = ANY(ARRAY(
            SELECT old.id FROM unnest($4::text[]) AS q (name) CROSS JOIN LATERAL (
              SELECT id FROM apalis.jobs
               WHERE status = 'Done' AND job_type = q.name
                 AND done_at < coalesce($1, now()) - $2::bigint * interval '1 millisecond'
                 AND CASE WHEN idempotency_key ~ '^cron:[^:]+:[0-9]{1,12}[+][0-9]{1,12}$'
                          THEN split_part(split_part(idempotency_key, ':', 3), '+', 1)::bigint
                             + split_part(idempotency_key, '+', 2)::bigint <= extract(epoch FROM coalesce($1, now()))
                          ELSE true END
               ORDER BY done_at LIMIT $3 FOR UPDATE SKIP LOCKED) old LIMIT $3))",
        now,
        millis(older_than),
        batch,
        &queues(&mut *conn, None).await?,
    )
    .execute(conn)
    .await?;
    Ok(pruned.rows_affected())
}

/// Removes at most `batch` jobs that have been dead for longer than `older_than`: nobody came for them.
pub async fn prune_dead(
    conn: &mut Lent,
    older_than: Duration,
    batch: i64,
    now: Option<DateTime<Utc>>,
) -> Result<u64, Error> {
    let pruned = sqlx::query!(
        "DELETE FROM apalis.jobs WHERE id = ANY(ARRAY(
            SELECT old.id FROM unnest($4::text[]) AS q (name) CROSS JOIN LATERAL (
              SELECT id FROM apalis.jobs
               WHERE (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts)) AND job_type = q.name
                 AND done_at < coalesce($1, now()) - $2::bigint * interval '1 millisecond'
               ORDER BY done_at LIMIT $3 FOR UPDATE SKIP LOCKED) old LIMIT $3))",
        now,
        millis(older_than),
        batch,
        &queues(&mut *conn, None).await?,
    )
    .execute(conn)
    .await?;
    Ok(pruned.rows_affected())
}
