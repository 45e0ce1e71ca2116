//! What these tests share: a database, a bell, workers whose handler the test writes, and a look at the rows.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ::queue::{
    Backoff, Bell, Config, Connections, Counts, Ending, Failure, Lease, Lent, NewJob, PgQueue, Stats, enqueue,
};
use apalis_core::{
    error::WorkerError,
    task::{attempt::Attempt, data::Data},
    worker::{builder::WorkerBuilder, context::WorkerContext},
};
use futures::future::{BoxFuture, FutureExt};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tests::{Database, eventually};
use tokio::task::JoinHandle;

/// The queue most tests use.
pub(super) const QUEUE: &str = "chores";

/// A database with a bell in it.
pub(super) struct Rig {
    pub(super) db: Database,
    pub(super) pool: PgPool,
    pub(super) bell: Bell,
}

/// What the jobs carry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Chore {
    n: i64,
}

/// One start of one job, as its handler sees it.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) n: i64,
    /// From 1.
    pub(super) attempt: usize,
    pub(super) lease: Lease,
}

type Act = Arc<dyn Fn(Start) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// Settings that make a test quick.
pub(super) fn quick() -> Config {
    Config {
        poll: Duration::from_millis(100),
        heartbeat: Duration::from_millis(200),
        lease: Duration::from_secs(3),
        rescue_every: Duration::from_millis(200),
        db_timeout: Duration::from_secs(1),
        backoff: Backoff { base: Duration::from_millis(10), factor: 2.0, cap: Duration::from_millis(40) },
        ..Config::new(QUEUE)
    }
}

/// Settings that leave a test the time to step in before a worker that is locked out gives up.
pub(super) fn unhurried() -> Config {
    Config { lease: Duration::from_secs(7), db_timeout: Duration::from_secs(3), ..quick() }
}

/// Settings under which a busy machine takes nobody for dead.
pub(super) fn patient() -> Config {
    Config { lease: Duration::from_secs(120), db_timeout: Duration::from_secs(20), ..quick() }
}

impl Rig {
    pub(super) async fn new() -> Self {
        let db = Database::new().await;
        let pool = db.pool.clone();
        let bell = Bell::start(&pool);
        Self { db, pool, bell }
    }

    /// A worker on a pool of its own.
    pub(super) fn worker<F>(&self, config: Config, act: impl Fn(Start) -> F + Send + Sync + 'static) -> Worker
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        start(self.db.pool(4), config, &self.bell, act)
    }

    /// Jobs numbered from `from`, five attempts each, committed and rung; their ids.
    pub(super) async fn jobs(&self, numbers: impl IntoIterator<Item = i64>) -> Vec<String> {
        let jobs: Vec<NewJob> = numbers.into_iter().map(chore).collect();
        self.put(&jobs).await.into_iter().map(|id| id.expect("no key, so always new")).collect()
    }

    pub(super) async fn put(&self, jobs: &[NewJob]) -> Vec<Option<String>> {
        let mut conn = self.pool.acquire().await.unwrap();
        let ids = enqueue(&mut *conn, jobs).await.unwrap();
        self.bell.ring(jobs.iter().map(|job| job.queue.as_str()));
        ids
    }

    /// A connection as the store lends them.
    pub(super) async fn lent(&self) -> Lent {
        Connections::of(self.pool.clone()).get().await.unwrap()
    }

    pub(super) async fn row(&self, id: &str) -> Row {
        row(&self.pool, id).await
    }

    /// Waits until no job of the queue is waiting or held.
    pub(super) async fn rest(&self) {
        eventually("every job has ended", async || {
            let open: Vec<Row> = self.rows().await.into_iter().filter(|row| !row.is_over()).collect();
            if open.is_empty() { Ok(()) } else { Err(open) }
        })
        .await;
    }

    pub(super) async fn rows(&self) -> Vec<Row> {
        sqlx::query_as(ROW).bind(None::<&str>).fetch_all(&self.pool).await.unwrap()
    }

    pub(super) async fn workers(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT id FROM apalis.workers").fetch_all(&self.pool).await.unwrap()
    }

    /// Statements on jobs and workers that wait for somebody's lock.
    pub(super) async fn waiting(&self) -> usize {
        self.locked_out().await.len()
    }

    /// Whether a claim is under way, waiting for somebody's lock.
    pub(super) async fn claiming(&self) -> bool {
        self.locked_out().await.iter().any(|sql| sql.starts_with("UPDATE apalis.jobs"))
    }

