//! One-time links: a way for a person to sign in a browser without carrying a token there.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{outbox::Outbox, time::Timestamp};
use serde::Serialize;
use store::sessions;
use utoipa::ToSchema;

use crate::{
    State as Api,
    caller::{Caller, Scope},
    idempotency::KeepInstead,
    problem::Problem,
    session,
    wire::words,
};

/// A link that signs in one browser, once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginLink {
    /// Where to open it, shown this once; null when this answer is given again.
    url: Option<String>,
    /// Not good from then on.
    #[schema(value_type = words::Instant)]
    expires_at: Timestamp,
}

/// Make a link that signs in one browser, once, within 15 minutes. It opens what the asking token opens, no more and for no longer.
#[utoipa::path(post, path = "/login-links", tag = "sessions", security(("token" = ["read"])), responses(
    (status = 201, description = "Made.", body = LoginLink),
))]
pub(crate) async fn create(State(api): State<Api>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    let (user, now) = (caller.person(Scope::Read)?, api.clock.now());
    let minted = session::mint_link(&api.entropy, user, caller.scopes().iter().copied(), caller.token, now);
    let mut tx = api.store.begin().await?;
    sessions::add_link(&mut tx, &minted.link, &minted.hash).await?;
    tx.commit(Outbox::nothing(), now).await?;

    let mut shown = LoginLink { url: None, expires_at: minted.link.expires_at };
    // What is kept under an Idempotency-Key must open nothing.
    let kept = serde_json::to_vec(&shown).map_err(|error| Problem::internal(&error))?;
    shown.url = Some(session::address(&session::root(&api, &headers), &minted.secret));
    Ok((StatusCode::CREATED, Extension(KeepInstead(Bytes::from(kept))), Json(shown)).into_response())
}
