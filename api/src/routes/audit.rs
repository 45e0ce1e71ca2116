//! The audit of privileged acts.

use axum::{Json, extract::State};
use domain::time::Timestamp;
use serde::Serialize;
use store::audit;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State as Api,
    caller::Operator,
    cursor::{Page, Paging},
    problem::Problem,
    query::Query,
    wire::words,
};

/// A privileged act.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entry {
    id: Uuid,
    /// When it began.
    #[schema(value_type = words::Instant)]
    at: Timestamp,
    /// The id of a token or session, `bootstrap`, or `command line` and the system's user who sat at it.
    actor: String,
    /// Method and route, or the command.
    act: String,
    /// The address, or what the command was about.
    target: String,
    /// The HTTP status it was answered with, or a command's exit code; null when the process did not live to see it.
    status: Option<u16>,
}

/// Who did what, the latest first: everything that operators changed or took out, and every door that was opened.
#[utoipa::path(get, path = "/audit", tag = "operation", params(Paging), security(("token" = ["operator"])), responses(
    (status = 200, description = "A page.", body = Page<Entry>),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Operator,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Entry>>, Problem> {
    let (cursor, limit) = paging.read()?;
    let acts = audit::list(&api.store, cursor, limit).await?;
    Ok(Json(Page::of(acts, |act| Entry {
        id: act.id,
        at: act.at,
        actor: act.actor,
        act: act.act,
        target: act.target,
        status: act.status,
    })))
}
