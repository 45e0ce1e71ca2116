//! Signs of life, and what follows when somebody's stop: jobs of silent workers go back into the queue.
//!
//! A row is an orphan when its worker has not been seen for a lease (or is seen in the future, after the database's
//! clock jumped back), when it belongs to nobody, or when it is ours but we do not know of it: the claim was
//! committed and its answer got lost. An orphan waits its backoff and is dead once out of attempts, so a job that
//! kills its process cannot go round for ever.

use std::{sync::Arc, time::Duration};

use observe::metrics;
use sqlx::Error;
use tokio::time::sleep;

use crate::{
    clock::monotonic,
    config::jittered,
    enqueue::millis,
    station::{Phase, Station},
    stats::add,
};

/// Orphans one scan takes back at most.
const SCAN: i64 = 500;
/// Between two removals of rows of workers that are long gone, in scans.
const CLEAR_EVERY: u32 = 100;

/// Signs on, says that we live, and tells our own belief so.
pub(crate) async fn beat(station: &Station, name: &str) -> Result<(), Error> {
    let sent = monotonic();
    station
        .db
        .run(async |conn| {
            sqlx::query!(
                "INSERT INTO apalis.workers (id, worker_type, storage_name, layers, last_seen, started_at)
                 VALUES ($1, $2, 'PgQueue', $3, now(), now())
                 ON CONFLICT (id) DO UPDATE SET last_seen = now()",
                station.id,
                station.config.queue,
                name,
            )
            .execute(conn)
            .await
        })
        .await?;
    station.pulse.beat(sent);
    Ok(())
}

/// Beats until the worker leaves, and stays until its task is dropped.
pub(crate) async fn beat_all(station: Arc<Station>, name: String) {
    // a beat is never cut: one that arrives after the signing off would undo it
    while station.phase() < Phase::Leaving {
        let pace = match beat(&station, &name).await {
            Ok(()) => station.config.heartbeat,
            Err(error) => {
                tracing::warn!(%error, queue = station.config.queue, "no sign of life could be left, will try again");
                station.config.heartbeat.min(Duration::from_millis(500))
            }
        };
        tokio::select! {
            () = sleep(jittered(pace, 0.2)) => {}
            () = station.reached(Phase::Leaving) => {}
        }
    }
    station.advance(Phase::Silent);
    std::future::pending::<()>().await;
}

/// Rescues until its task is dropped.
pub(crate) async fn rescue_all(station: Arc<Station>) {
    for scan in 1_u32.. {
        sleep(jittered(station.config.rescue_every, 0.2)).await;
        match rescue(&station).await {
            Ok(0) => {}
            Ok(rescued) => {
                add(&station.stats.rescued, rescued);
                metrics::JOBS_RESCUED.add([station.config.queue.clone()], rescued);
                tracing::warn!(rescued, queue = station.config.queue, "jobs of lost workers are back in the queue");
                station.wake.notify_one();
            }
            Err(error) => {
                tracing::warn!(%error, queue = station.config.queue, "no look for lost jobs");
            }
        }
        if scan % CLEAR_EVERY == 0
            && let Err(error) = clear(&station).await
        {
            tracing::warn!(%error, "rows of workers long gone stay for now");
        }
    }
}

async fn rescue(station: &Station) -> Result<u64, Error> {
    let now = station.config.clock.now();
    let lease = millis(station.config.lease);
    // before the statement: what is claimed after this is younger than a lease
    let held = station.held.ids();
    let backoff = station.config.backoff;
    let rescued = station
        .db
        .run(async |conn| {
            sqlx::query!(
                r#"WITH orphan AS (
                     SELECT j.id FROM apalis.jobs j
                      WHERE j.job_type = $1 AND j.status IN ('Queued', 'Running')
                        AND CASE WHEN j.lock_by = $2
                                 THEN j.lock_at < now() - $3::bigint * interval '1 millisecond' AND j.id <> ALL($4::text[])
                                 ELSE NOT EXISTS (
                                   SELECT 1 FROM apalis.workers w
                                    WHERE w.id = j.lock_by AND w.last_seen BETWEEN now() - $3::bigint * interval '1 millisecond'
                                                                               AND now() + $3::bigint * interval '1 millisecond') END
                      LIMIT $5 FOR UPDATE OF j SKIP LOCKED)
                   UPDATE apalis.jobs j
                      SET lock_by = NULL, lock_at = NULL, last_result = '{"Err": "the worker was lost while it had this job"}',
                          status = CASE WHEN j.attempts >= j.max_attempts THEN 'Failed' ELSE 'Pending' END,
                          done_at = CASE WHEN j.attempts >= j.max_attempts THEN coalesce($6, now()) END,
                          run_at = coalesce($6, now()) + random() * interval '1 millisecond'
                                 * least($9::float8, $7::float8 * power($8::float8, least(greatest(j.attempts, 1), 31) - 1))
                     FROM orphan WHERE j.id = orphan.id"#,
                station.config.queue,
                station.id,
                lease,
                &held,
                SCAN,
                now,
                backoff.base.as_secs_f64() * 1000.0,
                backoff.factor.clamp(1.0, 1e6),
                backoff.cap.as_secs_f64() * 1000.0,
            )
            .execute(conn)
            .await
        })
        .await?;
    Ok(rescued.rows_affected())
}

/// Every start leaves a row; those of an hour ago that hold nothing tell nobody anything.
async fn clear(station: &Station) -> Result<(), Error> {
    station
        .db
        .run(async |conn| {
            sqlx::query!(
                "DELETE FROM apalis.workers w
                  WHERE w.last_seen < now() - interval '1 hour'
                    AND NOT EXISTS (SELECT 1 FROM apalis.jobs j WHERE j.lock_by = w.id)"
            )
            .execute(conn)
            .await
        })
        .await
        .map(drop)
}

/// Signs off, unless jobs still hang on the row: then it stays, and the lease gives them back.
pub(crate) async fn sign_off(station: &Station) -> Result<(), Error> {
    station
        .db
        .run(async |conn| {
            sqlx::query!(
                "DELETE FROM apalis.workers w
                  WHERE w.id = $1 AND NOT EXISTS (SELECT 1 FROM apalis.jobs j WHERE j.lock_by = w.id)",
                station.id,
            )
            .execute(conn)
            .await
        })
        .await
        .map(drop)
}
