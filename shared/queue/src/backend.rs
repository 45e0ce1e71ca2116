//! The worker's side of apalis: `PgQueue` is a `Backend`, so `WorkerBuilder`, layers, `Data<>`, extractors and
//! `Monitor` are apalis's own. It owns the worker's background tasks, and answers apalis's polls from what they do.
//!
//! Invariant: nothing the database does ends a worker or cancels a handler. A worker ends because it was told to,
//! or because of a bug; the second is an error from `poll_next` and an [`Ending::Died`].

use std::{
    fmt,
    sync::{Arc, atomic::Ordering::SeqCst},
    task::{Context, Poll},
    time::Duration,
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    task::Task,
    worker::context::WorkerContext,
};
use futures::{FutureExt, future::BoxFuture};
use serde::de::DeserializeOwned;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};
use ulid::Ulid;

use crate::{
    Bell, Config, Connections, Stats,
    ack::{self, Ack},
    claim::{self, Ready},
    db::Db,
    keeper,
    run::RunLayer,
    station::{Phase, Station},
};

/// One worker's view of one queue. Build a fresh one per worker and start.
///
/// Give it a pool that handlers do not use (three connections serve one queue well, five serve four): a pool they
/// exhaust would take the signs of life with it.
pub struct PgQueue<T> {
    station: Arc<Station>,
    ready: Arc<Ready<T>>,
    acks: Option<mpsc::UnboundedReceiver<Ack>>,
    tasks: JoinSet<()>,
    worker: Option<WorkerContext>,
    closing: Option<BoxFuture<'static, ()>>,
    ending: watch::Sender<Option<Ending>>,
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was told to.
    Stopped,
    /// It was not, and the process should say so with its exit code.
    Died(String),
}

/// Why a worker cannot go on, or cannot end in good order: a bug, here or in a handler.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue's worker broke down: {0}")]
pub struct Broken(String);

impl<T> PgQueue<T> {
    /// A worker of `config.queue`. It does nothing until apalis polls it, within a tokio runtime.
    pub fn new(connections: impl Into<Connections>, config: Config, bell: &Bell) -> Self {
        let config = config.settled();
        let stats = Arc::new(Stats::default());
        let (sender, acks) = mpsc::unbounded_channel();
        let id = format!("{}-{}", config.queue, Ulid::generate());
        let db = Db::new(connections, config.db_timeout, stats.clone());
        let wake = bell.wake_for(&config.queue);
        Self {
            station: Arc::new(Station::new(id, config, db, stats, wake, sender)),
            ready: Arc::default(),
            acks: Some(acks),
            tasks: JoinSet::new(),
            worker: None,
            closing: None,
            ending: watch::Sender::new(None),
        }
    }

    /// Its counters.
    pub fn stats(&self) -> Arc<Stats> {
        self.station.stats.clone()
    }

    /// Its row in `apalis.workers`, and `lock_by` of the jobs it holds.
    pub fn id(&self) -> &str {
        &self.station.id
    }

    /// Resolves once the worker has ended, and says how. apalis's `Monitor` answers Ok even when workers died.
    pub fn ending(&self) -> impl Future<Output = Ending> + Send + 'static + use<T> {
        let mut ending = self.ending.subscribe();
        async move {
            match ending.wait_for(Option::is_some).await {
                Ok(ending) => ending.clone().unwrap_or(Ending::Stopped),
                Err(_) => Ending::Died("it was dropped".to_owned()),
            }
        }
    }

    fn end(&self, how: Ending) {
        self.ending.send_if_modified(|ending| {
            let first = ending.is_none();
            ending.get_or_insert(how);
            first
        });
    }

    fn was_told_to(&self) -> bool {
        self.worker.as_ref().is_none_or(WorkerContext::is_shutting_down)
    }
}

impl<T: DeserializeOwned + Send + 'static> PgQueue<T> {
    fn start(&mut self, worker: &WorkerContext) {
        let Some(acks) = self.acks.take() else { return };
        self.worker = Some(worker.clone());
        let station = &self.station;
        self.tasks.spawn(keeper::beat_all(station.clone(), worker.name().to_owned()));
        self.tasks.spawn(keeper::rescue_all(station.clone()));
        self.tasks.spawn(ack::write_all(station.clone(), acks));
        self.tasks.spawn(claim::claim_all(station.clone(), worker.clone(), self.ready.clone()));
    }
}

impl<T: DeserializeOwned + Send + 'static> Backend for PgQueue<T> {
    type Task = Task<T>;
    type Error = Broken;

    fn poll_ready(&mut self, _: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Broken>> {
        self.start(worker);
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Option<Result<Task<T>, Broken>>> {
        // none of them ends while the worker lives
        if let Poll::Ready(Some(ended)) = self.tasks.poll_join_next(cx) {
            let broken = Broken(ended.err().map_or_else(|| "a task returned".to_owned(), |error| error.to_string()));
            self.end(Ending::Died(broken.to_string()));
            return Poll::Ready(Some(Err(broken)));
        }
        self.ready.poll(cx).map(|task| Some(Ok(task)))
    }

    /// Called once no handler runs any more.
    fn poll_close(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Broken>> {
        if self.tasks.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let station = &self.station;
        let closing = self.closing.get_or_insert_with(|| close(station.clone()).boxed());
        if closing.poll_unpin(cx).is_pending() {
            return Poll::Pending;
        }
        self.tasks = JoinSet::new();
        let told = self.was_told_to();
        self.end(if told { Ending::Stopped } else { Ending::Died("apalis ended the worker".to_owned()) });
        if self.station.miscounted.load(SeqCst) {
            // otherwise apalis would wait for that job for ever
            return Poll::Ready(Err(Broken("a handler panicked before it returned its future".to_owned())));
        }
        Poll::Ready(Ok(()))
    }
}

/// Gives back what was not started, flushes the outcomes, signs off. Bounded: a database that is away does not keep
/// a process from ending; the lease takes care of the rest.
async fn close(station: Arc<Station>) {
    station.advance(Phase::Stopping);
    station.reached(Phase::Vacated).await;
    let flushed = timeout(station.config.db_timeout.max(Duration::from_secs(1)) * 2, async {
        while station.held.len() > 0 {
            station.held.freed().await;
        }
    });
    if flushed.await.is_err() {
        tracing::warn!(held = station.held.len(), queue = station.config.queue, "stopped with outcomes not written");
    }
    station.advance(Phase::Leaving);
    station.reached(Phase::Silent).await;
    if let Err(error) = keeper::sign_off(&station).await {
        tracing::warn!(%error, queue = station.config.queue, "could not sign off");
    }
}

impl<T> Drop for PgQueue<T> {
    fn drop(&mut self) {
        let told = self.was_told_to();
        self.end(if told { Ending::Stopped } else { Ending::Died("it was dropped while it worked".to_owned()) });
    }
}

impl<T> BackendConfig for PgQueue<T> {
    type Args = T;
    type Id = Ulid;
    /// Decoding is ours: an undecodable payload parks its job and does not end the worker.
    type Kind = Ephemeral;
    type Config = Config;
    type Layer = RunLayer;

    fn config(&self) -> &Config {
        &self.station.config
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> RunLayer {
        RunLayer::new(self.station.clone())
    }
}

impl<T> fmt::Debug for PgQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgQueue").field("id", &self.station.id).finish_non_exhaustive()
    }
}
