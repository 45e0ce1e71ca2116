//! The engine behind IronClaw's responses API (servers from 1.0 on, and our simulator).
//!
//! The server dedupes by `Idempotency-Key`, so everything that may or may not have arrived is sent again, byte for byte.
//! Success is read from the result block we ask for in the instructions, never from prose (`domain.md` §1 law 8).

mod gates;
mod leave;
mod record;
mod reply;
mod request;

use std::time::Duration;

use domain::{
    breaker::Sign,
    execution::{Answer, Execution},
    quota::Limits,
    time::Timestamp,
};
use futures::future::BoxFuture;
use runtime::Clock;
use url::Url;

use self::reply::{Asked, Said};
use super::ironclaw::{
    AddressError,
    generation::{Generation, Probe},
    sign,
    wire::{Request, Wire},
};
use crate::ports::{Engine, Fit, Heard, Identity};

/// What a server takes from one caller within a minute, as documented.
pub const LIMITS: Limits = Limits { sends: Some(60), looks: Some(120) };

const RESPONSES: [&str; 3] = ["api", "v1", "responses"];

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

/// The engine.
#[derive(Debug)]
pub struct IronclawResponses {
    name: String,
    model: String,
    limits: Limits,
    send_timeout: Duration,
    look_timeout: Duration,
    wire: Wire,
    probe: Probe,
    clock: Clock,
}

impl IronclawResponses {
    /// An engine with these settings; nothing is sent yet.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, AddressError> {
        let wire = Wire::new(&settings.name, &settings.base_url, settings.connect_timeout)?;
        let Settings { name, model, limits, send_timeout, look_timeout, .. } = settings;
        let probe = Probe::wanting(Generation::Reborn);
        Ok(Self { name, model, limits, send_timeout, look_timeout, wire, probe, clock })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn ask(&self, execution: &Execution, request: Request<'_>, asked: Asked<'_>) -> (Said, Sign) {
        let outcome = self.wire.ask(request, self.now()).await;
        self.probe.learn(&outcome);
        let status = outcome.status();
        let sign = sign::read(&outcome, matches!(asked, Asked::Send) && execution.sends <= 1);
        let said = reply::read(execution.id, asked, outcome);
        tracing::debug!(engine = %self.name, execution = %execution.id, ?asked, status, said = label(&said), "the engine was asked");
        (said, sign)
    }

    async fn order(&self, identity: &Identity, execution: &Execution) -> Heard {
        let body = execution.request.as_deref().unwrap_or_default();
        if let Err(why) = request::check(execution.id, body) {
            return Answer::Refused { why }.into();
        }
        if let Some(objection) = self.probe.objection(&self.wire, self.now()).await {
            return objection;
        }
        let mut request = Request::post(&RESPONSES, Some(body.to_vec()), self.send_timeout).bearing(&identity.secret);
        request.headers.push(("idempotency-key", execution.id.to_string()));
        let (said, sign) = self.ask(execution, request, Asked::Send).await;
        Heard { answer: self.at_face_value(identity, execution, said).await, sign }
    }

    async fn inquire(&self, identity: &Identity, execution: &Execution, engine_ref: &str) -> Heard {
        let path = [&RESPONSES[..], &[engine_ref]].concat();
        let request = Request::get(&path, self.look_timeout).bearing(&identity.secret);
        let (said, sign) = self.ask(execution, request, Asked::Look(engine_ref)).await;
        let answer = match said {
            Said::Working { engine_ref, look_after } => self.attend(identity, execution, &engine_ref, look_after).await,
            Said::Answer(Answer::Failed { error, engine_ref: Some(engine_ref) }) => {
                let error = self.with_refusal(identity, execution, &engine_ref, error).await;
                Answer::Failed { error, engine_ref: Some(engine_ref) }
            }
            said @ (Said::Answer(_) | Said::Mute { .. }) => self.at_face_value(identity, execution, said).await,
        };
        Heard { answer, sign }
    }

    async fn stop(&self, identity: &Identity, execution: &Execution, engine_ref: &str) -> Heard {
        let path = [&RESPONSES[..], &[engine_ref, "cancel"]].concat();
        let request = Request::post(&path, None, self.look_timeout).bearing(&identity.secret);
        let (said, sign) = self.ask(execution, request, Asked::Look(engine_ref)).await;
        Heard { answer: self.at_face_value(identity, execution, said).await, sign }
    }

    /// What was said, with what the record adds where it says nothing of what was done.
    async fn at_face_value(&self, identity: &Identity, execution: &Execution, said: Said) -> Answer {
        match said {
            Said::Answer(answer) => answer,
            Said::Working { engine_ref, look_after } => Answer::Working { engine_ref, look_after },
            Said::Mute { engine_ref, how } => self.broke_off(identity, execution, engine_ref, how).await,
        }
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

    fn prepare(&self, execution: &Execution, reversed: Option<&Execution>) -> Vec<u8> {
        // Only this engine's own conversations can be continued.
        let ours = reversed.filter(|reversed| reversed.engine.as_deref() == Some(&self.name));
        request::prepare(&self.model, execution, ours.and_then(|reversed| reversed.engine_ref.as_deref()))
    }

    fn send<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        Box::pin(self.order(identity, execution))
    }

    fn look<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        let engine_ref = execution.engine_ref.as_deref().unwrap_or_default();
        Box::pin(self.inquire(identity, execution, engine_ref))
    }

    fn cancel<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        let engine_ref = execution.engine_ref.as_deref().unwrap_or_default();
        Box::pin(async move {
            self.shut_gates(identity, execution, engine_ref).await;
            self.stop(identity, execution, engine_ref).await
        })
    }

    fn fit(&self) -> BoxFuture<'_, Fit> {
        Box::pin(self.probe.fit(&self.wire, self.now()))
    }
}

/// Its name, for logs: what engines report may be private.
const fn label(said: &Said) -> &'static str {
    match said {
        Said::Working { .. } => "working",
        Said::Mute { .. } => "mute",
        Said::Answer(answer) => match answer {
            Answer::Succeeded { .. } => "succeeded",
            Answer::Failed { .. } => "failed",
            Answer::Stepwise(_) => "stepwise",
            Answer::Working { .. } => "working",
            Answer::NotTaken { .. } => "not_taken",
            Answer::InDoubt { .. } => "in_doubt",
            Answer::Lost { .. } => "lost",
            Answer::Refused { .. } => "refused",
        },
    }
}
