//! Chores that keep the house, rung by cron ticks that fire once per fleet. Each works in batches until nothing is
//! left, and starts anew next time when it is cut short.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    job::{Chore, Job},
    outbox::{Outbox, Ring},
};
use store::{connects, idempotency, jobs, retention, sessions, tickets, users};

use super::{Halt, Turn};
use crate::State;

/// An `Idempotency-Key` is remembered for so long.
const KEYS: TimeDelta = TimeDelta::hours(24);
/// Rows one statement removes or reads.
const BATCH: u32 = 1000;

pub(super) async fn run(state: &State, turn: &Turn, chore: Chore) -> Result<(), Halt> {
    match chore {
        Chore::Prune => prune(state, turn).await,
        Chore::TrustReview => review_trust(state, turn).await,
    }
}

/// What is old goes ([`runtime::Retention`]), in small batches until nothing is left. A run that is cut short has done
/// part of it; the next goes on.
async fn prune(state: &State, turn: &Turn) -> Result<(), Halt> {
    let (store, keep) = (&state.store, &state.keep);
    let hours = |days: u16| Duration::from_hours(u64::from(days) * 24);
    let before = |days: u16| turn.now.minus(TimeDelta::days(days.into()));
    while jobs::prune(store, hours(keep.jobs), BATCH).await? >= BATCH.into() {}
    while jobs::prune_dead(store, hours(keep.dead_jobs), BATCH).await? >= BATCH.into() {}
    while idempotency::prune(store, turn.now.minus(KEYS), BATCH).await? >= BATCH.into() {}
    while sessions::prune(store, before(keep.sessions), BATCH).await? >= BATCH.into() {}
    while tickets::prune(store, turn.now, BATCH).await? >= BATCH.into() {}
    while connects::prune(store, turn.now, BATCH).await? >= BATCH.into() {}
    while retention::payloads(store, before(keep.payloads), BATCH).await? >= BATCH.into() {}
    while retention::events(store, before(keep.events), BATCH).await? >= BATCH.into() {}
    while retention::notifications(store, before(keep.notifications), BATCH).await? >= BATCH.into() {}
    while retention::deliveries(store, before(keep.deliveries), BATCH).await? >= BATCH.into() {}
    // The audit names them.
    while retention::tokens(store, before(keep.audit), BATCH).await? >= BATCH.into() {}
    while retention::audit(store, before(keep.audit), BATCH).await? >= BATCH.into() {}
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
