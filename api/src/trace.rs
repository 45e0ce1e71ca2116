//! The thread through a request: a trace id that every log line and every 5xx carries.
//!
//! A caller's W3C `traceparent` is continued, its `x-request-id` is handed back; both are minted where absent.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use runtime::clock::Stopwatch;
use tracing::Instrument;

use crate::State as Api;

/// The caller's name for the request, or ours.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Under which the log has the request.
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
/// Longer names of requests are replaced.
const LONGEST: usize = 128;

tokio::task_local! {
    static CURRENT: String;
}

/// The trace id of the request being answered, if one is.
pub(crate) fn id() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Gives the request its ids, a span, and a closing log line.
pub(crate) async fn follow(State(api): State<Api>, request: Request, next: Next) -> Response {
    let trace = continued(request.headers()).unwrap_or_else(|| api.entropy.hex::<16>());
    let request_id = named(request.headers())
        .unwrap_or_else(|| HeaderValue::from_str(&trace).unwrap_or(HeaderValue::from_static("none")));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", trace, %method, route);

    let mut response = CURRENT.scope(trace.clone(), tell(next, request, method).instrument(span)).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request_id);
    if let Ok(trace) = HeaderValue::from_str(&trace) {
        headers.insert(TRACE_ID, trace);
    }
    response
}

async fn tell(next: Next, request: Request, method: Method) -> Response {
    let watch = Stopwatch::start();
    let response = next.run(request).await;
    let (status, took) = (response.status(), watch.elapsed());
    if status.is_server_error() {
        tracing::warn!(status = status.as_u16(), ?took, "answered");
    } else if method.is_safe() {
        tracing::debug!(status = status.as_u16(), ?took, "answered");
    } else {
        tracing::info!(status = status.as_u16(), ?took, "answered");
    }
    response
}

/// The trace id of a valid `traceparent`: `00-<32 hex digits, not all zero>-<16 hex digits>-<2 hex digits>`.
fn continued(headers: &HeaderMap) -> Option<String> {
    let parts: Vec<&str> = headers.get("traceparent")?.to_str().ok()?.split('-').collect();
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    match parts.as_slice() {
        [version, trace, parent, flags, ..]
            if hex(version, 2)
                && hex(trace, 32)
                && hex(parent, 16)
                && hex(flags, 2)
                && trace.bytes().any(|b| b != b'0') =>
        {
            Some((*trace).to_owned())
        }
        _ => None,
    }
}

fn named(headers: &HeaderMap) -> Option<HeaderValue> {
    let name = headers.get(REQUEST_ID)?;
    let fits = (1..=LONGEST).contains(&name.len()) && name.as_bytes().iter().all(u8::is_ascii_graphic);
    fits.then(|| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_valid_traceparent_is_continued_and_no_other() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |text: &str| continued(&headers("traceparent", text));
        assert_eq!(of(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        for wrong in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-XYZ-1-1",
            &format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_request_keeps_the_name_its_caller_gave_it_unless_that_is_a_strange_one() {
        assert_eq!(named(&headers("x-request-id", "order-17")).unwrap(), "order-17");
        assert!(named(&headers("x-request-id", "two words")).is_none());
        assert!(named(&headers("x-request-id", &"x".repeat(129))).is_none());
    }
}
