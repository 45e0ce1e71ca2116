//! Everything a worker process has in its hands, made once at the door and cloned into every job.

use std::{fmt, sync::Arc, time::Duration};

use domain::id::UserId;
use oauth::Providers;
use runtime::{Clock, Config, Entropy, Faults, Retention, Secret};
use store::Store;
use vault::{Binding, Keyring, Sealed};

use crate::{
    Error,
    adapters::{self, google::Google, outgoing::Outgoing},
    jobs::Halt,
    ports::{Engine, Identity},
};

/// How long work waits for a process that can open its person's identity.
const CLOSED: Duration = Duration::from_mins(1);

/// What jobs work with.
#[derive(Clone)]
pub struct State {
    /// Our rows, and the door to the queue.
    pub store: Store,
    /// Carries actions out.
    pub engine: Arc<dyn Engine>,
    /// Whom the engine takes us for, for everybody who has no identity of their own there.
    pub identity: Identity,
    /// Opens what is sealed: tokens of accounts, secrets of channels, and the engine identities of those who have one of their own.
    pub vault: Option<Keyring>,
    /// Brings notifications to people's channels.
    pub outgoing: Outgoing,
    /// Where accounts can be.
    pub providers: Providers,
    /// Reads Google accounts and does things in them, where they can be connected.
    pub google: Option<Google>,
    /// The time.
    pub clock: Clock,
    /// Jitter.
    pub entropy: Entropy,
    /// Where a test may crash us.
    pub faults: Faults,
    /// How often and how patiently.
    pub pace: Pace,
    /// How long things are kept.
    pub keep: Retention,
}

impl State {
    /// The state of a process, as the environment says.
    pub fn new(store: Store, clock: Clock, entropy: Entropy, config: &Config) -> Result<Self, Error> {
        let (engine, identity) = adapters::connect(config, &clock)?;
        // A process that is told to end must be through before its supervisor loses patience.
        let grace = config.shutdown_grace.saturating_sub(Pace::SIGN_OFF);
        let pace = Pace { grace, ..Pace::default() };
        let outgoing = Outgoing::new(config);
        let (vault, providers) = (config.vault.clone(), Providers::new(config));
        let connectable = providers.get("google").is_some();
        let google = connectable.then(|| Google::new(config.google_api.as_ref(), &clock)).transpose()?;
        let faults = Faults::from_env();
        let keep = config.keep;
        Ok(Self { store, engine, identity, vault, outgoing, providers, google, clock, entropy, faults, pace, keep })
    }

    /// Whom the engine takes us for when we act for this person.
    ///
    /// An identity of their own that can't be opened is never replaced by the shared one: acting as somebody else is
    /// worse than waiting.
    pub(crate) fn identity(&self, user: UserId, proof: Option<(Binding, Sealed)>) -> Result<Identity, Halt> {
        let Some((binding, proof)) = proof else { return Ok(self.identity.clone()) };
        let closed = |why: &dyn fmt::Display| {
            tracing::error!(%user, %why, "a person's identity at the engine can't be opened: their work waits");
            Halt::Later { delay: CLOSED, why: "this process can't open the person's identity at the engine" }
        };
        let Some(keys) = &self.vault else { return Err(closed(&"this process was given no keys of the vault")) };
        let opened = keys.open(binding, &proof).map_err(|error| closed(&error))?;
        let secret = std::str::from_utf8(opened.reveal()).map_err(|_| closed(&"it is no text"))?;
        Ok(Identity { user: Some(user), secret: Secret::new(secret) })
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
