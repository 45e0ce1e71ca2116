//! Signing in and out with a browser, and who is asking: what a page needs to know before anything else.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Response},
};
use domain::{id::kind, outbox::Outbox, time::Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    sessions::{self, Grant},
    users,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::users::User;
use crate::{
    State as Api,
    body::Body,
    caller::{self, Caller, Scope},
    problem::{Code, Problem},
    query::At,
    session, token,
    wire::words,
};

/// What to sign in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignIn {
    /// The part of a one-time link behind the `#`.
    Link(String),
    /// A token, as it would be sent in `Authorization`.
    Token(String),
}

/// A browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    id: Uuid,
    /// What the browser calls itself.
    agent: String,
    /// Since when.
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
    /// Last used, to the hour.
    #[schema(value_type = words::Instant)]
    seen_at: Timestamp,
    /// When it ends if it is not used.
    #[schema(value_type = words::Instant)]
    expires_at: Timestamp,
    /// It is the one asking.
    current: bool,
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Who {
    /// The person acted for; null for an operator.
    user: Option<User>,
    /// What this caller may do.
    scopes: Vec<Scope>,
    /// The browser's session; null for a bearer token.
    session: Option<Session>,
    /// What requests that change something must send as `X-SkyTwin-CSRF`; null for a bearer token.
    csrf: Option<String>,
}

/// Browsers that are signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sessions {
    /// The latest first.
    items: Vec<Session>,
}

fn shown(session: sessions::Session, current: bool) -> Session {
    Session {
        id: session.id.uuid(),
        agent: session.agent,
        created_at: session.created_at,
        seen_at: session.seen_at,
        expires_at: session.expires_at,
        current,
    }
}

async fn who(api: &Api, caller: Caller) -> Result<Who, Problem> {
    let user = match caller.user {
        Some(user) => Some(users::get(&api.store, user).await?.into()),
        None => None,
    };
    let scopes = caller.scopes().to_vec();
    let (session, csrf) = caller.session.map(|(session, csrf)| (shown(session, true), csrf)).unzip();
    Ok(Who { user, scopes, session, csrf })
}

/// Sign in a browser: gives it a session's cookie. A link is used up; an Idempotency-Key changes nothing about that.
#[utoipa::path(post, path = "/sign-in", tag = "sessions", request_body = SignIn, responses(
    (status = 200, description = "Signed in.", body = Who, headers(("Set-Cookie" = String))),
))]
pub(crate) async fn sign_in(
    State(api): State<Api>,
    parts: Parts,
    Body(shown): Body<SignIn>,
) -> Result<Response, Problem> {
    // Another site must not sign a browser in as somebody else either.
    session::ours(&api, &parts)?;
    let used = || caller::unauthenticated("This link is used or over. Ask for a new one.");
    let now = api.clock.now();
    let mut tx = match &shown {
        SignIn::Link(link) if !token::shaped("sl_", link) => return Err(used()),
        SignIn::Link(_) | SignIn::Token(_) => api.store.begin().await?,
    };
    let grant = match &shown {
        SignIn::Link(link) => sessions::take_link(&mut tx, &token::hash(link), now).await?,
        SignIn::Token(shown) => {
            let caller = caller::of_token(&api, shown).await?;
            if caller.token.is_none() {
                let detail = "The bootstrap token opens no session; mint an operator's token with it.";
                return Err(Problem::new(Code::Forbidden, detail));
            }
            let scopes = caller.scopes().iter().map(|scope| scope.as_str().to_owned()).collect();
            Some(Grant { user: caller.user, scopes, token: caller.token })
        }
    };
    let grant = grant.ok_or_else(used)?;
    let (session, secret) = session::open(&api, &mut tx, grant, &parts.headers, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    let caller = Caller::of_session(session, session::csrf(secret.reveal()));
    let cookie = session::cookie(&api, &parts.headers, Some(&secret));
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(who(&api, caller).await?)).into_response())
}

/// Who am I, and what may I do?
#[utoipa::path(get, path = "/session", tag = "sessions",
    security(("token" = ["read"]), ("token" = ["signal"]), ("token" = ["answer"]), ("token" = ["settings"]), ("token" = ["operator"])),
    responses((status = 200, description = "Who asks.", body = Who)))]
pub(crate) async fn get(State(api): State<Api>, caller: Caller) -> Result<Json<Who>, Problem> {
    Ok(Json(who(&api, caller).await?))
}

/// Sign out: ends the session that asks. A bearer token has none to end.
#[utoipa::path(post, path = "/sign-out", tag = "sessions",
    security(("token" = ["read"]), ("token" = ["signal"]), ("token" = ["answer"]), ("token" = ["settings"]), ("token" = ["operator"])),
    responses((status = 204, description = "Signed out.")))]
pub(crate) async fn sign_out(State(api): State<Api>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some((session, _)) = &caller.session {
        let now = api.clock.now();
        let mut tx = api.store.begin().await?;
        sessions::end(&mut tx, caller.user, session.id, now).await?;
        tx.commit(Outbox::nothing(), now).await?;
    }
    let cookie = session::cookie(&api, &headers, None);
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie)])).into_response())
}

/// List the browsers that are signed in.
#[utoipa::path(get, path = "/sessions", tag = "sessions", security(("token" = ["read"]), ("token" = ["operator"])), responses(
    (status = 200, description = "All of them.", body = Sessions),
))]
pub(crate) async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Sessions>, Problem> {
    caller.may(Scope::Read)?;
    let asking = caller.session.as_ref().map(|(session, _)| session.id);
    let found = sessions::list(&api.store, caller.user, api.clock.now()).await?;
    let items = found.into_iter().map(|session| {
        let current = Some(session.id) == asking;
        shown(session, current)
    });
    Ok(Json(Sessions { items: items.collect() }))
}

/// Sign another browser out; twice is once.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "sessions", params(("id" = Uuid, Path)),
    security(("token" = ["settings"]), ("token" = ["operator"])), responses((status = 204, description = "Signed out.")))]
pub(crate) async fn end(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<kind::Session>,
) -> Result<StatusCode, Problem> {
    caller.may(Scope::Settings)?;
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    sessions::end(&mut tx, caller.user, id, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(StatusCode::NO_CONTENT)
}
