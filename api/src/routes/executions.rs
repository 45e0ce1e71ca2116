//! Executions: what was done, step by step, and what came of it.

use axum::{Json, extract::State};
use domain::id::kind;
use store::executions;

use crate::{
    State as Api,
    caller::{Person, Read},
    cursor::{Page, Paging},
    problem::Problem,
    query::{At, Query},
    wire::execution::Execution,
};

/// List executions, the latest first.
#[utoipa::path(get, path = "/executions", tag = "executions", params(Paging), security(("token" = ["read"])), responses(
    (status = 200, description = "A page.", body = Page<Execution>),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Person<Read>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Execution>>, Problem> {
    let (cursor, limit) = paging.read()?;
    let page = executions::list(&api.store, caller.user, cursor, limit).await?;
    Ok(Json(Page::of(page, Execution::from)))
}

/// One execution: steps, attempts, result.
#[utoipa::path(get, path = "/executions/{id}", tag = "executions", params(("id" = Uuid, Path)), security(("token" = ["read"])), responses(
    (status = 200, description = "The execution.", body = Execution),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Execution>,
) -> Result<Json<Execution>, Problem> {
    Ok(Json(executions::get(&api.store, caller.user, id).await?.into()))
}
