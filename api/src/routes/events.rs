//! Events: everything that happened to one person, in order and without gaps, to be followed from any number on.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use store::events;
use utoipa::{IntoParams, ToSchema};

use crate::{
    State as Api,
    caller::{Person, Read},
    cursor,
    problem::Problem,
    query::Query,
    wire::decision::Event,
};

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    /// Events with a greater number; 0 and nothing mean from the beginning.
    #[serde(default)]
    #[param(minimum = 0)]
    after: i64,
    /// At most so many, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Events {
    /// In order.
    items: Vec<Event>,
    /// What to ask for `after` next time; the same as before when nothing happened.
    next: i64,
}

/// What happened after an event.
#[utoipa::path(get, path = "/events", tag = "events", params(From), security(("token" = ["read"])), responses(
    (status = 200, description = "The events, in order.", body = Events),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Person<Read>,
    Query(from): Query<From>,
) -> Result<Json<Events>, Problem> {
    let limit = cursor::rows(from.limit)?;
    if from.after < 0 {
        return Err(Problem::one("after", "the number of an event, or 0"));
    }
    let events = events::since(&api.store, caller.user, from.after, limit).await?;
    let next = events.last().map_or(from.after, |event| event.seq);
    Ok(Json(Events { items: events.into_iter().map(Event::from).collect(), next }))
}
