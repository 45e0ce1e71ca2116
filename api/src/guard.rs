//! What stands around every request, whoever asks and whatever for: room, time, panics, and the headers of safety.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    State as Api,
    problem::{Code, Problem},
};

/// Longest a request may take, its body included.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Requests at once in one process; one more is asked to come again.
pub(crate) const ROOM: usize = 512;

/// Turns away what there is no room for, at once instead of late.
pub(crate) async fn room(State(room): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    match room.try_acquire() {
        Ok(_room) => next.run(request).await,
        Err(_) => Problem::unavailable(Code::Unavailable, "Too much is going on right now.", 1).into_response(),
    }
}

/// Ends what takes too long. Whatever had been committed by then stays; a repetition under the same key finds it.
pub(crate) async fn patience(request: Request, next: Next) -> Response {
    match timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable(Code::TimedOut, "Nothing may have come of it; look before you try again.", 5)
            .into_response(),
    }
}

/// What a panic is answered with; what it said stays inside.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said =
        panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
    Problem::internal(&format!("panic: {}", said.unwrap_or_default())).into_response()
}

/// Tells browsers to be careful with whatever comes from here.
pub(crate) async fn careful(State(api): State<Api>, request: Request, next: Next) -> Response {
    const DOCS: &str =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
    const DATA: &str = "default-src 'none'; frame-ancestors 'none'";
    // Nothing inline, nothing from elsewhere: text that came in with a signal can never become a program.
    const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
        base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    let path = request.uri().path();
    let policy = match path {
        _ if path.starts_with(crate::docs::PAGE) => DOCS,
        _ if path.starts_with("/api/") => DATA,
        _ => PAGE,
    };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let secure = api.config.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    let set: [(HeaderName, &'static str); 7] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in set {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if secure {
        // A year: whoever was here once is not led to a plain copy of this place.
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, body::to_bytes, middleware::from_fn_with_state, routing::get};
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    async fn answer(router: Router) -> (u16, String) {
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_keeps_what_it_said_to_itself() {
        async fn broken() -> &'static str {
            panic!("the password is hunter2")
        }
        let (status, body) =
            answer(Router::new().route("/", get(broken)).layer(CatchPanicLayer::custom(panicked))).await;
        assert!(status == 500 && body.contains("\"internal\"") && !body.contains("hunter2"), "{body}");
    }

    #[tokio::test]
    async fn without_room_a_request_is_turned_away_at_once() {
        for (places, expected) in [(0, 503), (1, 200)] {
            let full = from_fn_with_state(Arc::new(Semaphore::new(places)), room);
            let (status, body) = answer(Router::new().route("/", get(async || "in")).layer(full)).await;
            assert_eq!(status, expected, "{body}");
        }
    }
}
