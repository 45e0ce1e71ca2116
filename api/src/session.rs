//! A browser's session: a cookie that stands where a bearer token would, with the same scopes and no longer life.
//!
//! Browsers send cookies along with requests that other sites make, so a request that changes something must also show
//! what only a page of ours can know and send: a token bound to the session, in a header of our own, and the browser's
//! word that the page is ours. The cookie itself is out of reach of scripts and kept here as a hash only.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::{
    id::{TokenId, UserId},
    outbox::Outbox,
    time::Timestamp,
};
use runtime::{Entropy, Secret};
use store::sessions::{self, Grant, Link, Session};
use subtle::ConstantTimeEq;
use url::Url;

use crate::{
    State as Api,
    caller::{Caller, Scope},
    problem::{Code, Problem},
    token,
};

/// Carries the session's own token with every request that changes something.
pub const CSRF: HeaderName = HeaderName::from_static("x-skytwin-csrf");
/// How long a one-time link is good.
pub const LINK_LIFE: TimeDelta = TimeDelta::minutes(15);
/// A session that is not used ends after so long…
const IDLE: TimeDelta = TimeDelta::days(7);
/// …and one that is used, after so long.
const LONGEST: TimeDelta = TimeDelta::days(30);
/// Use is noted once in so long: a session must not cost a write per request.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);
/// Most characters kept of what a browser calls itself.
const LONGEST_AGENT: usize = 200;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A one-time link, on its way to the database and to whoever asked for it.
#[derive(Debug)]
pub struct MintedLink {
    /// What to give away, once.
    pub secret: Secret,
    /// What to keep of it.
    pub hash: [u8; 32],
    /// Everything else about it.
    pub link: Link,
}

/// Mints a link that opens one session with these scopes.
pub fn mint_link(
    entropy: &Entropy,
    user: UserId,
    scopes: impl IntoIterator<Item = Scope>,
    token: Option<TokenId>,
    now: Timestamp,
) -> MintedLink {
    let secret = Secret::new(format!("sl_{}", entropy.secret().reveal()));
    let scopes = scopes.into_iter().map(|scope| scope.as_str().to_owned()).collect();
    let link = Link { id: entropy.uuid(now), user, scopes, token, created_at: now, expires_at: now.plus(LINK_LIFE) };
    MintedLink { hash: token::hash(secret.reveal()), secret, link }
}

/// Where the browser of this request finds us.
pub(crate) fn root(api: &Api, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let scheme = if secure(api, headers) { "https" } else { "http" };
    api.config.public_url.as_ref().map_or_else(|| format!("{scheme}://{host}"), ToString::to_string)
}

/// The address that a link's secret makes below an API's root. The secret stands after the `#`, which browsers keep to
/// themselves: it is in no log and no referrer, and whoever only looks at the address does not use it up.
pub fn address(root: &str, secret: &Secret) -> String {
    format!("{}/sign-in#{}", root.trim_end_matches('/'), secret.reveal())
}

