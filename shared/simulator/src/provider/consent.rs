//! Where a person signs in and says yes: at once for tests, on a small page for whoever looks at a demo.

use axum::{
    extract::{ConnectInfo, Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;

use super::{fault::On, routes::answer, server::Far};
use crate::cord::Cord;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    #[serde(default)]
    scope: String,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    login_hint: Option<String>,
    /// What the page's two links add.
    answer: Option<String>,
}

pub(super) async fn authorize(
    State(far): State<Far>,
    cord: ConnectInfo<Cord>,
    uri: axum::http::Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let person = far.books().person(asked.login_hint.as_deref()).cloned();
    let Some(person) = person else { return (StatusCode::BAD_REQUEST, "nobody of that name").into_response() };
    if !far.options.knows(&asked.client_id) {
        return (StatusCode::UNAUTHORIZED, "Error 401: invalid_client").into_response();
    }
    if asked.response_type != "code" || asked.code_challenge_method.as_deref().is_some_and(|method| method != "S256") {
        return (StatusCode::BAD_REQUEST, "Error 400: invalid_request").into_response();
    }
    let verdict = asked.answer.clone();
    if verdict.is_none() && far.options.asks_people() {
        let query = uri.query().unwrap_or_default();
        return page(&person.email, query);
    }
    let subject = person.subject;
    answer(&far, cord, On::Authorize, Some(subject.clone()), move |far| {
        if verdict.as_deref() == Some("no") {
            return back(&asked, &[("error", "access_denied")]);
        }
        let challenge = asked.code_challenge.as_deref();
        let code = far.books().consent(&subject, &asked.scope, &asked.redirect_uri, challenge);
        back(&asked, &[("code", code.as_str()), ("scope", asked.scope.as_str())])
    })
    .await
}

/// Back to whom the person came from.
fn back(asked: &Asked, facts: &[(&str, &str)]) -> Response {
    let mut pairs: Vec<(&str, &str)> = asked.state.iter().map(|state| ("state", state.as_str())).collect();
    pairs.extend(facts);
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let joint = if asked.redirect_uri.contains('?') { '&' } else { '?' };
    let place = format!("{}{joint}{}", asked.redirect_uri, query.join("&"));
    (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
}

fn page(email: &str, query: &str) -> Response {
    let query = query.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let email = email.replace('&', "&amp;").replace('<', "&lt;");
    Html(format!(
        "<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Simulated sign-in</title>\
         <body style=\"font:18px/1.6 system-ui;max-width:26rem;margin:15vh auto;padding:0 1rem\">\
         <p>A simulated provider, on this machine only.</p><h1>May SkyTwin use {email}?</h1>\
         <p><a href=\"?{query}&amp;answer=yes\">Yes, connect</a> &nbsp; <a href=\"?{query}&amp;answer=no\">No</a></p>"
    ))
    .into_response()
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
