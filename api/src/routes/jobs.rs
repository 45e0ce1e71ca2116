//! Jobs: how deep the queues are, what is dead and why, and trying again.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use chrono::SecondsFormat;
use domain::{
    job::{Chore, Job},
    outbox::{Outbox, Ring},
};
use serde::{Deserialize, Serialize};
use store::jobs::{self, Which};
use utoipa::{IntoParams, ToSchema};

use crate::{
    State as Api,
    audit::Row,
    body::Body,
    caller::Operator,
    cursor,
    problem::Problem,
    query::Query,
    routes::engine,
    wire::{engine::Engine, words},
};

/// Which dead jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only of this queue.
    queue: Option<String>,
    /// Only those whose reason contains this, of the 10000 of each queue that died last.
    because: Option<String>,
    /// At most so many, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The queues.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jobs {
    /// How deep each is.
    queues: Vec<Depth>,
    /// What will not run again by itself, the latest first.
    dead: Vec<Dead>,
    /// Engines that were in trouble at some time; while one is, its jobs wait.
    engines: Vec<Engine>,
}

/// One queue. Each count stops at 100000.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Depth {
    /// Its name.
    queue: String,
    /// Could run now.
    due: i64,
    /// Waiting for their time.
    scheduled: i64,
    /// Running.
    running: i64,
    /// Out of attempts, or given up.
    dead: i64,
    /// Finished and not yet swept away.
    done: i64,
    /// How long the oldest due one has waited, in seconds.
    oldest_due_seconds: Option<f64>,
}

/// A dead job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dead {
    id: String,
    /// Which queue.
    queue: String,
    /// Which row it was to look at.
    payload: String,
    /// How often it was started.
    attempts: i32,
    /// How often it might be.
    max_attempts: i32,
    /// What it died of.
    reason: String,
    /// When.
    #[schema(value_type = Option<words::Instant>)]
    died_at: Option<String>,
}

/// How deep the queues are, and what is dead.
#[utoipa::path(get, path = "/jobs", tag = "operation", params(Wanted), security(("token" = ["operator"])), responses(
    (status = 200, description = "The queues.", body = Jobs),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Operator,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Jobs>, Problem> {
    let limit = cursor::rows(wanted.limit)?;
    let queues = jobs::depth(&api.store).await?.into_iter().map(|depth| Depth {
        queue: depth.queue,
        due: depth.due.into(),
        scheduled: depth.scheduled.into(),
        running: depth.running.into(),
        dead: depth.dead.into(),
        done: depth.done.unwrap_or_default().into(),
        oldest_due_seconds: depth.oldest_due.map(|age| age.as_secs_f64()),
    });
    let queues = queues.collect();
    let dead = jobs::dead(&api.store, wanted.queue.as_deref(), wanted.because.as_deref(), limit).await?;
    let dead = dead.into_iter().map(|dead| Dead {
        id: dead.id,
        queue: dead.queue,
        payload: dead.payload,
        attempts: dead.attempts,
        max_attempts: dead.max_attempts,
        reason: dead.why,
        died_at: dead.died_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true)),
    });
    Ok(Json(Jobs { queues, dead: dead.collect(), engines: engine::seen(&api).await? }))
}

/// Give a dead job all its attempts again.
#[utoipa::path(post, path = "/jobs/{id}/retry", tag = "operation", params(("id" = String, Path)), security(("token" = ["operator"])), responses(
    (status = 202, description = "It will run again."),
))]
pub(crate) async fn retry(State(api): State<Api>, _: Operator, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    if id.contains('\0') {
        return Err(Problem::not_found("job"));
    }
    jobs::redrive(&api.store, &id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Which dead jobs are to run again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    /// Only of this queue.
    queue: Option<String>,
    /// Only those whose reason contains this.
    because: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Driven {
    /// Jobs that run again.
    jobs: u64,
}

/// Give many dead jobs all their attempts again: all of them, of one queue, or those that died of the same.
#[utoipa::path(post, path = "/jobs/retry", tag = "operation", request_body = Again, security(("token" = ["operator"])), responses(
    (status = 202, description = "They will run again.", body = Driven),
))]
pub(crate) async fn retry_many(
    State(api): State<Api>,
    _: Operator,
    Extension(row): Extension<Row>,
    Body(again): Body<Again>,
) -> Result<(StatusCode, Json<Driven>), Problem> {
    for (path, text) in [("/queue", &again.queue), ("/because", &again.because)] {
        if text.as_deref().is_some_and(|text| text.contains('\0')) {
            return Err(Problem::one(path, "text without NUL"));
        }
    }
    let which = Which { queue: again.queue.as_deref(), because: again.because.as_deref() };
    row.about(&api, &which.to_string()).await?;
    let jobs = jobs::redrive_many(&api.store, which).await?;
    if let Err(error) = row.about(&api, &format!("{jobs} run again: {which}")).await {
        tracing::error!(%error, jobs, %which, "the audit lacks how many jobs run again");
    }
    Ok((StatusCode::ACCEPTED, Json(Driven { jobs })))
}

/// Call a job off that waits. It is dead then, and what it was about says so: a signal is not decided, an execution is over.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "operation", params(("id" = String, Path)), security(("token" = ["operator"])), responses(
    (status = 204, description = "It is called off."),
))]
pub(crate) async fn cancel(State(api): State<Api>, _: Operator, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    if id.contains('\0') {
        return Err(Problem::not_found("job"));
    }
    jobs::cancel(&api.store, &id, "called off by an operator").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove what is older than it is to be kept, now instead of at the next tick.
#[utoipa::path(post, path = "/retention", tag = "operation", security(("token" = ["operator"])), responses(
    (status = 202, description = "A worker is told."),
))]
pub(crate) async fn retain(State(api): State<Api>, _: Operator) -> Result<StatusCode, Problem> {
    let prune = Ring { job: Job::Housekeep { chore: Chore::Prune }, due: None, key: None };
    let outbox = Outbox { rings: vec![prune], ..Outbox::nothing() };
    api.store.begin().await?.commit(outbox, api.clock.now()).await?;
    Ok(StatusCode::ACCEPTED)
}
