//! Approvals: asks and suggestions, and the one way to answer them (`domain.md` §9).
//!
//! An answer is re-evaluated under the person's lock and written with everything it leads to, or changes nothing.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    approval::{Answered, Refusal},
    feedback::Kind,
    id::{ApprovalId, kind},
    learning::Said,
    signal::Object,
    time::Timestamp,
};
use observe::metrics;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use store::{
    approvals::{self, Which},
    decisions, executions, facts, feedback, learning, overrides,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    State as Api,
    body::{self, Body, Raw},
    caller::{Answer as MayAnswer, Person, Read},
    cursor::{self, Page},
    problem::{self, Code, Problem},
    query::{At, Query},
    wire::approval::{Answer, Approval},
};

/// Most answers at once.
pub(crate) const MOST: usize = 100;

/// Which approvals.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// `pending` (the most pressing first; the default) or `history` (the latest first).
    #[serde(default)]
    #[param(inline)]
    state: Standing,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows on the page, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Still open, or not.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Standing {
    #[default]
    Pending,
    History,
}

/// An answer was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outcome {
    /// The approval as it stands now. Policy may have denied what the person wanted: then `resolution.by` is `policy`.
    approval: Approval,
    /// What runs, if anything.
    execution: Option<Uuid>,
}

/// One answer of many.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used: items are read one by one")]
pub(crate) struct OneAnswer {
    /// To which approval.
    approval: Uuid,
    #[serde(flatten)]
    answer: Answer,
}

/// Many answers at once.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used: items are read one by one")]
pub(crate) struct ManyAnswers {
    /// 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    answers: Vec<OneAnswer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow)]
    answers: Vec<&'a RawValue>,
}

/// What became of each answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outcomes {
    /// One by one, in the order they came.
    results: Vec<OneOutcome>,
}

/// What became of one answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneOutcome {
    /// Its place among the answers, from 0.
    index: usize,
    /// 202 something runs, 200 taken and nothing runs, otherwise see `problem`.
    status: u16,
    /// The approval as it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<Approval>,
    /// What runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<Uuid>,
    /// Where to look at what runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// Why the answer was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<problem::Body>,
}

/// List approvals.
#[utoipa::path(get, path = "/approvals", tag = "approvals", params(Wanted), security(("token" = ["read"])), responses(
    (status = 200, description = "A page.", body = Page<Approval>),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Person<Read>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<Approval>>, Problem> {
    let now = api.clock.now();
    let (cursor, limit) = cursor::read(wanted.cursor.as_deref(), wanted.limit)?;
    let which = match wanted.state {
        Standing::Pending => Which::Pending { now },
        Standing::History => Which::History,
    };
    let page = approvals::list(&api.store, caller.user, which, cursor, limit).await?;
    Ok(Json(Page::of(page, |approval| Approval::at(approval, now))))
}

/// One approval.
#[utoipa::path(get, path = "/approvals/{id}", tag = "approvals", params(("id" = Uuid, Path)), security(("token" = ["read"])), responses(
    (status = 200, description = "The approval.", body = Approval),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Approval>,
) -> Result<Json<Approval>, Problem> {
    let approval = approvals::get(&api.store, caller.user, id).await?;
    Ok(Json(Approval::at(approval, api.clock.now())))
}

/// Answer an approval: approve, reject, edit or choose.
///
/// Re-evaluated at this moment. A second answer gets 409 with the state it found; an answer that lacks something (an
/// override, a cap) gets 422 with the numbers and changes nothing.
#[utoipa::path(post, path = "/approvals/{id}/answer", tag = "approvals", params(("id" = Uuid, Path)), request_body = Answer,
    security(("token" = ["answer"])), responses(
    (status = 202, description = "Taken; it runs.", body = Outcome, headers(("Location" = String, description = "The execution."))),
    (status = 200, description = "Taken; nothing runs.", body = Outcome),
))]
pub(crate) async fn answer(
    State(api): State<Api>,
    caller: Person<MayAnswer>,
    At(id): At<kind::Approval>,
    Body(answer): Body<Answer>,
) -> Result<Response, Problem> {
    let (answered, now) = take(&api, &caller, id, answer).await?;
    let execution = answered.execution.map(|execution| execution.id.uuid());
    let outcome = Json(Outcome { approval: Approval::at(answered.approval, now), execution });
    Ok(match execution {
        Some(execution) => (StatusCode::ACCEPTED, [(header::LOCATION, location(execution))], outcome).into_response(),
        None => outcome.into_response(),
    })
}

