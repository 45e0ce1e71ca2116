//! What the worker needs from what we do not own: today the engine that carries actions out (`domain.md` §10).
//!
//! Invariant: whatever comes back over a wire is translated into exactly one [`Answer`] before anybody else sees it, and
//! only an explicit, structured verdict that names our execution id becomes [`Answer::Succeeded`] (`domain.md` §1 law 8).

use domain::{
    execution::{Answer, Execution},
    id::ExecutionId,
};
use futures::future::BoxFuture;

/// Carries actions out. Another engine is another implementation of this and a line of wiring.
///
/// No method fails: trouble is an [`Answer`] too, since what an error means for the person (it did not happen, it may
/// have happened, it will never happen) is the only thing about it that matters here.
pub trait Engine: Send + Sync {
    /// The engine's name, as stored with the execution and shown to the person.
    fn name(&self) -> &str;

    /// The exact bytes to send, to be stored before the first send. Deterministic: the same execution gives the same
    /// bytes; they carry everything the engine needs and no secret.
    fn prepare(&self, execution: &Execution) -> Vec<u8>;

    /// Sends stored bytes under the execution's id as idempotency key; sending them again never does the work twice.
    fn send<'a>(&'a self, id: ExecutionId, request: &'a [u8]) -> BoxFuture<'a, Answer>;

    /// Asks how an accepted execution stands. Never answers `NotTaken`: the engine has it. `Refused` means here that the
    /// engine won't tell, for good (it forgot, or doesn't let us ask): what came of it is unknown, and since its memory
    /// may be gone, sending again is no way to find out.
    fn look<'a>(&'a self, id: ExecutionId, engine_ref: &'a str) -> BoxFuture<'a, Answer>;

    /// Asks the engine to stop an accepted execution, and says how it stands then. The same answers as [`Engine::look`].
    fn cancel<'a>(&'a self, id: ExecutionId, engine_ref: &'a str) -> BoxFuture<'a, Answer>;
}
