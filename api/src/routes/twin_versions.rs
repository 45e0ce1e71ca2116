//! Versions of the twin: what it held after each answer, what differs, and the way back.
//!
//! A revert is a new version: nothing that was learned is ever lost from the record.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use store::{Error, learning};
use utoipa::{IntoParams, ToSchema};

use crate::{
    State as Api,
    caller::{Person, Read, Settings as MaySet},
    cursor,
    problem::Problem,
    query::Query,
    wire::{
        learning::{Change, Summary, Version},
        profile::Fields,
    },
};

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Before this one: the last of the page before.
    before: Option<i64>,
    /// Rows on the page, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Against which version.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Against {
    /// The earlier one; the one right before unless told.
    from: Option<i64>,
}

/// The latest versions first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Versions {
    /// In short.
    items: Vec<Summary>,
}

/// What is different.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// The earlier version.
    from: i64,
    /// The later version.
    to: i64,
    /// One entry per preference.
    changes: Vec<Change>,
    /// What the fields said in the earlier version and no longer do.
    fields_before: Fields,
    /// What they say in the later version and did not.
    fields_after: Fields,
}

/// The version of the path; what is no number names nothing.
fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::not_found("version"))
}

/// List versions, the latest first.
#[utoipa::path(get, path = "/twin/versions", tag = "preferences", params(Wanted), security(("token" = ["read"])), responses(
    (status = 200, description = "A page.", body = Versions),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Person<Read>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Versions>, Problem> {
    let limit = cursor::rows(wanted.limit)?;
    let found = learning::versions(&api.store, caller.user, wanted.before, limit).await?;
    Ok(Json(Versions { items: found.into_iter().map(Summary::from).collect() }))
}

/// One version: everything the twin held then.
#[utoipa::path(get, path = "/twin/versions/{version}", tag = "preferences", params(("version" = i64, Path)), security(("token" = ["read"])), responses(
    (status = 200, description = "The version.", body = Version),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    Path(version): Path<String>,
) -> Result<Json<Version>, Problem> {
    Ok(Json(learning::get(&api.store, caller.user, number(&version)?).await?.into()))
}

/// What a version changed, or what differs from any other.
#[utoipa::path(get, path = "/twin/versions/{version}/diff", tag = "preferences", params(("version" = i64, Path), Against),
    security(("token" = ["read"])), responses((status = 200, description = "The difference.", body = Difference)))]
pub(crate) async fn diff(
    State(api): State<Api>,
    caller: Person<Read>,
    Path(version): Path<String>,
    Query(against): Query<Against>,
) -> Result<Json<Difference>, Problem> {
    let to = learning::get(&api.store, caller.user, number(&version)?).await?;
    let earlier = match against.from {
        Some(from) => learning::get(&api.store, caller.user, from).await?,
        // The first has nothing before it: it is held against itself.
        None => match learning::versions(&api.store, caller.user, Some(to.version), 1).await?.pop() {
            Some(before) => before,
            None => to.clone(),
        },
    };
    Ok(Json(Difference {
        from: earlier.version,
        to: to.version,
        fields_before: earlier.fields.without(&to.fields).into(),
        fields_after: to.fields.without(&earlier.fields).into(),
        changes: learning::difference(earlier.snapshot, to.snapshot).into_iter().map(Change::from).collect(),
    }))
}

/// Go back to a version.
///
/// The preferences it held hold again, as a new version. The fields stay, being what was answered; so do the asks that
/// a punished verb owes.
#[utoipa::path(post, path = "/twin/versions/{version}/revert", tag = "preferences", params(("version" = i64, Path)),
    security(("token" = ["settings"])), responses((status = 200, description = "The version that holds now.", body = Version)))]
pub(crate) async fn revert(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Path(version): Path<String>,
) -> Result<Json<Version>, Problem> {
    let now = api.clock.now();
    let wanted = number(&version)?;
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    let outbox = learning::revert(&mut tx, &lock, wanted, now).await?;
    let latest = learning::versions(&mut tx, caller.user, None, 1).await?.pop().ok_or(Error::NotFound)?;
    tx.commit(outbox, now).await?;
    Ok(Json(latest.into()))
}
