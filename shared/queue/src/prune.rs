//! Finished rows are ours to remove: apalis keeps them for ever. In batches, oldest first, skipping what others
//! hold, so that pruning never stands in anybody's way.
//!
//! A finished cron tick stays until its successor is due: its row is what says that it has already been rung.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Error, PgExecutor};

use crate::enqueue::millis;

/// Removes at most `batch` jobs that finished more than `older_than` ago. Answers how many: fewer than `batch`
/// means that none are left.
pub async fn prune(
    db: impl PgExecutor<'_>,
    older_than: Duration,
    batch: i64,
    now: Option<DateTime<Utc>>,
) -> Result<u64, Error> {
    let pruned = sqlx::query!(
        r"DELETE FROM apalis.jobs WHERE id = ANY(ARRAY(
            SELECT id FROM apalis.jobs
             WHERE status = 'Done' AND done_at < coalesce($1, now()) - $2::bigint * interval '1 millisecond'
               AND CASE WHEN idempotency_key ~ '^cron:[^:]+:[0-9]{1,12}[+][0-9]{1,12}$'
                        THEN split_part(split_part(idempotency_key, ':', 3), '+', 1)::bigint
                           + split_part(idempotency_key, '+', 2)::bigint <= extract(epoch FROM coalesce($1, now()))
                        ELSE true END
             ORDER BY done_at LIMIT $3 FOR UPDATE SKIP LOCKED))",
        now,
        millis(older_than),
        batch,
    )
    .execute(db)
    .await?;
    Ok(pruned.rows_affected())
}

/// Removes at most `batch` jobs that have been dead for longer than `older_than`: nobody came for them.
pub async fn prune_dead(
    db: impl PgExecutor<'_>,
    older_than: Duration,
    batch: i64,
    now: Option<DateTime<Utc>>,
) -> Result<u64, Error> {
    let pruned = sqlx::query!(
        "DELETE FROM apalis.jobs WHERE id = ANY(ARRAY(
            SELECT id FROM apalis.jobs
             WHERE (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))
               AND done_at < coalesce($1, now()) - $2::bigint * interval '1 millisecond'
             ORDER BY done_at LIMIT $3 FOR UPDATE SKIP LOCKED))",
        now,
        millis(older_than),
        batch,
    )
    .execute(db)
    .await?;
    Ok(pruned.rows_affected())
}
