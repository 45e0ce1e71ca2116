//! Who asks: a bearer token, kept as a hash only, that belongs to one person or to an operator (`domain.md` §1 law 9);
//! or a browser's session, which is as good as the token that opened it (`session.rs`).
//!
//! Invariant: the person acted for comes from the token and from nowhere else. A person's token is never an
//! operator's; an operator's token never acts for a person. The scopes are a closed list.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::id::{TokenId, UserId};
use serde::{Deserialize, Serialize};
use store::sessions::Session;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State as Api,
    allowance::Peer,
    problem::{Code, Problem},
    session, token, trace,
};

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See everything of its person.
    Read,
    /// Post signals.
    Signal,
    /// Answer approvals and blocked decisions.
    Answer,
    /// Change settings and preferences, stop and resume, revoke tokens.
    Settings,
    /// Run the system: users, tokens, jobs. Never together with another scope.
    Operator,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Read, Self::Signal, Self::Answer, Self::Settings, Self::Operator];

    /// Its name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Signal => "signal",
            Self::Answer => "answer",
            Self::Settings => "settings",
            Self::Operator => "operator",
        }
    }

    /// The scope of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What sets this caller's Idempotency-Keys apart: the id of the token or the session.
    pub key: String,
    /// Whose token; none means an operator's.
    pub user: Option<UserId>,
    /// The token behind it: none for the bootstrap token, and for a session that an operator's command opened.
    pub token: Option<TokenId>,
    /// The browser's session and what its pages have to show; none for whoever sends the token itself.
    pub(crate) session: Option<(Session, String)>,
    scopes: Vec<Scope>,
}

impl Caller {
    fn operator(key: String) -> Self {
        Self { key, user: None, token: None, session: None, scopes: vec![Scope::Operator] }
    }

    /// Who a good session speaks for.
    pub(crate) fn of_session(session: Session, csrf: String) -> Self {
        let (user, token) = (session.grant.user, session.grant.token);
        let scopes = session.grant.scopes.iter().filter_map(|name| Scope::named(name)).collect();
        Self { key: session.id.to_string(), user, token, session: Some((session, csrf)), scopes }
    }

    /// Who the ticket of a stream speaks for: only following, and only as long as whoever asked for it may.
    fn of_ticket(user: UserId, holder: Uuid) -> Self {
        Self { key: holder.to_string(), user: Some(user), token: None, session: None, scopes: vec![Scope::Read] }
    }

    /// The token or session that asks: what is begun with it ends with it.
    pub(crate) fn holder(&self) -> Result<Uuid, Problem> {
        self.key.parse().map_err(|_| Problem::new(Code::Forbidden, "The bootstrap token can't ask for this."))
    }

    /// Everything this caller may do.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Passes a person who may do this, and an operator.
    pub(crate) fn may(&self, scope: Scope) -> Result<(), Problem> {
        if self.user.is_some() { self.person(scope).map(drop) } else { self.runs_the_system() }
    }

    /// The person this token acts for, if it may do this.
    pub fn person(&self, scope: Scope) -> Result<UserId, Problem> {
        match self.user {
            Some(user) if self.scopes.contains(&scope) => Ok(user),
            Some(_) => Err(forbidden(scope)),
            None => {
                Err(Problem::new(Code::Forbidden, "An operator's token acts for nobody; use a token of that person."))
            }
        }
    }

    /// Passes an operator.
    pub fn runs_the_system(&self) -> Result<(), Problem> {
        if self.user.is_none() && self.scopes.contains(&Scope::Operator) {
            Ok(())
        } else {
            Err(forbidden(Scope::Operator))
        }
    }
}

fn forbidden(scope: Scope) -> Problem {
    Problem::new(Code::Forbidden, format!("This token lacks the scope `{}`.", scope.as_str())).fact("scope", scope)
}

/// Lets in whoever carries a valid token or session, and notes who that is. What they may do is for each route to say.
pub(crate) async fn authenticate(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match recognise(&api, &parts).await {
        Ok(caller) => {
            if let Err(problem) = api.allowances.of_caller(&caller.key, api.clock.now()) {
                return problem.into_response();
            }
            trace::is_by(caller.user);
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) if problem.code() == Code::Unauthenticated => {
            api.allowances.of_stranger(Peer::of(&parts.extensions), api.clock.now(), problem.into_response())
        }
        Err(problem) => problem.into_response(),
    }
}

/// A token that is shown on purpose goes before a cookie that a browser sends by itself.
async fn recognise(api: &Api, parts: &Parts) -> Result<Caller, Problem> {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        let shown = bearer(&parts.headers).ok_or_else(|| unauthenticated(SHOW))?;
        return of_token(api, shown).await;
    }
    if let Some(ticket) = ticket(parts) {
        let taken = store::tickets::take(&api.store, &token::hash(&ticket), api.clock.now()).await?;
        let (user, holder) = taken.ok_or_else(|| unauthenticated("This ticket is used or over. Ask for a new one."))?;
        let good = store::sessions::still_good(&api.store, &[holder], api.clock.now()).await?;
        return if good.contains(&holder) { Ok(Caller::of_ticket(user, holder)) } else { Err(unauthenticated(SHOW)) };
    }
    session::recognise(api, parts).await?.ok_or_else(|| unauthenticated(SHOW))
}

