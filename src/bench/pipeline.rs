//! (a) Signals to decisions and settled executions, as many as fit; (g) memory and processor, idle and under that load;
//! (h) what it writes: WAL, and row versions that die.

use std::time::Duration;

use runtime::clock::Stopwatch;
use store::Store;
use tokio::time::sleep;

use super::{
    Options,
    figures::{Figure, value},
    fleet::{Fleet, Footprint, Member},
    ground::Ground,
    load::Door,
    looks, people,
};
use crate::{Error, Result};

/// The figure that the floor is compared with.
pub(super) const SETTLED: &str = "signal → settled execution";

/// Seconds to look at processes that have nothing to do, at most.
const IDLE: u32 = 5;
/// Nothing may take longer to come to rest.
const PATIENCE: Duration = Duration::from_mins(3);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Signals per person before anything is measured.
pub(super) const WARM: u32 = 3;
/// What a process may take that has nothing to do.
const IDLE_MIB: f64 = 60.0;

pub(super) async fn measure(ground: &Ground, options: &Options) -> Result<Vec<Figure>> {
    let site = ground.site("pipeline", 4).await?;
    let people = people::settle(ground, &site.store, options.people).await?;
    let fleet = Fleet::start(&site, options, options.apis, options.workers).await?;
    let mut figures = Vec::new();

    let before = footprints(&fleet);
    let idle = Duration::from_secs(options.seconds.min(IDLE).into());
    sleep(idle).await;
    figures.extend(shares("idle", &before, &footprints(&fleet), idle));

    let door = Door::new(ground, &fleet.roots, &people)?;
    let pool = site.store.pool();
    warm_up(&site.store, &door, options).await?;
    if options.statements {
        looks::count_statements(pool).await?;
    }
    let (wal, died, load) = (looks::wal(pool).await?, looks::died(pool).await?, footprints(&fleet));
    let start = ground.clock.now();
    let clock = Stopwatch::start();
    rush(&site.store, &door, options.signals, options.clients).await?;
    let took = clock.elapsed();
    let ends = looks::last(pool).await?.map(|at| (at - start.utc()).to_std().unwrap_or_default());
    for (what, end) in ["signal → accepted", "signal → decision", SETTLED].into_iter().zip(ends) {
        figures.push(Figure::rate(what, options.signals, end));
    }
    figures.extend(shares("under load", &load, &footprints(&fleet), took));

    // the statistics of other processes arrive with a second's delay
    sleep(Duration::from_millis(1500)).await;
    let per_signal = |total: i64| value(total) / f64::from(options.signals.max(1));
    let kib = per_signal(looks::wal(pool).await? - wal) / 1024.0;
    figures.push(Figure::new("WAL per signal", kib, "KiB"));
    let died = per_signal(looks::died(pool).await? - died);
    figures.push(Figure::new("row versions that died per signal", died, ""));
    let (dead, hot, worst) = looks::dead(pool).await?;
    figures.push(Figure::new(format!("dead rows left behind ({worst})"), value(dead), ""));
    figures.push(Figure::new("updates that touched no index", hot, "%"));
    if options.statements {
        tell_statements(&looks::statements(pool).await?, options.signals);
    }
    fleet.stop().await?;
    ground.leave(site).await?;
    Ok(figures)
}

/// A system that runs has its connections, statements and caches, and statistics of its tables.
pub(super) async fn warm_up(store: &Store, door: &Door, options: &Options) -> Result<()> {
    rush(store, door, options.people * WARM, options.clients).await?;
    looks::analyze(store.pool()).await?;
    rush(store, door, options.people, options.clients).await
}

/// Posts so many signals at once and waits until every one of them is decided and settled.
pub(super) async fn rush(store: &Store, door: &Door, count: u32, clients: u32) -> Result<()> {
    door.rush(count, clients).await?;
    at_rest(store).await
}

/// Waits until nothing is left to be decided or settled.
pub(super) async fn at_rest(store: &Store) -> Result<()> {
    let waiting = Stopwatch::start();
    loop {
        let (undecided, unsettled) = looks::open(store.pool()).await?;
        if (undecided, unsettled) == (0, 0) {
            return Ok(());
        }
        if waiting.elapsed() > PATIENCE {
            let left = format!("{undecided} signals are not decided and {unsettled} executions not settled");
            return Err(Error::Usage(format!("after {PATIENCE:?} {left}")));
        }
        sleep(LOOK_EVERY).await;
    }
}

fn footprints(fleet: &Fleet) -> [Vec<Footprint>; 2] {
    [&fleet.apis, &fleet.workers].map(|members| members.iter().map(Member::footprint).collect())
}

/// The largest memory and processor share of each role.
fn shares(when: &str, before: &[Vec<Footprint>; 2], after: &[Vec<Footprint>; 2], took: Duration) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (role, (before, after)) in ["api", "worker"].into_iter().zip(before.iter().zip(after)) {
        let mib = after.iter().map(|footprint| footprint.mib).fold(0.0, f64::max);
        let memory = Figure::new(format!("{role} process {when}: memory"), mib, "MiB");
        figures.push(if when == "idle" { memory.at_most(IDLE_MIB) } else { memory });
        let used =
            before.iter().zip(after).map(|(before, after)| after.processor - before.processor).fold(0.0, f64::max);
        let share = 100.0 * used / took.as_secs_f64().max(f64::EPSILON);
        figures.push(Figure::new(format!("{role} process {when}: processor"), share, "% of a core"));
    }
    figures
}

fn tell_statements(statements: &[(i64, f64, f64, String)], signals: u32) {
    let calls: i64 = statements.iter().map(|(calls, ..)| calls).sum();
    let millis: f64 = statements.iter().map(|(_, millis, ..)| millis).sum();
    let planning: f64 = statements.iter().map(|(_, _, planning, _)| planning).sum();
    let signals = f64::from(signals.max(1));
    let (count, each) = (value(calls) / signals, millis / signals);
    println!(
        "{count:.1} statements and {each:.3} ms in the database per signal, {:.3} ms of it planning",
        planning / signals
    );
    for (calls, each, planning, text) in statements.iter().take(60) {
        let share = 100.0 * each / millis.max(f64::EPSILON);
        let micros = |millis: f64| 1000.0 * millis / value(*calls);
        let (count, each, planning) = (value(*calls) / signals, micros(*each), micros(*planning));
        println!("{share:5.1} %  {count:6.2} per signal  {each:8.1} µs, {planning:6.1} of it planning  {text}");
    }
}
