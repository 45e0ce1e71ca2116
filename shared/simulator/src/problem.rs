//! Errors, in the words of the surface that was asked: each has an envelope of its own.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Whose words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The responses API.
    #[default]
    Responses,
    /// The chat API.
    Chat,
    /// The webhook of servers before 1.0.
    Webhook,
}

/// An error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) param: Option<&'static str>,
    message: &'static str,
    dialect: Dialect,
    retry_after: Option<u64>,
}

impl Problem {
    pub(crate) const fn new(status: u16, param: Option<&'static str>, message: &'static str) -> Self {
        Self { status, param, message, dialect: Dialect::Responses, retry_after: None }
    }

    pub(crate) const fn invalid(param: &'static str, message: &'static str) -> Self {
        Self::new(400, Some(param), message)
    }

    /// The usual words for a status.
    pub(crate) const fn of(status: u16) -> Self {
        let (param, message) = match status {
            401 => (None, "Invalid or missing auth token"),
            403 => (None, "Operator WebUI configuration privileges required"),
            404 => (None, "There is no such thing."),
            409 => (Some("idempotency_key"), "This key was used with another body."),
            413 => (Some("body"), "The body is too large."),
            415 => (None, "The body must be application/json."),
            429 => (None, "Rate limit exceeded. Try again shortly."),
            503 => (None, "The service is temporarily unavailable."),
            500..=599 => (None, "An internal error occurred."),
            _ => (None, "The request is invalid."),
        };
        Self::new(status, param, message)
    }

    /// Too many; again in so many seconds.
    pub(crate) const fn busy(seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::of(429) }
    }

    /// The same in other words.
    pub(crate) const fn spoken(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    const fn words(&self) -> (&'static str, &'static str) {
        match self.status {
            401 => ("authentication_error", "authentication_required"),
            403 => ("permission_error", "permission_denied"),
            404 => ("not_found_error", "not_found"),
            409 => ("conflict_error", "conflict"),
            429 => ("rate_limit_error", "rate_limited"),
            501 => ("server_error", "unsupported"),
            502..=504 => ("server_error", "service_unavailable"),
            500..=599 => ("server_error", "internal_error"),
            _ => ("invalid_request_error", "invalid_request"),
        }
    }

    const fn chat_words(&self) -> (&'static str, &'static str) {
        match self.status {
            404 => ("not_found", "not_found"),
            409 => ("conflict", "conflict"),
            502..=504 => ("unavailable", "service_unavailable"),
            500..=599 => ("internal", "internal"),
            _ => ("invalid_request", "validation"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = if self.dialect == Dialect::Webhook {
            let nobody = "00000000-0000-0000-0000-000000000000";
            Json(json!({"message_id": nobody, "status": "error", "response": self.message})).into_response()
        } else if matches!(self.status, 401 | 403 | 429) {
            // The middleware in front of the real routes answers these in plain text.
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], self.message).into_response()
        } else if self.dialect == Dialect::Chat {
            let (error, kind) = self.chat_words();
            let retryable = self.status >= 500;
            let code = self.param.map(|_| "invalid_value");
            Json(json!({"error": error, "kind": kind, "retryable": retryable, "field": self.param, "validation_code": code}))
                .into_response()
        } else {
            let (kind, code) = self.words();
            Json(json!({"error": {"message": self.message, "type": kind, "param": self.param, "code": code}}))
                .into_response()
        };
        *response.status_mut() = status;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
