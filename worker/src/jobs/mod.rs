//! What each job does: one exhaustive match, one file per kind (`domain.md` §14).
//!
//! A job is a doorbell: it names a row, and the row says what, if anything, is to be done. So every handler may be run
//! twice, late, out of order or never, and the end is the same. A handler loads, asks the domain, and saves everything
//! that follows in one transaction; it decides nothing itself.

mod deliver;
mod evaluate_signal;
mod evaluate_trust;
mod execute_action;
mod expire_approval;
mod halt;
mod housekeep;
mod notify;
mod poll_source;
mod refresh_token;
mod turn;

pub(crate) use execute_action::{may_be_in_hands, told_of};
pub use halt::Halt;
pub use turn::Turn;

use domain::{id::Id, job::Job};
use queue::Failure;
use runtime::{clock::Stopwatch, traces};
use tracing::{Instrument, Span, field::Empty};

use crate::State;

/// Does one job, and closes it with one line: its ids, its time, and its statements.
pub async fn run(state: &State, turn: &Turn, job: Job) -> Result<(), Failure> {
    let span = tracing::info_span!(
        "job", kind = %job.kind(), job = turn.origin.job, attempt = turn.attempt, trace = Empty, user = Empty, signal = Empty,
        decision = Empty, approval = Empty, execution = Empty, execution_attempt = Empty, account = Empty, source = Empty, delivery = Empty
    );
    let thread = traces::begin(&span, turn.origin.traceparent, &state.entropy);
    let work = async {
        let watch = Stopwatch::start();
        let ran = Box::pin(dispatch(state, turn, job)).await;
        let (ms, statements, db_ms) = (watch.ms(), thread.statements(), thread.database_ms());
        match &ran {
            Ok(()) => tracing::info!(outcome = "done", ms, statements, db_ms, "ran"),
            Err(Halt::Nothing(why)) => tracing::info!(outcome = "nothing to do", ms, statements, db_ms, why, "ran"),
            Err(Halt::Later { why, .. }) => tracing::info!(outcome = "later", ms, statements, db_ms, why, "ran"),
            Err(Halt::Again(why)) => tracing::warn!(outcome = "again", ms, statements, db_ms, why, "ran"),
            Err(Halt::Never(why)) => tracing::error!(outcome = "given up", ms, statements, db_ms, why, "ran"),
        }
        ran.or_else(Halt::into_failure)
    };
    thread.clone().follow(work.instrument(span)).await
}

async fn dispatch(state: &State, turn: &Turn, job: Job) -> Result<(), Halt> {
    match job {
        Job::EvaluateSignal { signal } => evaluate_signal::run(state, turn, noted("signal", signal)).await,
        Job::ExecuteAction { execution } => execute_action::run(state, turn, noted("execution", execution)).await,
        Job::ExpireApproval { approval } => expire_approval::run(state, turn, noted("approval", approval)).await,
        Job::RefreshToken { account } => refresh_token::run(state, turn, noted("account", account)).await,
        Job::EvaluateTrust { user } => evaluate_trust::run(state, turn, noted("user", user)).await,
        Job::Notify { user } => notify::run(state, turn, noted("user", user)).await,
        Job::PollSource { source } => poll_source::run(state, turn, noted("source", source)).await,
        Job::Deliver { delivery } => deliver::run(state, turn, noted("delivery", delivery)).await,
        Job::Housekeep { chore } => housekeep::run(state, turn, chore).await,
    }
}

/// Writes an id on the job's line, and gives it back.
fn noted<K>(field: &'static str, id: Id<K>) -> Id<K> {
    Span::current().record(field, tracing::field::display(id));
    id
}
