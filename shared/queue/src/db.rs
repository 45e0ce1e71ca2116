//! Every statement of this crate goes through here: bounded in time, and never at the price of a pool slot.
//!
//! A connection whose statement was cut short is thrown away, not handed back: the pool pings what it gets back
//! and that ping would wait for ever on a line that has gone dead. For the same reason handing back is bounded too.

use std::{future::Future, io, sync::Arc, time::Duration};

use observe::{ALONE, metrics};
use sqlx::{Error, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::time::timeout;

use crate::stats::{Stats, add};

/// A pool, and how long one use of it may take.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    pool: PgPool,
    limit: Duration,
    stats: Arc<Stats>,
}

impl Db {
    pub(crate) fn new(pool: PgPool, limit: Duration, stats: Arc<Stats>) -> Self {
        Self { pool, limit, stats }
    }

    /// Runs `work` on a connection. It may take the limit, and getting the connection may take it again.
    pub(crate) async fn run<R>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let outcome = self.attempt(work).await;
        if outcome.is_err() {
            add(&self.stats.db_errors, 1);
            metrics::QUEUE_ERRORS.one(ALONE);
        }
        outcome
    }

    async fn attempt<R>(&self, work: impl AsyncFnOnce(&mut PgConnection) -> Result<R, Error>) -> Result<R, Error> {
        let conn = within(self.limit, self.pool.acquire()).await?;
        let mut lent = Lent { conn: Some(conn), limit: self.limit };
        let Some(conn) = lent.conn.as_mut() else {
            return Err(Error::PoolClosed);
        };
        let outcome = within(self.limit, async { Ok(work(conn).await) }).await?;
        lent.give_back();
        outcome
    }
}

/// A connection that is thrown away unless it is given back.
struct Lent {
    conn: Option<PoolConnection<Postgres>>,
    limit: Duration,
}

impl Lent {
    #[expect(clippy::disallowed_methods, reason = "bounded, owns nothing but the connection, and nobody waits for it")]
    fn give_back(&mut self) {
        if let Some(mut conn) = self.conn.take() {
            // what the pool does in its own Drop, but bounded
            let returning = timeout(self.limit, conn.return_to_pool());
            tokio::spawn(returning);
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            drop(conn.detach());
        }
    }
}

/// `work`, or a time-out as an error like any other.
pub(crate) async fn within<R>(limit: Duration, work: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    timeout(limit, work).await.unwrap_or_else(|_| {
        Err(Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time")))
    })
}

/// Whether the rows of a statement are to blame, not the database: then trying the same again is useless.
pub(crate) fn is_data_fault(error: &Error) -> bool {
    match error {
        Error::Database(fault) => fault.code().is_some_and(|code| {
            // bad value, broken constraint, view check, raised by a trigger; all else may pass by itself
            ["22", "23", "44", "P0"].iter().any(|class| code.starts_with(class))
        }),
        Error::Encode(_) => true,
        _ => false,
    }
}
