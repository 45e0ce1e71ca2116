//! Learning over HTTP: what each kind of answer moves, that it moves once, and the versions it leaves.

use domain::{
    action::Verb,
    decide::decide,
    decision::Outcome,
    id::{DecisionId, UserId},
    learning::Held,
    outbox::Outbox,
    signal::{Domain, Signal},
    tier::{Confidence, TrustTier},
    twin::{Preference, Source},
};
use reqwest::Method;
use serde_json::{Value, json};
use store::learning::{self, Moved};

use super::{
    Door,
    seed::{archive, decided, label},
};

/// What is held under a key in a domain: how sure, and from where.
async fn held(door: &Door, token: &str, domain: &str, key: &str) -> Option<(String, String)> {
    let all = door.get("/preferences", token).await.is(200).body();
    let word = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    all["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["domain"] == domain && one["key"] == key)
        .map(|one| (word(one, "confidence"), word(one, "source")))
}

async fn version(door: &Door, token: &str) -> i64 {
    door.get("/twin", token).await.is(200).body()["version"].as_i64().unwrap()
}

async fn half_steps(door: &Door, key: &'static str) -> i16 {
    sqlx::query_scalar("SELECT half_steps FROM preferences WHERE key = $1")
        .bind(key)
        .fetch_one(&door.world.pool)
        .await
        .unwrap()
}

fn some(confidence: &str, source: &str) -> Option<(String, String)> {
    Some((confidence.into(), source.into()))
}

async fn knows(door: &Door, user: UserId, domain: Domain, key: &str, confidence: Confidence) {
    let preference = Preference {
        id: user.child(key),
        domain,
        key: key.into(),
        value: json!(true),
        confidence,
        source: Source::Inferred,
        evidence_count: 3,
    };
    let now = door.world.now();
    let mut tx = door.store.begin().await.unwrap();
    let lock = tx.lock(user).await.unwrap();
    let moved = [Moved { before: None, after: Some(Held::new(preference, confidence.half_steps())) }];
    let outbox = learning::write(&mut tx, &lock, &moved, "stated", now).await.unwrap();
    tx.commit(outbox, now).await.unwrap();
}

async fn answer(door: &Door, token: &str, approval: domain::id::ApprovalId, body: &Value) -> super::Reply {
    door.post(&format!("/approvals/{approval}/answer"), token, body).send().await
}

async fn feedback(door: &Door, token: &str, decision: DecisionId, body: &Value) -> super::Reply {
    door.post(&format!("/decisions/{decision}/feedback"), token, body).send().await
}

#[tokio::test]
async fn a_yes_makes_an_inference_and_raises_it_and_a_no_lowers_it() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    for (said, confidence) in [("approve", "low"), ("approve", "moderate"), ("reject", "low"), ("approve", "moderate")]
    {
        let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
        answer(&door, &token, asked.approval, &json!({ "answer": said })).await;
        assert_eq!(held(&door, &token, "email", "auto_archive_email").await, some(confidence, "inferred"), "{said}");
    }
    let history = door.get("/preferences/email/auto_archive_email/history", &token).await.is(200).body();
    let trail: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["cause"].as_str().unwrap(), one["after"]["confidence"].as_str().unwrap()))
        .collect();
    assert_eq!(trail, [("approve", "moderate"), ("reject", "low"), ("approve", "moderate"), ("approve", "low")]);
    assert_eq!(history["items"][3]["before"], Value::Null);
    let first = version(&door, &token).await;
    let blocked = decided(&door, user, Outcome::Block, vec![archive()]).await;
    feedback(&door, &token, blocked.decision, &json!({ "answer": "reject" })).await.is(201);
    assert_eq!(held(&door, &token, "email", "auto_archive_email").await, some("low", "inferred"));
    assert_eq!(version(&door, &token).await, first + 1);
    assert_eq!(door.get("/preferences/email/never_heard_of/history", &token).await.status, 404);
}

#[tokio::test]
async fn an_answer_is_learned_from_once_and_tells_once() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
    let yes = json!({ "answer": "approve" });
    answer(&door, &token, asked.approval, &yes).await.is(202);
    let seen = (version(&door, &token).await, half_steps(&door, "auto_archive_email").await);
    for _ in 0..2 {
        assert_eq!(answer(&door, &token, asked.approval, &yes).await.status, 409);
    }
    for kind in ["reward", "punish"] {
        let body = json!({ "answer": kind });
        feedback(&door, &token, asked.decision, &body).await.is(201);
        let after = (version(&door, &token).await, half_steps(&door, "auto_archive_email").await);
        assert_eq!(feedback(&door, &token, asked.decision, &body).await.problem(), (409, "resolved".into()));
        assert_eq!((version(&door, &token).await, half_steps(&door, "auto_archive_email").await), after, "{kind}");
    }
    assert_eq!((seen, half_steps(&door, "auto_archive_email").await), ((2, 2), 1), "+1 half step, then -2");
    assert_eq!(door.count("twin_versions").await, 4, "what there was before, and one for each answer");
    let told = store::events::since(&door.store, user, 0, 100).await.unwrap();
    let told: Vec<_> = told.iter().filter(|event| event.name.to_string() == "twin.updated").collect();
    assert_eq!(told.len(), 3);
    assert_eq!(told[0].facts["changed"], json!(["email/auto_archive_email"]));
}

