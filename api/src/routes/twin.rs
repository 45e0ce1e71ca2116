//! The twin: what it has learned of the person.

use axum::{Json, extract::State};
use domain::{signal::Object, time::Timestamp};
use serde::Serialize;
use store::preferences;
use utoipa::ToSchema;

use crate::{
    State as Api,
    caller::{Person, Read},
    problem::Problem,
    wire::words,
};

/// What the twin has learned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Twin {
    /// Grows with every change.
    version: i64,
    /// Each with its confidence and where it comes from.
    #[schema(value_type = Object)]
    fields: Object,
    /// When it last changed.
    #[schema(value_type = words::Instant)]
    updated_at: Timestamp,
}

/// What the twin has learned of the person.
#[utoipa::path(get, path = "/twin", tag = "preferences", security(("token" = ["read"])), responses(
    (status = 200, description = "The profile.", body = Twin),
))]
pub(crate) async fn get(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Twin>, Problem> {
    let profile = preferences::profile(&api.store, caller.user).await?;
    Ok(Json(Twin { version: profile.version, fields: profile.fields, updated_at: profile.updated_at }))
}
