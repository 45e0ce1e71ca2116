//! Everything a worker process has in its hands, made once at the door and cloned into every job.

use std::{fmt, sync::Arc, time::Duration};

use runtime::{Clock, Config, Entropy, Faults};
use store::Store;

use crate::{
    Error,
    adapters::ironclaw_responses::{self, IronclawResponses},
    ports::{Engine, Identity},
};

/// What jobs work with.
#[derive(Clone)]
pub struct State {
    /// Our rows, and the door to the queue.
    pub store: Store,
    /// Carries actions out.
    pub engine: Arc<dyn Engine>,
    /// Whom the engine takes us for, for everybody who has no identity of their own there.
    pub identity: Identity,
    /// The time.
    pub clock: Clock,
    /// Jitter.
    pub entropy: Entropy,
    /// Where a test may crash us.
    pub faults: Faults,
    /// How often and how patiently.
    pub pace: Pace,
}

impl State {
    /// The state of a process, as the environment says.
    pub fn new(store: Store, clock: Clock, entropy: Entropy, config: &Config) -> Result<Self, Error> {
        let (Some(url), Some(token)) = (&config.engine_url, &config.engine_token) else { return Err(Error::NoEngine) };
        let settings = ironclaw_responses::Settings::new(url.clone());
        let engine = Arc::new(IronclawResponses::new(settings, clock.clone())?);
        // A process that is told to end must be through before its supervisor loses patience.
        let grace = config.shutdown_grace.saturating_sub(Pace::SIGN_OFF);
        let pace = Pace { grace, ..Pace::default() };
        Ok(Self {
            store,
            engine,
            identity: Identity::shared(token.clone()),
            clock,
            entropy,
            faults: Faults::from_env(),
            pace,
        })
    }

    /// Whose time decides what is due in the queue: the database's, except in tests.
    pub(crate) fn queue_clock(&self) -> queue::Clock {
        if self.clock.pinned().is_none() {
            return queue::Clock::database();
        }
        let clock = self.clock.clone();
        queue::Clock::given(move || clock.now().utc())
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("engine", &self.engine.name()).field("pace", &self.pace).finish_non_exhaustive()
    }
}

/// The rhythm of a process: [`Pace::default`] in production, quicker in tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks at a queue when no bell rings.
    pub poll: Duration,
    /// Between two signs of life.
    pub heartbeat: Duration,
    /// A worker that is silent for so long loses its jobs.
    pub lease: Duration,
    /// Between two looks for jobs of lost workers.
    pub rescue_every: Duration,
    /// Between two sweeps.
    pub sweep_every: Duration,
    /// How long an engine may take to say anything: less than a job may, so that its silence is written down.
    pub engine: Duration,
    /// How long running jobs may take to finish once the end was asked for.
    pub grace: Duration,
}

impl Pace {
    /// What is left of the time for an orderly end once running jobs had theirs: outcomes are written, workers sign off.
    pub(crate) const SIGN_OFF: Duration = Duration::from_secs(5);
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(500),
            heartbeat: Duration::from_secs(2),
            lease: Duration::from_secs(10),
            rescue_every: Duration::from_secs(2),
            sweep_every: Duration::from_secs(2),
            engine: Duration::from_secs(45),
            grace: Duration::from_secs(20),
        }
    }
}
