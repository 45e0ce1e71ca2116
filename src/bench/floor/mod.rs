//! (b) The floor: the bare statements of one signal's life, one round trip each, on as many connections as the processes
//! of the pipeline may have, with nothing in between: no HTTP, no queue, no engine, no thought.
//!
//! Half of it is measured before the pipeline and half after, so that a machine whose speed drifts drifts for both.
//!
//! The life is spelt out in `life.rs` as the rules of the domain need it: everything is read where it is decided, under
//! the person's lock, and read again before it is carried out. A pipeline that needs fewer round trips for the same can
//! be faster than its floor.

mod life;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use domain::{decide::decide, id::SignalId, job::Kind, outbox::Outbox};
use runtime::{Clock, Entropy, clock::Stopwatch};
use sqlx::{ConnectOptions, PgConnection};
use store::{Store, facts};
use tokio::task::JoinSet;

use self::life::Life;
use super::{
    Options,
    figures::{Figure, per_second},
    ground::Ground,
    looks,
    people::{self, Person},
    pipeline,
};
use crate::{Error, Result};

/// What the pipeline must reach of it.
const GOAL: f64 = 0.7;
/// Connections of a process for its requests or jobs.
const OWN: u32 = 10;

/// Measures it; `between` is measured between its halves, and compared with it.
pub(super) async fn measure(
    ground: &Ground,
    options: &Options,
    between: impl AsyncFnOnce() -> Result<Vec<Figure>>,
) -> Result<Vec<Figure>> {
    let site = ground.site("floor", 4).await?;
    let people: Arc<[Person]> = people::settle(ground, &site.store, options.people).await?.into();
    let life = Arc::new(sample(ground, &site.store, &people).await?);
    let mut connections = Vec::new();
    for _ in 0..count(options)? {
        connections.push(site.store.pool().connect_options().connect().await?);
    }
    if let Some(first) = connections.first_mut() {
        life::sign_on(first).await?;
    }
    let lives = Lives { people, life, clock: ground.clock.clone(), entropy: ground.entropy.clone() };
    let connections = lives.run(connections, options.people * pipeline::WARM).await?;
    looks::analyze(site.store.pool()).await?;
    let connections = lives.run(connections, options.people).await?;

    let half = options.signals.div_ceil(2);
    let watch = Stopwatch::start();
    let connections = lives.run(connections, half).await?;
    let before = watch.elapsed();
    let mut figures = between().await?;
    // what is cached is cold for both by now
    let connections = lives.run(connections, options.people).await?;
    let watch = Stopwatch::start();
    let connections = lives.run(connections, half).await?;
    let floor = per_second(2 * half, before + watch.elapsed());
    let (statements, connections) = (life::STATEMENTS, connections.len());
    ground.leave(site).await?;

    let what = format!("floor: {statements} bare statements per signal on {connections} connections");
    let settled = figures.iter().find_map(|figure| figure.value_of(pipeline::SETTLED));
    figures.push(Figure::new(what, floor, "/s"));
    if let Some(settled) = settled {
        figures.push(Figure::new("pipeline to floor", settled / floor.max(f64::EPSILON), "").at_least(GOAL));
    }
    Ok(figures)
}

/// As many as the pipeline's processes may have for their work: each its pool, and a worker one for each of its queues.
fn count(options: &Options) -> Result<u32> {
    let queues = u32::try_from(Kind::ALL.len()).map_err(|_| Error::Failed)?;
    Ok(options.apis * OWN + options.workers * (OWN + queues))
}

/// Everybody's letters.
struct Lives {
    people: Arc<[Person]>,
    life: Arc<Life>,
    clock: Clock,
    entropy: Entropy,
}

impl Lives {
    /// So many lives, as many at once as there are connections; gives these back.
    async fn run(&self, connections: Vec<PgConnection>, count: u32) -> Result<Vec<PgConnection>> {
        let (next, mut lives) = (Arc::new(AtomicU32::new(0)), JoinSet::new());
        for mut connection in connections {
            let (life, people, next) = (self.life.clone(), self.people.clone(), next.clone());
            let (clock, entropy) = (self.clock.clone(), self.entropy.clone());
            lives.spawn(async move {
                loop {
                    let n = next.fetch_add(1, Relaxed);
                    let turn = usize::try_from(n).unwrap_or_default().checked_rem(people.len()).unwrap_or_default();
                    let Some(person) = people.get(turn).filter(|_| n < count) else {
                        return Ok::<_, Error>(connection);
                    };
                    let now = clock.now();
                    life.run(&mut connection, person, entropy.uuid(now), now.utc()).await?;
                }
            });
        }
        let mut ended = Vec::new();
        while let Some(done) = lives.join_next().await {
            ended.push(done.map_err(|_| Error::Failed)??);
        }
        Ok(ended)
    }
}

/// What a letter and its decision look like in the rows.
async fn sample(ground: &Ground, store: &Store, people: &[Person]) -> Result<Life> {
    let nothing = || Error::Usage("the floor needs somebody whose letters are archived".to_owned());
    let user = people.first().ok_or_else(nothing)?.user;
    let now = ground.clock.now();
    let id: SignalId = ground.entropy.id(now);
    let signal = people::signal(id, user, 0, now);
    let mut tx = store.begin().await?;
    let lock = tx.lock(user).await?;
    let decided = decide(&signal, &facts::load(&mut tx, &lock, now).await?);
    tx.commit(Outbox::nothing(), now).await?;
    let execution = decided.execution.ok_or_else(nothing)?;
    Life::of(&signal, &decided.decision, &execution).map_err(|error| Error::Usage(error.to_string()))
}