/// Answer up to 100 approvals at once.
///
/// Each is taken or refused for itself, in order.
#[utoipa::path(post, path = "/approvals/answers", tag = "approvals", request_body = ManyAnswers, security(("token" = ["answer"])), responses(
    (status = 200, description = "What became of each.", body = Outcomes),
))]
pub(crate) async fn answer_many(
    State(api): State<Api>,
    caller: Person<MayAnswer>,
    Raw(bytes): Raw,
) -> Result<Json<Outcomes>, Problem> {
    if bytes.len() > body::MOST {
        return Err(Problem::new(Code::TooLarge, format!("At most {} bytes are taken here.", body::MOST)));
    }
    let Batch { answers } = body::items(&bytes)?;
    if !(1..=MOST).contains(&answers.len()) {
        return Err(Problem::one("/answers", format!("give 1 to {MOST} answers; these are {}", answers.len())));
    }
    let mut results = Vec::with_capacity(answers.len());
    for (index, item) in answers.into_iter().enumerate() {
        // One after the other: they all wait for the same person's lock, and the limits count in this order.
        let taken = match read_one(item) {
            Ok((id, answer)) => take(&api, &caller, id, answer).await,
            Err(problem) => Err(problem),
        };
        results.push(one(index, taken));
    }
    Ok(Json(Outcomes { results }))
}

fn read_one(item: &RawValue) -> Result<(ApprovalId, Answer), Problem> {
    let mut members: Object = body::read(item.get().as_bytes())?;
    let id = members.remove("approval").and_then(|id| id.as_str()?.parse().ok());
    let id = id.ok_or_else(|| Problem::one("/approval", "the approval's id"))?;
    Ok((id, body::typed(Value::Object(members))?))
}

fn one(index: usize, taken: Result<(Answered, Timestamp), Problem>) -> OneOutcome {
    match taken {
        Ok((answered, now)) => {
            let execution = answered.execution.map(|execution| execution.id.uuid());
            let status = if execution.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
            let approval = Some(Approval::at(answered.approval, now));
            let location = execution.map(|id| format!("/api/v1/executions/{id}"));
            OneOutcome { index, status: status.as_u16(), approval, execution, location, problem: None }
        }
        Err(problem) => {
            let problem = problem.below(&format!("/answers/{index}"));
            let status = problem.code().status().as_u16();
            OneOutcome { index, status, approval: None, execution: None, location: None, problem: Some(problem.body()) }
        }
    }
}

fn location(execution: Uuid) -> HeaderValue {
    HeaderValue::from_str(&format!("/api/v1/executions/{execution}")).unwrap_or(HeaderValue::from_static("/"))
}

/// One answer, one transaction.
async fn take(
    api: &Api,
    caller: &Person<MayAnswer>,
    id: ApprovalId,
    answer: Answer,
) -> Result<(Answered, Timestamp), Problem> {
    let user = caller.user;
    let answer = answer.read()?;
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(user).await?;
    // Waiting for the lock takes time: what counts is the time at which the answer is taken.
    let now = api.clock.now();
    let approval = approvals::load(&mut tx, &lock, id).await?;
    let decision = decisions::get(&mut tx, user, approval.decision).await?;
    let facts = facts::load(&mut tx, &lock, now).await?;
    let proposed = approval.action.clone();
    let answered = approval.answer(answer, &decision.context, &facts).inspect_err(|refusal| {
        if matches!(refusal, Refusal::NeedsOverride(_)) {
            metrics::SPEND_REFUSALS.one(["override_wanted"]);
        }
    })?;
    match approvals::save(&mut tx, &lock, &answered.approval).await {
        Err(store::Error::Stale) => {
            let found = approvals::load(&mut tx, &lock, id).await?;
            return Err(Refusal::Resolved(Approval::at(found, now).state).into());
        }
        saved => saved?,
    }
    if let Some(execution) = &answered.execution {
        executions::insert(&mut tx, &lock, execution, now).await?;
    }
    if let Some(said) = &answered.overridden {
        overrides::insert(&mut tx, &lock, said, &caller.key).await?;
    }
    let mut outbox = answered.outbox.clone();
    if feedback::insert(&mut tx, &lock, &answered.feedback).await? {
        let said = match &answered.execution {
            Some(execution) if answered.feedback.kind == Kind::Edit => {
                Said::Instead { proposed: &proposed, chosen: &execution.action }
            }
            Some(_) | None => Said::Nothing,
        };
        outbox = outbox.and(learning::teach(&mut tx, &lock, &answered.feedback, &decision, said).await?);
    }
    tx.commit(outbox, now).await?;
    Ok((answered, now))
}
