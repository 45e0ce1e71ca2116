//! Everything in one process: embedded Postgres, migrations, a simulated engine, a simulated mailbox, the workers, the API, and a
//! demo.
//!
//! The parts meet where they meet in production too: the API and the workers over Postgres, the workers and the engine
//! over HTTP. A stop at any moment is followed by a start that goes on where it was.

use std::{
    io::IsTerminal,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use domain::{outbox::Outbox, quota::Limits};
use runtime::{
    Clock, Config, Entropy, Role, Secret, Shutdown,
    config::EngineKind,
    postgres::{self, Embedded},
    scrape, telemetry, vault_file,
};
use simulator::Simulator;
use store::{Store, preferences, signals, users};
use tokio::net::TcpListener;

use crate::{
    Error, Result, accounts, demo,
    note::{self, Note},
    people,
    post::Client,
    terminal::noted,
};

/// Runs until SIGTERM or Ctrl-C.
pub async fn run(data: Option<PathBuf>) -> Result<()> {
    let shutdown = Shutdown::new();
    shutdown.listen().map_err(|source| Error::System { what: "listen for signals".into(), source })?;
    let mut config = Config::for_role(Role::Everything)?;
    if data.is_some() {
        config.data_dir = data;
    }
    let _telemetry = telemetry::start(&config, "skytwin")?;
    let folder = note::folder(&config)?;

    // Before anything is started: a port in use is the likeliest reason to stop at once.
    let listener = TcpListener::bind(config.listen).await.map_err(|source| Error::System {
        what: format!(
            "listen on {} (is `skytwin up` running already? SKYTWIN_LISTEN names another address)",
            config.listen
        ),
        source,
    })?;
    let address =
        listener.local_addr().map_err(|source| Error::System { what: "tell the own address".into(), source })?;

    let postgres = if config.database_url.is_some() {
        None
    } else {
        step(&format!("PostgreSQL in {} (the first start prepares it)", folder.display()));
        Some(Embedded::start(postgres::Settings::durable(&folder)).await?)
    };
    let result = with_database(&config, &folder, postgres.as_ref(), listener, address, &shutdown).await;
    if let Some(postgres) = postgres {
        step("stopping PostgreSQL");
        postgres.stop().await?;
    }
    result
}

async fn with_database(
    config: &Config,
    folder: &Path,
    postgres: Option<&Embedded>,
    listener: TcpListener,
    address: SocketAddr,
    shutdown: &Shutdown,
) -> Result<()> {
    let database = match (&config.database_url, postgres) {
        (Some(url), _) => url.clone(),
        (None, Some(postgres)) => postgres.url(postgres::DATABASE),
        (None, None) => return Err(Error::NoDatabase),
    };
    step("migrations");
    let store = Store::connect_hearing(database.reveal(), config.db_connections, config.listens_at(&database)).await?;
    store::migrate(store.pool()).await?;

    let note = residents(&store, folder, &database, address).await?;
    let mut config = config.clone();
    if config.vault.is_none() {
        let keys = vault_file::own(folder, &Entropy::system());
        config.vault = Some(keys.map_err(|error| Error::Usage(error.to_string()))?);
    }
    // Where providers send people back to: the sign-in happens on this machine.
    config.public_url = config.public_url.or_else(|| note.url.parse().ok());
    let engine = if config.engine_url.is_some() && config.engine_kind != Some(EngineKind::Simulated) {
        None
    } else {
        step("a simulated engine");
        let engine = simulated(folder, &note.engine).await?;
        config.engine_url = engine.url.parse().ok();
        config.engine_token = Some(Secret::new(engine.token.clone()));
        config.engine_limits = Some(Limits::default());
        config.engine_kind = Some(EngineKind::Simulated);
        Some(engine)
    };

    // Where accounts can be had elsewhere, nobody is given a simulated one.
    let accounts = if config.providers.is_empty() {
        step("a simulated mailbox and calendar");
        let simulated = accounts::simulated(folder, &mut config).await?;
        accounts::sign_in(&store, &config, &simulated).await?;
        Some(simulated)
    } else {
        None
    };

    let scraped = store.clone();
    let page = move || {
        let store = scraped.clone();
        async move { store::sample::page(&store, Clock::system().now()).await }
    };
    scrape::start(config.metrics_listen, shutdown, page).await?;
    let api = api::State::new(store.clone(), Clock::system(), Entropy::system(), &config);
    let serving = shutdown.clone();
    shutdown.spawn_for_ever("api", async move {
        if let Err(error) = api::serve(listener, api, serving).await {
            tracing::error!(%error, "the API ended");
        }
    });
    let working = shutdown.clone();
    let worker = worker::State::new(store.clone(), Clock::system(), Entropy::system(), &config)?;
    shutdown.spawn_for_ever("worker", async move {
        if let Err(error) = worker::run(worker, working).await {
            tracing::error!(%error, "the workers ended");
        }
    });

    note.write(folder)?;
    // By the rows: an earlier start may have been stopped before it came to this.
    if signals::list(&store, demo::id(), None, 1).await?.items.is_empty() {
        match shutdown.unless_requested(seed(&note)).await {
            // Who is told to stop serves nobody, itself included.
            Some(Err(error)) if !shutdown.is_requested() => return Err(error),
            Some(_) | None => {}
        }
    }
    let root = config.public_url.as_ref().map_or_else(|| note.url.clone(), ToString::to_string);
    banner(&note, &people::link(&store, demo::id(), &root).await?);
    if let Some(postgres) = postgres {
        tokio::select! {
            () = shutdown.requested() => {}
            how = postgres.ended() => {
                tracing::error!(how, "PostgreSQL ended by itself");
                shutdown.fail();
            }
        }
    }
    let ended = shutdown.finish(config.shutdown_grace).await;
    drop(accounts);
    if let Some(engine) = engine {
        engine.stop().await;
    }
    Ok(ended?)
}

/// The demo's people: added on the first start, found again on every other.
async fn residents(store: &Store, folder: &Path, database: &Secret, address: SocketAddr) -> Result<Note> {
    let (now, demo) = (Clock::system().now(), demo::id());
    let fresh = match users::get(store, demo).await {
        Ok(_) => false,
        Err(store::Error::NotFound) => true,
        Err(error) => return Err(error.into()),
    };
    if fresh {
        let user = users::NewUser {
            id: demo,
            name: demo::NAME.to_owned(),
            email: None,
            timezone: chrono_tz::UTC,
            tier: demo::TIER,
            autonomy: demo::autonomy(),
        };
        let mut tx = store.begin().await?;
        users::create(&mut tx, &user, now).await?;
        let lock = tx.lock(demo).await?;
        for (domain, tier) in demo::domain_tiers() {
            users::set_tier(&mut tx, &lock, Some(domain), tier, "demo settings", &serde_json::Map::new(), now).await?;
        }
        for preference in demo::preferences() {
            preferences::put(&mut tx, &lock, &preference, now).await?;
        }
        noted(&mut tx, "user add", demo, now).await?;
        tx.commit(Outbox::nothing(), now).await?;
    }
    let url = format!("http://{}", SocketAddr::new(reachable(address), address.port()));
    let database = database.reveal().to_owned();
    // The tokens of the last run are still good; only without its note new ones are made.
    match Note::read(folder).filter(|_| !fresh) {
        Some(before) => Ok(Note { url, database, ..before }),
        None => Ok(Note {
            url,
            database,
            user: demo.to_string(),
            token: people::mint(store, Some(demo), "demo").await?,
            operator: people::mint(store, None, "demo operator").await?,
            engine: Entropy::system().secret().reveal().to_owned(),
        }),
    }
}

/// An address that a browser on this machine reaches, also when we listen on all of them.
fn reachable(address: SocketAddr) -> IpAddr {
    if address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address.ip() }
}

