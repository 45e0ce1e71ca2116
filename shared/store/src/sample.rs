//! The metrics that are true of the whole database, looked at when somebody scrapes: how deep the queues are, who works,
//! which engines are in trouble.
//!
//! Invariant: a look costs the same however much there is. Depths are counted up to a bound and the oldest job is an
//! entry of the claim's own index. Looks are one at a time and within a process at most one a second.

use std::time::Duration;

use domain::{job::Kind, time::Timestamp};
use observe::{ALONE, metrics};
use tokio::{sync::Mutex, time::Instant};

use crate::{Result, Source, Store, engines, system};

/// Looks are not made more often than this: more scrapers see the same.
const FRESH: Duration = Duration::from_secs(1);

static LAST: Mutex<Option<Instant>> = Mutex::const_new(None);

/// The metrics page of this process: what it counted itself, and what the database says of everybody.
///
/// When the database does not answer, the page is what the process knows by itself: that is when it is needed most.
pub async fn page(store: &Store, now: Timestamp) -> String {
    let mut last = LAST.lock().await;
    if last.is_none_or(|at| at.elapsed() >= FRESH) {
        pool(store);
        if let Err(error) = look(store, now).await {
            tracing::warn!(%error, "no metrics of the database");
        }
        *last = Some(Instant::now());
    }
    observe::page()
}

fn pool(store: &Store) {
    let pool = store.pool();
    let idle = u32::try_from(pool.num_idle().saturating_add(store.resting())).unwrap_or(u32::MAX);
    metrics::POOL.show(["idle"], idle.into());
    metrics::POOL.show(["busy"], pool.size().saturating_sub(idle).into());
    metrics::POOL.show(["limit"], pool.options().get_max_connections().into());
    metrics::BUILD.show([env!("CARGO_PKG_VERSION")], 1.0);
}

async fn look(store: &Store, now: Timestamp) -> Result<()> {
    let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let queues = queue::levels(&mut *store.conn().await?, &known, store.queue_now()).await?;
    let engines = engines::list(store).await?;
    let stopped = system::stopped(store).await?;

    for gauge in [&metrics::QUEUE_OLDEST, &metrics::QUEUE_PAUSED, &metrics::WORKERS] {
        gauge.clear();
    }
    metrics::QUEUE_DEPTH.clear();
    for level in queues {
        let states =
            [("due", level.due), ("scheduled", level.scheduled), ("running", level.running), ("dead", level.dead)];
        for (state, jobs) in states {
            metrics::QUEUE_DEPTH.show([level.queue.clone(), state.to_owned()], f64::from(jobs));
        }
        metrics::QUEUE_OLDEST.show([level.queue.clone()], level.oldest_due.unwrap_or_default().as_secs_f64());
        metrics::QUEUE_PAUSED.show([level.queue.clone()], if level.paused { 1.0 } else { 0.0 });
        metrics::WORKERS.show([level.queue.clone()], f64::from(level.workers));
    }
    metrics::BREAKER_OPEN.clear();
    metrics::ENGINE_MISCONFIGURED.clear();
    for engine in engines {
        let open = engine.breaker.open.as_ref().is_some_and(|open| open.until > now);
        metrics::BREAKER_OPEN.show([engine.name.clone()], if open { 1.0 } else { 0.0 });
        let wrong = engine.breaker.misconfigured.is_some();
        metrics::ENGINE_MISCONFIGURED.show([engine.name], if wrong { 1.0 } else { 0.0 });
    }
    metrics::SYSTEM_STOPPED.show(ALONE, if stopped.is_some() { 1.0 } else { 0.0 });
    Ok(())
}
