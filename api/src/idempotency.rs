//! `Idempotency-Key` on every POST: the same key is worked on once, and its answer given again word for word.
//!
//! Keys are per caller. 409 while the first request is in flight, 422 when the same key comes with another method, path
//! or body. An answer that was no answer (5xx, no right to ask) is not kept, so that trying again tries again.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{OptionalFromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::digest::Digest;
use store::idempotency::{Saved, Taken};

use crate::{
    State as Api, body,
    caller::Caller,
    problem::{Code, Problem},
};

/// Names a request; the same name means the same request.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that the answer was kept from the first time.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key.
pub const LONGEST: usize = 256;
/// The headers that belong to an answer.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// The key of this request, checked.
#[derive(Clone, Debug)]
pub struct Key(pub String);

impl<S: Send + Sync> OptionalFromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        key(&parts.headers)
    }
}

/// What to keep instead of the body that is sent: for answers that show a secret once.
#[derive(Clone, Debug)]
pub(crate) struct KeepInstead(pub(crate) Bytes);

fn key(headers: &HeaderMap) -> Result<Option<Key>, Problem> {
    let mut all = headers.get_all(KEY).iter();
    let Some(value) = all.next() else { return Ok(None) };
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(text) if visible && all.next().is_none() && (1..=LONGEST).contains(&text.len()) => {
            Ok(Some(Key(text.to_owned())))
        }
        _ => Err(Problem::one("Idempotency-Key", format!("send one key of 1 to {LONGEST} visible ASCII characters"))),
    }
}

/// Works on a request with a key once.
pub(crate) async fn once(State(api): State<Api>, caller: Caller, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    match key(request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(Key(key))) => {
            keyed(&api, &caller.key, &key, request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
        Err(problem) => problem.into_response(),
    }
}

async fn keyed(api: &Api, caller: &str, key: &str, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = body::whole(Request::from_parts(parts.clone(), body), body::MOST_OF_BATCH).await?;
    let fingerprint = fingerprint(&parts, &bytes);
    let ticket = match store::idempotency::take(&api.store, caller, key, &fingerprint, api.clock.now()).await? {
        Taken::New(ticket) => ticket,
        Taken::Replay(saved) => return Ok(replay(saved)),
        Taken::InFlight => {
            let detail = "Wait a moment and send it again to get its answer.";
            return Err(Problem::new(Code::InFlight, detail).header(header::RETRY_AFTER, HeaderValue::from_static("1")));
        }
        Taken::OtherContent => return Err(Problem::new(Code::OtherContent, "Take a new key for a new request.")),
    };
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    let (parts, body) = response.into_parts();
    let sent = to_bytes(body, usize::MAX).await.map_err(|error| Problem::internal(&error))?;
    let settled = if worth_keeping(parts.status) {
        let kept = parts.extensions.get::<KeepInstead>().map_or_else(|| sent.clone(), |instead| instead.0.clone());
        let saved = Saved { status: parts.status.as_u16(), headers: kept_headers(&parts.headers), body: kept.into() };
        store::idempotency::finish(&api.store, &ticket, &saved, api.clock.now()).await
    } else {
        store::idempotency::abandon(&api.store, &ticket).await
    };
    if let Err(error) = settled {
        // The work is done and the caller shall hear so; the open key only delays a repetition.
        tracing::warn!(%error, "an idempotency key was left open");
    }
    Ok(Response::from_parts(parts, Body::from(sent)))
}

fn fingerprint(parts: &Parts, body: &[u8]) -> String {
    let mut content = format!("{} {}\n", parts.method, parts.uri).into_bytes();
    content.extend_from_slice(body);
    Digest::of_bytes(&content).to_string()
}

fn worth_keeping(status: StatusCode) -> bool {
    let no_answer =
        [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::TOO_MANY_REQUESTS];
    !status.is_server_error() && !no_answer.contains(&status)
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &HeaderName| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned()));
    KEPT.iter().filter_map(text).collect()
}

fn replay(saved: Saved) -> Response {
    let mut response = Response::new(Body::from(saved.body));
    *response.status_mut() = StatusCode::from_u16(saved.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    for (name, value) in &saved.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn a_key_is_taken_as_it_is_or_refused(
            sent in prop::collection::vec(prop_oneof!["[!-~]{0,300}", "[ -~]{0,20}", fuzz::text()], 0..3)
        ) {
            let values: Vec<_> = sent.iter().filter_map(|text| HeaderValue::from_str(text).ok()).collect();
            match key(&values.iter().map(|value| (KEY, value.clone())).collect()) {
                Ok(None) => prop_assert!(values.is_empty()),
                Ok(Some(Key(key))) => {
                    prop_assert_eq!((values.len(), key.as_bytes()), (1, values[0].as_bytes()));
                    prop_assert!((1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
                }
                Err(problem) => prop_assert_eq!(problem.code(), Code::Invalid),
            }
        }
    }

    fn of(values: &[&[u8]]) -> Result<Option<Key>, Problem> {
        key(&values.iter().map(|value| (KEY, HeaderValue::from_bytes(value).unwrap())).collect())
    }

    #[test]
    fn a_key_is_one_header_of_bounded_visible_text() {
        assert!(of(&[]).unwrap().is_none());
        assert_eq!(of(&[b"order-17"]).unwrap().unwrap().0, "order-17");
        assert!(of(&[&[b'k'; LONGEST]]).is_ok());
        for wrong in [&[&b""[..]][..], &[b"two words"], &["é".as_bytes()], &[&[b'k'; LONGEST + 1]], &[b"a", b"b"]] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_was_no_answer_is_not_kept() {
        for (status, kept) in
            [(202, true), (409, true), (422, true), (500, false), (503, false), (401, false), (403, false)]
        {
            assert_eq!(worth_keeping(StatusCode::from_u16(status).unwrap()), kept, "{status}");
        }
    }
}
