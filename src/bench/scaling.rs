//! (i) What more worker processes bring on this machine.

use super::{Options, figures::Figure, fleet::Fleet, ground::Ground, load::Door, looks, people, pipeline};
use crate::Result;

const WORKERS: [u32; 3] = [1, 2, 4];

pub(super) async fn measure(ground: &Ground, options: &Options) -> Result<Vec<Figure>> {
    let (mut figures, signals) = (Vec::new(), options.signals / 2 + 1);
    for workers in WORKERS {
        let site = ground.site("scaling", 4).await?;
        let people = people::settle(ground, &site.store, options.people).await?;
        let fleet = Fleet::start(&site, options, options.apis, workers).await?;
        let door = Door::new(ground, &fleet.roots, &people)?;
        pipeline::warm_up(&site.store, &door, options).await?;
        let start = ground.clock.now();
        pipeline::rush(&site.store, &door, signals, options.clients).await?;
        let [_, _, settled] = looks::last(site.store.pool()).await?;
        let took = (settled - start.utc()).to_std().unwrap_or_default();
        figures.push(Figure::rate(format!("{} with {workers} workers", pipeline::SETTLED), signals, took));
        fleet.stop().await?;
        ground.leave(site).await?;
    }
    Ok(figures)
}
