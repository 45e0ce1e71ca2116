//! Connecting an account: the person leaves for the provider's sign-in and comes back with a code (`domain.md` §13).
//!
//! Invariant: only the browser that began a sign-in can end it, once, within ten minutes, and for the person who began
//! it. The state that travels with the redirects is known here as a hash and consumed by whoever shows it first; the PKCE
//! verifier stays in a cookie of that browser, of which only the challenge is kept. So a link sent to somebody else
//! connects nothing, and neither what is stored nor what a provider or a log has seen is enough to end a sign-in.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use chrono::TimeDelta;
use domain::{
    account::{Account, Identity, Trouble},
    id::{AccountId, UserId},
    retry::PARTS,
    time::Timestamp,
};
use oauth::Grant;
use runtime::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{
    accounts, alerts,
    connects::{self, Connect},
    secrets,
};
use subtle::ConstantTimeEq;
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::accounts::binding;
use crate::{
    State as Api,
    body::Body,
    caller::{Person, Settings as MaySet},
    idempotency::KeepInstead,
    problem::{Code, Problem},
    query::Query,
    wire::words,
};

/// How long a person may take at the provider's.
const LIFE: TimeDelta = TimeDelta::minutes(10);
/// Where the provider sends them back to; it must know this address.
const CALLBACK: &str = "/api/v1/oauth/callback";
/// The page that shows what came of it.
const PAGE: &str = "/accounts";
const COOKIE: &str = "skytwin_connect";

/// Where to connect an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// One of the `providers` of `GET /accounts`.
    provider: String,
}

/// Where the person has to go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Begun {
    /// The provider's sign-in, to be opened in the browser that asked; null when this answer is given again.
    authorization_url: Option<String>,
    /// Too late from then on.
    #[schema(value_type = words::Instant)]
    expires_at: Timestamp,
}

/// What a provider sends a person back with. Providers add what they like.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Returned {
    /// What was begun.
    state: Option<String>,
    /// To be turned into tokens.
    code: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Begin to connect an account. The answer sets a cookie: only the browser that asked can end what it began.
#[utoipa::path(post, path = "/accounts/connect", tag = "accounts", request_body = Wanted, security(("token" = ["settings"])), responses(
    (status = 201, description = "Begun: send the person to `authorization_url`.", body = Begun),
))]
pub(crate) async fn begin(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let now = api.clock.now();
    let provider = api.providers.get(&wanted.provider);
    let provider = provider.ok_or_else(|| Problem::one("/provider", "is none of the `providers` of GET /accounts"))?;
    let redirect = redirect(&api)?;
    if api.config.vault.is_none() {
        return Err(Problem::new(Code::NotSetUp, "The operator has to give the vault a key (SKYTWIN_VAULT_KEY)."));
    }
    let (state, verifier) = (api.entropy.secret(), api.entropy.secret());
    let connect = Connect {
        state_hash: hash(state.reveal()),
        challenge: hash(verifier.reveal()),
        user: caller.user,
        provider: wanted.provider,
        begun_by: caller.key,
        expires_at: now.plus(LIFE),
    };
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    connects::begin(&mut tx, &lock, &connect).await?;
    tx.commit(domain::outbox::Outbox::nothing(), now).await?;

    let mut begun = Begun { authorization_url: None, expires_at: connect.expires_at };
    // What is kept under an Idempotency-Key must begin nothing.
    let kept = serde_json::to_vec(&begun).map_err(|error| Problem::internal(&error))?;
    begun.authorization_url = Some(provider.authorize(&redirect, &state, &verifier).into());
    let cookie = AppendHeaders([(header::SET_COOKIE, cookie(&redirect, Some(&verifier)))]);
    Ok((StatusCode::CREATED, cookie, Extension(KeepInstead(Bytes::from(kept))), Json(begun)).into_response())
}

/// Where a provider sends the person back to; sends them on to the page that shows what came of it.
#[utoipa::path(get, path = "/oauth/callback", tag = "accounts", params(Returned), responses(
    (status = 303, description = "On to the accounts, with `connected` or `problem`."),
))]
pub(crate) async fn end(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Result<Response, Problem> {
    let redirect = redirect(&api)?;
    let (name, says) = match connected(&api, &redirect, &headers, returned).await {
        Ok(provider) => ("connected", provider),
        Err(Failure::Told(problem)) => ("problem", problem.to_owned()),
        Err(Failure::Ours(problem)) => return Err(problem),
    };
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, &says).finish();
    let place = HeaderValue::try_from(format!("{PAGE}?{query}")).map_err(|error| Problem::internal(&error))?;
    // The verifier has served, whatever came of it.
    let headers = AppendHeaders([(header::LOCATION, place), (header::SET_COOKIE, cookie(&redirect, None))]);
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// Why nothing was connected.
enum Failure {
    /// For the person to read.
    Told(&'static str),
    /// Not for this page to explain.
    Ours(Problem),
}

impl<E: Into<Problem>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Ours(error.into())
    }
}

