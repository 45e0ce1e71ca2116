//! The twin: what the person's answers add up to, and letting go of what they do not want known.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use domain::{profile::Field, signal::Domain, time::Timestamp};
use serde::{Deserialize, Serialize};
use store::profile;
use utoipa::{IntoParams, ToSchema};

use crate::{
    State as Api,
    caller::{Person, Read, Settings as MaySet},
    problem::Problem,
    query::Query,
    wire::{profile::Fields, words},
};

/// What the twin has learned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Twin {
    /// Grows with every change.
    version: i64,
    /// Each with its confidence and what it rests on; empty where there is too little evidence.
    fields: Fields,
    /// When it last changed.
    #[schema(value_type = words::Instant)]
    updated_at: Timestamp,
}

/// Where to forget it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Where {
    /// In this domain only.
    #[param(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
}

/// What the twin has learned of the person.
///
/// The fields are derived from the newest 500 answers. What the person prefers stands under `/preferences`.
#[utoipa::path(get, path = "/twin", tag = "preferences", security(("token" = ["read"])), responses(
    (status = 200, description = "The profile.", body = Twin),
))]
pub(crate) async fn get(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Twin>, Problem> {
    let profile::Twin { version, fields, updated_at } = profile::get(&api.store, caller.user).await?;
    Ok(Json(Twin { version, fields: fields.into(), updated_at }))
}

/// Let go of what a field says.
///
/// It fills again from what is answered from now on, and never from the answers given so far.
#[utoipa::path(delete, path = "/twin/fields/{field}", tag = "preferences", security(("token" = ["settings"])),
    params(("field" = inline(words::TwinField), Path), Where), responses((status = 204, description = "Forgotten.")))]
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Path(field): Path<String>,
    Query(from): Query<Where>,
) -> Result<StatusCode, Problem> {
    let field: Field =
        field.parse().map_err(|unknown: domain::UnknownWord| Problem::one("field", unknown.to_string()))?;
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    // Under the lock: what was answered while this waited was given before it, too.
    let now = api.clock.now();
    let outbox = profile::forget(&mut tx, &lock, field, from.domain, now).await?;
    tx.commit(outbox, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
