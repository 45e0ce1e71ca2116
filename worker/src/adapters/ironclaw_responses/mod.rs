//! The engine behind IronClaw's responses API (servers from 1.0 on, and our simulator).
//!
//! The server dedupes by `Idempotency-Key`, so everything that may or may not have arrived is sent again, byte for byte.
//! Success is read from the result block we ask for in the instructions, never from prose (`domain.md` §1 law 8).

mod block;
mod exchange;
mod reply;
mod request;
mod sign;

pub use exchange::install_crypto;

use std::time::Duration;

use domain::{
    execution::{Answer, Execution},
    quota::Limits,
};
use futures::future::BoxFuture;
use runtime::Clock;
use url::Url;

use self::{
    exchange::{Call, Client, Outcome},
    reply::Asked,
};
use crate::ports::{Engine, Heard, Identity};

/// What a server takes from one caller within a minute, as documented.
pub const LIMITS: Limits = Limits { sends: Some(60), looks: Some(120) };

/// Where the engine is and how to talk to it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the engine is called, in the database and to the person.
    pub name: String,
    /// Its address, such as `https://engine.example/`.
    pub base_url: Url,
    /// The model it should use.
    pub model: String,
    /// How many calls the server takes from one caller within a minute.
    pub limits: Limits,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a send may take: longer than the 30 s the server itself waits for the work.
    pub send_timeout: Duration,
    /// How long asking and cancelling may take.
    pub look_timeout: Duration,
}

impl Settings {
    /// The usual settings for the engine at `base_url`.
    pub fn new(base_url: Url) -> Self {
        Self {
            name: "ironclaw-responses".to_owned(),
            base_url,
            model: "default".to_owned(),
            limits: LIMITS,
            connect_timeout: Duration::from_secs(5),
            send_timeout: Duration::from_secs(35),
            look_timeout: Duration::from_secs(10),
        }
    }
}

/// Settings that can't work.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Not an address of a web server.
    #[error(
        "the engine's address must start with http:// or https:// and carry no user name, password, query or fragment"
    )]
    Address,
    /// The HTTP client can't be built.
    #[error("the engine's HTTP client can't be built: {0}")]
    Client(#[source] reqwest::Error),
}

/// The engine.
#[derive(Debug)]
pub struct IronclawResponses {
    name: String,
    model: String,
    limits: Limits,
    client: Client,
    clock: Clock,
}

impl IronclawResponses {
    /// An engine with these settings; nothing is sent yet.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, SettingsError> {
        let client = Client::new(&settings)?;
        Ok(Self { name: settings.name, model: settings.model, limits: settings.limits, client, clock })
    }

    async fn ask(&self, identity: &Identity, call: Call<'_>, execution: &Execution, asked: Asked<'_>) -> Heard {
        let id = execution.id;
        let outcome = self.client.exchange(identity, call, self.clock.now()).await;
        let status = if let Outcome::Reply(reply) = &outcome { reply.status } else { 0 };
        let sign = sign::read(&outcome, matches!(asked, Asked::Send) && execution.sends <= 1);
        let answer = reply::read(id, asked, outcome);
        tracing::debug!(engine = %self.name, execution = %id, ?asked, status, answer = label(&answer), "the engine was asked");
        Heard { answer, sign }
    }
}

impl Engine for IronclawResponses {
    fn name(&self) -> &str {
        &self.name
    }

    fn dedupes(&self) -> bool {
        true
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn prepare(&self, execution: &Execution, _reversed: Option<&Execution>) -> Vec<u8> {
        request::prepare(&self.model, execution)
    }

    fn send<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        Box::pin(async move {
            let (id, body) = (execution.id, execution.request.as_deref().unwrap_or_default());
            match request::check(id, body) {
                Ok(()) => self.ask(identity, Call::Create { key: id, body }, execution, Asked::Send).await,
                Err(why) => Answer::Refused { why }.into(),
            }
        })
    }

    fn look<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        let engine_ref = execution.engine_ref.as_deref().unwrap_or_default();
        Box::pin(self.ask(identity, Call::Retrieve { engine_ref }, execution, Asked::Look(engine_ref)))
    }

    fn cancel<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        let engine_ref = execution.engine_ref.as_deref().unwrap_or_default();
        Box::pin(self.ask(identity, Call::Cancel { engine_ref }, execution, Asked::Look(engine_ref)))
    }
}

/// An answer's name, for logs: what engines report may be private.
const fn label(answer: &Answer) -> &'static str {
    match answer {
        Answer::Succeeded { .. } => "succeeded",
        Answer::Failed { .. } => "failed",
        Answer::Stepwise(_) => "stepwise",
        Answer::Working { .. } => "working",
        Answer::NotTaken { .. } => "not_taken",
        Answer::InDoubt { .. } => "in_doubt",
        Answer::Lost { .. } => "lost",
        Answer::Refused { .. } => "refused",
    }
}
