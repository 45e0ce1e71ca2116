//! The thread through a request: a trace that every log line, every job that follows and every 5xx carries, and the
//! request's one closing line with its ids, its time, and its statements.
//!
//! A caller's W3C `traceparent` is continued, its `x-request-id` is handed back; both are minted where absent.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use observe::{Thread, Traceparent, metrics, thread};
use runtime::{clock::Stopwatch, traces};
use tracing::{Instrument, Span, field::Empty};
use uuid::Uuid;

use crate::State as Api;

/// The caller's name for the request, or ours.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Under which the log has the request.
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
/// Longer names of requests are replaced.
const LONGEST: usize = 128;
/// Which field of the line an id in an address belongs to.
const NAMED: [(&str, &str); 5] = [
    ("signals", "signal"),
    ("decisions", "decision"),
    ("approvals", "approval"),
    ("executions", "execution"),
    ("users", "user"),
];

/// The trace id of the request being answered, if one is.
pub(crate) fn id() -> Option<String> {
    thread::traceparent().map(|traceparent| traceparent.trace_id())
}

/// Who asks, for the request's line.
pub(crate) fn is_by(user: Option<domain::id::UserId>) {
    Span::current().record("user", user.map_or_else(|| "operator".to_owned(), |user| user.to_string()));
}

/// Gives the request its ids, a span, and a closing log line.
pub(crate) async fn follow(State(api): State<Api>, request: Request, next: Next) -> Response {
    let cause = request.headers().get("traceparent").and_then(|it| Traceparent::parse(it.to_str().ok()?));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request", request = Empty, trace = Empty, %method, route, user = Empty, signal = Empty, decision = Empty,
        approval = Empty, execution = Empty
    );
    let thread = traces::begin(&span, cause, &api.entropy);
    let trace = thread.traceparent.trace_id();
    let request_id = named(request.headers())
        .unwrap_or_else(|| HeaderValue::from_str(&trace).unwrap_or(HeaderValue::from_static("none")));
    span.record("request", request_id.to_str().unwrap_or_default());
    note(&span, request.uri().path());

    let work = tell(next, request, thread.clone(), (method.as_str().to_owned(), route));
    let mut response = thread.follow(work.instrument(span)).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request_id);
    if let Ok(trace) = HeaderValue::from_str(&trace) {
        headers.insert(TRACE_ID, trace);
    }
    response
}

async fn tell(next: Next, request: Request, thread: std::sync::Arc<Thread>, what: (String, String)) -> Response {
    let watch = Stopwatch::start();
    let response = next.run(request).await;
    let (status, took, ms) = (response.status().as_u16(), watch.elapsed(), watch.ms());
    if let Some(made) = response.headers().get(header::LOCATION).and_then(|made| made.to_str().ok()) {
        note(&Span::current(), made);
    }
    let (statements, db_ms) = (thread.statements(), thread.database_ms());
    match status {
        500.. => tracing::warn!(status, ms, statements, db_ms, "answered"),
        // somebody's probe, every few seconds
        _ if what.1.contains("/health/") || what.1.ends_with("/metrics") => {
            tracing::debug!(status, ms, statements, db_ms, "answered");
        }
        _ => tracing::info!(status, ms, statements, db_ms, "answered"),
    }
    metrics::HTTP.took([what.0, what.1, status.to_string()], took);
    response
}

/// Writes the ids that an address names on the line. Only what is an id: nothing else of an address is ours to tell.
fn note(span: &Span, path: &str) {
    for (collection, id) in path.split('/').zip(path.split('/').skip(1)) {
        let named = NAMED.iter().find(|(name, _)| *name == collection);
        if let (Some((_, field)), Ok(id)) = (named, id.parse::<Uuid>()) {
            span.record(*field, tracing::field::display(id));
        }
    }
}

fn named(headers: &HeaderMap) -> Option<HeaderValue> {
    let name = headers.get(REQUEST_ID)?;
    let fits = (1..=LONGEST).contains(&name.len()) && name.as_bytes().iter().all(u8::is_ascii_graphic);
    fits.then(|| name.clone())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn what_we_hand_back_and_log_is_one_plain_word(name in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = HeaderValue::from_bytes(&name)
                && let Some(kept) = named(&HeaderMap::from_iter([(REQUEST_ID, value)]))
            {
                prop_assert_eq!(kept.as_bytes(), &name);
                prop_assert!((1..=LONGEST).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic));
            }
        }
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_request_keeps_the_name_its_caller_gave_it_unless_that_is_a_strange_one() {
        assert_eq!(named(&headers("x-request-id", "order-17")).unwrap(), "order-17");
        assert!(named(&headers("x-request-id", "two words")).is_none());
        assert!(named(&headers("x-request-id", &"x".repeat(129))).is_none());
    }
}
