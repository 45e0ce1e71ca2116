//! The log: what was asked and what was answered, in order, to be read by people.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{cord::Cord, problem::Problem, routes::Far};

/// Exchanges kept; older ones are forgotten.
const REMEMBERED: usize = 1_000;
/// The most that is kept of a body, in characters.
const LONGEST: usize = 4_000;
/// The longest body anybody may send, in bytes.
const BODY: usize = 16 * 1024 * 1024;
/// The headers that matter to the protocols; tokens are not among them.
const HEADERS: [&str; 5] = ["idempotency-key", "content-type", "x-hub-signature-256", "retry-after", "traceparent"];

/// The latest exchanges.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<VecDeque<String>>);

impl Log {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn add(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == REMEMBERED {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// What a stream begins with, for the log.
#[derive(Clone, Debug)]
pub(crate) struct Said(pub(crate) String);

/// Notes every exchange that is part of a protocol.
pub(crate) async fn note(State(far): State<Far>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/simulator/") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else { return Problem::of(413).into_response() };
    let asked = format!("{} {}{}{}", parts.method, parts.uri, headers(&parts.headers), text(&body));
    let cord = parts.extensions.get::<ConnectInfo<Cord>>().map(|ConnectInfo(cord)| cord.clone());
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = response.into_parts();
    let (told, body) = match (parts.extensions.get::<Said>(), body.size_hint().exact()) {
        (Some(Said(frames)), _) => (text(frames.as_bytes()), body),
        (None, Some(_)) => {
            let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
            (text(&bytes), Body::from(bytes))
        }
        (None, None) => ("\n    (half of it)".to_owned(), body),
    };
    let answer = if cord.is_some_and(|cord| cord.is_cut()) {
        "(the connection was cut)".to_owned()
    } else {
        format!("{}{}{told}", parts.status.as_u16(), headers(&parts.headers))
    };
    far.log.add(format!("> {asked}\n< {answer}"));
    Response::from_parts(parts, body)
}

fn headers(headers: &HeaderMap) -> String {
    let found = HEADERS.iter().filter_map(|name| Some((name, headers.get(*name)?.to_str().ok()?)));
    found.flat_map(|(name, value)| ["\n    ", name, ": ", value]).collect()
}

fn text(body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).trim_end().chars().take(LONGEST).collect();
    text.lines().flat_map(|line| ["\n    ", line]).collect()
}