#[tokio::test]
async fn an_answer_in_mail_changes_nothing_about_money() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    for key in ["auto_archive_email", "auto_pay"] {
        knows(&door, user, Domain::Finance, key, Confidence::Moderate).await;
    }
    let before = door.get("/preferences", &token).await.body();
    for said in ["approve", "reject"] {
        let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
        answer(&door, &token, asked.approval, &json!({ "answer": said })).await;
    }
    let after = door.get("/preferences", &token).await.body();
    let finance = |all: &Value| -> Vec<Value> {
        all["items"].as_array().unwrap().iter().filter(|one| one["domain"] == "finance").cloned().collect()
    };
    assert_eq!((finance(&before), finance(&after).len()), (finance(&after), 2));
}

#[tokio::test]
async fn an_edit_is_a_correction_and_half_a_step_down_for_what_was_proposed() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    knows(&door, user, Domain::Email, "auto_archive_email", Confidence::Moderate).await;
    let asked = decided(&door, user, Outcome::Ask, vec![archive(), label("News")]).await;
    let before = version(&door, &token).await;
    answer(&door, &token, asked.approval, &json!({ "answer": "choose", "ordinal": 1 })).await.is(202);
    assert_eq!(half_steps(&door, "auto_archive_email").await, 3);
    assert_eq!(held(&door, &token, "email", "auto_label_email").await, some("moderate", "corrected"));
    assert_eq!(version(&door, &token).await, before + 1, "two preferences moved, one version");

    let asked = decided(&door, user, Outcome::Ask, vec![label("Other")]).await;
    let parameters = label("Bills").parameters;
    answer(&door, &token, asked.approval, &json!({ "answer": "edit", "parameters": parameters })).await.is(202);
    assert_eq!(half_steps(&door, "auto_label_email").await, 3);
    let all = door.get("/preferences", &token).await.body();
    let made = all["items"].as_array().unwrap().iter().find(|one| one["key"] == "preferred_label_email").unwrap();
    assert_eq!((&made["value"], &made["source"]), (&json!({ "label": "Bills" }), &json!("corrected")));
}

#[tokio::test]
async fn what_is_restated_is_explicit_and_confirmed() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::Observer).await;
    knows(&door, user, Domain::Email, "auto_archive_email", Confidence::Low).await;
    let blocked = decided(&door, user, Outcome::Block, vec![archive()]).await;
    for wrong in [
        json!({ "answer": "restate_preference" }),
        json!({ "answer": "restate_preference", "value": null }),
        json!({ "answer": "restate_preference", "value": true, "key": "No Such Key" }),
        json!({ "answer": "approve", "value": true }),
        json!({ "answer": "edit" }),
    ] {
        assert_eq!(feedback(&door, &token, blocked.decision, &wrong).await.status, 422, "{wrong}");
    }
    let reward = feedback(&door, &token, blocked.decision, &json!({ "answer": "reward" })).await;
    assert_eq!(reward.problem(), (409, "nothing_to_answer".into()), "nothing was done");
    let never = json!({ "answer": "restate_preference", "value": false });
    feedback(&door, &token, blocked.decision, &never).await.is(201);
    assert_eq!(held(&door, &token, "email", "auto_archive_email").await, some("confirmed", "explicit"));
    assert_eq!(feedback(&door, &token, blocked.decision, &never).await.status, 409);
    assert_eq!(door.count("feedback").await, 1);
}

/// What the twin would do with a newsletter now.
async fn newsletter(door: &Door, user: UserId) -> Outcome {
    let now = door.world.now();
    let payload = json!({ "message_id": "m-1", "category": "newsletter", "subject": "Weekly news" });
    let signal = Signal {
        id: door.world.entropy.id(now),
        user,
        source: "gmail".into(),
        kind: "email".into(),
        external_id: None,
        occurred_at: None,
        received_at: now,
        urgency: None,
        domain: None,
        payload: payload.as_object().unwrap().clone(),
    };
    let mut tx = door.store.begin().await.unwrap();
    let lock = tx.lock(user).await.unwrap();
    let facts = store::facts::load(&mut tx, &lock, now).await.unwrap();
    let decision = decide(&signal, &facts).decision;
    assert_eq!(decision.chosen().map(|candidate| candidate.action.verb), Some(Verb::ArchiveEmail));
    tx.commit(Outbox::nothing(), now).await.unwrap();
    decision.outcome
}

