//! What can go wrong in a command: what, where, and what to do.

use std::{io, path::PathBuf};

/// A command's failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment can't be used.
    #[error(transparent)]
    Config(#[from] runtime::config::Problems),
    /// No database is named and none of our own is running.
    #[error("no database: set DATABASE_URL, or start `skytwin up` first and run this beside it")]
    NoDatabase,
    /// No API is named and none of our own is running.
    #[error("no API: set SKYTWIN_URL and SKYTWIN_TOKEN, or start `skytwin up` first and run this beside it")]
    NoApi,
    /// A service needs an engine.
    #[error("no engine: set SKYTWIN_ENGINE_URL and SKYTWIN_ENGINE_TOKEN (`skytwin up` brings a simulated one)")]
    NoEngine,
    /// The embedded server.
    #[error(transparent)]
    Postgres(#[from] runtime::postgres::Error),
    /// The database.
    #[error("the database: {0}")]
    Store(#[from] store::Error),
    /// The migrations.
    #[error("the migrations: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The simulated engine.
    #[error(transparent)]
    Engine(#[from] simulator::StartError),
    /// The API.
    #[error("the API: {0}")]
    Api(#[from] api::Error),
    /// The workers.
    #[error("the workers: {0}")]
    Worker(#[from] worker::Error),
    /// Metrics can't be scraped.
    #[error(transparent)]
    Scrape(#[from] runtime::scrape::Error),
    /// Log lines.
    #[error(transparent)]
    Telemetry(#[from] runtime::telemetry::Error),
    /// The end was not in order.
    #[error("stopped: {0}")]
    Shutdown(#[from] runtime::shutdown::Error),
    /// A statement of the benchmark's own.
    #[error("a statement of the benchmark: {0}")]
    Measuring(#[from] sqlx::Error),
    /// A file.
    #[error("can't {what} {path}: {source}", path = path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// Something of the system's that is no file.
    #[error("can't {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system answered.
        source: io::Error,
    },
    /// A call to the API.
    #[error("can't reach the API at {url}: {source}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The API answered with a problem.
    #[error("the API answered {status}:\n{body}")]
    Refused {
        /// The status.
        status: u16,
        /// The problem.
        body: String,
    },
    /// An argument can't be used.
    #[error("{0}")]
    Usage(String),
    /// It was told already; only the exit code is left.
    #[error("failed")]
    Failed,
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A file could not be used.
    pub fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}
