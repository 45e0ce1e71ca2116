//! Users, preferences, notifications, events: what a person and an operator keep.

use domain::tier::TrustTier;
use reqwest::Method;
use serde_json::json;

use super::{BOOTSTRAP, Door, seed::Seeded};

#[tokio::test]
async fn an_operator_adds_people_who_start_as_observed() {
    let door = Door::open().await;
    let reply = door.post("/users", BOOTSTRAP, &json!({ "name": "Grace" })).send().await.is(201);
    assert_eq!((&reply.body()["tier"], &reply.body()["timezone"]), (&json!("observer"), &json!("UTC")));
    let path = reply.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    assert_eq!(door.get(&path, BOOTSTRAP).await.is(200).body(), reply.body());
    assert_eq!(door.get("/users", BOOTSTRAP).await.is(200).body()["items"], json!([reply.body()]));
    for (wrong, path) in [
        (json!({ "name": " " }), "/name"),
        (json!({ "name": "G", "email": "nowhere" }), "/email"),
        (json!({ "name": "G", "timezone": "Mars" }), "/timezone"),
        (json!({ "name": "G", "tier": "high_autonomy" }), "/tier"),
    ] {
        let reply = door.post("/users", BOOTSTRAP, &wrong).send().await.is(422);
        assert_eq!(reply.body()["errors"][0]["path"], path);
    }
}

#[tokio::test]
async fn a_token_is_a_persons_or_an_operators_and_never_both() {
    let door = Door::open().await;
    let (user, _) = door.somebody("Ada", TrustTier::Suggest).await;
    let nobody = uuid::Uuid::from_u128(7);
    for (wrong, path) in [
        (json!({ "name": "t", "user": user, "scopes": [] }), "/scopes"),
        (json!({ "name": "t", "user": user, "scopes": ["read", "read"] }), "/scopes"),
        (json!({ "name": "t", "user": user, "scopes": ["operator"] }), "/user"),
        (json!({ "name": "t", "scopes": ["read"] }), "/user"),
        (json!({ "name": "t", "scopes": ["read", "operator"] }), "/scopes"),
        (json!({ "name": "t", "user": user, "scopes": ["admin"] }), "/scopes/0"),
        (json!({ "name": "t", "user": nobody, "scopes": ["read"] }), "/user"),
        (json!({ "name": "t", "user": user, "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z" }), "/expires_at"),
    ] {
        let reply = door.post("/tokens", BOOTSTRAP, &wrong).send().await.is(422);
        assert_eq!(reply.body()["errors"][0]["path"], path, "{wrong}: {reply:?}");
    }
    let minted =
        door.post("/tokens", BOOTSTRAP, &json!({ "name": "ops", "scopes": ["operator"] })).send().await.is(201).body();
    door.get("/users", minted["secret"].as_str().unwrap()).await.is(200);
}

#[tokio::test]
async fn what_the_person_says_is_explicit_and_confirmed() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let put = |path: &str, body: &serde_json::Value| {
        door.call(Method::PUT, path, &token).text("application/json", body.to_string()).send()
    };
    let said = put("/preferences/social/auto_archive", &json!({ "value": { "max": 3 } })).await.is(200).body();
    assert_eq!(
        (&said["domain"], &said["source"], &said["confidence"]),
        (&json!("social_media"), &json!("explicit"), &json!("confirmed"))
    );
    let again = put("/preferences/social_media/auto_archive", &json!({ "value": false })).await.is(200).body();
    assert_eq!((&again["id"], &again["value"]), (&said["id"], &json!(false)));
    assert_eq!(door.get("/preferences", &token).await.is(200).body()["items"], json!([again]));
    put("/preferences/nowhere/x", &json!({ "value": 1 })).await.is(422);
    put("/preferences/email/No%20Key", &json!({ "value": 1 })).await.is(422);
    put("/preferences/email/x", &json!({ "value": "x".repeat(9000) })).await.is(422);
    door.call(Method::DELETE, "/preferences/social_media/auto_archive", &token).send().await.is(204);
    assert_eq!(
        door.call(Method::DELETE, "/preferences/social_media/auto_archive", &token).send().await.problem().0,
        404
    );
}

#[tokio::test]
async fn notifications_are_read_one_by_one_or_all_at_once() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let seeded = Seeded::plant(&door, user).await;
    let before = door.get("/notifications/unread", &token).await.is(200).body()["unread"].as_i64().unwrap();
    assert!(before >= 2);
    let path = format!("/notifications/{}/read", seeded.notification);
    for _ in 0..2 {
        let left = door.post(&path, &token, &json!({})).send().await.is(200).body();
        assert_eq!(left["unread"], before - 1);
    }
    let unread = door.get("/notifications?unread=true", &token).await.is(200).body();
    assert_eq!(unread["items"].as_array().unwrap().len(), usize::try_from(before - 1).unwrap());
    assert_eq!(door.post("/notifications/read-all", &token, &json!({})).send().await.is(200).body()["unread"], 0);
}

#[tokio::test]
async fn events_are_followed_without_gaps() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    Seeded::plant(&door, user).await;
    let mut after = 0;
    let mut seen = Vec::new();
    loop {
        let page = door.get(&format!("/events?after={after}&limit=2"), &token).await.is(200).body();
        seen.extend(page["items"].as_array().unwrap().iter().map(|event| event["seq"].as_i64().unwrap()));
        let next = page["next"].as_i64().unwrap();
        if next == after {
            break;
        }
        after = next;
    }
    let last = store::events::last_seq(&door.store, user).await.unwrap();
    assert!(last > 2);
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
}