/// Ends a sign-in; gives the provider's name.
async fn connected(api: &Api, redirect: &Url, headers: &HeaderMap, returned: Returned) -> Result<String, Failure> {
    let now = api.clock.now();
    let hashed = returned.state.as_deref().map(hash);
    let connect = match &hashed {
        Some(hash) => connects::consume(&api.store, hash, now).await?,
        None => None,
    };
    let connect = connect.ok_or(Failure::Told("That sign-in is over or was too slow. Please start it again."))?;
    let verifier = verifier(headers).filter(|verifier| bool::from(hash(verifier.reveal()).ct_eq(&connect.challenge)));
    let verifier =
        verifier.ok_or(Failure::Told("That sign-in was begun in another browser. Please start it again here."))?;
    let code = match (returned.code, returned.error.as_deref()) {
        (Some(code), None) => Secret::new(code),
        (_, Some("access_denied")) => return Err(Failure::Told("You did not allow it, so nothing is connected.")),
        (_, _) => return Err(Failure::Told("The provider refused the sign-in.")),
    };
    let Some(provider) = api.providers.get(&connect.provider) else {
        return Err(Failure::Told("This provider is not set up any more."));
    };
    match provider.exchange(redirect, &code, &verifier).await {
        Ok(grant) => {
            keep(api, &connect, grant).await?;
            Ok(connect.provider)
        }
        Err(Trouble::Refused) => Err(Failure::Told("The provider did not accept the sign-in. Please try again.")),
        Err(Trouble::Passing { .. }) => {
            Err(Failure::Told("The provider can't be reached at the moment. Please try again."))
        }
        Err(Trouble::Misconfigured { code }) => {
            let (mut tx, now) = (api.store.begin().await?, api.clock.now());
            let says = format!(
                "Accounts of {} can't be connected: {code}. See its registration and SKYTWIN_PROVIDERS.",
                connect.provider
            );
            alerts::raise(&mut tx, &format!("oauth:{}", connect.provider), &says, now).await?;
            tx.commit(domain::outbox::Outbox::nothing(), now).await?;
            tracing::error!(provider = connect.provider, code, "a sign-in failed on this system's own set-up");
            Err(Failure::Told("This system is not set up right for that provider. Its operator was told."))
        }
    }
}

/// Stores the tokens, sealed, and the account they are of: the same one when the same person connects again.
async fn keep(api: &Api, connect: &Connect, grant: Grant) -> Result<(), Failure> {
    let keys = api.config.vault.as_ref().ok_or(Failure::Told("This system can't keep tokens: it has no vault key."))?;
    let (user, now) = (connect.user, api.clock.now());
    // A provider that does not say who it is knows one account for each person.
    let who = grant.identity.unwrap_or_else(|| Identity { subject: "self".to_owned(), label: None });
    let id = account_id(user, &connect.provider, &who.subject);
    let draw = draw(api);
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(user).await?;
    let (account, outbox) = match accounts::get(&mut tx, user, id).await {
        Ok(known) => known.reconnect(who.label, grant.granted, draw, now),
        Err(store::Error::NotFound) => {
            Account::connect(id, user, connect.provider.clone(), who, grant.granted, draw, now)
        }
        Err(error) => return Err(error.into()),
    };
    let sealed = keys.seal(binding(&account), &grant.tokens.to_bytes(), &api.entropy);
    let sealed = sealed.map_err(|error| Failure::Ours(Problem::internal(&error)))?;
    accounts::connect(&mut tx, &lock, &account).await?;
    secrets::put(&mut tx, &lock, binding(&account), &sealed, now).await?;
    alerts::resolve(&mut tx, &format!("oauth:{}", account.provider), now).await?;
    Ok(tx.commit(outbox, now).await?)
}

fn account_id(user: UserId, provider: &str, subject: &str) -> AccountId {
    user.child(&format!("account:{provider}:{subject}"))
}

/// The address that providers know, which the operator has to set: nobody else may name it.
fn redirect(api: &Api) -> Result<Url, Problem> {
    let root = api.config.public_url.as_ref().filter(|url| runtime::providers::is_safe(url));
    let url = root.and_then(|root| root.join(CALLBACK).ok());
    url.ok_or_else(|| {
        Problem::new(Code::NotSetUp, "The operator has to set SKYTWIN_PUBLIC_URL to the https address of this system.")
    })
}

/// Lax: the way back from the provider is a step from another site. Only the callback ever sees it.
fn cookie(redirect: &Url, verifier: Option<&Secret>) -> HeaderValue {
    let (value, life) = verifier.map_or(("", 0), |verifier| (verifier.reveal(), LIFE.num_seconds()));
    let secure = if redirect.scheme() == "https" { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path={CALLBACK}; Max-Age={life}; HttpOnly; SameSite=Lax{secure}");
    let mut cookie = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    cookie.set_sensitive(true);
    cookie
}

fn verifier(headers: &HeaderMap) -> Option<Secret> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| Secret::new(value))
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// For jitter, in parts of [`PARTS`].
fn draw(api: &Api) -> u32 {
    u32::from_le_bytes(api.entropy.bytes()) % (PARTS + 1)
}
