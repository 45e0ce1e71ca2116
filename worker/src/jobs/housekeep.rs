//! Chores that keep the house, rung by cron ticks that fire once per fleet. Each works in batches until nothing is
//! left, and starts anew next time when it is cut short.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    job::{Chore, Job},
    outbox::{Outbox, Ring},
};
use store::{connects, idempotency, sessions, tickets, users};

use super::{Halt, Turn};
use crate::State;

/// Finished jobs are kept for so long, for whoever asks what happened.
const FINISHED_JOBS: Duration = Duration::from_hours(24);
/// Dead jobs are kept for so long.
const DEAD_JOBS: Duration = Duration::from_hours(24 * 30);
/// An `Idempotency-Key` is remembered for so long.
const KEYS: TimeDelta = TimeDelta::hours(24);
/// What opened or was a browser's session is kept for so long after its end.
const SESSIONS: TimeDelta = TimeDelta::days(30);
/// Rows one statement removes or reads.
const BATCH: u32 = 1000;

pub(super) async fn run(state: &State, turn: &Turn, chore: Chore) -> Result<(), Halt> {
    match chore {
        Chore::Prune => prune(state, turn).await,
        Chore::TrustReview => review_trust(state, turn).await,
    }
}

async fn prune(state: &State, turn: &Turn) -> Result<(), Halt> {
    let (pool, now) = (state.store.pool(), state.clock.pinned().map(domain::time::Timestamp::utc));
    let again = |error: &dyn std::fmt::Display| Halt::Again(format!("the queue could not be pruned: {error}"));
    while queue::prune(pool, FINISHED_JOBS, BATCH.into(), now).await.map_err(|e| again(&e))? >= BATCH.into() {}
    while queue::prune_dead(pool, DEAD_JOBS, BATCH.into(), now).await.map_err(|e| again(&e))? >= BATCH.into() {}
    while idempotency::prune(&state.store, turn.now.minus(KEYS), BATCH).await? >= BATCH.into() {}
    while sessions::prune(&state.store, turn.now.minus(SESSIONS), BATCH).await? >= BATCH.into() {}
    while tickets::prune(&state.store, turn.now, BATCH).await? >= BATCH.into() {}
    while connects::prune(&state.store, turn.now, BATCH).await? >= BATCH.into() {}
    Ok(())
}

/// Rings everybody's review; whoever has nothing new is looked at and left alone.
async fn review_trust(state: &State, turn: &Turn) -> Result<(), Halt> {
    let hour = turn.now.utc().timestamp() / 3600;
    let mut cursor = None;
    loop {
        let page = users::list(&state.store, cursor, BATCH).await?;
        let rings = page.items.iter().map(|user| Ring {
            job: Job::EvaluateTrust { user: user.id },
            due: None,
            key: Some(format!("trust:{}:hour:{hour}", user.id)),
        });
        let outbox = Outbox { rings: rings.collect(), ..Outbox::nothing() };
        state.store.begin().await?.commit(outbox, turn.now).await?;
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}
