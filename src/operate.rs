//! The operator's commands on the whole system: short, on the database itself, printing what scripts can read.

use std::path::Path;

use domain::{
    job::{Chore, Job},
    outbox::{Outbox, Ring},
};
use runtime::{Clock, Config, Role};
use store::{Store, audit, system};

use crate::{
    Error, Result, eval,
    jobs::line,
    note::{self, Note},
    terminal::noted,
};

/// What an act on the whole system is about.
const EVERYBODY: &str = "everybody";

/// The database that `DATABASE_URL` names, or that of the `skytwin up` that runs on this machine.
pub(crate) async fn open(config: &Config) -> Result<Store> {
    let url = match &config.database_url {
        Some(url) => url.clone(),
        None => Note::read(&note::folder(config)?)
            .map(|note| runtime::Secret::new(note.database))
            .ok_or(Error::NoDatabase)?,
    };
    // A command is over before it could be told anything.
    Ok(Store::connect_hearing(url.reveal(), 2, None).await?)
}

/// Says everything that is wrong with the environment for a role, at once; fails when something is.
pub fn check(role: &str) -> Result<()> {
    let roles = || Role::ALL.map(|(name, _)| name).join(", ");
    let found = Role::ALL.into_iter().find(|(name, _)| *name == role);
    let (_, role) = found.ok_or_else(|| Error::Usage(format!("`{role}` is none of {}", roles())))?;
    Config::for_role(role)?;
    println!("the environment is fine");
    Ok(())
}

/// Brings the database up to date.
pub async fn migrate() -> Result<()> {
    store::migrate(open(&Config::from_env()?).await?.pool()).await?;
    println!("the database is up to date");
    Ok(())
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

/// Says where the system's stop switch stands.
pub async fn show_switch() -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    match system::stopped(&store).await? {
        Some(since) => println!("everything is stopped since {since}; `skytwin system resume` lets it go on"),
        None => println!("running"),
    }
    Ok(())
}

/// Turns the system's stop switch: signals are still taken, nothing is decided or done until it is off again.
pub async fn turn_switch(stopped: bool) -> Result<()> {
    let (store, now) = (open(&Config::from_env()?).await?, Clock::system().now());
    let mut tx = store.begin().await?;
    system::set_stopped(&mut tx, stopped, now).await?;
    noted(&mut tx, if stopped { "system stop" } else { "system resume" }, EVERYBODY, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    println!("{}", if stopped { "everything is stopped" } else { "everything goes on" });
    Ok(())
}

/// Has a worker remove what is older than it is to be kept, now instead of at the next tick.
pub async fn prune() -> Result<()> {
    let (store, now) = (open(&Config::from_env()?).await?, Clock::system().now());
    let prune = Ring { job: Job::Housekeep { chore: Chore::Prune }, due: None, key: None };
    let mut tx = store.begin().await?;
    noted(&mut tx, "retention", EVERYBODY, now).await?;
    tx.commit(Outbox { rings: vec![prune], ..Outbox::nothing() }, now).await?;
    println!("a worker is told");
    Ok(())
}

/// Lists the latest privileged acts, the latest first.
pub async fn show_audit(limit: u32, json: bool) -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    let acts = audit::list(&store, None, limit).await?.items;
    if json {
        let acts = acts.into_iter().map(|act| {
            serde_json::json!({ "id": act.id, "at": act.at, "actor": act.actor, "act": act.act, "target": act.target,
                "status": act.status })
        });
        println!("{}", serde_json::json!({ "items": acts.collect::<Vec<_>>() }));
        return Ok(());
    }
    println!("{:<28} {:<40} {:>6}  act, and on what", "at", "actor", "status");
    for act in acts {
        let status = act.status.map_or_else(|| "?".to_owned(), |status| status.to_string());
        println!("{:<28} {:<40} {status:>6}  {} {}", act.at.to_string(), act.actor, act.act, line(&act.target));
    }
    Ok(())
}
