//! The person's word on an execution: what came of it where nobody can tell, and that it is to stop (`domain.md` §10).
//!
//! Each word is checked and written under the person's lock with everything it leads to, or changes nothing: the second
//! of two finds what the first made of it.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    execution::{CalledOff, OutOfPlace, Resolved as Done, Word},
    id::kind,
    notify,
};
use serde::{Deserialize, Serialize};
use store::{executions, notifications, users};
use utoipa::ToSchema;

use crate::{
    State as Api,
    body::Body,
    caller::{Answer, Person},
    problem::{Code, Problem},
    query::At,
    wire::execution::Execution,
};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It happened.
    Happened,
    /// It did not.
    DidNotHappen,
    /// It did not, and it is to be tried again.
    TryAgain,
}

/// The person's word on an outcome that nobody knows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolution {
    /// What became of it.
    outcome: Outcome,
    /// With `happened`: what it really cost, in cents. Without it, what was reserved counts.
    #[schema(minimum = 0)]
    actual_cost_cents: Option<i64>,
}

impl Resolution {
    fn read(self) -> Result<Word, Problem> {
        let cents = self.actual_cost_cents;
        if cents.is_some_and(|cents| cents < 0) {
            return Err(Problem::one("/actual_cost_cents", "0 or more"));
        }
        match self.outcome {
            Outcome::Happened => Ok(Word::Happened { actual_cents: cents }),
            Outcome::DidNotHappen | Outcome::TryAgain if cents.is_some() => {
                Err(Problem::one("/actual_cost_cents", "only what happened has a cost"))
            }
            Outcome::DidNotHappen => Ok(Word::DidNotHappen),
            Outcome::TryAgain => Ok(Word::TryAgain),
        }
    }
}

/// What came of the word.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resolved {
    /// The execution as it is now.
    execution: Execution,
    /// The other try, if that was the word.
    retry: Option<Execution>,
}

impl From<OutOfPlace> for Problem {
    fn from(refusal: OutOfPlace) -> Self {
        Self::new(Code::OutOfPlace, refusal.to_string()).fact("state", refusal.found())
    }
}

/// Say what became of an execution whose outcome nobody knows.
///
/// `happened` counts as success, and its money as spent; `did_not_happen` as failure, and its money is free again;
/// `try_again` too, and starts another execution under a key of its own, which is reviewed like any other before it is
/// sent. Where the outcome is not in question (any more) the answer is 409, and `state` says what it is.
#[utoipa::path(post, path = "/executions/{id}/resolve", tag = "executions", params(("id" = Uuid, Path)),
    request_body = Resolution, security(("token" = ["answer"])), responses(
    (status = 200, description = "Your word counts.", body = Resolved),
))]
pub(crate) async fn resolve(
    State(api): State<Api>,
    caller: Person<Answer>,
    At(id): At<kind::Execution>,
    Body(resolution): Body<Resolution>,
) -> Result<Json<Resolved>, Problem> {
    let word = resolution.read()?;
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    let now = api.clock.now();
    let execution = executions::load(&mut tx, &lock, id).await?;
    let settings = users::settings(&mut tx, caller.user).await?;
    let Done { execution, retry, outbox } = execution.resolved(word, settings.autonomy.currency, now)?;
    if retry.is_some() && settings.stopped {
        return Err(Problem::new(Code::Stopped, "Resume the twin, then try again.").fact("state", "unknown"));
    }
    executions::resolve(&mut tx, &lock, &execution, now).await?;
    if let Some(retry) = &retry {
        executions::insert(&mut tx, &lock, retry, now).await?;
    }
    notifications::dealt_with(&mut tx, &lock, &format!("{}:{id}", notify::Kind::UnknownOutcome), now).await?;
    tx.commit(outbox, now).await?;
    Ok(Json(Resolved { execution: execution.into(), retry: retry.map(Into::into) }))
}

/// Call an execution off.
///
/// What was not sent yet is cancelled, and its money is free again. What may be under way is another matter: the engine
/// is asked to stop it, and says what came of it. Where it is over the answer is 409, and `state` says how it ended.
#[utoipa::path(post, path = "/executions/{id}/cancel", tag = "executions", params(("id" = Uuid, Path)),
    security(("token" = ["answer"])), responses(
    (status = 200, description = "Cancelled.", body = Execution),
    (status = 202, description = "The engine is asked to stop it.", body = Execution),
))]
pub(crate) async fn cancel(
    State(api): State<Api>,
    caller: Person<Answer>,
    At(id): At<kind::Execution>,
) -> Result<(StatusCode, Json<Execution>), Problem> {
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    let now = api.clock.now();
    let execution = executions::load(&mut tx, &lock, id).await?;
    let CalledOff { execution, outbox } = execution.called_off(now)?;
    let status = if execution.state.is_settled() {
        executions::settle(&mut tx, &lock, &execution, now).await?;
        StatusCode::OK
    } else {
        executions::ask_to_cancel(&mut tx, &lock, &execution).await?;
        StatusCode::ACCEPTED
    };
    tx.commit(outbox, now).await?;
    Ok((status, Json(execution.into())))
}
