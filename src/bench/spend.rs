//! (f) Setting money aside: how long one takes alone, how many a second many do at once, and whether exactly what fits
//! into each person's limit was set aside, however they met.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use domain::{
    decide::decide,
    execution::Execution,
    id::SignalId,
    ledger,
    money::{Currency, Money},
    outbox::Outbox,
};
use runtime::{Clock, Entropy, clock::Stopwatch};
use store::{Store, decisions, executions, facts, ledger as entries, signals};
use tokio::task::JoinSet;

use super::{
    Options,
    figures::{Figure, Waits, per_second, value},
    ground::Ground,
    looks,
    people::{self, DAILY_CENTS, Person},
};
use crate::{Error, Result};

/// What each of them costs, in cents: fifty fit.
const EACH: i64 = 1_000;
/// Tries per person: more than fit.
const TRIES: u32 = 70;
/// So many after each other are the same person's, so that they meet.
const MEET: usize = 5;
const CLIENTS: u32 = 50;
/// Tries of a client that is alone.
const ALONE: u32 = 2_000;

pub(super) async fn measure(ground: &Ground, options: &Options) -> Result<Vec<Figure>> {
    let site = ground.site("spend", CLIENTS).await?;
    let count = |tries: u32| tries.div_ceil(TRIES).max(1);
    let alone = ALONE.min(options.reservations);
    let many = templates(ground, &site.store, count(options.reservations)).await?;
    let few = templates(ground, &site.store, count(alone)).await?;
    let counter = Counter { store: site.store.clone(), clock: ground.clock.clone(), entropy: ground.entropy.clone() };

    let (one, _) = counter.crowd(&few, 1).await?;
    let (all, took) = counter.crowd(&many, CLIENTS).await?;
    let tries = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let (one, all) = (Waits::of(one), Waits::of(all));

    let fit = DAILY_CENTS / EACH;
    let found = looks::reserved(site.store.pool()).await?;
    let people = i64::try_from(many.len() + few.len()).unwrap_or(i64::MAX);
    let wrong: i64 = found.iter().map(|(_, count, cents)| (count - fit).abs() + i64::from(*cents > DAILY_CENTS)).sum();
    let missing = (people - i64::try_from(found.len()).unwrap_or_default()) * fit;
    ground.leave(site).await?;
    Ok(vec![
        Figure::millis("reservation alone, p50", one.at(500)),
        Figure::millis("reservation alone, p99", one.at(990)).at_most(32.0),
        Figure::new(format!("reservations by {CLIENTS} clients"), per_second(tries, took), "/s").at_least(1_000.0),
        Figure::millis(format!("reservation by {CLIENTS} clients, p99"), all.at(990)),
        Figure::new(format!("mismatches in {tries} tries"), value(wrong + missing), "").at_most(0.0),
    ])
}

/// For each of so many people a decision, and something it may run again and again at a price.
async fn templates(ground: &Ground, store: &Store, count: u32) -> Result<Arc<[Execution]>> {
    let mut templates = Vec::new();
    for Person { user, .. } in people::settle(ground, store, count).await? {
        let now = ground.clock.now();
        let id: SignalId = ground.entropy.id(now);
        let signal = people::signal(id, user, 0, now);
        let mut tx = store.begin().await?;
        let lock = tx.lock(user).await?;
        signals::accept(&mut tx, &lock, &signal, signals::Identity::Content, now).await?;
        let decided = decide(&signal, &facts::load(&mut tx, &lock, now).await?);
        decisions::insert(&mut tx, &lock, &decided.decision).await?;
        let first = decided.execution.ok_or_else(|| Error::Usage("a letter was not to be archived".to_owned()))?;
        executions::insert(&mut tx, &lock, &first, now).await?;
        tx.commit(Outbox::nothing(), now).await?;
        templates.push(Execution { retry_of: Some(first.id), reserved: Some(Money::usd(EACH)), ..first });
    }
    Ok(templates.into())
}

/// Where money is set aside.
#[derive(Clone)]
struct Counter {
    store: Store,
    clock: Clock,
    entropy: Entropy,
}

impl Counter {
    /// Every try of everybody, by so many clients at once. Gives how long each took, and all of them.
    async fn crowd(&self, templates: &Arc<[Execution]>, clients: u32) -> Result<(Vec<Duration>, Duration)> {
        let total = templates.len() * usize::try_from(TRIES).unwrap_or_default();
        let (next, whole, mut crowd) = (Arc::new(AtomicUsize::new(0)), Stopwatch::start(), JoinSet::new());
        for _ in 0..clients {
            let (counter, templates, next) = (self.clone(), templates.clone(), next.clone());
            crowd.spawn(async move {
                let mut waits = Vec::new();
                loop {
                    let n = next.fetch_add(1, Relaxed);
                    let which = (n / MEET).checked_rem(templates.len()).and_then(|which| templates.get(which));
                    let Some(template) = which.filter(|_| n < total) else { return Ok::<_, Error>(waits) };
                    let one = Stopwatch::start();
                    counter.reserve(template).await?;
                    waits.push(one.elapsed());
                }
            });
        }
        let mut waits = Vec::new();
        while let Some(client) = crowd.join_next().await {
            waits.extend(client.map_err(|_| Error::Failed)??);
        }
        Ok((waits, whole.elapsed()))
    }

    /// Sets the price aside if it fits, the way every decision does: lock, look, write, commit.
    async fn reserve(&self, template: &Execution) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let lock = tx.lock(template.user).await?;
        let spent = entries::view(&mut tx, template.user, Currency::USD, now, None).await?;
        let fits = spent.is_ok_and(|spent| ledger::fits(spent.window_cents(), EACH, DAILY_CENTS).unwrap_or(false));
        if fits {
            let execution = Execution { id: self.entropy.id(now), ..template.clone() };
            executions::insert(&mut tx, &lock, &execution, now).await?;
            tx.commit(Outbox::nothing(), now).await?;
        }
        Ok(())
    }
}
