//! An engine that does what the test says and remembers everything; it dedupes by key, as a real one must.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;
use domain::{
    breaker::Sign,
    execution::{Answer, Execution, StepEnd, StepReport, Stepped},
    id::ExecutionId,
    money::Money,
    quota::Limits,
    signal::Object,
};
use futures::future::{BoxFuture, FutureExt};
use serde_json::json;
use tokio::sync::Notify;
use worker::ports::{Engine, Heard, Identity};

/// What it does with one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// Does it and says so; the same again for the same key.
    Done,
    /// Does it, says so, and that it cost so many cents.
    DoneFor(i64),
    /// Takes nothing, and says so.
    Busy,
    /// It can't be reached: nothing left us.
    Down,
    /// It turns us away.
    NotYou,
    /// The request is lost on the way.
    LostThere,
    /// It is done and the answer is lost on the way back.
    LostBack,
    /// It is done and the answer is prose.
    Prose,
    /// Takes it and works on it.
    Working,
    /// Says that it failed.
    Fail,
    /// Does a part and says of each step what came of it.
    Steps(&'static [StepEnd]),
    /// Says that it never will.
    Refuse,
    /// Says nothing, ever.
    Silence,
    /// Does it, but says so only when the test opens the gate.
    Held,
    /// Brings the caller down.
    Panic,
}

/// The engine.
#[derive(Debug, Default)]
pub(super) struct FarSide {
    inner: Mutex<Inner>,
    gate: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    script: VecDeque<Say>,
    done: BTreeMap<ExecutionId, u32>,
    requests: BTreeMap<ExecutionId, Vec<u8>>,
    sends: u32,
    looks: u32,
    limits: Limits,
    down: bool,
    known_as: Vec<String>,
}

impl FarSide {
    /// What the next calls get; then it is [`Say::Done`].
    pub(super) fn will(&self, says: impl IntoIterator<Item = Say>) {
        self.inner().script.extend(says);
    }

    /// As whom we were known, send by send.
    pub(super) fn known_as(&self) -> Vec<String> {
        self.inner().known_as.clone()
    }

    /// Goes down, or comes back: from now on every call without a script finds it so.
    pub(super) fn is_down(&self, down: bool) {
        self.inner().down = down;
    }

    /// Takes only so many calls a minute from now on.
    pub(super) fn takes_only(&self, limits: Limits) {
        self.inner().limits = limits;
    }

    /// Lets one answer out that is [`Say::Held`].
    pub(super) fn open(&self) {
        self.gate.notify_one();
    }

    /// How often each key was carried out.
    pub(super) fn effects(&self) -> BTreeMap<ExecutionId, u32> {
        self.inner().done.clone()
    }

    /// How often anything was sent.
    pub(super) fn sends(&self) -> u32 {
        self.inner().sends
    }

    /// How often it was asked how something stands.
    pub(super) fn looks(&self) -> u32 {
        self.inner().looks
    }

    /// The request it got under a key.
    pub(super) fn request(&self, id: ExecutionId) -> serde_json::Value {
        serde_json::from_slice(&self.inner().requests[&id]).expect("JSON")
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, id: ExecutionId) -> (Say, Answer) {
        let mut inner = self.inner();
        let usual = if inner.down { Say::Down } else { Say::Done };
        let say = inner.script.pop_front().unwrap_or(usual);
        let acts = matches!(say, Say::Done | Say::DoneFor(_) | Say::Held | Say::LostBack | Say::Prose);
        if acts && !inner.done.contains_key(&id) {
            *inner.done.entry(id).or_default() += 1;
        }
        let doubt = |why: &str| Answer::InDoubt { retry_after: None, why: why.into() };
        let answer = match &say {
            Say::Done | Say::Held => {
                Answer::Succeeded { output: output(), actual: None, engine_ref: Some("r1".into()) }
            }
            Say::DoneFor(cents) => {
                Answer::Succeeded { output: output(), actual: Some(Money::usd(*cents)), engine_ref: Some("r1".into()) }
            }
            Say::Busy => {
                Answer::NotTaken { retry_after: Some(TimeDelta::seconds(2)), why: "The engine is busy.".into() }
            }
            Say::Down => Answer::NotTaken { retry_after: None, why: "The engine can't be reached.".into() },
            Say::NotYou => Answer::Refused { why: "The engine does not accept our token.".into() },
            Say::LostThere | Say::LostBack => doubt("The connection broke."),
            Say::Prose => doubt("The engine's words are no verdict."),
            Say::Working => Answer::Working { engine_ref: "r1".into(), look_after: Some(TimeDelta::seconds(3)) },
            Say::Fail => Answer::Failed { error: "The message is gone.".into(), engine_ref: Some("r1".into()) },
            Say::Steps(ends) => Answer::Stepwise(Stepped {
                steps: (0..)
                    .zip(*ends)
                    .map(|(ordinal, end)| StepReport { ordinal, end: *end, output: output() })
                    .collect(),
                output: output(),
                error: Some("The label is gone.".into()),
                actual: None,
                engine_ref: Some("r1".into()),
            }),
            Say::Refuse => Answer::Refused { why: "The engine knows no such verb.".into() },
            Say::Silence | Say::Panic => doubt("never said"),
        };
        (say, answer)
    }

    async fn say(&self, id: ExecutionId) -> Heard {
        let (say, answer) = self.call(id);
        let why = || format!("{say:?}");
        let sign = match &say {
            Say::Down | Say::LostThere | Say::LostBack => Sign::Troubled { why: why() },
            Say::Busy => Sign::Busy { retry_after: Some(TimeDelta::seconds(2)) },
            Say::NotYou => Sign::Misconfigured { why: why() },
            Say::Silence => std::future::pending().await,
            Say::Panic => panic!("the adapter broke"),
            Say::Held => {
                self.gate.notified().await;
                Sign::Well
            }
            _ => Sign::Well,
        };
        Heard { answer, sign }
    }
}

fn output() -> Object {
    json!({ "said": "done" }).as_object().cloned().unwrap_or_default()
}

impl Engine for FarSide {
    fn name(&self) -> &str {
        "far side"
    }

    fn dedupes(&self) -> bool {
        true
    }

    fn limits(&self) -> Limits {
        self.inner().limits
    }

    fn prepare(&self, execution: &Execution, _reversed: Option<&Execution>) -> Vec<u8> {
        // When it is prepared must not show in the bytes; that it is prepared only once, in the clock.
        json!({ "key": execution.id, "action": execution.action, "max_cost_cents": execution.max_cost_cents, "attempt": execution.attempt })
            .to_string()
            .into_bytes()
    }

    fn send<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        async move {
            {
                let mut inner = self.inner();
                inner.sends += 1;
                inner.known_as.push(identity.secret.reveal().to_owned());
                let request = execution.request.as_ref().expect("bytes are stored before they are sent");
                let first = inner.requests.entry(execution.id).or_insert_with(|| request.clone());
                assert_eq!(first, request, "other bytes under the same key");
            }
            self.say(execution.id).await
        }
        .boxed()
    }

    fn look<'a>(&'a self, _identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        async move {
            assert_eq!(execution.engine_ref.as_deref(), Some("r1"));
            self.inner().looks += 1;
            self.say(execution.id).await
        }
        .boxed()
    }

    fn cancel<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard> {
        self.look(identity, execution)
    }
}
