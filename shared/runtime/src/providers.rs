//! The providers that accounts can be connected at, as the operator sets them: Google is built in, any other is described.
//!
//! `{"google": {"client_id": "…", "client_secret": "…"}}` is all it takes for Google; whatever else is said replaces the
//! built-in value. Invariant: a token only ever travels over https, or within this machine.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::{Host, Url};

use crate::Secret;

/// A provider of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the API and the database.
    pub name: String,
    /// What the provider knows this system by.
    pub client_id: String,
    /// What it proves that with; public clients have none.
    pub client_secret: Option<Secret>,
    /// How it is proven.
    pub auth: Auth,
    /// Where the person signs in.
    pub authorize_url: Url,
    /// Where tokens come from.
    pub token_url: Url,
    /// Where they are given back (RFC 7009), if anywhere.
    pub revoke_url: Option<Url>,
    /// Who the person is there, for providers without an `id_token`: JSON with `sub` or `id`.
    pub userinfo_url: Option<Url>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// What else goes with the person to the sign-in.
    pub authorize_with: BTreeMap<String, String>,
}

/// How a client proves itself at the token endpoint (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// HTTP Basic.
    #[default]
    Basic,
    /// In the request's body.
    Body,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    client_id: String,
    client_secret: Option<String>,
    auth: Option<Auth>,
    authorize_url: Option<Url>,
    token_url: Option<Url>,
    revoke_url: Option<Url>,
    userinfo_url: Option<Url>,
    scopes: Option<Vec<String>>,
    authorize_with: Option<BTreeMap<String, String>>,
}

/// Google's documented endpoints; offline access, and a consent each time, because without one no refresh token is given.
fn google() -> Described {
    let url = |text: &str| Url::parse(text).ok();
    Described {
        auth: Some(Auth::Body),
        authorize_url: url("https://accounts.google.com/o/oauth2/v2/auth"),
        token_url: url("https://oauth2.googleapis.com/token"),
        revoke_url: url("https://oauth2.googleapis.com/revoke"),
        scopes: Some(
            [
                "openid",
                "email",
                "https://www.googleapis.com/auth/gmail.modify",
                "https://www.googleapis.com/auth/calendar.events",
            ]
            .map(str::to_owned)
            .into(),
        ),
        authorize_with: Some(
            [("access_type", "offline"), ("prompt", "consent"), ("include_granted_scopes", "true")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        ),
        ..Described::default()
    }
}

/// Reads the operator's providers; says everything that is wrong, and no secret.
pub(crate) fn read(text: &str) -> Result<Vec<Provider>, Vec<String>> {
    let described: BTreeMap<String, Described> = serde_json::from_str(text).map_err(|error| {
        // What serde says may quote a value.
        let place = format!("line {} column {}", error.line(), error.column());
        vec![format!("at {place} it is not the JSON it should be (the README lists the fields)")]
    })?;
    let mut problems = Vec::new();
    let read = described.into_iter().filter_map(|(name, described)| provider(name, described, &mut problems));
    let providers: Vec<Provider> = read.collect();
    if problems.is_empty() { Ok(providers) } else { Err(problems) }
}

fn provider(name: String, given: Described, problems: &mut Vec<String>) -> Option<Provider> {
    let base = if name == "google" { google() } else { Described::default() };
    let mut wrong = |what: String| problems.push(format!("{name}: {what}"));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        wrong("a provider's name is made of a-z, 0-9 and _".to_owned());
    }
    if given.client_id.is_empty() {
        wrong("client_id is empty".to_owned());
    }
    let urls = [
        ("authorize_url", given.authorize_url.or(base.authorize_url), true),
        ("token_url", given.token_url.or(base.token_url), true),
        ("revoke_url", given.revoke_url.or(base.revoke_url), false),
        ("userinfo_url", given.userinfo_url.or(base.userinfo_url), false),
    ];
    for (field, url, needed) in &urls {
        match url {
            None if *needed => wrong(format!("{field} is missing")),
            Some(url) if !is_safe(url) => wrong(format!("{field} must be https (http only on this machine)")),
            None | Some(_) => {}
        }
    }
    let [(_, authorize_url, _), (_, token_url, _), (_, revoke_url, _), (_, userinfo_url, _)] = urls;
    Some(Provider {
        client_id: given.client_id,
        client_secret: given.client_secret.filter(|secret| !secret.is_empty()).map(Secret::new),
        auth: given.auth.or(base.auth).unwrap_or_default(),
        authorize_url: authorize_url?,
        token_url: token_url?,
        revoke_url,
        userinfo_url,
        scopes: given.scopes.or(base.scopes).unwrap_or_default(),
        authorize_with: given.authorize_with.or(base.authorize_with).unwrap_or_default(),
        name,
    })
}

/// Whether secrets may travel there.
pub fn is_safe(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn google_needs_only_its_client_and_any_other_is_described() {
        let text = r#"{
            "google": {"client_id": "g", "client_secret": "s", "token_url": "http://127.0.0.1:9/token"},
            "acme": {"client_id": "a", "authorize_url": "https://acme.example/auth", "token_url": "https://acme.example/token"}
        }"#;
        let providers = read(text).unwrap();
        let [acme, google] = providers.as_slice() else { panic!("{providers:?}") };
        assert_eq!((acme.name.as_str(), acme.auth, acme.client_secret.is_some()), ("acme", Auth::Basic, false));
        assert_eq!((google.auth, google.token_url.as_str()), (Auth::Body, "http://127.0.0.1:9/token"));
        assert_eq!(google.authorize_with["access_type"], "offline");
        assert!(google.scopes.iter().any(|scope| scope.ends_with("gmail.modify")));
    }

    #[test]
    fn everything_that_is_wrong_is_said_and_no_secret() {
        let text =
            r#"{"Acme": {"client_id": "", "client_secret": "hunter2", "token_url": "http://acme.example/token"}}"#;
        let problems = read(text).unwrap_err().join("; ");
        for said in ["made of a-z", "client_id is empty", "authorize_url is missing", "token_url must be https"] {
            assert!(problems.contains(said), "{said}: {problems}");
        }
        let mistyped =
            read(r#"{"google": {"client_id": "g", "client_secret": {"a": "hunter2"}}}"#).unwrap_err().join("");
        assert!(mistyped.contains("line 1") && !mistyped.contains("hunter2") && !problems.contains("hunter2"));
    }
}
