//! Running the system: what operators see and do, the audit of it, and a person's things taken along and deleted.

use std::collections::BTreeSet;

use domain::tier::TrustTier;
use reqwest::Method;
use serde_json::json;

use super::{
    BOOTSTRAP, Door,
    seed::{MARK, Seeded},
};

/// The tables of ours, and of the queue, by schema and name.
async fn tables(door: &Door, having: Option<&str>) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT DISTINCT format('%I.%I', t.table_schema, t.table_name) FROM information_schema.tables t
           JOIN information_schema.columns c USING (table_schema, table_name)
          WHERE t.table_schema IN ('public', 'apalis') AND t.table_type = 'BASE TABLE' AND ($1::text IS NULL OR c.column_name = $1)",
    )
    .bind(having)
    .fetch_all(&door.world.pool)
    .await
    .unwrap()
}

/// Where a text still stands: every column of every row of every table, bytes included.
async fn found(door: &Door, text: &str) -> Vec<String> {
    let mut places = Vec::new();
    for table in tables(door, None).await {
        let sql =
            format!("SELECT count(*) FROM {table} t WHERE position($1 IN t::text) > 0 OR position($2 IN t::text) > 0");
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(text)
            .bind(hex)
            .fetch_one(&door.world.pool)
            .await
            .unwrap();
        if rows > 0 {
            places.push(format!("{rows} in {table}"));
        }
    }
    places
}

#[tokio::test]
async fn an_export_has_every_table_that_belongs_to_a_person_and_no_key_to_anything() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    Seeded::plant(&door, user).await;
    let reply = door.get(&format!("/users/{user}/export"), BOOTSTRAP).await.is(200);
    let all = reply.body();
    let here: BTreeSet<String> = all.as_object().unwrap().keys().cloned().collect();
    for table in tables(&door, Some("user_id")).await {
        let name = table.strip_prefix("public.").unwrap();
        assert!(here.contains(name) || name == "stream_tickets", "{name} is missing");
    }
    for filled in ["users", "signals", "candidates", "executions", "execution_steps", "events", "preferences", "hooks"]
    {
        assert!(!all[filled].as_array().unwrap().is_empty(), "{filled} is empty");
    }
    assert!(reply.text.contains(MARK) && !reply.text.contains("secret_hash") && !reply.text.contains(&token));
    assert_eq!(door.get(&format!("/users/{user}/export"), &token).await.problem().0, 403, "an operator's act");
}

#[tokio::test]
async fn nothing_of_a_deleted_person_is_left_in_any_column_of_any_table_and_others_keep_everything() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let (bob, _) = door.somebody("Bob", TrustTier::ModerateAutonomy).await;
    Seeded::plant(&door, ada).await;
    let note = json!({ "source": "test", "type": "note", "payload": { "text": "a walrus" } });
    door.post("/signals", &token, &note).key("walrus-key").send().await.is(202);
    door.get(&format!("/users/{ada}/export"), BOOTSTRAP).await.is(200);
    let kept = door.get(&format!("/users/{bob}/export"), BOOTSTRAP).await.is(200).text;
    assert!(found(&door, MARK).await.len() > 10 && !found(&door, &ada.to_string()).await.is_empty());

    door.call(Method::DELETE, &format!("/users/{ada}"), BOOTSTRAP).send().await.is(204);
    for text in [ada.to_string().as_str(), MARK, "walrus"] {
        assert_eq!(found(&door, text).await, Vec::<String>::new(), "`{text}` is still there");
    }
    assert_eq!(door.get("/settings", &token).await.problem().0, 401);
    assert_eq!(door.get(&format!("/users/{bob}/export"), BOOTSTRAP).await.is(200).text, kept);
    assert_eq!(door.call(Method::DELETE, &format!("/users/{ada}"), BOOTSTRAP).send().await.problem().0, 404);
}

