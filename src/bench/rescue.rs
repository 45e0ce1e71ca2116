//! (j) A worker is killed while the engine has its order: how long until another has finished it.

use std::time::Duration;

use runtime::clock::Stopwatch;
use simulator::{Reply, Rule};
use tokio::time::sleep;

use super::{Options, figures::Figure, fleet::Fleet, ground::Ground, load::Door, looks, people};
use crate::{Error, Result};

/// Seconds.
const GOAL: f64 = 15.0;
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) async fn measure(ground: &Ground, options: &Options) -> Result<Vec<Figure>> {
    let site = ground.site("rescue", 4).await?;
    let people = people::settle(ground, &site.store, 1).await?;
    let mut fleet = Fleet::start(&site, options, 1, 1).await?;
    fleet.engine.inject([Rule::reply(Reply::Hang { work: true })]);
    Door::new(ground, &fleet.roots, &people)?.rush(1, 1).await?;
    until("the engine has the order", async || Ok(!fleet.engine.received().is_empty())).await?;
    fleet.add_worker()?;
    fleet.ready(&site, 2).await?;

    let killed = Stopwatch::start();
    if let Some(worker) = fleet.workers.first_mut() {
        worker.kill().await?;
    }
    until("another finished it", async || Ok(looks::succeeded(site.store.pool()).await? == 1)).await?;
    let took = killed.elapsed().as_secs_f64();
    fleet.workers.remove(0);
    fleet.stop().await?;
    ground.leave(site).await?;
    Ok(vec![Figure::new("kill -9 of a worker → its work is finished by another", took, "s").at_most(GOAL)])
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let waiting = Stopwatch::start();
    while !look().await? {
        if waiting.elapsed() > PATIENCE {
            return Err(Error::Usage(format!("not within {PATIENCE:?}: {what}")));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
