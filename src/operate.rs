//! The operator's commands: short, on the database itself, printing what scripts can read.

use std::path::Path;

use api::{caller::Scope, session};
use domain::{id::UserId, settings::Autonomy, tier::TrustTier};
use runtime::{Clock, Config, Entropy};
use store::{Store, sessions, tokens, users};

use crate::{
    Error, Result, eval,
    note::{self, Note},
};

/// The database that `DATABASE_URL` names, or that of the `skytwin up` that runs on this machine.
pub(crate) async fn open(config: &Config) -> Result<Store> {
    let url = match &config.database_url {
        Some(url) => url.clone(),
        None => Note::read(&note::folder(config)?)
            .map(|note| runtime::Secret::new(note.database))
            .ok_or(Error::NoDatabase)?,
    };
    Ok(Store::connect(url.reveal(), 2).await?)
}

/// Brings the database up to date.
pub async fn migrate() -> Result<()> {
    let config = Config::from_env()?;
    store::migrate(open(&config).await?.pool()).await?;
    println!("the database is up to date");
    Ok(())
}

/// Adds a person; prints their id.
pub async fn add_user(name: String, email: Option<String>, timezone: &str, tier: TrustTier) -> Result<()> {
    let config = Config::from_env()?;
    let timezone = timezone
        .parse()
        .map_err(|_| Error::Usage(format!("`{timezone}` is no IANA time zone; write one such as Europe/Berlin")))?;
    let (store, now) = (open(&config).await?, Clock::system().now());
    let user =
        users::NewUser { id: Entropy::system().id(now), name, email, timezone, tier, autonomy: Autonomy::default() };
    let mut tx = store.begin().await?;
    users::create(&mut tx, &user, now).await?;
    tx.commit(domain::outbox::Outbox::nothing(), now).await?;
    println!("{}", user.id);
    Ok(())
}

/// Lists everybody: id, tier, zone, name.
pub async fn list_users() -> Result<()> {
    let config = Config::from_env()?;
    let store = open(&config).await?;
    for user in users::list(&store, None, 1000).await?.items {
        println!("{}  {:<18} {:<20} {}", user.id, user.tier, user.timezone, user.name);
    }
    Ok(())
}

/// Adds a token and prints it, this once: a person's with every scope of theirs, or an operator's.
pub async fn add_token(user: Option<UserId>, name: &str) -> Result<()> {
    let config = Config::from_env()?;
    let store = open(&config).await?;
    println!("{}", mint(&store, user, name).await?);
    Ok(())
}

/// The demo person's token of the `skytwin up` that runs on this machine.
pub fn demo_token() -> Result<()> {
    let config = Config::from_env()?;
    let note = Note::read(&note::folder(&config)?).ok_or(Error::NoApi)?;
    println!("{}", note.token);
    Ok(())
}

/// Prints a link that signs a browser in as this person, or as the demo person of the `skytwin up` on this machine.
pub async fn login(user: Option<UserId>) -> Result<()> {
    let config = Config::from_env()?;
    let note = Note::read(&note::folder(&config)?);
    let demo = || note.as_ref().and_then(|note| note.user.parse().ok()).ok_or(Error::NoApi);
    let user = user.map_or_else(demo, Ok)?;
    let here = note.as_ref().map_or_else(|| format!("http://{}", config.listen), |note| note.url.clone());
    let root = config.public_url.as_ref().map_or(here, ToString::to_string);
    println!("{}", link(&open(&config).await?, user, &root).await?);
    Ok(())
}

/// Makes and stores a one-time link below `root` that opens everything of this person; gives its address.
pub(crate) async fn link(store: &Store, user: UserId, root: &str) -> Result<String> {
    let now = Clock::system().now();
    let scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Operator);
    let minted = session::mint_link(&Entropy::system(), user, scopes, None, now);
    let mut tx = store.begin().await?;
    sessions::add_link(&mut tx, &minted.link, &minted.hash).await?;
    tx.commit(domain::outbox::Outbox::nothing(), now).await?;
    Ok(session::address(root, &minted.secret))
}

/// Makes and stores a token; gives its text.
pub(crate) async fn mint(store: &Store, user: Option<UserId>, name: &str) -> Result<String> {
    let now = Clock::system().now();
    let minted = api::token::mint(&Entropy::system(), user, name, now);
    let mut tx = store.begin().await?;
    tokens::insert(&mut tx, &minted.token, &minted.hash).await?;
    tx.commit(domain::outbox::Outbox::nothing(), now).await?;
    Ok(minted.secret.reveal().to_owned())
}

/// Runs a scenario file; fails when any scenario fails.
pub fn evaluate(file: &Path, json: bool) -> Result<()> {
    let text = std::fs::read_to_string(file).map_err(Error::file("read", file))?;
    let report = eval::run(&text).map_err(|error| Error::Usage(format!("{}: {error}", file.display())))?;
    if json {
        println!("{}", report.json());
    } else {
        print!("{report}");
    }
    if report.failed() == 0 { Ok(()) } else { Err(Error::Failed) }
}

/// The queue: depth by kind, then what is dead and why.
pub async fn show_jobs(json: bool) -> Result<()> {
    let config = Config::from_env()?;
    let store = open(&config).await?;
    let (queues, dead) = (store::jobs::depth(&store).await?, store::jobs::dead(&store, None, 50).await?);
    let engines = store::engines::list(&store).await?;
    if json {
        println!("{}", serde_json::json!({ "queues": queues, "dead": dead }));
        return Ok(());
    }
    println!(
        "{:<18} {:>8} {:>10} {:>8} {:>6} {:>10}  oldest due",
        "queue", "due", "scheduled", "running", "dead", "done"
    );
    for queue in queues {
        let age = queue.oldest_due.map_or_else(|| "-".to_owned(), |age| format!("{} s", age.as_secs()));
        println!(
            "{:<18} {:>8} {:>10} {:>8} {:>6} {:>10}  {age}",
            queue.queue, queue.due, queue.scheduled, queue.running, queue.dead, queue.done
        );
    }
    for store::engines::Engine { name, breaker, .. } in engines {
        let why = breaker.last_failure.unwrap_or_default();
        match breaker.open {
            Some(open) => println!("engine {name} is in trouble, its work waits until {}: {why}", open.until),
            None => println!("engine {name} works, with {} failures of late", breaker.failures.len()),
        }
        if let Some((since, why)) = breaker.misconfigured {
            println!("engine {name} turns us away since {since}: {why}");
        }
    }
    for job in dead {
        println!("dead {} in {} after {} attempts: {}", job.id, job.queue, job.attempts, job.why);
    }
    Ok(())
}

/// Runs a dead job again.
pub async fn retry_job(id: &str) -> Result<()> {
    let config = Config::from_env()?;
    let store = open(&config).await?;
    store::jobs::redrive(&store, id).await?;
    println!("{id} runs again");
    Ok(())
}
