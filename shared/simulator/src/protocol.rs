//! The shapes of the responses API: what a create request must look like.
//!
//! Written from the protocol's description alone: unknown fields are ignored, sizes are bytes.

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::Problem;

/// Longest create body, in bytes.
pub(crate) const CREATE_BODY: usize = 1024 * 1024;
/// Longest body of an action on a run, in bytes.
pub(crate) const ACTION_BODY: usize = 4 * 1024;
const MODEL: usize = 256;
const CONTEXT: usize = 10 * 1024;
const KEY: usize = 256;

/// A create request that passed every check.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) model: String,
    pub(crate) previous_response_id: Option<String>,
    pub(crate) x_context: Option<Value>,
}

/// Reads and checks a create request.
pub(crate) fn create(body: &[u8]) -> Result<Create, Problem> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Problem::invalid("body", "The body is not JSON."))?;
    let field = |name: &str| value.get(name).filter(|found| !found.is_null());
    match field("model").and_then(Value::as_str) {
        None | Some("") => return Err(Problem::invalid("model", "`model` is required.")),
        Some(model) if model.len() > MODEL => {
            return Err(Problem::invalid("model", "`model` is longer than 256 bytes."));
        }
        Some(_) => {}
    }
    match field("input") {
        Some(Value::String(text)) if !text.is_empty() => {}
        Some(Value::Array(items)) if !items.is_empty() => {}
        _ => {
            return Err(Problem::invalid("input", "`input` must be a text or a list of items."));
        }
    }
    if field("instructions").is_some_and(|found| !found.is_string()) {
        return Err(Problem::invalid("instructions", "`instructions` must be a text."));
    }
    if field("temperature").is_some_and(|found| found.as_f64().is_none_or(|t| !(0.0..=2.0).contains(&t))) {
        return Err(Problem::invalid("temperature", "`temperature` must be between 0 and 2."));
    }
    if field("previous_response_id").is_some_and(|found| found.as_str().is_none_or(|id| !id.starts_with("resp_"))) {
        return Err(Problem::invalid("previous_response_id", "`previous_response_id` must be the id of a response."));
    }
    if field("tools").is_some_and(|found| found.as_array().is_none_or(|tools| !tools.is_empty())) {
        return Err(Problem::invalid("tools", "The simulator takes no tools of the caller's."));
    }
    if field("x_context").is_some_and(|found| found.to_string().len() > CONTEXT) {
        return Err(Problem::invalid("x_context", "`x_context` is longer than 10 KiB."));
    }
    if field("stream") == Some(&Value::Bool(true)) {
        return Err(Problem::new(400, Some("stream"), "The simulator does not stream."));
    }
    serde_json::from_value(value).map_err(|_| Problem::invalid("body", "The body has fields of the wrong type."))
}

/// A body must say that it is JSON.
pub(crate) fn json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        Ok(())
    } else {
        Err(Problem::of(415))
    }
}

/// The idempotency key, if the request carries one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let wrong = || Problem::invalid("idempotency_key", "`Idempotency-Key` must have 1 to 256 printable bytes.");
    let key = value.to_str().map_err(|_| wrong())?;
    if key.is_empty() || key.len() > KEY { Err(wrong()) } else { Ok(Some(key.to_owned())) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &Value) -> Option<&'static str> {
        create(body.to_string().as_bytes()).err().and_then(|problem| problem.param)
    }

    #[test]
    fn a_request_that_breaks_a_documented_limit_is_refused_naming_the_field() {
        assert_eq!(refused(&json!({"model": "default", "input": "do it", "unknown": 1})), None);
        assert_eq!(refused(&json!({"input": "do it"})), Some("model"));
        assert_eq!(refused(&json!({"model": "m".repeat(257), "input": "do it"})), Some("model"));
        assert_eq!(refused(&json!({"model": "default"})), Some("input"));
        assert_eq!(refused(&json!({"model": "default", "input": 7})), Some("input"));
        assert_eq!(refused(&json!({"model": "default", "input": "x", "temperature": 2.1})), Some("temperature"));
        assert_eq!(
            refused(&json!({"model": "default", "input": "x", "x_context": {"a": "b".repeat(10_300)}})),
            Some("x_context")
        );
        assert_eq!(
            refused(&json!({"model": "default", "input": "x", "previous_response_id": "chat_1"})),
            Some("previous_response_id")
        );
        assert_eq!(create(b"{").err().and_then(|problem| problem.param), Some("body"));
    }

    #[test]
    fn a_key_of_more_than_256_bytes_is_refused() {
        let headers = |key: &str| {
            HeaderMap::from_iter([(axum::http::HeaderName::from_static("idempotency-key"), key.parse().unwrap())])
        };
        assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
        assert!(idempotency_key(&headers(&"k".repeat(256))).unwrap().is_some());
        assert!(idempotency_key(&headers(&"k".repeat(257))).is_err());
        assert!(idempotency_key(&headers("")).is_err());
    }
}
