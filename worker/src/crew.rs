//! The crew: the workers of this process, one per kind of job. The only file that names apalis.
//!
//! Each kind has its own queue, its own number of hands and its own patience ([`Kind::temper`]), so that a slow engine
//! never delays a decision. Invariant: a worker ends because it was told to; if one ends by itself the others are
//! stopped in order and [`work`] says so, because a process that quietly does half its work is worse than one that
//! is started anew.

use std::sync::{Arc, Mutex, PoisonError};

use apalis::prelude::{Attempt, Data, Monitor, WorkerBuilder};
use domain::job::{Job, Kind, Temper};
use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, pending, select},
    stream::FuturesUnordered,
};
use queue::{Backoff, Connections, Ending, Failure, Lease, Origin, PgQueue};
use runtime::Shutdown;

use crate::{
    Pace, State,
    jobs::{self, Turn},
};

/// Why the crew stopped although nobody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// One worker ended by itself.
    #[error("the worker of {kind} ended by itself: {why}")]
    Ended {
        /// Of which queue.
        kind: Kind,
        /// What it said.
        why: String,
    },
    /// Workers did not stop when told to.
    #[error("the workers did not stop in order: {0}")]
    Unstoppable(String),
}

type Endings = Arc<Mutex<Vec<BoxFuture<'static, (Kind, Ending)>>>>;

/// Runs one worker per kind until the end is asked for, then gives running jobs the grace period.
pub(crate) async fn work(state: &State, shutdown: &Shutdown) -> Result<(), Error> {
    let endings = Endings::default();
    // Connections of the queue's own: handlers that exhaust theirs must not take the signs of life along.
    let (pool, connections) = (state.store.pool(), queue_connections());
    let pool = pool.options().clone().max_connections(connections).connect_lazy_with((*pool.connect_options()).clone());
    let connections = Connections::of(pool);
    let monitor = Kind::ALL.iter().fold(Monitor::new(), |monitor, &kind| {
        let (state, endings, connections) = (state.clone(), endings.clone(), connections.clone());
        monitor.register(move |_| {
            let queue = PgQueue::<Job>::new(connections.clone(), config(kind, &state), state.store.bell());
            let ending = queue.ending().map(move |ending| (kind, ending)).boxed();
            endings.lock().unwrap_or_else(PoisonError::into_inner).push(ending);
            WorkerBuilder::new(kind.as_str()).backend(queue).data(state.clone()).build(handle)
        })
    });
    let endings = std::mem::take(&mut *endings.lock().unwrap_or_else(PoisonError::into_inner));
    let mut died = first_death(endings).boxed().shared();
    let stop = select(shutdown.requested().boxed(), died.clone()).map(|_| Ok(()));
    let stopped = monitor.shutdown_timeout(state.pace.grace.saturating_add(Pace::SIGN_OFF)).run_with_signal(stop).await;
    if let Some((kind, why)) = (&mut died).now_or_never() {
        return Err(Error::Ended { kind, why });
    }
    stopped.map_err(|error| Error::Unstoppable(error.to_string()))
}

/// One connection for each queue's statements, so that no kind waits for the others.
fn queue_connections() -> u32 {
    u32::try_from(Kind::ALL.len()).unwrap_or(u32::MAX)
}

/// The first worker that ends without having been told to.
async fn first_death(endings: Vec<BoxFuture<'static, (Kind, Ending)>>) -> (Kind, String) {
    let mut endings: FuturesUnordered<_> = endings.into_iter().collect();
    while let Some((kind, ending)) = endings.next().await {
        if let Ending::Died(why) = ending {
            return (kind, why);
        }
    }
    pending().await
}

async fn handle(
    job: Job,
    state: Data<State>,
    attempt: Attempt,
    lease: Data<Lease>,
    origin: Data<Origin>,
) -> Result<(), Failure> {
    let attempt = i32::try_from(attempt.current()).unwrap_or(i32::MAX);
    let turn = Turn::new(state.clock.now(), attempt, move || lease.is_valid()).from(Origin::clone(&origin));
    jobs::run(&state, &turn, job).await
}

fn config(kind: Kind, state: &State) -> queue::Config {
    let Temper { concurrency, timeout, backoff_base, backoff_cap, attempts: _, priority: _ } = kind.temper();
    let pace = &state.pace;
    queue::Config {
        concurrency,
        poll: pace.poll,
        heartbeat: pace.heartbeat,
        lease: pace.lease,
        rescue_every: pace.rescue_every,
        job_timeout: timeout.to_std().ok(),
        grace: pace.grace,
        backoff: Backoff {
            base: backoff_base.to_std().unwrap_or_default(),
            cap: backoff_cap.to_std().unwrap_or_default(),
            ..Backoff::default()
        },
        clock: state.queue_clock(),
        ..queue::Config::new(kind.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_told_how_many_connections_the_queues_take() {
        let page: Vec<_> = include_str!("../../docs/operations.md").split_whitespace().collect();
        let page = page.join(" ");
        let (queues, budget) = (queue_connections(), queue_connections() + 1);
        for told in
            [format!("a worker {queues} more"), format!("worker processes × (SKYTWIN_DB_CONNECTIONS + {budget})")]
        {
            assert!(page.contains(&told), "docs/operations.md does not say `{told}`");
        }
    }

    #[tokio::test]
    async fn the_first_worker_that_nobody_told_to_end_is_named_and_an_orderly_end_is_none() {
        let ended = |kind, ending| async move { (kind, ending) }.boxed();
        let endings = vec![
            ended(Kind::EvaluateSignal, Ending::Stopped),
            ended(Kind::ExecuteAction, Ending::Died("a task returned".into())),
        ];
        assert_eq!(first_death(endings).await, (Kind::ExecuteAction, "a task returned".to_owned()));
        assert!(first_death(vec![ended(Kind::Housekeep, Ending::Stopped)]).now_or_never().is_none());
    }
}
