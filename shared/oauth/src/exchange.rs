//! The token endpoint's three questions, put and read by the `oauth2` crate, and what each answer means for the person.

use std::fmt::Display;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use domain::account::{Granted, Trouble};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointNotSet,
    EndpointSet, ErrorResponseType, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, Scope, StandardErrorResponse, StandardRevocableToken, StandardTokenIntrospectionResponse,
    StandardTokenResponse, TokenResponse, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenType},
};
use runtime::{
    Secret,
    providers::{Auth, Provider},
};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::{
    Grant, Tokens, identity,
    wire::{Lost, Wire},
};

/// What OpenID Connect adds to an answer.
#[derive(Debug, Serialize, Deserialize)]
struct Extra {
    #[serde(default)]
    id_token: Option<String>,
}

impl ExtraTokenFields for Extra {}

type Answer = StandardTokenResponse<Extra, BasicTokenType>;
type Protocol = oauth2::Client<
    BasicErrorResponse,
    Answer,
    StandardTokenIntrospectionResponse<EmptyExtraTokenFields, BasicTokenType>,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

fn protocol(provider: &Provider) -> Protocol {
    let client = oauth2::Client::new(ClientId::new(provider.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(provider.authorize_url.clone()))
        .set_token_uri(TokenUrl::from_url(provider.token_url.clone()))
        .set_auth_type(match provider.auth {
            Auth::Basic => AuthType::BasicAuth,
            Auth::Body => AuthType::RequestBody,
        });
    match &provider.client_secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.reveal().to_owned())),
        None => client,
    }
}

pub(crate) fn authorize(provider: &Provider, redirect: &Url, state: &Secret, verifier: &Secret) -> Url {
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.reveal().to_owned()));
    let client = protocol(provider).set_redirect_uri(RedirectUrl::from_url(redirect.clone()));
    let mut request = client
        .authorize_url(|| CsrfToken::new(state.reveal().to_owned()))
        .add_scopes(provider.scopes.iter().cloned().map(Scope::new))
        .set_pkce_challenge(challenge);
    for (name, value) in &provider.authorize_with {
        request = request.add_extra_param(name, value);
    }
    request.url().0
}

pub(crate) async fn code(
    provider: &Provider,
    wire: &Wire,
    redirect: &Url,
    code: &Secret,
    verifier: &Secret,
) -> Result<Grant, Trouble> {
    let client = protocol(provider).set_redirect_uri(RedirectUrl::from_url(redirect.clone()));
    let asked = client
        .exchange_code(AuthorizationCode::new(code.reveal().to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(verifier.reveal().to_owned()))
        .request_async(wire)
        .await;
    let mut grant = read(provider, &asked.map_err(meaning)?, None);
    // What was asked for, where the provider does not say what it gave.
    grant.granted.scopes.get_or_insert_with(|| provider.scopes.clone());
    Ok(grant)
}

pub(crate) async fn refresh(provider: &Provider, wire: &Wire, refresh: &str) -> Result<Grant, Trouble> {
    let client = protocol(provider);
    let token = RefreshToken::new(refresh.to_owned());
    let asked = client.exchange_refresh_token(&token).request_async(wire).await;
    Ok(read(provider, &asked.map_err(meaning)?, Some(refresh)))
}

pub(crate) async fn revoke(provider: &Provider, wire: &Wire, url: &Url, tokens: &Tokens) -> Result<(), Trouble> {
    let request =
        revocation(provider, url, tokens).map_err(|_| Trouble::Misconfigured { code: "revoke_url".into() })?;
    let answer = wire.send(request).await.map_err(|lost| lost.trouble())?;
    if answer.status().is_success() {
        return Ok(());
    }
    match serde_json::from_slice(answer.body()).map(|said: Said| meaning_of(&said.error)) {
        // It knew the token no more, which is what was wanted.
        Ok(Trouble::Refused) => Ok(()),
        Ok(trouble) => Err(trouble),
        Err(_) => Err(Trouble::Misconfigured { code: format!("http_{}", answer.status().as_u16()) }),
    }
}

/// By hand: `oauth2` revokes over https only, and within this machine http is as good.
fn revocation(provider: &Provider, url: &Url, tokens: &Tokens) -> http::Result<oauth2::HttpRequest> {
    // The refresh token stands for the whole grant; its access tokens go with it (RFC 7009 §2.1).
    let (token, hint) = match tokens.refresh() {
        Some(refresh) => (refresh, "refresh_token"),
        None => (tokens.access(), "access_token"),
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token).append_pair("token_type_hint", hint);
    let mut request = http::Request::post(url.as_str()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    match (provider.auth, &provider.client_secret) {
        (Auth::Basic, Some(secret)) => {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = Zeroizing::new(format!("{}:{}", encoded(&provider.client_id), encoded(secret.reveal())));
            request = request.header(AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())));
        }
        (Auth::Basic | Auth::Body, secret) => {
            form.append_pair("client_id", &provider.client_id);
            if let Some(secret) = secret {
                form.append_pair("client_secret", secret.reveal());
            }
        }
    }
    request.body(form.finish().into_bytes())
}

