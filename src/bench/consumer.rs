//! One worker of the real queue whose jobs do nothing but say when they started.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use apalis::prelude::{Data, WorkerBuilder};
use queue::{Bell, Config, Failure, PgQueue};
use runtime::{Clock, Shutdown};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tokio::time::sleep;

use crate::{Error, Result};

/// The queue it serves.
pub(super) const QUEUE: &str = "bench";

/// A job: when it was enqueued, in microseconds since the epoch; 0 for nobody asks.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Ping {
    pub(super) sent: i64,
}

#[derive(Debug)]
struct Seen {
    clock: Clock,
    started: AtomicU32,
    waits: Mutex<Vec<Duration>>,
}

/// The worker; it works until it is stopped.
pub(super) struct Consumer {
    seen: Arc<Seen>,
    shutdown: Shutdown,
}

impl Consumer {
    /// Starts it with a bell of its own: whoever enqueues is another process as far as the two can tell.
    pub(super) fn start(pool: &PgPool, clock: &Clock, concurrency: usize) -> Self {
        let seen = Arc::new(Seen { clock: clock.clone(), started: AtomicU32::new(0), waits: Mutex::default() });
        let config = Config { concurrency, ..Config::new(QUEUE) };
        let bell = Bell::start(pool);
        let queue = PgQueue::<Ping>::new(pool.clone(), config, &bell);
        let worker = WorkerBuilder::new(QUEUE).backend(queue).data(seen.clone()).build(handle);
        let (shutdown, told) = (Shutdown::new(), Shutdown::new());
        let asked = shutdown.clone();
        told.spawn("consumer", async move {
            let _heard_by = bell;
            let stop = async move {
                asked.requested().await;
                Ok::<(), std::io::Error>(())
            };
            if let Err(error) = worker.run_until(stop).await {
                tracing::error!(%error, "the consumer ended");
            }
        });
        Self { seen, shutdown }
    }

    /// How many jobs have started.
    pub(super) fn started(&self) -> u32 {
        self.seen.started.load(Relaxed)
    }

    /// Waits until so many have.
    pub(super) async fn until(&self, count: u32, patience: Duration) -> Result<()> {
        let waiting = runtime::clock::Stopwatch::start();
        while self.started() < count {
            if waiting.elapsed() > patience {
                return Err(Error::Usage(format!("{} of {count} jobs started within {patience:?}", self.started())));
            }
            sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// How long each job waited for its start, since this was asked last.
    pub(super) fn waits(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.seen.waits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells it to end.
    pub(super) fn stop(&self) {
        self.shutdown.request();
    }
}

async fn handle(ping: Ping, seen: Data<Arc<Seen>>) -> std::result::Result<(), Failure> {
    seen.started.fetch_add(1, Relaxed);
    if ping.sent > 0 {
        let wait = seen.clock.now().utc().timestamp_micros().saturating_sub(ping.sent);
        let wait = Duration::from_micros(u64::try_from(wait).unwrap_or_default());
        seen.waits.lock().unwrap_or_else(PoisonError::into_inner).push(wait);
    }
    Ok(())
}
