//! Bodies: JSON, of a bounded size and depth, without NUL, and with no member that nobody knows.
//!
//! Why so strict: an unknown member is a mistake or an attempt (a signal that names its own tier), and Postgres can
//! keep no NUL. Every refusal says where in the body the mistake is, as a JSON pointer.

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Request},
    http::{StatusCode, header},
};
use domain::catalogue::Invalid;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, error::Category};
use serde_path_to_error::Segment;
use tokio::time::timeout;

use crate::{
    guard::PATIENCE,
    problem::{Code, Problem},
};

/// Most bytes of a body.
pub const MOST: usize = 1 << 20;
/// Most bytes of a body that carries many items.
pub const MOST_OF_BATCH: usize = 8 << 20;
/// Deepest nesting of objects and arrays.
pub const DEEPEST: usize = 64;

/// A body that was read into `T`, at most [`MOST`] bytes.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// The bytes of a JSON body, at most [`MOST_OF_BATCH`], not yet read.
#[derive(Debug)]
pub struct Raw(pub Bytes);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = bytes(request, MOST).await?;
        read(&bytes).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        bytes(request, MOST_OF_BATCH).await.map(Self)
    }
}

async fn bytes(request: Request, most: usize) -> Result<Bytes, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_json(kind) {
        return Err(Problem::new(Code::MediaType, "Send `Content-Type: application/json`."));
    }
    whole(request, most).await
}

/// Reads the whole body, unless it is longer than `most` bytes.
pub(crate) async fn whole(mut request: Request, most: usize) -> Result<Bytes, Problem> {
    DefaultBodyLimit::max(most).apply(&mut request);
    let read = timeout(PATIENCE, Bytes::from_request(request, &())).await;
    let read = read.map_err(|_| Problem::unavailable(Code::TimedOut, "The body took too long to arrive.", 1))?;
    read.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(Code::TooLarge, format!("At most {most} bytes are taken here; send less, or in parts."))
        } else {
            Problem::new(Code::Malformed, "The body broke off before its end.")
        }
    })
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Reads a list of items that are to be read one by one, so that a bad one spoils no other.
pub fn items<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => Problem::one("", shortened(&error.to_string())),
        Category::Io | Category::Syntax | Category::Eof => malformed(&error),
    })
}

/// Reads a whole body, or one item.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if depth(bytes) > DEEPEST {
        return Err(Problem::one("", format!("nested deeper than {DEEPEST} levels; flatten it")));
    }
    let value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    typed(value)
}

/// What is wrong with the text, and where; never the text itself.
fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Code::Malformed, format!("The body is not JSON: {error}."))
}

/// Reads `T` out of JSON that was parsed.
pub fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    let mut path = String::new();
    if has_nul(&value, &mut path) {
        return Err(Problem::one(path, "holds a NUL character, which can't be kept; leave it out"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| Problem::invalid(vec![fault(&error)]))
}

/// Where and what, from what serde says.
pub(crate) fn fault<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> Invalid {
    let mut path: String = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    let reason = error.inner().to_string();
    // Serde names the member in its words, and for some errors in the path as well.
    let named = reason
        .strip_prefix("unknown field `")
        .or_else(|| reason.strip_prefix("missing field `"))
        .and_then(|rest| rest.split('`').next());
    if let Some(name) = named.map(|name| format!("/{}", escaped(name)))
        && !path.ends_with(&name)
    {
        path.push_str(&name);
    }
    Invalid { path, reason: shortened(&reason) }
}

/// Reasons repeat what was sent; not all of it.
fn shortened(reason: &str) -> String {
    const LONGEST: usize = 300;
    if reason.chars().count() <= LONGEST {
        reason.to_owned()
    } else {
        reason.chars().take(LONGEST).chain(['…']).collect()
    }
}

/// A member's name as part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1").replace('\0', "\\0")
}

