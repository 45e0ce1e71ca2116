//! The dashboard's files come with the right types, tags and headers; what is no page is never answered with one.

use super::{Call, Door, Reply};

async fn browse(door: &Door, path: &str, accept: &str, known: &str) -> Reply {
    let mut request = door.http.get(format!("{}{path}", door.url)).header("accept", accept);
    if !known.is_empty() {
        request = request.header("if-none-match", known);
    }
    Call { door, request }.send().await
}

#[tokio::test]
async fn every_address_a_person_opens_gives_the_shell_and_its_parts_come_with_their_types() {
    let door = Door::open().await;
    let html = "text/html,application/xhtml+xml,*/*;q=0.8";
    let page = browse(&door, "/", html, "").await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-cache");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for path in ["/sign-in", "/activity/0190", "/index.html"] {
        assert_eq!(browse(&door, path, html, "").await.is(200).text, page.text, "{path}");
    }
    for tag in [page.header("etag").to_owned(), format!("W/{}", page.header("etag"))] {
        assert_eq!(browse(&door, "/", html, &tag).await.is(304).text, "");
    }

    let parts: Vec<_> = page.text.split('"').filter(|part| part.ends_with(".js") || part.ends_with(".css")).collect();
    assert!(parts.len() >= 2, "{}", page.text);
    for part in parts {
        let kind = if part.ends_with(".js") { "text/javascript; charset=utf-8" } else { "text/css; charset=utf-8" };
        assert_eq!(browse(&door, part, "*/*", "").await.is(200).header("content-type"), kind, "{part}");
    }
}

#[tokio::test]
async fn nothing_of_the_api_and_no_missing_part_is_answered_with_a_page() {
    let door = Door::open().await;
    for path in ["/api", "/api/v1/nothing", "/api/v2", "/api/v1/decisions/x/y"] {
        assert_eq!(browse(&door, path, "text/html", "").await.problem(), (404, "not_found".into()), "{path}");
    }
    for path in ["/missing.js", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        assert_eq!(browse(&door, path, "*/*", "").await.problem(), (404, "not_found".into()), "{path}");
    }
    let posted = Call { door: &door, request: door.http.post(&door.url).header("accept", "text/html") };
    assert_eq!(posted.send().await.problem().0, 404);
}
