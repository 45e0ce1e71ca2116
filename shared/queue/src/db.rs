//! Every statement of this crate goes through here: bounded in time, and never at the price of a pool slot.
//!
//! A connection whose statement was cut short is thrown away, and so is what rests and may be as dead ([`Lent`]).

use std::{future::Future, io, sync::Arc, time::Duration};

use observe::{ALONE, metrics};
use sqlx::Error;
use tokio::time::timeout;

use crate::{
    Connections, Lent,
    clock::monotonic,
    stats::{Stats, add},
};

/// Connections, and how long one use of them may take.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    connections: Connections,
    /// Whether what is done here waits for a place among the others.
    in_line: bool,
    limit: Duration,
    stats: Arc<Stats>,
}

impl Db {
    pub(crate) fn new(connections: impl Into<Connections>, limit: Duration, stats: Arc<Stats>) -> Self {
        Self { connections: connections.into(), in_line: true, limit, stats }
    }

    /// For one small statement after the other that nobody should have to wait for.
    pub(crate) fn aside(connections: Connections, limit: Duration) -> Self {
        Self { connections, in_line: false, limit, stats: Arc::default() }
    }

    /// Runs `work` on a connection. It may take the limit, and getting the connection may take it again.
    pub(crate) async fn run<R>(&self, work: impl AsyncFnOnce(&mut Lent) -> Result<R, Error>) -> Result<R, Error> {
        let outcome = self.attempt(work).await;
        if outcome.is_err() {
            add(&self.stats.db_errors, 1);
            metrics::QUEUE_ERRORS.one(ALONE);
        }
        outcome
    }

    async fn attempt<R>(&self, work: impl AsyncFnOnce(&mut Lent) -> Result<R, Error>) -> Result<R, Error> {
        let lent = async { if self.in_line { self.connections.get().await } else { self.connections.aside().await } };
        let mut conn = within(self.limit, lent).await?;
        let asked = monotonic();
        timeout(self.limit, work(&mut conn)).await.unwrap_or_else(|_| {
            conn.give_up(asked);
            Err(out_of_time())
        })
    }
}

/// `work`, or a time-out as an error like any other.
pub(crate) async fn within<R>(limit: Duration, work: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(out_of_time()))
}

/// What is said when the time is over.
pub(crate) fn out_of_time() -> Error {
    Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"))
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
