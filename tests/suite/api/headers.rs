//! What browsers are told to be careful with, on every answer there is: pages, data, refusals, streams.

use domain::tier::TrustTier;
use reqwest::{Method, redirect};

use super::{BOOTSTRAP, Call, Door, Reply};

/// What every answer says, whatever it is.
const ALWAYS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];
const DATA: &str = "default-src 'none'; frame-ancestors 'none'";
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The reference's page writes its own styles.
const REFERENCE: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

async fn ask(door: &Door, method: Method, path: &str, token: &str) -> Reply {
    let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let request = http.request(method, format!("{}{path}", door.url)).header("accept", "text/html");
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    Call { door, request }.send().await
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let (get, post) = (Method::GET, Method::POST);
    for (method, path, token, status, policy) in [
        (&get, "/", "", 200, PAGE),
        (&get, "/activity", "", 200, PAGE),
        (&get, "/js/main.js", "", 200, PAGE),
        (&post, "/", "", 404, PAGE),
        (&get, "/api", "", 404, PAGE),
        (&get, "/api/nothing", "", 404, DATA),
        (&get, "/api/v1/docs/", "", 200, REFERENCE),
        (&get, "/api/v1/openapi.json", "", 200, DATA),
        (&get, "/api/v1/health/live", "", 200, DATA),
        (&get, "/api/v1/health/ready", "", 200, DATA),
        (&get, "/api/v1/metrics", BOOTSTRAP, 200, DATA),
        (&get, "/api/v1/trust", &token, 200, DATA),
        (&get, "/api/v1/events/stream", &token, 200, DATA),
        (&get, "/api/v1/trust", "", 401, DATA),
        (&get, "/api/v1/users", &token, 403, DATA),
        (&get, "/api/v1/signals/17", &token, 404, DATA),
        (&Method::PATCH, "/api/v1/trust", &token, 405, DATA),
        (&post, "/api/v1/signals", &token, 415, DATA),
        (&get, "/api/v1/signals?limit=0", &token, 422, DATA),
        (&post, "/api/v1/sign-in", "", 415, DATA),
        (&post, "/api/v1/hooks/17", "", 404, DATA),
        (&get, "/api/v1/oauth/callback", "", 303, DATA),
    ] {
        let reply = ask(&door, method.clone(), path, token).await;
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        for (name, value) in ALWAYS {
            assert_eq!(reply.header(name), value, "{method} {path}: {name}");
        }
        assert_eq!(reply.header("content-security-policy"), policy, "{method} {path}");
        let kept = reply.header("cache-control");
        assert!(kept == "no-store" || (policy != DATA && kept == "no-cache"), "{method} {path}: {kept}");
        assert!(reply.headers.get("server").is_none() && reply.headers.get("strict-transport-security").is_none());
    }
}

#[tokio::test]
async fn behind_https_browsers_are_told_to_stay_there() {
    let door = Door::with(&[("SKYTWIN_PUBLIC_URL", "https://twin.example")]).await;
    for path in ["/", "/api/v1/health/live", "/api/v1/trust"] {
        let reply = ask(&door, Method::GET, path, "").await;
        assert_eq!(reply.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
}