/// The ticket in the address of a stream; nothing else is opened by what stands in an address.
fn ticket(parts: &Parts) -> Option<String> {
    let route = parts.extensions.get::<MatchedPath>()?.as_str();
    let query = parts.uri.query().filter(|_| route == "/api/v1/events/stream")?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "ticket").map(|(_, ticket)| ticket.into())
}

const SHOW: &str = "Send `Authorization: Bearer <token>`, or sign in.";

/// Who a token speaks for.
pub(crate) async fn of_token(api: &Api, shown: &str) -> Result<Caller, Problem> {
    let hash = token::hash(shown);
    let bootstrap = api.config.bootstrap_token.as_ref().map(|secret| token::hash(secret.reveal()));
    if bootstrap.is_some_and(|expected| bool::from(expected.ct_eq(&hash))) {
        return Ok(Caller::operator("bootstrap".into()));
    }
    let unknown = || unauthenticated("This token is unknown, expired or revoked.");
    if !token::shaped("st_", shown) {
        return Err(unknown());
    }
    let found = store::tokens::by_hash(&api.store, &hash).await?.ok_or_else(unknown)?;
    let now = api.clock.now();
    if found.revoked_at.is_some() || found.expires_at.is_some_and(|at| at <= now) {
        return Err(unknown());
    }
    let scopes = found.scopes.iter().filter_map(|name| Scope::named(name)).collect();
    Ok(Caller { key: found.id.to_string(), user: found.user, token: Some(found.id), session: None, scopes })
}

/// The token of `Authorization: Bearer …`, if there is exactly one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, token) = all.next()?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (all.next().is_none() && scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

pub(crate) fn unauthenticated(detail: &str) -> Problem {
    Problem::new(Code::Unauthenticated, detail).header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| unauthenticated(SHOW))
    }
}

/// A scope as a type, so that a handler's signature says what it needs.
pub trait Needs: Send {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident),+) => {
        $($(#[$doc])* #[derive(Debug)] pub enum $name {}
        impl Needs for $name { const SCOPE: Scope = Scope::$name; })+
    };
}
needs!(
    /// Needs `read`.
    Read,
    /// Needs `signal`.
    Signal,
    /// Needs `answer`.
    Answer,
    /// Needs `settings`.
    Settings
);

/// A person whose token has the scope `N`.
#[derive(Debug)]
pub struct Person<N> {
    /// Who.
    pub user: UserId,
    /// The token's id, as [`Caller::key`].
    pub key: String,
    needs: PhantomData<fn() -> N>,
}

impl<S: Send + Sync, N: Needs> FromRequestParts<S> for Person<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self { user: caller.person(N::SCOPE)?, key: caller.key, needs: PhantomData })
    }
}

/// Somebody who runs the system.
#[derive(Debug)]
pub struct Operator;

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Caller::from_request_parts(parts, state).await?.runs_the_system().map(|()| Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn a_token_is_a_part_of_the_one_header_that_shows_it(
            sent in prop::collection::vec(fuzz::text_of(&["Bearer", "bearer", "Basic", " ", "st_", "abc", ","]), 0..3)
        ) {
            let values = sent.iter().filter_map(|text| HeaderValue::from_str(text).ok());
            let headers: HeaderMap = values.map(|value| (header::AUTHORIZATION, value)).collect();
            if let Some(token) = bearer(&headers) {
                prop_assert_eq!(headers.len(), 1);
                let text = headers[header::AUTHORIZATION].to_str().unwrap();
                prop_assert!(text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")), "{text}");
                prop_assert!(text.trim_end().ends_with(token) && !token.is_empty() && token.trim() == token);
            }
            for text in &sent {
                if token::shaped("st_", text) {
                    prop_assert!(text.is_ascii() && (46..=131).contains(&text.len()));
                }
            }
        }
    }

    fn with(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn only_one_bearer_token_is_taken() {
        assert_eq!(bearer(&with(&["bearer  abc"])), Some("abc"));
        for wrong in [&[][..], &["Basic abc"], &["Bearer"], &["Bearer "], &["Bearer a", "Bearer b"]] {
            assert_eq!(bearer(&with(wrong)), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_operator_acts_for_nobody_and_a_person_runs_nothing() {
        let operator = Caller::operator("x".into());
        assert!(operator.runs_the_system().is_ok() && operator.person(Scope::Read).is_err());
        let user = UserId::new(uuid::Uuid::from_u128(1));
        let person = Caller { user: Some(user), scopes: vec![Scope::Read, Scope::Operator], ..operator };
        assert!(person.runs_the_system().is_err());
        assert_eq!(person.person(Scope::Read).unwrap(), user);
        assert!(person.person(Scope::Answer).is_err());
    }
}
