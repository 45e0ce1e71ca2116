//! (e) The queue in front of a great many due jobs, compared with a queue that holds no more than what is taken.

use std::time::Duration;

use runtime::clock::Stopwatch;

use super::{
    Options,
    consumer::{Consumer, QUEUE},
    figures::{Figure, per_second},
    ground::Ground,
    looks,
};
use crate::Result;

/// What must be left of the speed.
const GOAL: f64 = 0.8;
/// Jobs in flight at once.
const AT_ONCE: usize = 50;
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) async fn measure(ground: &Ground, options: &Options) -> Result<Vec<Figure>> {
    let empty = speed(ground, options.taken, options.taken).await?;
    let full = speed(ground, options.backlog.max(options.taken), options.taken).await?;
    Ok(vec![
        Figure::new("jobs taken from an otherwise empty queue", empty, "/s"),
        Figure::new(format!("jobs taken from {} due ones", options.backlog), full, "/s"),
        Figure::new("the second to the first", full / empty.max(f64::EPSILON), "").at_least(GOAL),
    ])
}

/// Starts a second, taking `taken` jobs off `due` ones.
async fn speed(ground: &Ground, due: u32, taken: u32) -> Result<f64> {
    let site = ground.site("backlog", 8).await?;
    looks::fill(site.store.pool(), QUEUE, due).await?;
    let consumer = Consumer::start(site.store.pool(), &ground.clock, AT_ONCE);
    // the first claim registers the worker and prepares statements
    consumer.until(1, PATIENCE).await?;
    let (before, clock) = (consumer.started(), Stopwatch::start());
    consumer.until(taken, PATIENCE).await?;
    let speed = per_second(consumer.started() - before, clock.elapsed());
    consumer.stop();
    ground.leave(site).await?;
    Ok(speed)
}
