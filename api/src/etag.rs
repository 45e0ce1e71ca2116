//! Revisions in headers: every answer names the revision it shows, and a write may demand that it is still that one.
//!
//! Why: two windows open on the same rules must not overwrite each other silently. Who sends no If-Match writes anyway.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::problem::{Code, Problem};

/// The `ETag` of a revision.
pub(crate) fn header(revision: i64) -> [(HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::from_str(&format!("\"{revision}\"")).unwrap_or(HeaderValue::from_static("\"0\""));
    [(header::ETAG, tag)]
}

/// Passes unless If-Match was sent and names another revision.
pub(crate) fn check(headers: &HeaderMap, revision: i64) -> Result<(), Problem> {
    if matches(headers, revision) {
        Ok(())
    } else {
        Err(Problem::new(Code::Precondition, "Read it again, then decide.").fact("revision", revision))
    }
}

/// Does If-Match, if it was sent, name this revision?
fn matches(headers: &HeaderMap, revision: i64) -> bool {
    let mut tags = headers.get_all(header::IF_MATCH).iter().peekable();
    let ours = format!("\"{revision}\"");
    tags.peek().is_none()
        || tags.any(|tags| {
            tags.to_str().is_ok_and(|tags| tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == ours))
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn a_write_passes_only_with_this_very_revision(
            sent in fuzz::text_of(&["*", "\"", "\"7\"", "\"8\"", "W/\"7\"", ",", " ", "7"]), revision: i64
        ) {
            let headers = |text: &str| HeaderValue::from_str(text).map(|value| HeaderMap::from_iter([(header::IF_MATCH, value)]));
            let [(_, own)] = header(revision);
            prop_assert!(matches(&HeaderMap::from_iter([(header::IF_MATCH, own)]), revision));
            if let Ok(headers) = headers(&sent) && matches(&headers, 7) {
                prop_assert!(sent.split(',').any(|tag| ["*", "\"7\""].contains(&tag.trim())), "{sent}");
            }
        }
    }

    #[test]
    fn if_match_names_the_revision_or_anything_or_is_absent() {
        let with = |text: &'static str| HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static(text))]);
        assert!(
            matches(&HeaderMap::new(), 7)
                && matches(&with("\"7\""), 7)
                && matches(&with("*"), 7)
                && matches(&with("\"6\", \"7\""), 7)
        );
        assert!(!matches(&with("\"6\""), 7) && !matches(&with("7"), 7) && !matches(&with(""), 7));
    }
}
