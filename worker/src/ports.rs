//! What the worker needs from what we do not own: today the engine that carries actions out (`domain.md` §10).
//!
//! Invariant: whatever comes back over a wire is translated into exactly one [`Answer`] before anybody else sees it, and
//! only an explicit, structured verdict that names our execution id becomes [`Answer::Succeeded`] (`domain.md` §1 law 8).
//! Whom the engine takes us for is an [`Identity`], given with every call and never part of a request's bytes.

pub mod source;

use domain::{
    breaker::Sign,
    execution::{Answer, Carrier, Execution},
    id::UserId,
    quota::Limits,
};
use futures::future::BoxFuture;
use runtime::Secret;

/// Whether the engine that answers is the one an adapter was written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is.
    Fits,
    /// Nobody answers at the moment, so nobody knows.
    Unreachable {
        /// Why, in a sentence.
        why: String,
    },
    /// It is another: what, where, and what to do, for the operator.
    Misfit {
        /// In sentences.
        why: String,
    },
}

/// Whom an engine takes us for: one identity of its own for each person, else the one the process was configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whose own it is; none for the configured one, which everybody without one shares.
    pub user: Option<UserId>,
    /// What proves it: a bearer token, or the key that signs our requests, as the engine has it.
    pub secret: Secret,
}

impl Identity {
    /// The configured one.
    pub const fn shared(secret: Secret) -> Self {
        Self { user: None, secret }
    }
}

/// What came of one call: what it means for the execution, and what it says of the engine itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// For the execution.
    pub answer: Answer,
    /// Of the engine: trouble opens its breaker, and an engine that is busy is left alone for a while.
    pub sign: Sign,
}

impl From<Answer> for Heard {
    /// An engine that gave an answer of its own is well.
    fn from(answer: Answer) -> Self {
        Self { answer, sign: Sign::Well }
    }
}

/// Carries actions out. Another engine is one file in [`crate::adapters`] that implements this, and its lines of wiring
/// there and in `runtime::Config`; nothing else knows which engines there are.
///
/// No method fails: trouble is an [`Answer`] too, since what an error means for the person (it did not happen, it may
/// have happened, it will never happen) is the only thing about it that matters here.
pub trait Engine: Send + Sync {
    /// The engine's name, as stored with the execution and shown to the person.
    fn name(&self) -> &str;

    /// Whether the engine recognises an execution's id, so that sending the same again never does the work twice. Where
    /// it does not, nothing that may have arrived is ever sent again.
    fn dedupes(&self) -> bool;

    /// How many calls it takes from one caller within a minute.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// The exact bytes to send, to be stored before the first send. Deterministic: the same execution gives the same
    /// bytes; they carry everything the engine needs and no secret. `reversed` is what an undo takes back.
    fn prepare(&self, execution: &Execution, reversed: Option<&Execution>) -> Vec<u8>;

    /// Sends the stored bytes under the execution's id as idempotency key.
    fn send<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard>;

    /// Asks how an accepted execution stands. Never answers `NotTaken`: the engine has it. `Refused` means here that the
    /// engine won't tell, for good (it forgot, or doesn't let us ask): what came of it is unknown, and since its memory
    /// may be gone, sending again is no way to find out.
    fn look<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard>;

    /// Asks the engine to stop an accepted execution, and says how it stands then. The same answers as [`Engine::look`].
    fn cancel<'a>(&'a self, identity: &'a Identity, execution: &'a Execution) -> BoxFuture<'a, Heard>;

    /// Whether the engine at the configured address can be worked with at all; asked at every start. An adapter whose
    /// engine may be exchanged while we run asks again by itself before it sends.
    fn fit(&self) -> BoxFuture<'_, Fit> {
        Box::pin(async { Fit::Fits })
    }

    /// The engine as the execution's machine sees it.
    fn carrier(&self) -> Carrier<'_> {
        if self.dedupes() { Carrier::deduping(self.name()) } else { Carrier::at_most_once(self.name()) }
    }
}
