//! (c) From the moment a signal is to be posted to the commit of its decision, at steady rates.

use std::{collections::HashMap, time::Duration};

use super::{
    Options,
    figures::{Figure, Waits},
    fleet::Fleet,
    ground::Ground,
    load::Door,
    looks, people, pipeline,
};
use crate::Result;

/// The rate a goal is set for, and the goal for its 95th of a hundred, in milliseconds.
const GOAL: (u32, f64) = (50, 25.0);

pub(super) async fn measure(ground: &Ground, options: &Options) -> Result<Vec<Figure>> {
    let site = ground.site("latency", 4).await?;
    let people = people::settle(ground, &site.store, options.people).await?;
    let fleet = Fleet::start(&site, options, options.apis, options.workers).await?;
    let door = Door::new(ground, &fleet.roots, &people)?;
    pipeline::warm_up(&site.store, &door, options).await?;
    let mut figures = Vec::new();
    for rate in options.rates.iter().copied() {
        let posted = door.stream(rate, options.seconds).await?;
        pipeline::at_rest(&site.store).await?;
        let decided: HashMap<_, _> = looks::decisions(site.store.pool()).await?.into_iter().collect();
        let wait = |posted: &super::load::Posted| {
            decided
                .get(&posted.signal)
                .map_or(Duration::MAX, |at| (*at - posted.due.utc()).to_std().unwrap_or_default())
        };
        for (name, wait) in Waits::of(posted.iter().map(wait).collect()).usual() {
            let figure = Figure::millis(format!("POST → decision at {rate}/s, {name}"), wait);
            figures.push(if (rate, name) == (GOAL.0, "p95") { figure.at_most(GOAL.1) } else { figure });
        }
    }
    fleet.stop().await?;
    ground.leave(site).await?;
    Ok(figures)
}
