//! Why a worker process did not start, or ended.

use crate::{
    adapters::{AddressError, google},
    crew,
};

/// What can go wrong with a process.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment is wrong.
    #[error(transparent)]
    Config(#[from] runtime::config::Problems),
    /// No log lines.
    #[error(transparent)]
    Telemetry(#[from] runtime::telemetry::Error),
    /// Metrics can't be scraped.
    #[error(transparent)]
    Scrape(#[from] runtime::scrape::Error),
    /// No signals of the operating system can be heard.
    #[error("signals can't be heard: {0}")]
    Signals(#[from] std::io::Error),
    /// There is nothing to work on.
    #[error("DATABASE_URL is missing: the workers need the database that the API uses")]
    NoDatabase,
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is nobody to carry actions out.
    #[error("SKYTWIN_ENGINE_URL and SKYTWIN_ENGINE_TOKEN must name the engine that carries actions out")]
    NoEngine,
    /// The engine can't be talked to.
    #[error("SKYTWIN_ENGINE_URL: {0}")]
    Engine(#[from] AddressError),
    /// The engine that answers is not the one it was configured for.
    #[error("the engine does not fit SKYTWIN_ENGINE_KIND: {0}")]
    Misfit(String),
    /// Google can't be talked to.
    #[error(transparent)]
    Google(#[from] google::SettingsError),
    /// A worker ended by itself.
    #[error(transparent)]
    Crew(#[from] crew::Error),
    /// Parts of the process ended by themselves or not at all.
    #[error(transparent)]
    Shutdown(#[from] runtime::shutdown::Error),
}
