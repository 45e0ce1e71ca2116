//! The engine behind the signed webhook of IronClaw servers before 1.0.
//!
//! The server knows no idempotency key and can't be asked afterwards. So: at most once. Once a byte has left us, only a
//! result block that names our execution settles it; silence, errors and prose leave it to the person, and nothing is
//! ever sent again (`domain.md` §1 law 8). What certainly did not leave may be.

mod reply;
mod request;

use std::time::Duration;

use domain::{
    execution::{Answer, Execution},
    quota::Limits,
};
use futures::future::BoxFuture;
use runtime::Clock;
use url::Url;

use super::ironclaw::{
    AddressError,
    generation::{Generation, Probe},
    sign,
    wire::{Request, Wire},
};
use crate::ports::{Engine, Fit, Heard, Identity};

/// What a server takes from everybody together within a minute, as documented.
pub const LIMITS: Limits = Limits { sends: Some(60), looks: None };

/// Where the engine is and how to talk to it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the engine is called, in the database and to the person.
    pub name: String,
    /// The address of its webhook listener, such as `http://127.0.0.1:8080/`.
    pub base_url: Url,
    /// How many calls the server takes within a minute.
    pub limits: Limits,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the whole exchange may take: the server answers within 60 s, and a run of a job has less.
    pub timeout: Duration,
}

impl Settings {
    /// The usual settings for the engine at `base_url`.
    pub fn new(base_url: Url) -> Self {
        Self {
            name: "ironclaw-webhook".to_owned(),
            base_url,
            limits: LIMITS,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(40),
        }
    }
}

/// The engine.
#[derive(Debug)]
pub struct IronclawWebhook {
    name: String,
    limits: Limits,
    timeout: Duration,
    wire: Wire,
    probe: Probe,
    clock: Clock,
}

impl IronclawWebhook {
    /// An engine with these settings; nothing is sent yet.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, AddressError> {
        let wire = Wire::new(&settings.name, &settings.base_url, settings.connect_timeout)?;
        let probe = Probe::wanting(Generation::Webhook);
        let Settings { name, limits, timeout, .. } = settings;
        Ok(Self { name, limits, timeout, wire, probe, clock })
    }

    async fn order(&self, identity: &Identity, execution: &Execution) -> Heard {
        let body = execution.request.as_deref().unwrap_or_default();
        if let Err(why) = request::check(execution.id, body) {
            return Answer::Refused { why }.into();
        }
        if let Some(objection) = self.probe.objection(&self.wire, self.clock.now()).await {
            return objection;
        }
        let mut request = Request::post(&["webhook"], Some(body.to_vec()), self.timeout);
        request.headers.push((request::SIGNATURE, request::signature(&identity.secret, body)));
        let outcome = self.wire.ask(request, self.clock.now()).await;
        self.probe.learn(&outcome);
        let (status, sign) = (outcome.status(), sign::read(&outcome, false));
        let answer = reply::read(execution.id, outcome);
        tracing::debug!(engine = %self.name, execution = %execution.id, status, "the engine was asked");
        Heard { answer, sign }
    }
}

impl Engine for IronclawWebhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn dedupes(&self) -> bool {
        false
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn prepare(&self, execution: &Execution, _reversed: Option<&Execution>) -> Vec<u8> {
        request::prepare(execution)
    }

    fn send<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        Box::pin(self.order(identity, execution))
    }

    fn look<'a>(&'a self, _identity: &'a Identity, _execution: &'a Execution) -> BoxFuture<'a, Heard> {
        Box::pin(async { Answer::Lost { why: reply::CAN_NOT_BE_ASKED.to_owned() }.into() })
    }

    fn cancel<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        self.look(identity, execution)
    }

    fn fit(&self) -> BoxFuture<'_, Fit> {
        Box::pin(self.probe.fit(&self.wire, self.clock.now()))
    }
}
