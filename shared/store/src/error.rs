//! What can go wrong with the store, and whether the same again may help.
//!
//! Invariant: no variant carries what was in a row, whichever way it is printed (`domain.md` §1 law 10): the database's
//! details, which quote whole rows, end here.

use std::fmt;

/// What every function of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such row, or another user's.
    #[error("not found")]
    NotFound,
    /// The row has moved on since it was read: another attempt, another answer, another revision.
    #[error("the row has changed since it was read")]
    Stale,
    /// Something that may be there once only is there.
    #[error("it is there already")]
    Duplicate,
    /// A row does not fit the type it is meant to be.
    #[error("{table}.{column} of {id} can't be read")]
    Corrupt {
        /// Of which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Of which row.
        id: String,
    },
    /// The database can't be reached or is too busy, or a commit's answer was lost: whether it happened is unknown.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// A statement that can't work: repeating it is useless.
    #[error("a statement failed")]
    Bug(#[source] Cause),
}

/// What the database, the driver or the line between them said: the message alone.
pub struct Cause(sqlx::Error);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Cause {}

impl From<sqlx::Error> for Cause {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

impl Error {
    /// Whether the same again may work.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::NotFound | Self::Stale | Self::Duplicate | Self::Corrupt { .. } | Self::Bug(_) => false,
        }
    }
}

/// SQLSTATE classes and codes after which the same statement may work on another connection or a moment later.
const PASSING: &[&str] = &[
    "08",    // connection exceptions
    "53",    // out of connections, memory, disk
    "57P",   // shut down, crashed, starting up
    "58",    // the server's own I/O
    "40",    // serialization, deadlock, unknown completion
    "25006", // read only: a standby during a failover
    "25P03", // idle in a transaction for too long
    "55P03", // lock not available in time
    "57014", // cancelled: statement time-out
];
/// A unique constraint refused a second row.
const UNIQUE: &str = "23505";

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Database(refused) => {
                let code = refused.code().unwrap_or_default();
                if code == UNIQUE {
                    Self::Duplicate
                } else if PASSING.iter().any(|prefix| code.starts_with(prefix)) {
                    Self::Unavailable(error.into())
                } else {
                    Self::Bug(error.into())
                }
            }
            // A line that broke in the middle of an answer reads as garbage: the next connection will tell.
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(error.into()),
            _ => Self::Bug(error.into()),
        }
    }
}
