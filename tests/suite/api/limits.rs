//! What is too much, too deep, too strange or too early: each is refused in the same shape.

use chrono::TimeDelta;
use domain::tier::TrustTier;
use reqwest::Method;
use serde_json::{Value, json};

use super::{BOOTSTRAP, Door, Reply};

/// A problem without what differs from run to run.
fn shape(reply: &Reply) -> Value {
    assert_eq!(reply.header("content-type"), "application/problem+json", "{reply:?}");
    let mut body = reply.body();
    assert_eq!(body["status"], reply.status, "{reply:?}");
    assert_eq!(body["type"], format!("urn:skytwin:problem:{}", body["code"].as_str().unwrap()));
    for member in ["type", "status", "title"] {
        assert!(body.as_object_mut().unwrap().remove(member).is_some(), "{member} in {reply:?}");
    }
    body
}

#[tokio::test]
async fn a_body_has_a_size_a_depth_a_type_and_no_nul() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let signal = |payload: &str| format!(r#"{{"source":"a","type":"b","payload":{{"p":{payload}}}}}"#);
    let text = |length: usize| signal(&format!("\"{}\"", "x".repeat(length)));
    let nested = |levels: usize| signal(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));

    let overhead = text(0).len();
    door.post_raw("/signals", &token, text((1 << 20) - overhead)).send().await.is(202);
    assert_eq!(
        door.post_raw("/signals", &token, text((1 << 20) - overhead + 1)).send().await.problem(),
        (413, "too_large".into())
    );
    assert_eq!(
        door.post_raw("/signals", &token, text((1 << 20) - overhead + 1)).key("big").send().await.problem(),
        (413, "too_large".into())
    );
    let batch = format!(r#"{{"signals":[{}]}}"#, text(8 << 20));
    assert_eq!(
        door.post_raw("/signals/batch", &token, batch.clone()).send().await.problem(),
        (413, "too_large".into())
    );
    assert_eq!(
        door.post_raw("/signals/batch", &token, batch).key("huge").send().await.problem(),
        (413, "too_large".into())
    );

    door.post_raw("/signals", &token, nested(62)).send().await.is(202);
    assert_eq!(door.post_raw("/signals", &token, nested(63)).send().await.problem(), (422, "invalid".into()));
    assert_eq!(door.post_raw("/signals", &token, nested(10_0000)).send().await.problem(), (422, "invalid".into()));

    let nul = door.post_raw("/signals", &token, signal(r#"["\u0000"]"#)).send().await;
    assert_eq!(shape(&nul)["errors"][0]["path"], "/payload/p/0");
    let kind = door.call(Method::POST, "/signals", &token).text("text/plain", signal("1")).send().await;
    assert_eq!(kind.problem(), (415, "unsupported_media_type".into()));
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_signals_and_one_to_a_hundred_answers() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    for (path, name, most) in [("/signals/batch", "signals", 1000), ("/approvals/answers", "answers", 100)] {
        for count in [0, most + 1] {
            let reply = door.post(path, &token, &json!({ name: vec![json!({}); count] })).send().await.is(422);
            assert_eq!(shape(&reply)["errors"][0]["path"], format!("/{name}"));
        }
        assert_eq!(door.post(path, &token, &json!([])).send().await.problem(), (422, "invalid".into()));
        assert_eq!(
            door.post(path, &token, &json!({ name: [], "more": 1 })).send().await.problem(),
            (422, "invalid".into())
        );
        assert_eq!(door.post_raw(path, &token, "{").send().await.problem(), (400, "malformed".into()));
    }
}

#[tokio::test]
async fn every_refusal_has_the_same_shape() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let snapshots = [
        (
            door.get("/nowhere", "").await,
            json!({ "code": "not_found", "detail": "There is nothing at /api/v1/nowhere; see /api/v1/docs." }),
        ),
        (
            door.get("/settings", "").await,
            json!({ "code": "unauthenticated", "detail": "Send `Authorization: Bearer <token>`, or sign in." }),
        ),
        (
            door.get("/users", &token).await,
            json!({ "code": "forbidden", "detail": "This token lacks the scope `operator`.", "scope": "operator" }),
        ),
        (
            door.get("/settings", BOOTSTRAP).await,
            json!({ "code": "forbidden", "detail": "An operator's token acts for nobody; use a token of that person." }),
        ),
        (
            door.get("/signals/17", &token).await,
            json!({ "code": "not_found", "detail": "There is no such thing of yours." }),
        ),
        (
            door.call(Method::PATCH, "/settings", &token).send().await,
            json!({ "code": "method_not_allowed", "detail": "See /api/v1/docs for the methods of this path." }),
        ),
        (
            door.post_raw("/signals", &token, "{\"source\":").send().await,
            json!({ "code": "malformed", "detail": "The body is not JSON: EOF while parsing a value at line 1 column 10." }),
        ),
        (
            door.post("/signals", &token, &json!({ "source": "a" })).send().await,
            json!({ "code": "invalid", "detail": "See `errors`; nothing was changed.", "errors": [{ "path": "/type", "reason": "missing field `type`" }] }),
        ),
        (
            door.get("/signals?limit=0", &token).await,
            json!({ "code": "invalid", "detail": "See `errors`; nothing was changed.", "errors": [{ "path": "limit", "reason": "a page has 1 to 200 rows" }] }),
        ),
    ];
    for (reply, expected) in snapshots {
        assert_eq!(shape(&reply), expected);
    }
}

#[tokio::test]
async fn a_question_with_a_misspelt_filter_is_refused_instead_of_answered_in_full() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    for (query, path) in [
        ("/decisions?outcom=auto", "outcom"),
        ("/decisions?outcome=perhaps", "outcome"),
        ("/decisions?from=yesterday", "from"),
        ("/signals?cursor=nonsense", "cursor"),
        ("/signals?limit=many", "limit"),
        ("/events?after=-1", "after"),
        ("/approvals?state=open", "state"),
        ("/jobs?limit=999", "limit"),
    ] {
        let token = if query.starts_with("/jobs") { BOOTSTRAP } else { &token };
        let reply = door.get(query, token).await.is(422);
        assert_eq!(shape(&reply)["errors"][0]["path"], path, "{query}: {reply:?}");
    }
    door.get("/decisions?outcome=auto&domain=social&situation=generic&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&cursor=&limit=1", &token).await.is(200);
}

