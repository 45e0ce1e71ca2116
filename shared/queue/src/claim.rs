//! Claiming: exactly as many jobs as there is room for, straight into their tasks, nothing in stock.
//!
//! The attempt is counted by the claim itself, so a run that takes the process down has counted. Between two looks
//! the claimer sleeps until it is rung or the (jittered) poll interval is over; a ring during a claim is a stored
//! permit and leads to another look. Told to stop, it claims no more, gives back what was not started, and after
//! the grace period has what still runs given back too.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    task::{Context, Poll},
    time::Duration,
};

use apalis_core::{task::Task, worker::context::WorkerContext};
use futures::task::AtomicWaker;
use observe::{Traceparent, metrics};
use serde::de::DeserializeOwned;
use sqlx::Error;
use tokio::time::sleep;

use crate::{
    bell::lock,
    codec::{self, Row},
    config::jittered,
    failure::Verdict,
    keeper,
    station::{Claim, Phase, Station},
    stats::{add, count},
};

/// The first and the longest wait while the database is away.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Claimed tasks on their way to apalis, which takes them at once: empty but for an instant.
#[derive(Debug)]
pub(crate) struct Ready<T> {
    tasks: Mutex<VecDeque<Task<T>>>,
    waker: AtomicWaker,
}

impl<T> Default for Ready<T> {
    fn default() -> Self {
        Self { tasks: Mutex::default(), waker: AtomicWaker::new() }
    }
}

impl<T> Ready<T> {
    fn put(&self, tasks: Vec<Task<T>>) {
        lock(&self.tasks).extend(tasks);
        self.waker.wake();
    }

    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Task<T>> {
        self.waker.register(cx.waker());
        lock(&self.tasks).pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    fn take_all(&self) -> VecDeque<Task<T>> {
        std::mem::take(&mut *lock(&self.tasks))
    }
}

/// Claims until the worker is told to stop, clears up, and stays until its task is dropped.
pub(crate) async fn claim_all<T>(station: Arc<Station>, worker: WorkerContext, ready: Arc<Ready<T>>)
where
    T: DeserializeOwned + Send + 'static,
{
    let stopping = || worker.is_shutting_down() || station.phase() > Phase::Serving;
    let mut wait = RETRY.0;
    while !stopping() {
        let room = station.config.concurrency.saturating_sub(station.held.len());
        if room == 0 || worker.is_paused() {
            rest(&station, true).await;
            continue;
        }
        // taken before the claim: silence during it must not look like belief
        let lease = tokio::select! {
            lease = station.pulse.lease() => lease,
            () = sleep(station.config.poll) => continue,
        };
        match claim(&station, room).await {
            Ok(rows) => {
                wait = RETRY.0;
                let full = rows.len() >= room;
                station.crowded.store(full, SeqCst);
                let tasks = rows.iter().filter_map(|row| {
                    codec::decode(row, &station.config.queue, lease.anew())
                        .map_err(|why| {
                            tracing::warn!(job = row.claim.id, why, "parked");
                            add(&station.stats.undecodable, 1);
                            metrics::JOBS_UNREADABLE.one([station.config.queue.clone()]);
                            station.settle(row.claim.clone(), Verdict::Killed { why });
                        })
                        .ok()
                });
                ready.put(tasks.collect());
                if !full {
                    rest(&station, false).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, queue = station.config.queue, "claim failed, will try again");
                if is_unregistered(&error) {
                    // our row is gone (purged, truncated): sign on again at once
                    drop(keeper::beat(&station, worker.name()).await);
                }
                tokio::select! {
                    () = sleep(jittered(wait, 0.25)) => {}
                    () = station.reached(Phase::Stopping) => {}
                }
                wait = (wait * 2).min(RETRY.1);
            }
        }
    }
    station.advance(Phase::Stopping);
    for task in ready.take_all() {
        if let Some(claim) = task.data().get::<Claim>() {
            station.settle(claim.clone(), Verdict::GiveBack);
        }
    }
    station.advance(Phase::Vacated);
    sleep(station.config.grace).await;
    station.advance(Phase::Cut);
    std::future::pending::<()>().await;
}

/// Until there may be something to do: a ring, room where there was none, the way out; or the poll interval.
async fn rest(station: &Station, for_room: bool) {
    tokio::select! {
        () = station.wake.notified() => {}
        () = station.held.freed(), if for_room => {}
        () = station.reached(Phase::Stopping) => {}
        () = sleep(jittered(station.config.poll, 0.25)) => {}
    }
}

/// One claim. The rows just locked are found by their place: any other way to them is the planner's guess, and it guesses
/// from statistics that are as old as the last burst. A row that moves in this very moment is left for the next claim.
async fn claim(station: &Station, room: usize) -> Result<Vec<Row>, Error> {
    let now = station.config.clock.now();
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    let rows = station
        .db
        .run(async |conn| {
            sqlx::query!(
                r#"UPDATE apalis.jobs j SET status = 'Running', lock_by = $1, lock_at = now(), attempts = j.attempts + 1
                    WHERE j.ctid = ANY(ARRAY(
                      SELECT c.ctid FROM apalis.jobs c
                       WHERE (c.status = 'Pending' OR (c.status = 'Failed' AND c.attempts < c.max_attempts))
                         AND c.run_at <= coalesce($2, now()) AND c.job_type = $3
                         AND NOT EXISTS (SELECT 1 FROM apalis.pauses p WHERE p.queue = $3)
                       ORDER BY c.priority DESC, c.run_at LIMIT $4 FOR UPDATE SKIP LOCKED))
                RETURNING j.id, j.job, j.attempts, j.max_attempts, j.lock_at AS "lock_at!", j.priority, j.idempotency_key,
                          j.traceparent, extract(epoch FROM coalesce($2, now()) - j.run_at)::float8 AS "waited!""#,
                station.id,
                now,
                station.config.queue,
                room,
            )
            .fetch_all(conn)
            .await
        })
        .await?;
    add(&station.stats.claims, 1);
    add(&station.stats.claimed, count(rows.len()));
    Ok(rows
        .into_iter()
        .map(|row| {
            let claim =
                Claim { id: row.id, attempt: row.attempts, max_attempts: row.max_attempts, lock_at: row.lock_at };
            station.held.take(&claim);
            let waited = Duration::try_from_secs_f64(row.waited).unwrap_or_default();
            metrics::JOB_WAIT.took([station.config.queue.clone()], waited);
            let traceparent = row.traceparent.as_deref().and_then(Traceparent::parse);
            Row { claim, payload: row.job, priority: row.priority, key: row.idempotency_key, traceparent }
        })
        .collect())
}

fn is_unregistered(error: &Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}
