//! What each job does: one exhaustive match, one file per kind (`domain.md` §14).
//!
//! A job is a doorbell: it names a row, and the row says what, if anything, is to be done. So every handler may be run
//! twice, late, out of order or never, and the end is the same. A handler loads, asks the domain, and saves everything
//! that follows in one transaction; it decides nothing itself.

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

use domain::job::Job;
use queue::Failure;
use runtime::clock::Stopwatch;
use tracing::Instrument;

use crate::State;

/// Does one job.
pub async fn run(state: &State, turn: &Turn, job: Job) -> Result<(), Failure> {
    let span = tracing::info_span!("job", kind = %job.kind(), attempt = turn.attempt, row = tracing::field::Empty);
    async {
        let watch = Stopwatch::start();
        let ran = dispatch(state, turn, job).await;
        let ms = watch.elapsed().as_millis();
        match &ran {
            Ok(()) => tracing::debug!(ms, "done"),
            Err(Halt::Nothing(why)) => tracing::debug!(ms, why, "nothing to do"),
            Err(Halt::Later { why, .. }) => tracing::debug!(ms, why, "later"),
            Err(Halt::Again(why)) => tracing::warn!(ms, why, "again"),
            Err(Halt::Never(why)) => tracing::error!(ms, why, "given up"),
        }
        ran.or_else(Halt::into_failure)
    }
    .instrument(span)
    .await
}

async fn dispatch(state: &State, turn: &Turn, job: Job) -> Result<(), Halt> {
    match job {
        Job::EvaluateSignal { signal } => evaluate_signal::run(state, turn, named(signal)).await,
        Job::ExecuteAction { execution } => execute_action::run(state, turn, named(execution)).await,
        Job::ExpireApproval { approval } => expire_approval::run(state, turn, named(approval)).await,
        Job::RefreshToken { account } => refresh_token::run(state, turn, named(account)).await,
        Job::EvaluateTrust { user } => evaluate_trust::run(state, turn, named(user)).await,
        Job::Notify { user } => notify::run(state, turn, named(user)).await,
        Job::PollSource { source } => poll_source::run(state, turn, named(source)).await,
        Job::Housekeep { chore } => housekeep::run(state, turn, chore).await,
    }
}

/// Writes the row's id on the job's log lines.
fn named<K>(id: domain::id::Id<K>) -> domain::id::Id<K> {
    tracing::Span::current().record("row", tracing::field::display(id));
    id
}
