//! apalis on Postgres, made dependable: the consumer, the enqueue and the nudge. It knows no domain.
//!
//! Kept of apalis: its table, `WorkerBuilder`, `Monitor`, layers, `Data<>`, extractors. Replaced: the consuming side
//! of apalis-postgres 1.0, which loses nudges, strands jobs after a restart, a time-out or a SIGTERM, retries
//! without a wait, dies of one bad payload, and scans the table for each claim. **Should a later apalis pass every
//! test in `tests/suite/queue`, prefer it and delete this crate.**
//!
//! What holds, whatever dies or stalls, each with a test:
//! * a committed job is started at least once, at most `max_attempts` times (snoozes and stops do not count), and
//!   ends done or visibly dead, with its reason;
//! * no two workers own a job at once as far as the table is concerned: a late outcome is refused;
//! * the database going away cancels no handler and loses no outcome;
//! * one bad payload, outcome, panic or time-out concerns its own job only.
//!
//! What does not: exactly once. A handler may run twice, and a worker that lost its claim may not know it yet. Jobs
//! carry ids, rows own the truth, and a handler asks its [`Lease`] before each side effect.
//!
//! ```ignore
//! let bell = Bell::start(&pool);                              // one per process
//! let queue = PgQueue::<Job>::new(queue_pool, Config::new("decide"), &bell);
//! let ended = queue.ending();                                 // exit non-zero on Ending::Died
//! let worker = WorkerBuilder::new("decide").backend(queue).data(ports).build(handle);
//! shutdown.spawn(worker.run_until(stop));                     // a task each, not all in one
//!
//! async fn handle(job: Job, lease: Data<Lease>, ports: Data<Ports>) -> Result<(), Failure>
//!
//! enqueue(&mut *tx, &jobs).await?; tx.commit().await?; bell.ring(queues);
//! ```
//!
//! A process may have to wait, after its grace, two statement limits for the last outcomes.

mod ack;
mod backend;
mod backlog;
mod backoff;
mod bell;
mod claim;
mod clock;
mod codec;
mod config;
mod connections;
pub mod cron;
mod db;
mod enqueue;
mod failure;
mod keeper;
mod lanes;
mod lease;
mod lent;
mod levels;
mod listener;
mod listing;
mod manage;
mod prune;
mod redrive;
mod run;
mod station;
mod stats;

pub use backend::{Broken, Ending, PgQueue};
pub use backlog::behind;
pub use backoff::Backoff;
pub use bell::{Bell, Subscription, Word};
pub use clock::Clock;
pub use codec::Origin;
pub use config::Config;
pub use connections::Connections;
pub use enqueue::{NewJob, enqueue, enqueue_at};
pub use failure::Failure;
pub use lease::Lease;
pub use lent::Lent;
pub use levels::{COUNTED, Level, depth, levels};
pub use listener::Line;
pub use listing::{Dead, Job, SEARCHED, Stand, dead, jobs};
pub use manage::{Alive, Pause, cancel, forget, pause, pauses, resume, workers};
pub use prune::{prune, prune_dead};
pub use redrive::{Driven, Redrive, redrive};
pub use run::{Run, RunLayer};
pub use stats::{Counts, Stats};

/// apalis's own migrations: its schema and tables. Run them before ours, which alter them.
pub fn migrations() -> sqlx::migrate::Migrator {
    apalis_postgres::PostgresStorage::migrations()
}
