//! What every call goes through: whose token it is, what is to go wrong, and what it is remembered as.

use axum::{
    Json,
    extract::{ConnectInfo, Extension, MatchedPath, Request, State},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{
    Google, Me,
    error::{Granted, Refusal},
    fault::How,
};
use crate::cord::Cord;

/// An answer: JSON, or 204 where there is nothing to say.
#[derive(Debug)]
pub(super) struct Answered(pub(super) Granted);

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        match self.0 {
            Ok(Value::Null) => StatusCode::NO_CONTENT.into_response(),
            Ok(value) => Json(value).into_response(),
            Err(refusal) => refusal.into_response(),
        }
    }
}

/// The name of a call, such as `gmail.messages.modify`.
fn name(method: &Method, path: &str) -> String {
    let (api, rest) = match path.split_once("/users/{user}/").or_else(|| path.split_once("/calendars/{calendar}/")) {
        Some((head, rest)) => (if head.starts_with("/gmail") { "gmail" } else { "calendar" }, rest),
        None => ("other", path),
    };
    let mut parts: Vec<&str> = rest.split('/').filter(|part| !part.starts_with('{')).collect();
    if parts.len() == 1 {
        let one = rest.contains('{');
        parts.push(match (method.as_str(), one) {
            ("GET", true) => "get",
            ("GET", false) => "list",
            ("POST", _) => "create",
            ("PATCH", _) => "patch",
            _ => "delete",
        });
    }
    format!("{api}.{}", parts.join("."))
}

/// In front of every route.
pub(super) async fn gate(
    State(google): State<Google>,
    cord: Option<Extension<ConnectInfo<Cord>>>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let call = name(request.method(), path.as_str());
    let bearer =
        request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(me) = bearer.and_then(|token| google.whose(token)) else {
        google.remember(&call, None);
        return Refusal::unauthorized().into_response();
    };
    google.remember(&call, Some(&me));
    let fault = google.strike(&call);
    if let Some(How::Refused { code, reason, retry_after }) = fault {
        return Refusal::of(code, &reason, retry_after).into_response();
    }
    if let Some(How::Says(body)) = fault {
        return ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    }
    request.extensions_mut().insert(Me(me));
    let response = next.run(request).await;
    if let (Some(How::Drop), Some(Extension(ConnectInfo(cord)))) = (fault, cord) {
        cord.close();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_named_as_in_the_reference() {
        let named = |method: Method, path: &str| name(&method, path);
        assert_eq!(named(Method::GET, "/gmail/v1/users/{user}/messages"), "gmail.messages.list");
        assert_eq!(named(Method::GET, "/gmail/v1/users/{user}/messages/{id}"), "gmail.messages.get");
        assert_eq!(named(Method::POST, "/gmail/v1/users/{user}/messages/{id}/modify"), "gmail.messages.modify");
        assert_eq!(named(Method::POST, "/gmail/v1/users/{user}/messages/send"), "gmail.messages.send");
        assert_eq!(named(Method::GET, "/gmail/v1/users/{user}/history"), "gmail.history.list");
        assert_eq!(named(Method::PATCH, "/calendar/v3/calendars/{calendar}/events/{id}"), "calendar.events.patch");
    }
}
