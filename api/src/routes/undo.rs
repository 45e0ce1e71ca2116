//! Undo: whether what a decision did can be taken back, and doing so (`domain.md` §10).
//!
//! Everything is checked under the person's lock and written with all it leads to, or changes nothing.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    feedback::Severity,
    id::kind,
    learning::Said,
    time::Timestamp,
    undo::{self, Command, Obstacle, Refusal},
};
use serde::{Deserialize, Serialize};
use store::{decisions, executions, facts, feedback, learning, users};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State as Api,
    body::Body,
    caller::{Answer, Person, Read},
    check::Checks,
    problem::{Code, Problem},
    query::At,
    wire::{action::Action, execution::Execution, words},
};

/// Longest text, in characters.
const LONGEST: usize = 2000;

/// Whether something can be undone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Eligibility {
    /// Whether it can be, now.
    eligible: bool,
    /// It is too late from then on; null where there is no end, or nothing to undo.
    #[schema(value_type = Option<words::Instant>)]
    until: Option<Timestamp>,
    /// Which execution would be taken back.
    reverses: Option<Uuid>,
    /// What would be done, in order.
    steps: Vec<Action>,
    /// Why it can't be.
    #[schema(value_type = Option<words::Obstacle>)]
    obstacle: Option<Obstacle>,
    /// What would be done, or why it can't be, in a sentence.
    text: String,
}

/// The person takes something back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undo {
    /// Why, in the person's words.
    reason: String,
    /// How bad it had been.
    #[schema(value_type = words::UndoSeverity)]
    severity: Severity,
    /// What they would have wanted instead: a verb or a few words that plainly name one (it is preferred from now on), or
    /// any words (they are kept).
    preferred_alternative: Option<String>,
}

impl Undo {
    fn read(self) -> Result<Command, Problem> {
        let mut checks = Checks::default();
        checks.text(&self.reason, "/reason", LONGEST);
        if let Some(instead) = &self.preferred_alternative {
            checks.text(instead, "/preferred_alternative", LONGEST);
        }
        checks.done()?;
        let Self { reason, severity, preferred_alternative } = self;
        Ok(Command { reason, severity, preferred_alternative })
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = if refusal.obstacle == Obstacle::Stopped { Code::Stopped } else { Code::CannotUndo };
        Self::new(code, refusal.text).fact("obstacle", refusal.obstacle)
    }
}

/// Whether what a decision did can be undone.
///
/// Until when, and what that would do; or why it can't be.
#[utoipa::path(get, path = "/decisions/{id}/undo", tag = "decisions", params(("id" = Uuid, Path)), security(("token" = ["read"])), responses(
    (status = 200, description = "Whether, and how.", body = Eligibility),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Decision>,
) -> Result<Json<Eligibility>, Problem> {
    decisions::get(&api.store, caller.user, id).await?;
    let executions = executions::of_decision(&api.store, caller.user, id).await?;
    let stopped = users::settings(&api.store, caller.user).await?.stopped;
    let offered = undo::offer(&executions, api.clock.now());
    Ok(Json(match offered {
        Ok(_) if stopped => refused(Refusal::stopped()),
        Ok(offer) => Eligibility {
            eligible: true,
            until: offer.until,
            reverses: Some(offer.reverses.id.uuid()),
            text: offer.sentence(),
            steps: offer.steps.into_iter().map(Action::from).collect(),
            obstacle: None,
        },
        Err(refusal) => refused(refusal),
    }))
}

fn refused(refusal: Refusal) -> Eligibility {
    Eligibility {
        eligible: false,
        until: None,
        reverses: None,
        steps: Vec::new(),
        obstacle: Some(refusal.obstacle),
        text: refusal.text,
    }
}

/// Undo what a decision did.
///
/// Runs the compensations of everything that was done, the last first, as an execution of its own. Where that is not
/// possible (any more) the answer is 409, and `obstacle` says why.
#[utoipa::path(post, path = "/decisions/{id}/undo", tag = "decisions", params(("id" = Uuid, Path)), request_body = Undo,
    security(("token" = ["answer"])), responses(
    (status = 202, description = "It is being undone.", body = Execution, headers(("Location" = String, description = "The undo's execution."))),
))]
pub(crate) async fn post(
    State(api): State<Api>,
    caller: Person<Answer>,
    At(id): At<kind::Decision>,
    Body(undo): Body<Undo>,
) -> Result<Response, Problem> {
    let command = undo.read()?;
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    // After the lock: an undo is never older than the change of a tier that it came too late for.
    let now = api.clock.now();
    let decision = decisions::get(&mut tx, caller.user, id).await?;
    let executions = executions::of_decision(&mut tx, caller.user, id).await?;
    let facts = facts::load(&mut tx, &lock, now).await?;
    let planned = undo::plan(&executions, &decision.context, &facts, command)?;
    executions::insert(&mut tx, &lock, &planned.execution, now).await?;
    let mut outbox = planned.outbox;
    if feedback::insert(&mut tx, &lock, &planned.feedback).await? {
        let said = planned.rather.map_or(Said::Nothing, Said::Rather);
        outbox = outbox.and(learning::teach(&mut tx, &lock, &planned.feedback, &decision, said).await?);
    }
    tx.commit(outbox, now).await?;
    let location = format!("/api/v1/executions/{}", planned.execution.id);
    let location = HeaderValue::from_str(&location).unwrap_or(HeaderValue::from_static("/"));
    let execution = Json(Execution::from(planned.execution));
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], execution).into_response())
}
