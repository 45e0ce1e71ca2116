//! The token endpoint and the revocation endpoint, with the answers and errors that Google documents.

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    fault::On,
    grants::{Given, Refusal},
    routes::{answer, refused},
    server::Far,
};
use crate::cord::Cord;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    code: Option<String>,
    code_verifier: Option<String>,
    redirect_uri: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Back {
    token: String,
}

/// What a client is given.
#[derive(Serialize)]
struct Answer {
    access_token: String,
    expires_in: u32,
    scope: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

pub(super) async fn token(
    State(far): State<Far>,
    cord: ConnectInfo<Cord>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let Ok(asked) = serde_urlencoded::from_str::<Asked>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "Required parameter is missing: grant_type");
    };
    let (on, subject) = match asked.grant_type.as_str() {
        "authorization_code" => {
            let code = asked.code.as_deref().unwrap_or_default();
            (On::Exchange, far.books().subject_of_code(code).map(str::to_owned))
        }
        "refresh_token" => {
            let token = asked.refresh_token.as_deref().unwrap_or_default();
            (On::Refresh, far.books().subject_of(token).map(str::to_owned))
        }
        _ => return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Invalid grant_type."),
    };
    answer(&far, cord, on, subject, move |far| {
        if !proven(far, &headers, &asked) {
            return refused(StatusCode::UNAUTHORIZED, "invalid_client", "The OAuth client was not found.");
        }
        let given = {
            let mut books = far.books();
            match on {
                On::Exchange => books.exchange(
                    asked.code.as_deref().unwrap_or_default(),
                    asked.redirect_uri.as_deref().unwrap_or_default(),
                    asked.code_verifier.as_deref(),
                ),
                On::Authorize | On::Refresh | On::Revoke => {
                    books.refresh(asked.refresh_token.as_deref().unwrap_or_default())
                }
            }
        };
        told(far, given)
    })
    .await
}

fn told(far: &Far, given: Result<Given, Refusal>) -> Response {
    let given = match given {
        Ok(given) => given,
        Err((error, says)) => return refused(StatusCode::BAD_REQUEST, error, says),
    };
    let openid = given.scope.split(' ').any(|scope| scope == "openid");
    let answer = Answer {
        access_token: given.access,
        expires_in: far.options.seconds(),
        token_type: "Bearer",
        refresh_token: given.refresh,
        id_token: openid.then(|| id_token(far, &given.subject)),
        scope: given.scope,
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// Signed by nobody: a client that gets it from here has no need to look.
fn id_token(far: &Far, subject: &str) -> String {
    let email = far.books().person(Some(subject)).map(|person| person.email.clone());
    let claims =
        json!({ "iss": "https://accounts.google.com", "aud": far.options.client(), "sub": subject, "email": email });
    let part = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims))
}

/// The client proves itself in the body or by HTTP Basic.
fn proven(far: &Far, headers: &HeaderMap, asked: &Asked) -> bool {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| {
        let bytes = BASE64_STANDARD.decode(value.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    });
    let body = || Some((asked.client_id.clone()?, asked.client_secret.clone()?));
    basic.or_else(body).is_some_and(|(id, secret)| far.options.is_client(&id, &secret))
}

pub(super) async fn revoke(State(far): State<Far>, cord: ConnectInfo<Cord>, body: String) -> Response {
    let Ok(back) = serde_urlencoded::from_str::<Back>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "Required parameter is missing: token");
    };
    let subject = far.books().subject_of(&back.token).map(str::to_owned);
    answer(&far, cord, On::Revoke, subject, move |far| {
        if far.books().revoke(&back.token) {
            Json(json!({})).into_response()
        } else {
            refused(StatusCode::BAD_REQUEST, "invalid_token", "Token expired or revoked")
        }
    })
    .await
}
