//! The provider's paths, and what a fault makes of a call.

use axum::{
    Json, Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use super::{
    consent,
    fault::{Fault, On},
    server::Far,
    token,
};
use crate::cord::Cord;

pub(super) fn routes(far: &Far) -> Router {
    Router::new()
        .route("/o/oauth2/v2/auth", get(consent::authorize))
        .route("/token", post(token::token))
        .route("/revoke", post(token::revoke))
        .route("/userinfo", get(userinfo))
        .with_state(far.clone())
}

/// `{"error": …, "error_description": …}`, as RFC 6749 §5.2 has it.
pub(super) fn refused(status: StatusCode, error: &str, says: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": says }))).into_response()
}

/// Counts a call, does its work unless a fault keeps it from that, and answers as the fault has it.
pub(super) async fn answer(
    far: &Far,
    cord: ConnectInfo<Cord>,
    on: On,
    subject: Option<String>,
    work: impl FnOnce(&Far) -> Response + Send,
) -> Response {
    let fault = {
        let mut books = far.books();
        if let Some(subject) = &subject {
            books.count(on, subject);
        }
        books.faults.strike_call(on, subject.as_deref())
    };
    match fault {
        None => work(far),
        Some(Fault::Slow(by)) => {
            tokio::time::sleep(by).await;
            work(far)
        }
        Some(Fault::Status(code, retry_after)) => {
            let mut response = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
        Some(Fault::Error(code, error)) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
            refused(status, error, "On order.")
        }
        Some(Fault::Reset) => {
            cord.0.reset();
            StatusCode::OK.into_response()
        }
        Some(Fault::Drop) => {
            let response = work(far);
            cord.0.close();
            response
        }
        Some(Fault::Unparsable) => {
            drop(work(far));
            (StatusCode::OK, "<html>").into_response()
        }
        Some(Fault::Hang) => {
            far.stop.cancelled().await;
            StatusCode::OK.into_response()
        }
    }
}

async fn userinfo(State(far): State<Far>, headers: HeaderMap) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let books = far.books();
    let person = bearer.and_then(|token| books.holder(token)).and_then(|subject| books.person(Some(subject)));
    match person {
        Some(person) => Json(json!({ "sub": person.subject, "email": person.email })).into_response(),
        None => refused(StatusCode::UNAUTHORIZED, "invalid_request", "Invalid Credentials"),
    }
}