/// The deepest nesting of a text that may be JSON. Looks at brackets outside strings, and needs no stack for it.
pub fn depth(text: &[u8]) -> usize {
    let (mut deepest, mut now, mut in_string, mut escaped) = (0, 0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Looks for a NUL in any text or member name; leaves its place in `path`. As deep as the value, so at most [`DEEPEST`].
fn has_nul(value: &Value, path: &mut String) -> bool {
    let found = |key: &str, value: &Value, path: &mut String| {
        let length = path.len();
        path.push('/');
        path.push_str(&escaped(key));
        let found = key.contains('\0') || has_nul(value, path);
        if !found {
            path.truncate(length);
        }
        found
    };
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().enumerate().any(|(index, item)| found(&index.to_string(), item, path)),
        Value::Object(members) => members.iter().any(|(key, member)| found(key, member, path)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// By recursion, as nobody should with what comes from outside.
    fn levels(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn what_is_read_is_the_json_that_was_sent_without_nul_and_not_too_deep(
            sent in fuzz::json(),
            bytes in fuzz::bytes_of(&["lines", "count", "note"]),
            wrapped in 0..100_usize,
        ) {
            let text = format!("{}{sent}{}", "[".repeat(wrapped), "]".repeat(wrapped));
            prop_assert_eq!(depth(text.as_bytes()), wrapped + levels(&sent));
            let fine = wrapped + levels(&sent) <= DEEPEST && !sent.to_string().contains("\\u0000");
            prop_assert_eq!(read::<Value>(text.as_bytes()).is_ok(), fine);
            if let Err(problem) = read::<Order>(&bytes) {
                prop_assert!(matches!(problem.code(), Code::Malformed | Code::Invalid));
                let told = serde_json::to_string(&problem.body()).unwrap();
                prop_assert!(told.len() <= 2 * bytes.len() + 3000, "{told}");
            }
        }

        #[test]
        fn a_content_type_is_json_or_not_whatever_it_says(kind in fuzz::text_of(&["application/", "json", "+json", ";", " ", "text/"])) {
            if is_json(&kind) {
                prop_assert!(kind.trim().to_ascii_lowercase().starts_with("application/"));
            }
        }
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        lines: Vec<Line>,
        #[expect(dead_code, reason = "only read")]
        note: Option<Value>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[expect(dead_code, reason = "only read")]
        count: u8,
    }

    fn errors(text: &str) -> Vec<(String, String)> {
        let body = serde_json::to_value(read::<Order>(text.as_bytes()).unwrap_err().body()).unwrap();
        assert_eq!(body["code"], "invalid", "{body}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        body["errors"].as_array().unwrap().iter().map(|e| (text(&e["path"]), text(&e["reason"]))).collect()
    }

    #[test]
    fn a_mistake_is_named_by_its_place() {
        assert_eq!(errors(r#"{"lines":[{"count":1},{"count":"two"}]}"#)[0].0, "/lines/1/count");
        assert_eq!(errors(r#"{"lines":[{"count":1,"price":2}]}"#)[0].0, "/lines/0/price");
        assert_eq!(errors(r#"{"lines":[{}]}"#)[0].0, "/lines/0/count");
        assert_eq!(errors(r#"{"lines":[],"user":"b"}"#)[0].0, "/user");
        assert_eq!(errors("[]")[0].0, "");
    }

    #[test]
    fn a_nul_is_found_wherever_it_hides() {
        assert_eq!(errors(r#"{"lines":[],"note":{"a/b":["x","\u0000"]}}"#)[0].0, "/note/a~1b/1");
        assert_eq!(errors(r#"{"lines":[],"note":{"ok":"x","k\u0000":1}}"#)[0].0, "/note/k\\0");
    }

    #[test]
    fn nesting_is_bounded_and_brackets_in_texts_do_not_count() {
        let nested = |levels: usize| format!(r#"{{"lines":[],"note":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(read::<Order>(nested(DEEPEST - 1).as_bytes()).is_ok());
        assert!(errors(&nested(DEEPEST))[0].1.contains("64"));
        assert!(errors(&nested(100_000))[0].1.contains("64"));
        let text = format!(r#"{{"lines":[],"note":"\"{}"}}"#, "[".repeat(500));
        assert!(read::<Order>(text.as_bytes()).unwrap().lines.is_empty());
    }

    #[test]
    fn what_is_not_json_is_malformed_and_not_repeated() {
        let problem = read::<Order>(br#"{"secret": hunter2}"#).unwrap_err();
        assert_eq!(problem.code(), Code::Malformed);
        assert!(!format!("{problem:?}").contains("hunter2"));
        assert!(is_json("Application/JSON; charset=utf-8") && is_json("application/merge+json"));
        assert!(!is_json("") && !is_json("text/json") && !is_json("application/jsonp"));
    }
}
