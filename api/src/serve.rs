//! The process: listens until it is asked to stop, then finishes what it has begun.

use std::{future::IntoFuture, io};

use runtime::{Clock, Config, Entropy, Role, Shutdown, scrape, telemetry};
use store::Store;
use tokio::net::TcpListener;

use crate::{State, allowance::Peer, patient::Patient, router};

/// Why the API could not run, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment can't be used.
    #[error(transparent)]
    Config(#[from] runtime::config::Problems),
    /// Which database?
    #[error("DATABASE_URL is not set: the API needs a Postgres (`skytwin up` brings its own)")]
    NoDatabase,
    /// No log lines.
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
    /// Metrics can't be scraped.
    #[error(transparent)]
    Scrape(#[from] scrape::Error),
    /// The database said no.
    #[error("the database of DATABASE_URL: {0}")]
    Store(#[from] store::Error),
    /// The port is taken, or not ours to take.
    #[error("can't listen on {address}: {source} (SKYTWIN_LISTEN or PORT name another)")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// What the system answered.
        source: io::Error,
    },
    /// The system would not let us hear signals or serve.
    #[error("serving: {0}")]
    Serve(#[from] io::Error),
    /// The end was not in order.
    #[error("stopped: {0}")]
    Shutdown(#[from] runtime::shutdown::Error),
}

/// Answers what comes in on `listener` until the end is asked for; then takes nothing new and finishes what is begun.
pub async fn serve(listener: TcpListener, state: State, shutdown: Shutdown) -> Result<(), Error> {
    // A little less than the process has, so that its end is in order.
    let grace = state.config.shutdown_grace.mul_f32(0.9);
    let asked = shutdown.clone();
    let (live, store, clock) = (state.live.clone(), state.store.clone(), state.clock.clone());
    shutdown.spawn_for_ever("events", live.attend(store, clock, shutdown.clone()));
    let serving = axum::serve(Patient(listener), router(state).into_make_service_with_connect_info::<Peer>())
        .with_graceful_shutdown(async move { asked.requested().await });
    let late = async {
        shutdown.requested().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        ended = serving.into_future() => Ok(ended?),
        // A caller that neither speaks nor hangs up must not keep the process alive.
        () = late => Ok(()),
    }
}

/// The whole process: reads the environment, connects, serves until SIGTERM.
pub async fn main() -> Result<(), Error> {
    let shutdown = Shutdown::new();
    shutdown.listen()?;
    let config = Config::for_role(Role::Api)?;
    let _telemetry = telemetry::start(&config, "skytwin-api")?;
    let database = config.database_url.as_ref().ok_or(Error::NoDatabase)?;

    let store = Store::connect_hearing(database.reveal(), config.db_connections, config.listens_at(database));
    let Some(store) = shutdown.unless_requested(store).await.transpose()? else { return Ok(()) };
    let listener =
        TcpListener::bind(config.listen).await.map_err(|source| Error::Listen { address: config.listen, source })?;
    tracing::info!(address = %listener.local_addr()?, "the API listens");
    if config.bootstrap_token.is_some() {
        tracing::info!("SKYTWIN_BOOTSTRAP_TOKEN is set: whoever has it is an operator");
    }

    let (scraped, clock) = (store.clone(), Clock::system());
    let page = move || {
        let (store, clock) = (scraped.clone(), clock.clone());
        async move { store::sample::page(&store, clock.now()).await }
    };
    scrape::start(config.metrics_listen, &shutdown, page).await?;

    let grace = config.shutdown_grace;
    let state = State::new(store, Clock::system(), Entropy::system(), &config);
    let serving = shutdown.clone();
    shutdown.spawn_for_ever("api", async move {
        if let Err(error) = serve(listener, state, serving).await {
            tracing::error!(%error, "the API ended");
        }
    });
    Ok(shutdown.finish(grace).await?)
}
