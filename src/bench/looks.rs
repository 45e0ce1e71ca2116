//! The benchmark's own looks into the database: what was done, when it was committed, and what it cost.
#![expect(
    clippy::disallowed_methods,
    reason = "no part of the product: looks of a measurement, at tables of the server's own"
)]

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::Result;

/// How many worker processes have signed on with all their queues.
pub(super) async fn workers(pool: &PgPool) -> Result<i64> {
    let sql = "SELECT coalesce(min(n), 0) FROM (
                 SELECT count(w.id) AS n FROM unnest($1::text[]) AS q (kind) LEFT JOIN apalis.workers w ON w.worker_type = q.kind
                  GROUP BY q.kind) AS per_queue";
    let kinds: Vec<&str> = domain::job::Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    Ok(sqlx::query_scalar(sql).bind(kinds).fetch_one(pool).await?)
}

/// How many signals are not decided, and how many executions not settled.
pub(super) async fn open(pool: &PgPool) -> Result<(i64, i64)> {
    let sql = "SELECT (SELECT count(*) FROM signals WHERE state = 'accepted'),
                      (SELECT count(*) FROM executions WHERE state IN ('planned', 'running'))";
    Ok(sqlx::query_as(sql).fetch_one(pool).await?)
}

/// How many executions ended well.
pub(super) async fn succeeded(pool: &PgPool) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM executions WHERE state = 'succeeded'").fetch_one(pool).await?)
}

/// When the decision of each signal was committed.
pub(super) async fn decisions(pool: &PgPool) -> Result<Vec<(Uuid, DateTime<Utc>)>> {
    let sql = "SELECT signal_id, pg_xact_commit_timestamp(xmin) FROM decisions";
    Ok(sqlx::query_as(sql).fetch_all(pool).await?)
}

/// When the last signal, decision and settlement were committed.
pub(super) async fn last(pool: &PgPool) -> Result<[DateTime<Utc>; 3]> {
    let sql = "SELECT (SELECT max(received_at) FROM signals),
                      (SELECT max(pg_xact_commit_timestamp(xmin)) FROM decisions),
                      (SELECT max(pg_xact_commit_timestamp(xmin)) FROM executions)";
    let (signal, decision, settled) = sqlx::query_as(sql).fetch_one(pool).await?;
    Ok([signal, decision, settled])
}

/// Bytes of WAL written since the server began.
pub(super) async fn wal(pool: &PgPool) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint").fetch_one(pool).await?)
}

/// Row versions that died so far, whether or not they were cleaned up since: every update and delete makes one.
pub(super) async fn died(pool: &PgPool) -> Result<i64> {
    let sql = "SELECT coalesce(sum(n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables";
    Ok(sqlx::query_scalar(sql).fetch_one(pool).await?)
}

/// Dead row versions that wait to be cleaned up, the share of updates that touched no index in a hundred, and the tables
/// with most dead rows.
pub(super) async fn dead(pool: &PgPool) -> Result<(i64, f64, String)> {
    let sql = "SELECT coalesce(sum(n_dead_tup), 0)::bigint,
                      coalesce(100.0 * sum(n_tup_hot_upd) / nullif(sum(n_tup_upd), 0), 0)::float8,
                      coalesce((SELECT string_agg(relname || ' ' || n_dead_tup, ', ' ORDER BY n_dead_tup DESC)
                                  FROM (SELECT relname, n_dead_tup FROM pg_stat_user_tables ORDER BY 2 DESC LIMIT 3) AS worst), '')
                 FROM pg_stat_user_tables";
    Ok(sqlx::query_as(sql).fetch_one(pool).await?)
}

/// What a server that has run for a minute has done by itself: plans are made for tables as they are, not as they began.
pub(super) async fn analyze(pool: &PgPool) -> Result<()> {
    sqlx::query("ANALYZE").execute(pool).await?;
    Ok(())
}

/// Begins to count statements.
pub(super) async fn count_statements(pool: &PgPool) -> Result<()> {
    sqlx::query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").execute(pool).await?;
    sqlx::query("SELECT pg_stat_statements_reset()").execute(pool).await?;
    Ok(())
}

/// Statements of this database since then: calls, milliseconds, those of them that were planning, and the beginning of each.
pub(super) async fn statements(pool: &PgPool) -> Result<Vec<(i64, f64, f64, String)>> {
    let sql = "SELECT calls, total_exec_time + total_plan_time, total_plan_time, left(regexp_replace(query, '\\s+', ' ', 'g'), 100)
                 FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                ORDER BY 2 DESC";
    Ok(sqlx::query_as(sql).fetch_all(pool).await?)
}

/// Puts so many due jobs into a queue, the oldest first.
pub(super) async fn fill(pool: &PgPool, queue: &str, count: u32) -> Result<()> {
    let sql = "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority)
               SELECT 'due-' || n, $1, convert_to('{\"sent\": 0}', 'UTF8'), 'Pending', 0, 5,
                      now() - ($2 - n) * interval '1 millisecond', 0
                 FROM generate_series(1, $2::int) AS n";
    sqlx::query(sql).bind(queue).bind(i32::try_from(count).unwrap_or(i32::MAX)).execute(pool).await?;
    Ok(())
}

/// How much of each person's money is set aside, in how many entries.
pub(super) async fn reserved(pool: &PgPool) -> Result<Vec<(Uuid, i64, i64)>> {
    let sql =
        "SELECT user_id, count(*), sum(cents)::bigint FROM daily_spend_ledger WHERE kind = 'reserve' GROUP BY user_id";
    Ok(sqlx::query_as(sql).fetch_all(pool).await?)
}