    async fn locked_out(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT query FROM pg_stat_activity
              WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%apalis.%'",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// Changes something behind the queue's back, all of it at once; how many rows.
    pub(super) async fn meddle(&self, sql: &'static str) -> u64 {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap().rows_affected()
    }
}

pub(super) fn chore(n: i64) -> NewJob {
    NewJob::new(QUEUE, serde_json::json!({ "n": n }))
}

/// A row of `apalis.jobs`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) attempts: i32,
    pub(super) max_attempts: i32,
    pub(super) lock_by: Option<String>,
    /// What the last run said, as text.
    pub(super) said: Option<String>,
    /// Until it is due.
    pub(super) due_in_ms: i64,
    pub(super) is_finished: bool,
}

const ROW: &str = "SELECT id, status, attempts, max_attempts, lock_by, last_result::text AS said,
    (extract(epoch FROM run_at - now()) * 1000)::bigint AS due_in_ms, done_at IS NOT NULL AS is_finished
    FROM apalis.jobs WHERE $1::text IS NULL OR id = $1 ORDER BY id";

impl Row {
    pub(super) fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "Done" | "Killed") || self.is_dead()
    }

    pub(super) fn is_dead(&self) -> bool {
        self.status == "Failed" && self.attempts >= self.max_attempts
    }

    pub(super) fn said(&self) -> &str {
        self.said.as_deref().unwrap_or_default()
    }
}

pub(super) async fn row(pool: &PgPool, id: &str) -> Row {
    sqlx::query_as(ROW).bind(id).fetch_one(pool).await.unwrap()
}

/// A running worker.
pub(super) struct Worker {
    pub(super) id: String,
    context: WorkerContext,
    stats: Arc<Stats>,
    ending: BoxFuture<'static, Ending>,
    running: JoinHandle<Result<(), WorkerError>>,
}

/// Starts a worker; it is dropped, as by a crash, when the test's runtime is.
pub(super) fn start<F>(
    pool: PgPool,
    config: Config,
    bell: &Bell,
    act: impl Fn(Start) -> F + Send + Sync + 'static,
) -> Worker
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let queue = PgQueue::<Chore>::new(pool, config, bell);
    let (id, stats, ending) = (queue.id().to_owned(), queue.stats(), queue.ending().boxed());
    // all of them have the same name: the queue must not care
    let context = WorkerContext::new("worker");
    let act: Act = Arc::new(move |start| act(start).boxed());
    let worker = WorkerBuilder::new(&context).backend(queue).data(act).build(handle);
    Worker { id, context, stats, ending, running: tokio::spawn(worker.run()) }
}

async fn handle(chore: Chore, attempt: Attempt, lease: Data<Lease>, act: Data<Act>) -> Result<(), Failure> {
    (act.0)(Start { n: chore.n, attempt: attempt.current(), lease: lease.0 }).await
}

impl Worker {
    pub(super) fn counts(&self) -> Counts {
        self.stats.read()
    }

    pub(super) fn is_running(&self) -> bool {
        !self.running.is_finished()
    }

    /// Tells it to stop, as SIGTERM does.
    pub(super) async fn tell_to_stop(&self) {
        eventually("the worker has started", async || self.context.is_running() || self.context.is_stopped()).await;
        self.context.stop().unwrap();
    }

    /// Stops it in good order.
    pub(super) async fn stop(self) -> Counts {
        self.tell_to_stop().await;
        self.running.await.unwrap().unwrap();
        assert_eq!(self.ending.await, Ending::Stopped);
        self.stats.read()
    }

    /// Waits until it has ended by itself.
    pub(super) async fn ended(self) -> Ending {
        self.ending.await
    }

    /// Has apalis drop it, as when its task panics.
    pub(super) fn abort(&self) {
        self.running.abort();
    }

    /// Drops it in the middle of everything, as a crash would.
    pub(super) async fn crash(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }
}

/// What handlers did, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal(Arc<Mutex<Vec<i64>>>);

impl Journal {
    pub(super) fn note(&self, n: i64) {
        self.0.lock().unwrap().push(n);
    }

    pub(super) fn all(&self) -> Vec<i64> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn sorted(&self) -> Vec<i64> {
        let mut all = self.all();
        all.sort_unstable();
        all
    }

    pub(super) fn len(&self) -> usize {
        self.all().len()
    }

    /// A handler that notes its job and is done.
    pub(super) fn keeper(
        &self,
    ) -> impl Fn(Start) -> futures::future::Ready<Result<(), Failure>> + Send + Sync + 'static {
        let journal = self.clone();
        move |start| {
            journal.note(start.n);
            futures::future::ready(Ok(()))
        }
    }
}

/// A door handlers wait at.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<tokio::sync::Semaphore>);

impl Gate {
    pub(super) fn closed() -> Self {
        Self(Arc::new(tokio::sync::Semaphore::new(0)))
    }

    /// Lets everybody through, for ever.
    pub(super) fn open(&self) {
        self.0.close();
    }

    pub(super) async fn pass(&self) {
        // an error means that it is open
        let _ = self.0.acquire().await;
    }
}