/// An error answer, as far as it is of interest.
#[derive(Deserialize)]
struct Said {
    error: String,
}

fn read(provider: &Provider, answer: &Answer, old_refresh: Option<&str>) -> Grant {
    let refresh = answer.refresh_token().map(|token| token.secret().as_str()).or(old_refresh);
    let identity =
        answer.extra_fields().id_token.as_deref().and_then(|token| identity::read(token, &provider.client_id));
    let scopes = answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect());
    Grant {
        tokens: Tokens::new(answer.access_token().secret(), refresh.map(str::to_owned)),
        granted: Granted { life: answer.expires_in().and_then(|life| TimeDelta::from_std(life).ok()), scopes },
        identity,
    }
}

/// What an answer that is no token means. What the provider said besides its code stays here: it may quote the request.
fn meaning<T>(error: RequestTokenError<Lost, StandardErrorResponse<T>>) -> Trouble
where
    T: ErrorResponseType + AsRef<str> + Display + 'static,
{
    match error {
        RequestTokenError::ServerResponse(said) => meaning_of(said.error().as_ref()),
        RequestTokenError::Request(lost) => lost.trouble(),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Trouble::Passing { retry_after: None, why: "The provider's answer can't be read.".to_owned() }
        }
    }
}

/// What an error code means (RFC 6749 §5.2, RFC 7009 §2.2.1, OpenID Connect Core §3.1.2.6).
fn meaning_of(code: &str) -> Trouble {
    match code {
        "invalid_grant"
        | "invalid_token"
        | "access_denied"
        | "interaction_required"
        | "login_required"
        | "consent_required"
        | "account_selection_required" => Trouble::Refused,
        "temporarily_unavailable" | "server_error" | "slow_down" => {
            Trouble::Passing { retry_after: None, why: "The provider is in trouble at the moment.".to_owned() }
        }
        // Ours to mend; and what nobody knows is for somebody to look at, not to be hammered at.
        other => Trouble::Misconfigured { code: plain(other) },
    }
}

/// A code as it may be shown: providers choose it freely.
fn plain(code: &str) -> String {
    let plain: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).take(64).collect();
    if plain.is_empty() { "unknown".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use domain::{
        account::{Account, Identity},
        id::Id,
        time::Timestamp,
    };
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parsed<K>(number: u8) -> Id<K> {
        format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
    }

    fn provider() -> Provider {
        let url = |path: &str| Url::parse(&format!("https://acme.example/{path}")).unwrap();
        Provider {
            name: "acme".to_owned(),
            client_id: "us".to_owned(),
            client_secret: None,
            auth: Auth::Basic,
            authorize_url: url("authorize"),
            token_url: url("token"),
            revoke_url: None,
            userinfo_url: None,
            scopes: vec!["mail".to_owned()],
            authorize_with: std::collections::BTreeMap::new(),
        }
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn whatever_a_token_endpoint_answers_is_a_grant_that_can_be_kept_or_none(
            more in fuzz::object_of(&["expires_in", "refresh_token", "scope", "id_token", "token_type", "bearer", "a b"]),
            expires_in in proptest::option::of(any::<u64>()),
            draw in 0..=domain::retry::PARTS,
        ) {
            let mut answer = json!({ "access_token": "secret", "token_type": "bearer" }).as_object().unwrap().clone();
            answer.extend(expires_in.map(|life| ("expires_in".to_owned(), life.into())));
            answer.extend(more);
            if let Ok(answer) = serde_json::from_value::<Answer>(answer.into()) {
                let grant = read(&provider(), &answer, Some("old"));
                prop_assert!(grant.tokens.refresh().is_some(), "the old one stays");
                let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
                let (id, user) = (parsed(1), parsed(2));
                let who = Identity { subject: "17".to_owned(), label: None };
                let (account, _) = Account::connect(id, user, "acme".to_owned(), who, grant.granted, draw, now);
                prop_assert!(account.expires_at.is_none_or(|at| at >= now));
            }
        }

        #[test]
        fn whatever_a_provider_calls_its_trouble_is_shown_as_a_short_plain_word(code in fuzz::text()) {
            if let Trouble::Misconfigured { code } = meaning_of(&code) {
                prop_assert!(code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_graphic()), "{code}");
            }
        }
    }

    #[test]
    fn every_documented_code_is_the_persons_the_operators_or_nobodys_affair() {
        for code in ["invalid_grant", "interaction_required", "invalid_token"] {
            assert_eq!(meaning_of(code), Trouble::Refused, "{code}");
        }
        for code in ["invalid_client", "unauthorized_client", "invalid_request", "invalid_scope", "org_internal", "x"] {
            assert_eq!(meaning_of(code), Trouble::Misconfigured { code: code.into() });
        }
        assert!(matches!(meaning_of("temporarily_unavailable"), Trouble::Passing { .. }));
        assert_eq!(meaning_of("<b>no</b> \u{7}"), Trouble::Misconfigured { code: "bnob".into() });
    }
}
