//! The person's word on an execution over HTTP: each of the three choices settles once, and what is called off stops.

use domain::{
    execution::Phase,
    id::{ExecutionId, UserId},
    notify::{self, Severity},
    outbox::Outbox,
    tier::TrustTier,
};
use futures::future::join_all;
use serde_json::{Value, json};

use super::{
    Door, Reply,
    seed::{agreed, in_question, order, under_way},
};

impl Door {
    async fn resolve(&self, id: ExecutionId, token: &str, word: &Value) -> Reply {
        self.post(&format!("/executions/{id}/resolve"), token, word).send().await
    }

    async fn call_off(&self, id: ExecutionId, token: &str) -> Reply {
        self.call(reqwest::Method::POST, &format!("/executions/{id}/cancel"), token).send().await
    }

    /// What counts against the daily limit, and how much of it is still open, in cents.
    async fn money(&self, token: &str) -> (i64, i64) {
        let spend = self.get("/spend", token).await.is(200).body();
        (spend["settled_cents"].as_i64().unwrap(), spend["reserved_cents"].as_i64().unwrap())
    }

    async fn jobs_of(&self, id: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM apalis.jobs WHERE convert_from(job, 'UTF8') LIKE '%' || $1 || '%'")
            .bind(id)
            .fetch_one(&self.world.pool)
            .await
            .unwrap()
    }

    async fn alert(&self, user: UserId, id: ExecutionId) {
        let now = self.world.now();
        let kind = notify::Kind::UnknownOutcome;
        let new = notify::New {
            user,
            kind,
            severity: Severity::Critical,
            title: "Nobody can tell".into(),
            body: "Say what is true.".into(),
            link: None,
            dedupe_key: format!("{kind}:{id}"),
            deliver_at: now,
        };
        let mut tx = self.store.begin().await.unwrap();
        tx.lock(user).await.unwrap();
        tx.commit(Outbox::nothing().notify(new), now).await.unwrap();
    }
}

#[tokio::test]
async fn it_happened_settles_the_money_at_what_the_person_says_and_deals_with_the_alert() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let id = in_question(&door, user, order(Some(2500))).await;
    door.alert(user, id).await;
    let unread = async || door.get("/notifications/unread", &token).await.is(200).body()["unread"].as_i64().unwrap();
    let before = unread().await;
    assert_eq!(door.money(&token).await, (0, 2500), "what may be gone stays reserved");

    let body =
        door.resolve(id, &token, &json!({ "outcome": "happened", "actual_cost_cents": 2400 })).await.is(200).body();
    let execution = &body["execution"];
    assert_eq!((&execution["state"], &execution["result"]["said_by"]), (&json!("succeeded"), &json!("person")));
    assert_eq!((&execution["actual"]["cents"], &body["retry"]), (&json!(2400), &Value::Null));
    assert_eq!(door.money(&token).await, (2400, 0));
    assert_eq!(unread().await, before - 1);
}

#[tokio::test]
async fn it_did_not_happen_frees_the_money() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let id = in_question(&door, user, order(Some(2500))).await;
    let body = door.resolve(id, &token, &json!({ "outcome": "did_not_happen" })).await.is(200).body();
    assert_eq!(
        (&body["execution"]["state"], &body["execution"]["error_class"]),
        (&json!("failed"), &json!("by_person"))
    );
    assert_eq!(door.money(&token).await, (0, 0));
}

#[tokio::test]
async fn try_again_is_another_execution_with_a_key_and_a_reservation_of_its_own() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let id = in_question(&door, user, order(Some(2500))).await;
    let body = door.resolve(id, &token, &json!({ "outcome": "try_again" })).await.is(200).body();
    let retry = &body["retry"];
    assert_eq!((&retry["state"], &retry["retry_of"]), (&json!("planned"), &json!(id.to_string())));
    assert_ne!(retry["id"], json!(id.to_string()));
    assert_eq!(retry["consent_until"], body["execution"]["consent_until"], "consent grows no longer by trying again");
    assert_eq!(door.money(&token).await, (0, 2500), "reserved once, for the other try");
    assert_eq!(door.jobs_of(retry["id"].as_str().unwrap()).await, 1);
}

#[tokio::test]
async fn ten_words_at_once_count_as_one_and_the_rest_find_what_it_made_of_it() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let id = in_question(&door, user, order(Some(2500))).await;
    let words = ["happened", "did_not_happen", "try_again"].map(|word| json!({ "outcome": word }));
    let replies = join_all((0..9).map(|n| door.resolve(id, &token, &words[n % 3]))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(taken.len(), 1);
    let found = taken[0].body()["execution"]["state"].clone();
    for reply in refused {
        assert_eq!((reply.problem(), &reply.body()["state"]), ((409, "out_of_place".into()), &found));
    }
    assert!(door.count("executions").await <= 2);
}

#[tokio::test]
async fn a_word_that_makes_no_sense_changes_nothing() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let id = in_question(&door, user, order(Some(2500))).await;
    for word in [
        json!({}),
        json!({ "outcome": "perhaps" }),
        json!({ "outcome": "happened", "actual_cost_cents": -1 }),
        json!({ "outcome": "did_not_happen", "actual_cost_cents": 5 }),
    ] {
        assert_eq!(door.resolve(id, &token, &word).await.problem(), (422, "invalid".into()), "{word}");
    }
    door.call(reqwest::Method::POST, "/stop", &token).send().await.is(200);
    let stopped = door.resolve(id, &token, &json!({ "outcome": "try_again" })).await;
    assert_eq!(stopped.problem(), (409, "stopped".into()));
    let found = store::executions::get(&door.store, user, id).await.unwrap();
    assert_eq!((found.state.phase(), door.count("executions").await), (Phase::Unknown, 1));
}

#[tokio::test]
async fn what_was_not_sent_is_cancelled_and_its_money_free_and_the_second_time_finds_it_so() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let (_, id) = agreed(&door, user, order(Some(2500))).await;
    let body = door.call_off(id, &token).await.is(200).body();
    assert_eq!((&body["state"], &body["error_class"]), (&json!("cancelled"), &json!("by_person")));
    assert_eq!(door.money(&token).await, (0, 0));
    let again = door.call_off(id, &token).await;
    assert_eq!((again.problem(), &again.body()["state"]), ((409, "out_of_place".into()), &json!("cancelled")));
}

#[tokio::test]
async fn what_is_under_way_is_asked_to_stop_and_stays_reserved_until_the_engine_has_spoken() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let id = under_way(&door, user, order(Some(2500))).await;
    door.world.pass(chrono::TimeDelta::seconds(5));
    let body = door.call_off(id, &token).await.is(202).body();
    assert_eq!((&body["state"], body["cancel_asked_at"].is_string()), (&json!("running"), true));
    assert_eq!(door.money(&token).await, (0, 2500));
    let asked = store::executions::get(&door.store, user, id).await.unwrap();
    assert_eq!((asked.cancel_asked, asked.due()), (Some(door.world.now()), Some(door.world.now())));
    door.call_off(id, &token).await.is(202);
    assert_eq!(door.jobs_of(&id.to_string()).await, 1, "rung once");
}
