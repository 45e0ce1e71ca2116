//! One key, one piece of work, one answer.

use domain::tier::TrustTier;
use serde_json::json;

use super::{BOOTSTRAP, Door};

#[tokio::test]
async fn a_key_gives_the_same_answer_again_and_works_once() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let body = json!({ "source": "shop", "type": "order", "payload": { "n": 1 } });
    let first = door.post("/signals", &token, &body).key("one").send().await.is(202);
    let again = door.post("/signals", &token, &body).key("one").send().await.is(202);
    assert_eq!(
        (&again.text, again.header("location"), again.header("content-type")),
        (&first.text, first.header("location"), first.header("content-type"))
    );
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(door.count("signals").await, 1);

    // A refusal is an answer too.
    let wrong = json!({ "source": "", "type": "order" });
    let refused = door.post("/signals", &token, &wrong).key("two").send().await.is(422);
    assert_eq!(door.post("/signals", &token, &wrong).key("two").send().await.is(422).text, refused.text);
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_caller() {
    let door = Door::open().await;
    let (_, ada) = door.somebody("Ada", TrustTier::Suggest).await;
    let (_, bob) = door.somebody("Bob", TrustTier::Suggest).await;
    let body = json!({ "source": "shop", "type": "order", "payload": { "n": 1 } });
    door.post("/signals", &ada, &body).key("k").send().await.is(202);
    let other = json!({ "source": "shop", "type": "order", "payload": { "n": 2 } });
    assert_eq!(
        door.post("/signals", &ada, &other).key("k").send().await.problem(),
        (422, "idempotency_key_reused".into())
    );
    assert_eq!(
        door.post("/stop", &ada, &json!({})).key("k").send().await.problem(),
        (422, "idempotency_key_reused".into())
    );
    door.post("/signals", &bob, &other).key("k").send().await.is(202);
    assert_eq!(door.count("signals").await, 2);
    for wrong in ["", "two words", &"k".repeat(257)] {
        assert_eq!(
            door.post("/stop", &ada, &json!({})).key(wrong).send().await.problem(),
            (422, "invalid".into()),
            "`{wrong}`"
        );
    }
}

#[tokio::test]
async fn while_the_first_is_in_flight_the_second_is_told_to_wait() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let mut tx = door.store.begin().await.unwrap();
    let _lock = tx.lock(user).await.unwrap();
    let body = json!({ "source": "shop", "type": "order" });
    let first = door.post("/signals", &token, &body).key("k").send();
    let second = async {
        // The first has taken the key once its row is there; it can't finish while we hold the person's row.
        tests::eventually("the key is taken", async || door.count("idempotency_keys").await == 1).await;
        let second = door.post("/signals", &token, &body).key("k").send().await;
        drop(tx);
        second
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(second.problem(), (409, "in_flight".into()));
    assert_eq!(second.header("retry-after"), "1");
    first.is(202);
    door.post("/signals", &token, &body).key("k").send().await.is(202);
}

#[tokio::test]
async fn a_failure_of_ours_is_not_kept_and_says_nothing_of_the_inside() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    door.execute("UPDATE users SET timezone = 'Nowhere/City'").await;
    let reply = door.post("/stop", &token, &json!({})).key("k").send().await;
    assert_eq!(reply.problem(), (500, "internal".into()));
    assert_eq!(reply.body()["trace_id"], reply.header("x-trace-id"));
    for inside in ["users", "timezone", "Nowhere", "row"] {
        assert!(!reply.text.contains(inside), "{reply:?}");
    }
    door.execute("UPDATE users SET timezone = 'UTC'").await;
    door.post("/stop", &token, &json!({})).key("k").send().await.is(200);
}

#[tokio::test]
async fn a_secret_shown_once_is_not_kept_under_its_key() {
    let door = Door::open().await;
    let (user, _) = door.somebody("Ada", TrustTier::Suggest).await;
    let body = json!({ "name": "phone", "user": user, "scopes": ["read", "answer"] });
    let first = door.post("/tokens", BOOTSTRAP, &body).key("k").send().await.is(201).body();
    let again = door.post("/tokens", BOOTSTRAP, &body).key("k").send().await.is(201).body();
    assert!(first["secret"].is_string() && again["secret"].is_null(), "{again}");
    assert_eq!(first["token"], again["token"]);
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT body FROM idempotency_keys").fetch_all(&door.world.pool).await.unwrap();
    let secret = first["secret"].as_str().unwrap();
    assert!(kept.iter().all(|body| !String::from_utf8_lossy(body).contains(secret)));
}

#[tokio::test]
async fn a_user_is_added_once_even_if_the_answer_was_lost() {
    let door = Door::open().await;
    let body = json!({ "name": "Grace", "email": "grace@example.org", "timezone": "Europe/Berlin" });
    let first = door.post("/users", BOOTSTRAP, &body).key("grace").send().await.is(201);
    assert_eq!(first.body()["tier"], "observer");
    // As if the process had died between its commit and keeping the answer, and the lease had run out.
    door.execute("DELETE FROM idempotency_keys").await;
    let again = door.post("/users", BOOTSTRAP, &body).key("grace").send().await.is(201);
    assert_eq!((again.id(), again.header("location")), (first.id(), first.header("location")));
    assert_eq!(door.count("users").await, 1);
}
