//! What is kept of a person: all of it, to be taken along; and its end.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use domain::{id::kind, outbox::Outbox};
use serde_json::{Map, Value};
use store::{erase, export};

use crate::{State as Api, caller::Operator, problem::Problem, query::At};

/// Everything that is stored about a person, table by table; keys to something are left out.
#[utoipa::path(get, path = "/users/{id}/export", tag = "operation", params(("id" = Uuid, Path)), security(("token" = ["operator"])), responses(
    (status = 200, description = "All of it.", body = Object),
))]
pub(crate) async fn take_out(
    State(api): State<Api>,
    _: Operator,
    At(user): At<kind::User>,
) -> Result<([(HeaderName, &'static str); 1], Json<Map<String, Value>>), Problem> {
    // Under the person's lock nothing of theirs changes between one table and the next.
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(user).await?;
    let all = export::of(&mut tx, &lock).await?;
    Ok(([(header::CONTENT_DISPOSITION, "attachment; filename=\"skytwin-export.json\"")], Json(all)))
}

/// Delete a person and everything that is theirs, for good. What an engine or a provider knows of them is not ours to
/// delete, and what runs there at this moment may still happen: stop their twin first.
#[utoipa::path(delete, path = "/users/{id}", tag = "operation", params(("id" = Uuid, Path)), security(("token" = ["operator"])), responses(
    (status = 204, description = "Nothing is left of them."),
))]
pub(crate) async fn delete(
    State(api): State<Api>,
    _: Operator,
    At(user): At<kind::User>,
) -> Result<StatusCode, Problem> {
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(user).await?;
    erase::user(&mut tx, lock).await?;
    tx.commit(Outbox::nothing(), now).await?;
    tracing::warn!("a person was deleted");
    Ok(StatusCode::NO_CONTENT)
}
