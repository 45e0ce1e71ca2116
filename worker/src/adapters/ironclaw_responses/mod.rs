//! The engine behind IronClaw's responses API (servers from 1.0 on, and our simulator).
//!
//! The server dedupes by `Idempotency-Key`, so everything that may or may not have arrived is sent again, byte for byte.
//! Success is read from the result block we ask for in the instructions, never from prose (`domain.md` §1 law 8).

mod block;
mod exchange;
mod reply;
mod request;
mod retry_after;

pub use exchange::install_crypto;

use std::time::Duration;

use domain::{
    execution::{Answer, Execution},
    id::ExecutionId,
};
use futures::future::BoxFuture;
use runtime::{Clock, Secret};
use url::Url;

use self::{
    exchange::{Call, Client, Outcome},
    reply::Asked,
};
use crate::ports::Engine;

/// Where the engine is and how to talk to it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the engine is called, in the database and to the person.
    pub name: String,
    /// Its address, such as `https://engine.example/`.
    pub base_url: Url,
    /// The bearer token.
    pub token: Secret,
    /// The model it should use.
    pub model: String,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a send may take: longer than the 30 s the server itself waits for the work.
    pub send_timeout: Duration,
    /// How long asking and cancelling may take.
    pub look_timeout: Duration,
}

impl Settings {
    /// The usual settings for the engine at `base_url`.
    pub fn new(base_url: Url, token: Secret) -> Self {
        Self {
            name: "ironclaw-responses".to_owned(),
            base_url,
            token,
            model: "default".to_owned(),
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
    /// A token that no header can carry.
    #[error("the engine's token must be printable ASCII without blanks")]
    Token,
    /// The HTTP client can't be built.
    #[error("the engine's HTTP client can't be built: {0}")]
    Client(#[source] reqwest::Error),
}

/// The engine.
#[derive(Debug)]
pub struct IronclawResponses {
    name: String,
    model: String,
    client: Client,
    clock: Clock,
}

impl IronclawResponses {
    /// An engine with these settings; nothing is sent yet.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, SettingsError> {
        let client = Client::new(&settings)?;
        Ok(Self { name: settings.name, model: settings.model, client, clock })
    }

    async fn ask(&self, call: Call<'_>, id: ExecutionId, asked: Asked<'_>) -> Answer {
        let outcome = self.client.exchange(call, self.clock.now()).await;
        let status = if let Outcome::Reply(reply) = &outcome { reply.status } else { 0 };
        let answer = reply::read(id, asked, outcome);
        tracing::debug!(engine = %self.name, execution = %id, ?asked, status, answer = label(&answer), "the engine was asked");
        answer
    }
}

impl Engine for IronclawResponses {
    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&self, execution: &Execution) -> Vec<u8> {
        request::prepare(&self.model, execution)
    }

    fn send<'a>(&'a self, id: ExecutionId, request: &'a [u8]) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            match request::check(id, request) {
                Ok(()) => self.ask(Call::Create { key: id, body: request }, id, Asked::Send).await,
                Err(why) => Answer::Refused { why },
            }
        })
    }

    fn look<'a>(&'a self, id: ExecutionId, engine_ref: &'a str) -> BoxFuture<'a, Answer> {
        Box::pin(self.ask(Call::Retrieve { engine_ref }, id, Asked::Look(engine_ref)))
    }

    fn cancel<'a>(&'a self, id: ExecutionId, engine_ref: &'a str) -> BoxFuture<'a, Answer> {
        Box::pin(self.ask(Call::Cancel { engine_ref }, id, Asked::Look(engine_ref)))
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
        Answer::Refused { .. } => "refused",
    }
}
