//! The dashboard's files: embedded in the binary, served at `/`; every other path a browser opens gets the shell, whose
//! script finds the page.
//!
//! Nothing below `/api` is ever answered with a page, so that a program with a wrong path reads a problem, not HTML.
//! Files are revalidated by their digest each time: an update is seen at once and an unchanged file costs a 304.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Component, Path},
    sync::LazyLock,
};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{
    State as Api, docs,
    problem::{Code, Problem},
};

include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// The page every path of the dashboard's own starts from.
const SHELL: &str = "index.html";
/// Where the API is; nothing of it is a page.
const API: &str = "/api";

static EMBEDDED: LazyLock<BTreeMap<&str, (&[u8], String)>> =
    LazyLock::new(|| FILES.iter().map(|(name, bytes)| (*name, (*bytes, tag(bytes)))).collect());

/// Answers whatever no route has taken.
pub(crate) async fn serve(State(api): State<Api>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let reads = method == Method::GET || method == Method::HEAD;
    if !reads || path == API || path.starts_with("/api/") {
        return nowhere(path).into_response();
    }
    let name = path.trim_start_matches('/');
    let folder = api.config.dashboard_dir.as_deref();
    let found = match file(folder, if name.is_empty() { SHELL } else { name }).await {
        None if wants_page(&headers) => file(folder, SHELL).await.map(|found| (SHELL, found)),
        found => found.map(|found| (if name.is_empty() { SHELL } else { name }, found)),
    };
    let Some((name, (bytes, tag))) = found else { return nowhere(path).into_response() };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let status = if known.is_some_and(|known| knows(known, &tag)) { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = match (status, bytes) {
        (StatusCode::OK, Cow::Borrowed(bytes)) => bytes.into_response(),
        (StatusCode::OK, Cow::Owned(bytes)) => bytes.into_response(),
        _ => status.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn nowhere(path: &str) -> Problem {
    Problem::new(Code::NotFound, format!("There is nothing at {path}; see {}.", docs::PAGE))
}

/// A file of the dashboard and its tag: embedded, or, for whoever works on it, as it lies in their folder right now.
async fn file(folder: Option<&Path>, name: &str) -> Option<(Cow<'static, [u8]>, String)> {
    let Some(folder) = folder else {
        return EMBEDDED.get(name).map(|(bytes, tag)| (Cow::Borrowed(*bytes), tag.clone()));
    };
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    let bytes = if plain { tokio::fs::read(folder.join(name)).await.ok()? } else { return None };
    let tag = tag(&bytes);
    Some((Cow::Owned(bytes), tag))
}

fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)))
}

fn knows(known: &str, tag: &str) -> bool {
    known.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == "*" || one == tag)
}

/// A browser that opens an address, not a script that misses a file.
fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

fn content_type(name: &str) -> &'static str {
    match Path::new(name).extension().and_then(|end| end.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_gives_its_own_files_and_nothing_outside_of_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboard");
        assert!(file(Some(&folder), SHELL).await.is_some());
        for wrong in ["../Cargo.toml", "/etc/passwd", "x/../../Cargo.toml", "", "no-such-file"] {
            assert!(file(Some(&folder), wrong).await.is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_known_tag_is_recognised_among_others() {
        assert!(knows("\"b\", W/\"a\"", "\"a\"") && knows("*", "\"a\""));
        assert!(!knows("\"b\"", "\"a\"") && !knows("a", "\"a\""));
    }
}
