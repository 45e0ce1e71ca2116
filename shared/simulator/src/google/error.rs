//! Refusals as Google words them: one envelope, a status, a reason that programs read.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A request that is not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    code: u16,
    reason: String,
    message: String,
    retry_after: Option<String>,
}

pub(super) type Granted = Result<Value, Refusal>;

impl Refusal {
    pub(super) fn new(code: u16, reason: &str, message: &str) -> Self {
        Self { code, reason: reason.to_owned(), message: message.to_owned(), retry_after: None }
    }

    /// What the API says with this status and reason when it says nothing more precise.
    pub(super) fn of(code: u16, reason: &str, retry_after: Option<String>) -> Self {
        let message = match (code, reason) {
            (401, _) => "Request had invalid authentication credentials. Expected OAuth 2 access token.",
            (_, "rateLimitExceeded") => "Rate Limit Exceeded",
            (_, "userRateLimitExceeded") => "User Rate Limit Exceeded",
            (404, _) => "Requested entity was not found.",
            (410, _) => "Sync token is no longer valid, a full sync is required.",
            (500.., _) => "Backend Error",
            _ => "The request can't be granted.",
        };
        Self { retry_after, ..Self::new(code, reason, message) }
    }

    pub(super) fn unauthorized() -> Self {
        Self::of(401, "authError", None)
    }

    pub(super) fn not_found() -> Self {
        Self::of(404, "notFound", None)
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new(400, "invalidArgument", message)
    }

    const fn status(&self) -> &'static str {
        match self.code {
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ALREADY_EXISTS",
            412 => "FAILED_PRECONDITION",
            429 => "RESOURCE_EXHAUSTED",
            503 => "UNAVAILABLE",
            _ => "INTERNAL",
        }
    }

    fn domain(&self) -> &'static str {
        match (self.code, self.reason.as_str()) {
            (_, "rateLimitExceeded" | "userRateLimitExceeded") => "usageLimits",
            (410, _) | (_, "forbiddenForNonOrganizer") => "calendar",
            _ => "global",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let detail = json!({ "message": self.message, "domain": self.domain(), "reason": self.reason });
        let error = json!({ "code": self.code, "message": self.message, "errors": [detail], "status": self.status() });
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if self.code == 401 {
            let challenge =
                HeaderValue::from_static(r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after.and_then(|wait| HeaderValue::from_str(&wait).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}
