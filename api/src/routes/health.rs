//! Health: is the process alive, and should traffic be sent to it.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    State as Api,
    problem::{Code, Problem},
};

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`; otherwise there is a problem instead.
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// Is the process alive? Looks at nothing else: a database that is away is no reason to restart this.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "Alive.", body = Health)))]
pub(crate) async fn live() -> Json<Health> {
    OK
}

/// Should traffic be sent here? The database answers and has every migration this code needs.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses((status = 200, description = "Ready.", body = Health)))]
pub(crate) async fn ready(State(api): State<Api>) -> Result<Json<Health>, Problem> {
    if api.store.is_migrated().await? {
        Ok(OK)
    } else {
        Err(Problem::unavailable(Code::Unavailable, "The database lacks migrations; run `skytwin migrate`.", 5))
    }
}
