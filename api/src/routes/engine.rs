//! Engines: whether work reaches them, for whoever runs the system.

use axum::{Json, extract::State};
use serde::Serialize;
use store::engines;
use utoipa::ToSchema;

use crate::{State as Api, caller::Operator, problem::Problem, wire::engine::Engine};

/// The engines.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Engines {
    /// Every one that was in trouble at some time, by name.
    items: Vec<Engine>,
}

/// How the engines are: which of them work reaches, and what went wrong.
#[utoipa::path(get, path = "/engine", tag = "operation", security(("token" = ["operator"])), responses(
    (status = 200, description = "The engines.", body = Engines),
))]
pub(crate) async fn list(State(api): State<Api>, _: Operator) -> Result<Json<Engines>, Problem> {
    Ok(Json(Engines { items: seen(&api).await? }))
}

/// Every engine as it is now.
pub(super) async fn seen(api: &Api) -> Result<Vec<Engine>, Problem> {
    let now = api.clock.now();
    Ok(engines::list(&api.store).await?.into_iter().map(|engine| Engine::at(engine, now)).collect())
}
