//! Tokens: an operator mints them, shows them once, and revokes them; a person sees and revokes their own.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    id::{UserId, kind},
    outbox::Outbox,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{tokens, users};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    State as Api,
    body::Body,
    caller::{Caller, Operator, Scope},
    check::Checks,
    idempotency::KeepInstead,
    problem::Problem,
    query::{At, Query},
    token,
    wire::words,
};

/// A token to mint.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// For whom it speaks; leave it out for an operator's.
    user: Option<Uuid>,
    /// What it may do: `operator` alone, or any of the others.
    scopes: Vec<Scope>,
    /// Not valid from then on; never, if left out.
    #[schema(value_type = Option<words::Instant>)]
    expires_at: Option<Timestamp>,
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    id: Uuid,
    /// What it is for.
    name: String,
    /// For whom it speaks; null for an operator's.
    user: Option<Uuid>,
    /// What it may do.
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<String>,
    /// Since when.
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
    /// Not valid from then on.
    #[schema(value_type = Option<words::Instant>)]
    expires_at: Option<Timestamp>,
    /// Not valid since then.
    #[schema(value_type = Option<words::Instant>)]
    revoked_at: Option<Timestamp>,
}

/// A new token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Minted {
    /// What was minted.
    token: Token,
    /// The secret, shown this once; null when this answer is given again.
    secret: Option<String>,
}

/// Every token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// The latest first.
    items: Vec<Token>,
}

/// Whose tokens.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whose {
    /// For operators: this person's. Left out, an operator's own kind; a person always means their own.
    user: Option<Uuid>,
}

impl From<tokens::Token> for Token {
    fn from(token: tokens::Token) -> Self {
        Self {
            id: token.id.uuid(),
            name: token.name,
            user: token.user.map(domain::id::Id::uuid),
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
        }
    }
}

impl NewToken {
    fn check(&self, now: Timestamp) -> Result<(), Problem> {
        let mut checks = Checks::default();
        checks.text(&self.name, "/name", 200);
        let operates = self.scopes.contains(&Scope::Operator);
        checks.want(!self.scopes.is_empty(), "/scopes", "give at least one");
        checks.want(!operates || self.scopes.len() == 1, "/scopes", "`operator` stands alone");
        let mut sorted = self.scopes.clone();
        sorted.sort_unstable();
        checks.want(sorted.windows(2).all(|pair| pair.first() != pair.last()), "/scopes", "each at most once");
        checks.want(
            operates == self.user.is_none(),
            "/user",
            "a token speaks for a person, or is an operator's with the scope `operator`",
        );
        checks.want(self.expires_at.is_none_or(|at| at > now), "/expires_at", "must be later than now");
        checks.done()
    }
}

/// The person meant: a caller's own, or whom an operator names.
fn whose(caller: &Caller, whose: &Whose, scope: Scope) -> Result<Option<UserId>, Problem> {
    if caller.user.is_none() {
        caller.runs_the_system()?;
        return Ok(whose.user.map(UserId::new));
    }
    let own = caller.person(scope)?;
    match whose.user {
        Some(user) if user != own.uuid() => Err(Problem::not_found("user")),
        _ => Ok(Some(own)),
    }
}

/// Mint a token. Its secret is shown this once.
#[utoipa::path(post, path = "/tokens", tag = "operation", request_body = NewToken, security(("token" = ["operator"])), responses(
    (status = 201, description = "Minted.", body = Minted),
))]
pub(crate) async fn create(
    State(api): State<Api>,
    _: Operator,
    Body(new): Body<NewToken>,
) -> Result<Response, Problem> {
    let now = api.clock.now();
    new.check(now)?;
    let user = new.user.map(UserId::new);
    if let Some(user) = user {
        match users::get(&api.store, user).await {
            Err(store::Error::NotFound) => return Err(Problem::one("/user", "there is no such user")),
            found => drop(found?),
        }
    }
    let minted = token::scoped(&api.entropy, user, &new.name, new.scopes, new.expires_at, now);
    let mut tx = api.store.begin().await?;
    tokens::insert(&mut tx, &minted.token, &minted.hash).await?;
    tx.commit(Outbox::nothing(), now).await?;

    let mut shown = Minted { token: minted.token.into(), secret: None };
    // What is kept under an Idempotency-Key must open nothing.
    let kept = serde_json::to_vec(&shown).map_err(|error| Problem::internal(&error))?;
    shown.secret = Some(minted.secret.reveal().to_owned());
    Ok((StatusCode::CREATED, Extension(KeepInstead(Bytes::from(kept))), Json(shown)).into_response())
}

/// List tokens, without their secrets.
#[utoipa::path(get, path = "/tokens", tag = "operation", params(Whose), security(("token" = ["read"]), ("token" = ["operator"])), responses(
    (status = 200, description = "All of them.", body = Tokens),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<Whose>,
) -> Result<Json<Tokens>, Problem> {
    let user = whose(&caller, &asked, Scope::Read)?;
    let items = tokens::list(&api.store, user).await?;
    Ok(Json(Tokens { items: items.into_iter().map(Token::from).collect() }))
}

/// Revoke a token at once; twice is once.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "operation", params(("id" = Uuid, Path), Whose),
    security(("token" = ["settings"]), ("token" = ["operator"])), responses((status = 204, description = "Revoked.")))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<kind::Token>,
    Query(asked): Query<Whose>,
) -> Result<StatusCode, Problem> {
    let now = api.clock.now();
    let user = whose(&caller, &asked, Scope::Settings)?;
    let mut tx = api.store.begin().await?;
    tokens::revoke(&mut tx, user, id, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(StatusCode::NO_CONTENT)
}
