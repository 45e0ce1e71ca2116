//! How operators see an engine in trouble.

use chrono::TimeDelta;
use domain::{breaker::Sign, id::ExecutionId};
use reqwest::Method;
use serde_json::{Value, json};
use store::engines;

use super::{BOOTSTRAP, Door};

impl Door {
    async fn engine(&self, sign: &Sign) -> Value {
        let now = self.world.now();
        let execution = ExecutionId::new(uuid::Uuid::from_u128(7));
        engines::heard(&self.store, "ironclaw-responses", execution, sign, now).await.unwrap();
        let listed = self.get("/engine", BOOTSTRAP).await.is(200).body()["items"].clone();
        let jobs = self.get("/jobs", BOOTSTRAP).await.is(200).body();
        assert_eq!(jobs["engines"], listed, "the view of the jobs says the same");
        listed[0].clone()
    }
}

#[tokio::test]
async fn an_operator_sees_what_an_engines_breaker_does_and_why() {
    let door = Door::open().await;
    assert_eq!(door.get("/engine", BOOTSTRAP).await.is(200).body()["items"], json!([]));
    let trouble = Sign::Troubled { why: "The engine can't be reached.".into() };
    for failures in 1..5 {
        let engine = door.engine(&trouble).await;
        assert_eq!((&engine["state"], &engine["failures"]), (&json!("closed"), &json!(failures)));
    }
    let now = door.world.now();
    let engine = door.engine(&trouble).await;
    assert_eq!((&engine["state"], &engine["open_since"]), (&json!("open"), &json!(now)));
    assert_eq!(engine["until"], json!(now.plus(TimeDelta::seconds(150))));
    assert_eq!(engine["last_failure"], "The engine can't be reached.");
    let engine = door.engine(&Sign::Misconfigured { why: "It does not accept our access token (401).".into() }).await;
    assert_eq!((&engine["state"], &engine["misconfigured_since"]), (&json!("open"), &json!(now)));
}

#[tokio::test]
async fn an_identity_at_the_engine_goes_in_and_never_comes_out_again() {
    const TOKEN: &str = "adas-own-token-at-the-engine";
    let door = Door::open().await;
    let (ada, _) = door.somebody("Ada", domain::tier::TrustTier::Suggest).await;
    let path = format!("/users/{ada}/engine-identity");
    let put = async |body: Value| {
        door.call(Method::PUT, &path, BOOTSTRAP).text("application/json", body.to_string()).send().await
    };
    assert_eq!(door.get(&path, BOOTSTRAP).await.is(200).body()["items"], json!([]));
    for wrong in
        [json!({}), json!({ "token": "" }), json!({ "token": "two words" }), json!({ "token": TOKEN, "engine": " " })]
    {
        let refused = put(wrong).await.is(422);
        assert!(!refused.text.contains(TOKEN), "{refused:?}");
    }
    let first = put(json!({ "token": TOKEN })).await.is(200);
    let second = put(json!({ "token": TOKEN })).await.is(200);
    let listed = door.get(&path, BOOTSTRAP).await.is(200);
    assert_eq!(
        (&first.body()["version"], &second.body()["version"], &listed.body()["items"][0]),
        (&json!(1), &json!(2), &second.body())
    );
    for reply in [first, second, listed] {
        assert!(!reply.text.contains(TOKEN), "{reply:?}");
    }
    let kept: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM secrets").fetch_one(&door.world.pool).await.unwrap();
    assert!(!kept.windows(TOKEN.len()).any(|bytes| bytes == TOKEN.as_bytes()));
    door.call(Method::DELETE, &path, BOOTSTRAP).send().await.is(204);
    door.call(Method::DELETE, &path, BOOTSTRAP).send().await.is(404);
    assert_eq!(door.count("secrets").await, 0);
    let nobody = door.get(&format!("/users/{}/engine-identity", uuid::Uuid::nil()), BOOTSTRAP).await;
    assert_eq!(nobody.problem().0, 404);
}
