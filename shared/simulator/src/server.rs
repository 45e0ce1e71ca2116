//! The server's life: how to start one, what it tells a test, how it stops.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    cord::{Cord, Port},
    engine::{Engine, Received},
    fault::Rule,
    journal::{Effect, JournalError},
    routes::{Far, routes},
};

/// How long a stop waits for answers that are under way.
const GRACE: Duration = Duration::from_secs(5);

/// Which servers it behaves like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generation {
    /// From 1.0 on: responses API with idempotency keys, and the chat API.
    #[default]
    Reborn,
    /// The web gateway before 1.0: a responses API that knows no keys.
    LegacyGateway,
    /// The webhook listener before 1.0; the token is the secret that signs.
    LegacyWebhook,
}

/// How to run a simulator.
#[derive(Clone)]
pub struct Options {
    tokens: Vec<String>,
    generation: Generation,
    no: &'static str,
    limited: bool,
    journal: Option<PathBuf>,
    rules: Vec<Rule>,
}

impl Options {
    /// One that wants this bearer token, remembers nothing over a restart, and has no faults.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            tokens: vec![token.into()],
            generation: Generation::default(),
            no: "declined",
            limited: false,
            journal: None,
            rules: Vec::new(),
        }
    }

    /// Lets somebody else in, too, with this token; they see nothing of the others'.
    #[must_use]
    pub fn also(mut self, token: impl Into<String>) -> Self {
        self.tokens.push(token.into());
        self
    }

    /// Behaves like servers of this generation.
    #[must_use]
    pub fn generation(self, generation: Generation) -> Self {
        Self { generation, ..self }
    }

    /// Behaves like 1.0.0, which has another word for no at a gate.
    #[must_use]
    pub fn first_release(self) -> Self {
        Self { no: "denied", ..self }
    }

    /// Enforces the documented rate limits.
    #[must_use]
    pub fn limited(self) -> Self {
        Self { limited: true, ..self }
    }

    /// Keeps the journal, and with it the memory of every key, in this file.
    #[must_use]
    pub fn journal(self, path: impl Into<PathBuf>) -> Self {
        Self { journal: Some(path.into()), ..self }
    }

    /// Starts with these faults on order.
    #[must_use]
    pub fn faults(self, rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect(), ..self }
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It listens on loopback only.
    #[error("the simulator listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// An empty token would let anybody in.
    #[error("the simulator needs a token")]
    NoToken,
    /// The address can't be listened on.
    #[error("the simulator can't listen: {0}")]
    Listen(#[from] io::Error),
    /// The journal can't be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Starts simulators.
#[derive(Debug)]
pub struct Simulator;

impl Simulator {
    /// Listens on `addr` (loopback; port 0 for any) and serves until stopped or dropped.
    pub async fn start(addr: SocketAddr, options: Options) -> Result<Running, StartError> {
        if !addr.ip().is_loopback() {
            return Err(StartError::NotLoopback(addr));
        }
        if options.tokens.iter().any(String::is_empty) {
            return Err(StartError::NoToken);
        }
        let mut engine = Engine::open(options.journal.as_deref())?;
        engine.faults.add(options.rules);
        engine.limits.enforced = options.limited;
        let port = Port(TcpListener::bind(addr).await?);
        let addr = port.0.local_addr()?;
        let far = Far {
            engine: Arc::new(Mutex::new(engine)),
            tokens: options.tokens.clone().into(),
            generation: options.generation,
            no: options.no,
            log: Arc::default(),
            stop: CancellationToken::new(),
        };
        let service = routes(&far).into_make_service_with_connect_info::<Cord>();
        let stop = far.stop.clone().cancelled_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(port, service).with_graceful_shutdown(stop).await });
        let token = options.tokens.into_iter().next().unwrap_or_default();
        Ok(Running { url: format!("http://{addr}"), token, far, tasks })
    }
}

/// A simulator that runs; dropped, it stops.
pub struct Running {
    /// Where, such as `http://127.0.0.1:4000`.
    pub url: String,
    /// The bearer token it wants.
    pub token: String,
    far: Far,
    tasks: JoinSet<io::Result<()>>,
}

impl Running {
    /// Everything done so far, oldest first.
    pub fn journal(&self) -> Vec<Effect> {
        self.far.engine().effects().to_vec()
    }

    /// The requests that came in, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.far.engine().received().iter().cloned().collect()
    }

    /// What was asked and what was answered, in order, to be read by people; of the latest exchanges.
    pub fn log(&self) -> Vec<String> {
        self.far.log.lines()
    }

    /// Orders faults, after those already on order.
    pub fn inject(&self, rules: impl IntoIterator<Item = Rule>) {
        self.far.engine().faults.add(rules);
    }

    /// Cancels all faults on order.
    pub fn heal(&self) {
        self.far.engine().faults.clear();
    }

    /// Stops: takes no new connections, lets answers under way finish for a while, lets go of those that hang.
    pub async fn stop(mut self) {
        self.far.stop.cancel();
        if tokio::time::timeout(GRACE, self.tasks.join_next()).await.is_err() {
            tracing::warn!("the simulator's connections did not end in time");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.far.stop.cancel();
    }
}
