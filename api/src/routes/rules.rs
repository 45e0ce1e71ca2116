//! The rules a person writes, policies and triggers alike (`store::policies`): added, replaced and removed.

use axum::http::{HeaderMap, StatusCode};
use domain::{
    event::Name,
    id::{Id, UserId},
};
use store::policies::{self, Kept, Stored};

use crate::{
    State as Api,
    change::{Change, room},
    etag,
    problem::Problem,
};

/// Adds one where there are fewer than `most` of these `things`.
pub(super) async fn add<T: Kept, K>(
    api: &Api,
    user: UserId,
    id: Id<K>,
    rule: &T,
    (most, things): (usize, &str),
) -> Result<Stored<T>, Problem> {
    let mut change = Change::begin(api, user, api.clock.now()).await?;
    room(policies::list::<T>(&mut change.tx, user).await?.len(), most, things)?;
    policies::create(&mut change.tx, &change.lock, id, rule, change.now).await?;
    let stored = policies::get(&mut change.tx, user, id).await?;
    change.commit(Name::SettingsChanged, T::KIND, id, "created").await?;
    Ok(stored)
}

/// Replaces one as a whole, unless `If-Match` names another revision.
pub(super) async fn replace<T: Kept, K>(
    api: &Api,
    user: UserId,
    id: Id<K>,
    headers: &HeaderMap,
    rule: &T,
) -> Result<Stored<T>, Problem> {
    let mut change = Change::begin(api, user, api.clock.now()).await?;
    let found = policies::get::<T, _>(&mut change.tx, user, id).await?;
    etag::check(headers, found.revision)?;
    policies::update(&mut change.tx, &change.lock, id, rule, found.revision, change.now).await?;
    let stored = policies::get(&mut change.tx, user, id).await?;
    change.commit(Name::SettingsChanged, T::KIND, id, "changed").await?;
    Ok(stored)
}

/// Removes one, unless `If-Match` names another revision.
pub(super) async fn remove<T: Kept, K>(
    api: &Api,
    user: UserId,
    id: Id<K>,
    headers: &HeaderMap,
) -> Result<StatusCode, Problem> {
    let mut change = Change::begin(api, user, api.clock.now()).await?;
    let found = policies::get::<T, _>(&mut change.tx, user, id).await?;
    etag::check(headers, found.revision)?;
    policies::remove::<T, _>(&mut change.tx, &change.lock, id, change.now).await?;
    change.commit(Name::SettingsChanged, T::KIND, id, "removed").await?;
    Ok(StatusCode::NO_CONTENT)
}
