//! Queues: what stands where in them, who works on them, and letting them stand still for the whole fleet.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::job::Kind;
use serde::{Deserialize, Serialize};
use store::jobs::{self, Stand};
use utoipa::{IntoParams, ToSchema};

use crate::{
    State as Api, body::Body, caller::Operator, check::Checks, cursor, problem::Problem, query::Query, wire::words,
};

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Those that stand so: due, scheduled, running, dead or done; due unless told.
    state: Option<String>,
    /// Only those whose last run said something that contains this, of the first 10000 that stand so.
    because: Option<String>,
    /// At most so many, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jobs {
    /// The next to run first; of what has ended, the latest.
    items: Vec<Job>,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    id: String,
    /// Which row it is to look at.
    payload: String,
    /// How often it was started.
    attempts: i32,
    /// How often it may be.
    max_attempts: i32,
    /// When it is or was due.
    #[schema(value_type = words::Instant)]
    due_at: String,
    /// The worker that has it.
    held_by: Option<String>,
    /// What its last run said.
    said: Option<String>,
    /// When it was done, or died.
    #[schema(value_type = Option<words::Instant>)]
    ended_at: Option<String>,
}

/// The workers of the fleet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Workers {
    /// By queue, the longest at it first.
    items: Vec<Worker>,
}

/// One worker: each process has one for each queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Worker {
    id: String,
    /// The queue it works on.
    queue: String,
    /// Since when.
    #[schema(value_type = Option<words::Instant>)]
    started_at: Option<String>,
    /// Its last sign of life.
    #[schema(value_type = words::Instant)]
    seen_at: String,
    /// Jobs it has in its hands.
    running: i64,
}

/// Why a queue is to stand still.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// For whoever finds it standing.
    #[schema(min_length = 1, max_length = 500)]
    why: String,
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn known(queue: &str) -> Result<Kind, Problem> {
    queue.parse().map_err(|_| Problem::not_found("queue"))
}

/// Jobs of a queue.
#[utoipa::path(get, path = "/queues/{queue}/jobs", tag = "operation", params(("queue" = String, Path), Wanted), security(("token" = ["operator"])), responses(
    (status = 200, description = "The jobs.", body = Jobs),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Operator,
    Path(queue): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Jobs>, Problem> {
    let (queue, limit) = (known(&queue)?, cursor::rows(wanted.limit)?);
    let stand = wanted.state.as_deref().map_or(Some(Stand::Due), Stand::named);
    let stand = stand.ok_or_else(|| Problem::one("state", "due, scheduled, running, dead or done"))?;
    let found = jobs::list(&api.store, Some(queue.as_str()), stand, wanted.because.as_deref(), limit).await?;
    let found = found.into_iter().map(|job| Job {
        id: job.id,
        payload: job.payload,
        attempts: job.attempts,
        max_attempts: job.max_attempts,
        due_at: instant(job.due_at),
        held_by: job.held_by,
        said: job.said,
        ended_at: job.ended_at.map(instant),
    });
    Ok(Json(Jobs { items: found.collect() }))
}

/// The workers that are alive, in every process.
#[utoipa::path(get, path = "/workers", tag = "operation", security(("token" = ["operator"])), responses(
    (status = 200, description = "The workers.", body = Workers),
))]
pub(crate) async fn workers(State(api): State<Api>, _: Operator) -> Result<Json<Workers>, Problem> {
    let found = jobs::workers(&api.store).await?.into_iter().map(|worker| Worker {
        id: worker.id,
        queue: worker.queue,
        started_at: worker.started_at.map(instant),
        seen_at: instant(worker.seen_at),
        running: worker.running,
    });
    Ok(Json(Workers { items: found.collect() }))
}

/// Let a queue stand still, in every process; its jobs wait, and what runs goes on.
#[utoipa::path(post, path = "/queues/{queue}/pause", tag = "operation", params(("queue" = String, Path)), request_body = Why, security(("token" = ["operator"])), responses(
    (status = 204, description = "It stands still."),
))]
pub(crate) async fn pause(
    State(api): State<Api>,
    _: Operator,
    Path(queue): Path<String>,
    Body(said): Body<Why>,
) -> Result<StatusCode, Problem> {
    let queue = known(&queue)?;
    let mut checks = Checks::default();
    checks.text(&said.why, "/why", 500);
    checks.done()?;
    jobs::pause(&api.store, queue.as_str(), &said.why).await?;
    tracing::warn!(%queue, "an operator has paused a queue");
    Ok(StatusCode::NO_CONTENT)
}

/// Let a queue go on.
#[utoipa::path(post, path = "/queues/{queue}/resume", tag = "operation", params(("queue" = String, Path)), security(("token" = ["operator"])), responses(
    (status = 204, description = "It goes on."),
))]
pub(crate) async fn resume(
    State(api): State<Api>,
    _: Operator,
    Path(queue): Path<String>,
) -> Result<StatusCode, Problem> {
    let queue = known(&queue)?;
    match jobs::resume(&api.store, queue.as_str()).await {
        // it goes on: that is what was asked for
        Ok(()) | Err(store::Error::NotFound) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error.into()),
    }
}
