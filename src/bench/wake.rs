//! (d) From the moment somebody sets out to enqueue a job to its start by a worker that hears of it over the wire: when
//! nothing else happens, and among arrivals of a steady rate.

use std::time::Duration;

use queue::NewJob;
use store::Store;
use tokio::{task::JoinSet, time::sleep};

use super::{
    Options,
    consumer::{Consumer, Ping, QUEUE},
    figures::{Figure, Waits},
    ground::Ground,
    load::gap,
};
use crate::{Error, Result};

/// Milliseconds that 99 of a hundred may wait.
const GOAL: f64 = 6.0;
/// Arrivals a second under load.
const RATE: u32 = 200;
/// Jobs enqueued one by one with nothing else to do.
const ALONE: u32 = 200;
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn measure(ground: &Ground, options: &Options) -> Result<Vec<Figure>> {
    let site = ground.site("wake", 16).await?;
    let theirs = Store::connect(site.url.reveal(), 8).await?;
    let consumer = Consumer::start(theirs.pool(), &ground.clock, 10);
    // connections are there and statements prepared in a system that runs
    alone(ground, &site.store, 20, &consumer).await?;
    consumer.waits();

    alone(ground, &site.store, ALONE.min(options.seconds.saturating_mul(15)), &consumer).await?;
    let mut figures = told("idle", &Waits::of(consumer.waits()));

    let (before, mut sending) = (consumer.started(), JoinSet::new());
    let (start, mut offset, mut sent) = (runtime::clock::Stopwatch::start(), 0.0, 0);
    loop {
        offset += gap(RATE, ground.entropy.fraction());
        if offset >= f64::from(options.seconds) {
            break;
        }
        sleep(Duration::from_secs_f64(offset).saturating_sub(start.elapsed())).await;
        let (store, now) = (site.store.clone(), ground.clock.now().utc().timestamp_micros());
        sending.spawn(async move { enqueue(&store, now).await });
        sent += 1;
    }
    while let Some(done) = sending.join_next().await {
        done.map_err(|_| Error::Failed)??;
    }
    consumer.until(before + sent, PATIENCE).await?;
    figures.extend(told(&format!("at {RATE}/s"), &Waits::of(consumer.waits())));
    consumer.stop();
    theirs.close().await;
    ground.leave(site).await?;
    Ok(figures)
}

/// One job after the other, at moments that keep no step with anything.
async fn alone(ground: &Ground, store: &Store, count: u32, consumer: &Consumer) -> Result<()> {
    for _ in 0..count {
        sleep(Duration::from_millis(20) + Duration::from_millis(40).mul_f64(ground.entropy.fraction())).await;
        let before = consumer.started();
        enqueue(store, ground.clock.now().utc().timestamp_micros()).await?;
        consumer.until(before + 1, PATIENCE).await?;
    }
    Ok(())
}

async fn enqueue(store: &Store, sent: i64) -> Result<()> {
    let payload = serde_json::to_value(Ping { sent }).map_err(|error| Error::Usage(error.to_string()))?;
    let mut tx = store.pool().begin().await?;
    queue::enqueue(&mut *tx, &[NewJob::new(QUEUE, payload)]).await?;
    tx.commit().await?;
    store.bell().ring([QUEUE]);
    Ok(())
}

fn told(when: &str, waits: &Waits) -> Vec<Figure> {
    let usual = waits.usual().into_iter();
    usual
        .map(|(name, wait)| {
            let figure = Figure::millis(format!("enqueue → start {when}, {name}"), wait);
            if name == "p99" { figure.at_most(GOAL) } else { figure }
        })
        .collect()
}