#[tokio::test]
async fn every_answer_carries_its_ids() {
    let door = Door::open().await;
    let reply = door.call(Method::GET, "/health/live", "").header("x-request-id", "mine-1").send().await.is(200);
    assert_eq!(reply.header("x-request-id"), "mine-1");
    assert_eq!(reply.header("x-trace-id").len(), 32);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = door
        .call(Method::GET, "/health/ready", "")
        .header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"))
        .send()
        .await
        .is(200);
    assert_eq!(traced.header("x-trace-id"), trace);
}

#[tokio::test]
async fn readiness_wants_every_migration_and_liveness_wants_nothing() {
    let door = Door::open().await;
    door.get("/health/ready", "").await.is(200);
    door.execute(
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations WHERE version < 1000)",
    )
    .await;
    let reply = door.get("/health/ready", "").await;
    assert_eq!(reply.problem(), (503, "unavailable".into()));
    assert_eq!(reply.header("retry-after"), "5");
    door.world.store.close().await;
    assert_eq!(door.get("/health/ready", "").await.problem(), (503, "unavailable".into()));
    door.get("/health/live", "").await.is(200);
}

#[tokio::test]
async fn whoever_asks_too_often_hears_when_to_come_again_and_nobody_else_does() {
    let door = Door::with(&[("SKYTWIN_REQUESTS_PER_MINUTE", "60")]).await;
    let (_, ada) = door.somebody("Ada", TrustTier::Suggest).await;
    let (_, bob) = door.somebody("Bob", TrustTier::Suggest).await;
    for _ in 0..15 {
        door.get("/trust", &ada).await.is(200);
    }
    let refused = door.get("/trust", &ada).await;
    assert_eq!((refused.problem(), refused.header("retry-after")), ((429, "too_often".into()), "2"));
    door.get("/trust", &bob).await.is(200);
    door.world.hand.advance(TimeDelta::seconds(1));
    door.get("/trust", &ada).await.is(200);
}

#[tokio::test]
async fn an_address_that_guesses_is_slowed_and_who_is_known_there_is_not() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let link = door.call(Method::POST, "/login-links", &token).send().await.is(201).body()["url"].clone();
    let (_, link) = link.as_str().unwrap().split_once('#').unwrap();
    let sign_in = |with: Value| door.post("/sign-in", "", &with).send();
    let hook = format!("/hooks/{}", uuid::Uuid::from_u128(7));
    // Whichever door it tries, it is the same address.
    let guess = async |number: usize| match number % 4 {
        0 => door.get("/trust", "st_guess").await,
        1 => sign_in(json!({ "link": "sl_guess" })).await,
        2 => sign_in(json!({ "token": "st_guess" })).await,
        _ => door.post(&hook, "", &json!({})).send().await,
    };
    let mut guesses = 0;
    while guess(guesses).await.problem() == (401, "unauthenticated".into()) {
        guesses += 1;
        assert!(guesses <= 1000, "nobody stops it");
    }
    assert_eq!(guesses, 1000);
    for number in 0..4 {
        let refused = guess(number).await;
        assert_eq!((refused.problem(), refused.header("retry-after")), ((429, "too_often".into()), "1"), "{number}");
    }
    door.get("/trust", &token).await.is(200);
    sign_in(json!({ "token": token })).await.is(200);
    sign_in(json!({ "link": link })).await.is(200);
}