#[tokio::test]
async fn a_punished_verb_asks_for_its_next_ten_although_it_would_have_run() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    door.call(Method::PUT, "/preferences/email/auto_archive_newsletters", &token)
        .text("application/json", json!({ "value": true }).to_string())
        .send()
        .await
        .is(200);
    assert_eq!(newsletter(&door, user).await, Outcome::Auto);
    let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
    answer(&door, &token, asked.approval, &json!({ "answer": "approve" })).await.is(202);
    feedback(&door, &token, asked.decision, &json!({ "answer": "punish" })).await.is(201);
    decided(&door, user, Outcome::Ask, vec![label("another verb owes nothing")]).await;
    for owed in (1..=10).rev() {
        assert_ne!(newsletter(&door, user).await, Outcome::Auto, "{owed} to go");
        let left: i32 =
            sqlx::query_scalar("SELECT remaining FROM asks_owed").fetch_one(&door.world.pool).await.unwrap();
        assert_eq!(left, owed);
        decided(&door, user, Outcome::Ask, vec![archive()]).await;
    }
    assert_eq!((newsletter(&door, user).await, door.count("asks_owed").await), (Outcome::Auto, 0));
}

#[tokio::test]
async fn a_version_shows_what_changed_and_can_be_gone_back_to() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    assert_eq!(door.get("/twin/versions", &token).await.is(200).body()["items"], json!([]));
    for said in ["approve", "approve"] {
        let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
        answer(&door, &token, asked.approval, &json!({ "answer": said })).await.is(202);
    }
    let put = |value: Value| {
        door.call(Method::PUT, "/preferences/travel/seat", &token)
            .text("application/json", json!({ "value": value }).to_string())
    };
    put(json!("aisle")).send().await.is(200);
    put(json!("aisle")).send().await.is(200);
    let items = door.get("/twin/versions", &token).await.body()["items"].clone();
    let causes: Vec<_> = items.as_array().unwrap().iter().map(|one| one["cause"].as_str().unwrap()).collect();
    assert_eq!(causes, ["stated", "approve", "approve", "start"], "the same said twice is one version");
    assert_eq!(items[0]["changed"], json!(["travel/seat"]));

    let diff = door.get("/twin/versions/4/diff?from=2", &token).await.is(200).body();
    let changes = diff["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["before"]["confidence"]), (2, &json!("low")));
    assert_eq!((&changes[0]["after"]["confidence"], &changes[1]["before"]), (&json!("moderate"), &Value::Null));
    let own = door.get("/twin/versions/4/diff", &token).await.body();
    assert_eq!((&own["from"], own["changes"].as_array().unwrap().len()), (&json!(3), 1));

    let back = door.post("/twin/versions/2/revert", &token, &json!({})).send().await.is(200).body();
    assert_eq!((&back["version"], &back["cause"]), (&json!(5), &json!("revert")));
    let second = door.get("/twin/versions/2", &token).await.is(200).body();
    assert_eq!(back["preferences"], second["preferences"]);
    assert_eq!(held(&door, &token, "email", "auto_archive_email").await, some("low", "inferred"));
    assert_eq!(held(&door, &token, "travel", "seat").await, None);
    let history = door.get("/preferences/travel/seat/history", &token).await.is(200).body();
    assert_eq!(
        (&history["items"][0]["cause"], &history["items"][0]["after"]),
        (&json!("revert"), &Value::Null),
        "what is gone keeps its history"
    );
    let same = door.post("/twin/versions/5/revert", &token, &json!({})).send().await.is(200).body();
    assert_eq!(same["version"], 5, "nothing to go back to is no new version");
    door.post("/twin/versions/3/revert", &token, &json!({})).send().await.is(200);
    assert_eq!(half_steps(&door, "auto_archive_email").await, 4);
    for nowhere in ["99", "0", "-1", "x", "9223372036854775807"] {
        assert_eq!(door.get(&format!("/twin/versions/{nowhere}"), &token).await.status, 404, "{nowhere}");
    }
}

#[tokio::test]
async fn what_would_be_done_is_told_by_the_same_rules_and_nothing_is_kept() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let mail = json!({ "source": "gmail", "type": "email",
                       "payload": { "message_id": "m-1", "category": "newsletter", "subject": "Weekly news" } });
    let outcome = async || door.post("/twin/ask", &token, &mail).send().await.is(200).body()["outcome"].clone();
    let unsure = outcome().await;
    door.call(Method::PUT, "/preferences/email/auto_archive_newsletters", &token)
        .text("application/json", json!({ "value": true }).to_string())
        .send()
        .await
        .is(200);
    assert_eq!((unsure, outcome().await), (json!("suggest"), json!("auto")));
    for table in ["signals", "decisions", "approvals", "executions"] {
        assert_eq!(door.count(table).await, 0, "{table}");
    }
    assert_eq!(door.post("/twin/ask", &token, &json!({ "source": "x" })).send().await.status, 422);
}