/// The simulated engine; its journal stays beside the data, so that a restart of it still dedupes.
async fn simulated(folder: &Path, token: &str) -> Result<simulator::Running> {
    let options = simulator::Options::new(token).journal(folder.join("engine.journal"));
    Ok(Simulator::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).await?)
}

/// Posts the demo's signals through the front door, as any source would.
async fn seed(note: &Note) -> Result<()> {
    let client = Client::new(note.url.clone(), note.token.clone())?;
    client.post("/api/v1/signals/batch", &serde_json::json!({ "signals": demo::signals() })).await?;
    Ok(())
}

/// A line of progress, for eyes only.
fn step(what: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("… {what}");
    }
}

fn banner(note: &Note, link: &str) {
    let Note { url, token, .. } = note;
    println!(
        r#"
SkyTwin is running; Ctrl-C stops it, and the next start goes on where it was.

  open     {link}
           (signs a browser in once, within 15 minutes; `skytwin login` prints another)
  API      {url}/api/v1
  docs     {url}/api/v1/docs
  token    {token}   (the demo person's; `skytwin token demo` prints it again)

Try next, in another terminal (the README has a longer tour):

  TOKEN={token}
  curl -s -H "Authorization: Bearer $TOKEN" {url}/api/v1/decisions
  curl -s -H "Authorization: Bearer $TOKEN" {url}/api/v1/approvals
  target/release/skytwin jobs
"#
    );
}
