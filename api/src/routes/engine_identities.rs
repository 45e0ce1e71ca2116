//! As whom a person is known at an engine: set by an operator, never shown again.
//!
//! One bearer is one user of an engine (`domain.md` §10): with an identity of their own a person's work, limits and
//! history there are apart from everybody else's.

use axum::{Json, extract::State, http::StatusCode};
use domain::{id::kind, outbox::Outbox, time::Timestamp};
use runtime::Secret;
use serde::{Deserialize, Serialize};
use store::{Tx, UserLock, identities, users};
use utoipa::{IntoParams, ToSchema};

use crate::{
    State as Api,
    body::Body,
    caller::Operator,
    check::Checks,
    problem::{Code, Problem},
    query::{At, Query},
    wire::words,
};

/// The engine that is meant where none is named.
const USUAL: &str = "ironclaw-responses";
/// Longest token, in bytes.
const LONGEST: usize = 4096;

/// What proves who somebody is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// At which engine; `ironclaw-responses` unless told.
    #[schema(max_length = 100)]
    engine: Option<String>,
    /// Their token there, as the engine gave it. It is sealed, and no answer ever contains it.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 4096)]
    token: Token,
}

/// A token on its way into the vault: not even a log of a request shows it.
#[derive(Deserialize)]
#[serde(transparent)]
struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// An identity at an engine, without what proves it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EngineIdentity {
    /// At which engine.
    engine: String,
    /// How often it was proven anew, from 1.
    version: i32,
    /// Since when there is one.
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
    /// Since when there is this one.
    #[schema(value_type = words::Instant)]
    updated_at: Timestamp,
}

impl From<identities::EngineIdentity> for EngineIdentity {
    fn from(identity: identities::EngineIdentity) -> Self {
        let identities::EngineIdentity { engine, version, created_at, updated_at } = identity;
        Self { engine, version, created_at, updated_at }
    }
}

/// A person's identities.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EngineIdentities {
    /// By engine; a person without one is known as everybody else is, by the configured token.
    items: Vec<EngineIdentity>,
}

/// Whether a person is known by an identity of their own, and since when.
#[utoipa::path(get, path = "/users/{id}/engine-identity", tag = "operation", params(("id" = Uuid, Path)),
    security(("token" = ["operator"])), responses(
    (status = 200, description = "Their identities, without what proves them.", body = EngineIdentities),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    _: Operator,
    At(id): At<kind::User>,
) -> Result<Json<EngineIdentities>, Problem> {
    users::get(&api.store, id).await?;
    let items = identities::list(&api.store, id).await?.into_iter().map(EngineIdentity::from).collect();
    Ok(Json(EngineIdentities { items }))
}

/// Passes where the engine has nothing of theirs in hand: what it has was asked for by who they are now.
async fn at_rest(tx: &mut Tx, lock: &UserLock, engine: &str) -> Result<(), Problem> {
    let under_way = identities::under_way(tx, lock, engine).await?;
    if under_way == 0 {
        return Ok(());
    }
    let detail = "The engine has work of this person in hand, and would do it again for whom it takes for somebody else. \
        Try again when it is settled.";
    Err(Problem::new(Code::OutOfPlace, detail).fact("under_way", under_way))
}

/// Set, or replace, a person's identity at an engine. Work from then on uses it; nothing shows it again. 409 while the
/// engine has work of theirs in hand.
#[utoipa::path(put, path = "/users/{id}/engine-identity", tag = "operation", params(("id" = Uuid, Path)),
    request_body = Proof, security(("token" = ["operator"])), responses(
    (status = 200, description = "It is kept, sealed.", body = EngineIdentity),
))]
pub(crate) async fn put(
    State(api): State<Api>,
    _: Operator,
    At(id): At<kind::User>,
    Body(proof): Body<Proof>,
) -> Result<Json<EngineIdentity>, Problem> {
    let (engine, token) = (proof.engine.unwrap_or_else(|| USUAL.to_owned()), Secret::new(proof.token.0));
    let mut checks = Checks::default();
    checks.text(&engine, "/engine", 100);
    let printable = token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
    let fits = (1..=LONGEST).contains(&token.reveal().len());
    checks.want(printable && fits, "/token", format!("printable ASCII without blanks, at most {LONGEST} characters"));
    checks.done()?;
    let keys = api.config.vault.as_ref().ok_or_else(|| {
        Problem::new(Code::NoVault, "Give this process the vault's keys: SKYTWIN_VAULT_KEY or SKYTWIN_VAULT_KEY_FILE.")
    })?;
    let sealed = keys.seal(identities::binding(id, &engine), token.reveal().as_bytes(), &api.entropy);
    let sealed = sealed.map_err(|error| Problem::internal(&error))?;
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(id).await?;
    at_rest(&mut tx, &lock, &engine).await?;
    let identity = identities::put(&mut tx, &lock, &engine, &sealed, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(Json(identity.into()))
}

/// Which identity.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// At which engine; `ironclaw-responses` unless told.
    engine: Option<String>,
}

/// Forget a person's identity at an engine: they are known there as everybody else is. 409 while the engine
/// has work of theirs in hand.
#[utoipa::path(delete, path = "/users/{id}/engine-identity", tag = "operation", params(("id" = Uuid, Path), Which),
    security(("token" = ["operator"])), responses(
    (status = 204, description = "It is forgotten."),
))]
pub(crate) async fn delete(
    State(api): State<Api>,
    _: Operator,
    At(id): At<kind::User>,
    Query(which): Query<Which>,
) -> Result<StatusCode, Problem> {
    let engine = which.engine.unwrap_or_else(|| USUAL.to_owned());
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(id).await?;
    at_rest(&mut tx, &lock, &engine).await?;
    identities::forget(&mut tx, &lock, &engine).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(StatusCode::NO_CONTENT)
}
