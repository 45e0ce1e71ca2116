//! One worker process from start to end: the crew, the sweep and the clockwork, until SIGTERM.

use std::time::Duration;

use domain::job::{Chore, Job, Kind};
use futures::future::join;
use queue::cron::{Clockwork, Schedule};
use runtime::{Clock, Config, Entropy, Role, Shutdown, scrape, telemetry};
use store::Store;

use crate::{Error, State, crew, ports::Fit, sweep::Sweep};

/// The chores, and how often each is due.
const CHORES: [(Chore, Duration); 2] =
    [(Chore::Prune, Duration::from_mins(10)), (Chore::TrustReview, Duration::from_hours(1))];

/// The binary `worker`: everything from the environment, until SIGTERM.
pub async fn main() -> Result<(), Error> {
    let shutdown = Shutdown::new();
    shutdown.listen()?;
    let config = Config::for_role(Role::Worker)?;
    let _telemetry = telemetry::start(&config, "skytwin-worker")?;
    let url = config.database_url.as_ref().ok_or(Error::NoDatabase)?;
    let store = Store::connect_hearing(url.reveal(), config.db_connections, config.listens_at(url));
    let Some(store) = shutdown.unless_requested(store).await.transpose()? else { return Ok(()) };
    let state = State::new(store, Clock::from_env(), Entropy::system(), &config)?;
    let (scraped, clock) = (state.store.clone(), state.clock.clone());
    let page = move || {
        let (store, clock) = (scraped.clone(), clock.clone());
        async move { store::sample::page(&store, clock.now()).await }
    };
    scrape::start(config.metrics_listen, &shutdown, page).await?;
    tracing::info!(engine = state.engine.name(), "working");
    run(state, shutdown.clone()).await?;
    Ok(shutdown.finish(config.shutdown_grace).await?)
}

/// Works until the end is asked for. An engine that is down is no reason not to start, one that does not fit is. When a
/// worker ends by itself the process is asked to end, and this is an error.
pub async fn run(state: State, shutdown: Shutdown) -> Result<(), Error> {
    let Some(fit) = shutdown.unless_requested(state.engine.fit()).await else { return Ok(()) };
    match fit {
        Fit::Fits => {}
        // It is asked again before it is sent anything; decisions, expiries and answers need no engine.
        Fit::Unreachable { why } => tracing::warn!(engine = state.engine.name(), why, "the engine can't be asked yet"),
        Fit::Misfit { why } => {
            shutdown.fail();
            return Err(Error::Misfit(why));
        }
    }
    let schedules = CHORES.into_iter().filter_map(|(chore, every)| schedule(chore, every));
    let _clockwork = Clockwork::start(state.store.pool(), state.store.bell(), &state.queue_clock(), schedules);
    let crew = async {
        let worked = crew::work(&state, &shutdown).await;
        if worked.is_err() {
            shutdown.fail();
        }
        worked
    };
    let (worked, ()) = join(crew, Sweep::default().run(&state, &shutdown)).await;
    Ok(worked?)
}

fn schedule(chore: Chore, every: Duration) -> Option<Schedule> {
    let payload = serde_json::to_value(Job::Housekeep { chore }).ok()?;
    let temper = Kind::Housekeep.temper();
    Some(Schedule {
        priority: temper.priority,
        max_attempts: temper.attempts,
        ..Schedule::new(chore.as_str(), Kind::Housekeep.as_str(), payload, every)
    })
}