/// Opens a session; gives it and the cookie's secret.
pub(crate) async fn open(
    api: &Api,
    tx: &mut store::Tx,
    grant: Grant,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<(Session, Secret), Problem> {
    // Who signs in again in the same browser is done with what was open there, and could not end it any more.
    if let Some(before) = self::secret(api, headers)
        && let Some(earlier) = sessions::by_hash(&mut *tx, &token::hash(before), now).await?
    {
        sessions::end(tx, earlier.grant.user, earlier.id, now).await?;
    }
    let secret = Secret::new(format!("ss_{}", api.entropy.secret().reveal()));
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("unknown");
    let agent = agent.chars().take(LONGEST_AGENT).collect();
    let (id, expires_at) = (api.entropy.id(now), now.plus(IDLE));
    let session = Session { id, grant, agent, created_at: now, seen_at: now, expires_at };
    sessions::open(tx, &session, &token::hash(secret.reveal())).await?;
    Ok((session, secret))
}

/// The caller behind a cookie, if its session is good and the request comes from a page of ours.
pub(crate) async fn recognise(api: &Api, parts: &Parts) -> Result<Option<Caller>, Problem> {
    let Some(secret) = secret(api, &parts.headers) else { return Ok(None) };
    let now = api.clock.now();
    let Some(session) = sessions::by_hash(&api.store, &token::hash(secret), now).await? else { return Ok(None) };
    let csrf = csrf(secret);
    if !parts.method.is_safe() || parts.method == Method::TRACE {
        ours(api, parts)?;
        let shown = parts.headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
        if !bool::from(shown.ct_eq(csrf.as_bytes())) {
            return Err(Problem::new(Code::CrossSite, "Send the `csrf` of GET /api/v1/session as `X-SkyTwin-CSRF`."));
        }
    }
    if session.seen_at.plus(NOTED_EVERY) <= now {
        note(api, &session, now).await?;
    }
    Ok(Some(Caller::of_session(session, csrf)))
}

async fn note(api: &Api, session: &Session, now: Timestamp) -> Result<(), Problem> {
    let until = now.plus(IDLE).min(session.created_at.plus(LONGEST));
    let mut tx = api.store.begin().await?;
    sessions::seen(&mut tx, session.id, until, now).await?;
    Ok(tx.commit(Outbox::nothing(), now).await?)
}

/// Refuses a request that a browser made for somebody else's page. Browsers say so; other programs carry no cookies
/// they were not given.
pub(crate) fn ours(api: &Api, parts: &Parts) -> Result<(), Problem> {
    let text = |name: HeaderName| parts.headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let same = match (text(SITE), text(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, None) => true,
        (None, Some(origin)) => {
            let host = text(header::HOST).or(parts.uri.authority().map(axum::http::uri::Authority::as_str));
            let public = api.config.public_url.as_ref().map(|url| url.origin().ascii_serialization());
            Some(origin) == public.as_deref() || origin.split_once("://").map(|(_, host)| host) == host
        }
    };
    if same { Ok(()) } else { Err(Problem::new(Code::CrossSite, "Only a page served from here may ask for this.")) }
}

/// What a signed-in page has to show: derived from the cookie's secret, which no script and no other site can read.
pub(crate) fn csrf(secret: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(token::hash(&format!("csrf {secret}")))
}

/// The cookie's secret, if there is one that looks like ours.
fn secret<'h>(api: &Api, headers: &'h HeaderMap) -> Option<&'h str> {
    shown(name(secure(api, headers)), headers)
}

/// The first cookie of this name that looks like ours.
fn shown<'h>(name: &str, headers: &'h HeaderMap) -> Option<&'h str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(named, secret)| *named == name && token::shaped("ss_", secret)).map(|(_, secret)| secret)
}

/// Does the browser speak https to us, or to whoever stands before us?
fn secure(api: &Api, headers: &HeaderMap) -> bool {
    api.config.public_url.as_ref().is_some_and(|url: &Url| url.scheme() == "https")
        || headers.get(FORWARDED).is_some_and(|scheme| scheme == "https")
}

/// `__Host-`: a browser takes it from this host alone, over https alone, so that no neighbour can plant one.
const fn name(secure: bool) -> &'static str {
    if secure { "__Host-skytwin" } else { "skytwin" }
}

/// The `Set-Cookie` that gives a browser its session, or, with no secret, takes it away.
///
/// Lax, not Strict: the way back from an account's provider is a step from another site, and must know who left. What a
/// Lax cookie still lets through, reading, no other site can see the answer of.
pub(crate) fn cookie(api: &Api, headers: &HeaderMap, secret: Option<&Secret>) -> HeaderValue {
    let secure = secure(api, headers);
    let (value, life) = secret.map_or(("", 0), |secret| (secret.reveal(), LONGEST.num_seconds()));
    let end = if secure { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; Max-Age={life}; HttpOnly; SameSite=Lax{end}", name(secure));
    let mut cookie = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    cookie.set_sensitive(true);
    cookie
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn only_a_cookie_of_the_very_name_and_shape_is_a_session(
            sent in prop::collection::vec(
                fuzz::text_of(&[
                    "skytwin=ss_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                    "__Host-skytwin=ss_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
                    "skytwin=ss_short", "theme=dark", "; ", ";", "x", "\"",
                ]),
                0..3,
            )
        ) {
            let values = sent.iter().filter_map(|text| HeaderValue::from_str(text).ok());
            let headers: HeaderMap = values.map(|value| (header::COOKIE, value)).collect();
            for name in [name(true), name(false)] {
                if let Some(secret) = shown(name, &headers) {
                    prop_assert!(token::shaped("ss_", secret));
                    let pair = format!("{name}={secret}");
                    prop_assert!(sent.iter().flat_map(|text| text.split(';')).any(|one| one.trim() == pair));
                }
            }
        }
    }
}
