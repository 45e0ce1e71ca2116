//! Operating from a terminal: the environment checked, jobs and queues, people's things taken along and deleted. Every
//! act is audited as the API's are.

use domain::{id::UserId, job::Kind, outbox::Outbox};
use runtime::{Clock, Config, Entropy, Role};
use store::{
    Store,
    audit::{self, Act},
    erase, export, jobs,
};

use crate::{Error, Result, operate::open};

/// Says everything that is wrong with the environment for a role, at once; fails when something is.
pub fn check(role: &str) -> Result<()> {
    let roles = || Role::ALL.map(|(name, _)| name).join(", ");
    let found = Role::ALL.into_iter().find(|(name, _)| *name == role);
    let (_, role) = found.ok_or_else(|| Error::Usage(format!("`{role}` is none of {}", roles())))?;
    Config::for_role(role)?;
    println!("the environment is fine");
    Ok(())
}

/// The store, and the act written down before it is done.
async fn acting(act: &str, target: impl ToString) -> Result<Store> {
    let store = open(&Config::from_env()?).await?;
    let at = Clock::system().now();
    let (id, actor) = (Entropy::system().uuid(at), "command line".to_owned());
    let act = Act { id, at, actor, act: act.to_owned(), target: target.to_string(), status: None };
    audit::begin(&store, &act).await?;
    Ok(store)
}

/// Runs dead jobs again: all, of one queue, or those that died of the same.
pub async fn retry(queue: Option<Kind>, because: Option<&str>) -> Result<()> {
    let store = acting("jobs retry", queue.map_or("all", Kind::as_str)).await?;
    println!("{} jobs run again", jobs::redrive_many(&store, queue.map(Kind::as_str), because).await?);
    Ok(())
}

/// Calls a waiting job off.
pub async fn cancel(id: &str) -> Result<()> {
    jobs::cancel(&acting("jobs cancel", id).await?, id, "called off by an operator").await?;
    println!("{id} is called off");
    Ok(())
}

/// Lets a queue stand still for the whole fleet.
pub async fn pause(queue: Kind, why: &str) -> Result<()> {
    jobs::pause(&acting("jobs pause", queue).await?, queue.as_str(), why).await?;
    println!("{queue} stands still until `skytwin jobs resume {queue}`");
    Ok(())
}

/// Lets it go on.
pub async fn resume(queue: Kind) -> Result<()> {
    jobs::resume(&acting("jobs resume", queue).await?, queue.as_str()).await?;
    println!("{queue} goes on");
    Ok(())
}

/// Lists the workers of the fleet.
pub async fn workers() -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    for worker in jobs::workers(&store).await? {
        let since = worker.started_at.map(|at| at.to_rfc3339()).unwrap_or_default();
        println!("{:<18} {:>4} running  since {since}  {}", worker.queue, worker.running, worker.id);
    }
    Ok(())
}

/// Prints everything that is stored about a person.
pub async fn export(user: UserId) -> Result<()> {
    let store = acting("user export", user).await?;
    let mut tx = store.begin().await?;
    let lock = tx.lock(user).await?;
    println!("{}", serde_json::Value::Object(export::of(&mut tx, &lock).await?));
    Ok(())
}

/// Deletes a person and everything that is theirs.
pub async fn delete(user: UserId) -> Result<()> {
    let store = acting("user delete", user).await?;
    let mut tx = store.begin().await?;
    let lock = tx.lock(user).await?;
    erase::user(&mut tx, lock).await?;
    tx.commit(Outbox::nothing(), Clock::system().now()).await?;
    println!("nothing is left of them");
    Ok(())
}