#[tokio::test]
async fn what_operators_do_and_who_opens_a_door_is_audited_and_what_people_do_all_day_is_not() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::Suggest).await;
    door.post("/queues/execute_action/pause", BOOTSTRAP, &json!({ "why": "A look." })).send().await.is(204);
    door.post("/jobs/no-such-job/cancel", BOOTSTRAP, &json!({})).send().await.is(404);
    door.get("/users", BOOTSTRAP).await.is(200);
    door.post("/stop", &token, &json!({})).send().await.is(200);
    door.post("/tokens", BOOTSTRAP, &json!({ "name": "phone", "user": user, "scopes": ["read"] })).send().await.is(201);
    let acts = door.get("/audit", BOOTSTRAP).await.is(200).body();
    let told = acts["items"].as_array().unwrap().iter().rev().map(|act| {
        (
            act["act"].as_str().unwrap(),
            act["target"].as_str().unwrap(),
            act["status"].as_u64(),
            act["actor"].as_str().unwrap(),
        )
    });
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [
            ("POST /queues/{queue}/pause", "/queues/execute_action/pause", Some(204), "bootstrap"),
            ("POST /jobs/{id}/cancel", "/jobs/no-such-job/cancel", Some(404), "bootstrap"),
            ("POST /tokens", "/tokens", Some(201), "bootstrap"),
        ]
    );
}

#[tokio::test]
async fn the_audit_of_jobs_that_run_again_tells_of_which_queue_for_what_reason_and_how_many() {
    let door = Door::open().await;
    for _ in 0..3 {
        door.post("/retention", BOOTSTRAP, &json!({})).send().await.is(202);
    }
    let jobs = door.get("/queues/housekeep/jobs", BOOTSTRAP).await.is(200).body();
    for job in jobs["items"].as_array().unwrap() {
        let cancel = format!("/jobs/{}/cancel", job["id"].as_str().unwrap());
        door.post(&cancel, BOOTSTRAP, &json!({})).send().await.is(204);
    }
    for (again, told) in [
        (
            json!({ "queue": "housekeep", "because": "a \"wrong\" key" }),
            r#"0 run again: housekeep, because "a \"wrong\" key""#,
        ),
        (json!({ "queue": "housekeep", "because": "called off" }), r#"3 run again: housekeep, because "called off""#),
        (json!({ "queue": "notify" }), "0 run again: notify"),
        (json!({}), "0 run again: all queues"),
    ] {
        door.post("/jobs/retry", BOOTSTRAP, &again).send().await.is(202);
        let audit = door.get("/audit", BOOTSTRAP).await.is(200).body();
        let target = format!("/jobs/retry: {told}");
        let act = audit["items"].as_array().unwrap().iter().find(|act| act["target"] == target).expect(&target);
        assert_eq!((&act["act"], &act["status"]), (&json!("POST /jobs/retry"), &json!(202)), "{audit}");
    }
}

#[tokio::test]
async fn retention_can_be_told_to_run_jobs_are_found_by_what_they_said_and_unknown_queues_are_none() {
    let door = Door::open().await;
    door.post("/retention", BOOTSTRAP, &json!({})).send().await.is(202);
    let jobs = door.get("/queues/housekeep/jobs", BOOTSTRAP).await.is(200).body();
    assert!(jobs["items"][0]["payload"].as_str().unwrap().contains("prune"), "{jobs}");
    let others = door.get("/queues/housekeep/jobs?because=a%20wrong%20key", BOOTSTRAP).await.is(200).body();
    assert_eq!(others["items"], json!([]));
    let id = jobs["items"][0]["id"].as_str().unwrap();
    door.post(&format!("/jobs/{id}/cancel"), BOOTSTRAP, &json!({})).send().await.is(204);
    for (because, found) in [("called", 1), ("a%20wrong%20key", 0)] {
        let dead = door.get(&format!("/jobs?queue=housekeep&because={because}"), BOOTSTRAP).await.is(200).body();
        assert_eq!(dead["dead"].as_array().unwrap().len(), found, "{dead}");
    }
    assert_eq!(door.get("/queues/no_such_queue/jobs", BOOTSTRAP).await.problem().0, 404);
    assert_eq!(door.get("/queues/housekeep/jobs?state=asleep", BOOTSTRAP).await.problem().0, 422);
}
