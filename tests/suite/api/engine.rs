//! How operators see an engine in trouble.

use chrono::TimeDelta;
use domain::{breaker::Sign, id::ExecutionId};
use reqwest::Method;
use serde_json::{Value, json};
use store::engines;

use super::{
    BOOTSTRAP, Door,
    seed::{order, under_way},
};

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

#[tokio::test]
async fn whoever_has_work_at_an_engine_stays_who_they_are_there_until_it_is_settled() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", domain::tier::TrustTier::ModerateAutonomy).await;
    let (grace, _) = door.somebody("Grace", domain::tier::TrustTier::ModerateAutonomy).await;
    let id = under_way(&door, ada, order(Some(2500))).await;
    let engine = door.get(&format!("/executions/{id}"), &token).await.is(200).body()["engine"].clone();
    let body = json!({ "engine": engine, "token": "another-token" });
    let put = async |whose: domain::id::UserId, body: &Value| {
        let path = format!("/users/{whose}/engine-identity");
        door.call(Method::PUT, &path, BOOTSTRAP).text("application/json", body.to_string()).send().await
    };
    let refused = put(ada, &body).await;
    assert_eq!((refused.problem(), &refused.body()["under_way"]), ((409, "out_of_place".into()), &json!(1)));
    put(grace, &body).await.is(200);
    put(ada, &json!({ "engine": "ironclaw-webhook", "token": "another-token" })).await.is(200);

    let path = format!("/users/{grace}/engine-identity?engine=engine");
    under_way(&door, grace, order(Some(2500))).await;
    let refused = door.call(Method::DELETE, &path, BOOTSTRAP).send().await;
    assert_eq!(refused.problem(), (409, "out_of_place".into()));
}
