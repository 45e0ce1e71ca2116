//! Answers: exactly one counts, whatever comes at the same time; what lacks something changes nothing.

use chrono::TimeDelta;
use domain::{
    decision::Outcome,
    id::{ApprovalId, UserId},
    job::Kind,
    tier::TrustTier,
};
use futures::future::{join, join_all};
use serde_json::{Value, json};

use super::{
    BOOTSTRAP, Door, Reply,
    seed::{acted, archive, decided, label, order},
};

async fn answer(door: &Door, token: &str, approval: ApprovalId, body: &Value) -> Reply {
    door.post(&format!("/approvals/{approval}/answer"), token, body).send().await
}

async fn shown(door: &Door, token: &str, approval: ApprovalId) -> Value {
    door.get(&format!("/approvals/{approval}"), token).await.is(200).body()
}

fn yes() -> Value {
    json!({ "answer": "approve" })
}

#[tokio::test]
async fn a_yes_plans_the_action_with_everything_it_needs() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let asked = decided(&door, user, Outcome::Ask, vec![archive(), label("x")]).await;
    let reply = answer(&door, &token, asked.approval, &yes()).await.is(202);
    let id = reply.body()["execution"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("location"), format!("/api/v1/executions/{id}"));
    assert_eq!(reply.body()["approval"]["state"], "approved");

    let execution = door.get(&format!("/executions/{id}"), &token).await.is(200).body();
    assert_eq!((&execution["state"], &execution["approval"]), (&json!("planned"), &json!(asked.approval)));
    assert_eq!(execution["action"], reply.body()["approval"]["action"]);
    assert_eq!(execution["steps"][0]["state"], "pending");
    let decision = door.get(&format!("/decisions/{}", asked.decision), &token).await.is(200).body();
    assert_eq!(
        (decision["approvals"][0]["id"].clone(), decision["executions"][0]["id"].clone()),
        (json!(asked.approval), json!(id))
    );
    assert_eq!(decision["candidates"].as_array().unwrap().len(), 2);
    assert_eq!(decision["candidates"][0]["risk"]["ratings"].as_array().unwrap().len(), 6);
    let names: Vec<_> =
        decision["timeline"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(names.first(), Some(&"approval.created"));
    assert!(names.contains(&"approval.resolved"), "{names:?}");
    let due: Vec<_> = store::jobs::depth(&door.store)
        .await
        .unwrap()
        .into_iter()
        .filter(|depth| depth.due > 0)
        .map(|depth| depth.queue)
        .collect();
    assert!(
        due.contains(&Kind::ExecuteAction.to_string()) && due.contains(&Kind::EvaluateTrust.to_string()),
        "{due:?}"
    );

    let again = answer(&door, &token, asked.approval, &yes()).await;
    assert_eq!(again.problem(), (409, "resolved".into()));
    assert_eq!(again.body()["state"], "approved");
    assert_eq!(door.get("/approvals?state=history", &token).await.body()["items"][0]["id"], json!(asked.approval));
    assert_eq!(door.get("/approvals", &token).await.body()["items"], json!([]));
}

#[tokio::test]
async fn of_many_answers_at_once_exactly_one_counts() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    for round in 0..10 {
        let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
        let words = if round % 2 == 0 { ["approve", "approve"] } else { ["approve", "reject"] };
        let bodies: Vec<_> = words.iter().cycle().take(8).map(|word| json!({ "answer": word })).collect();
        let replies = join_all(bodies.iter().map(|body| answer(&door, &token, asked.approval, body))).await;
        let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status < 300);
        assert_eq!((won.len(), lost.len()), (1, 7), "{replies:?}");
        let state = won[0].body()["approval"]["state"].clone();
        for reply in lost {
            assert_eq!((reply.problem(), &reply.body()["state"]), ((409, "resolved".into()), &state));
        }
        let executions = store::executions::of_decision(&door.store, user, asked.decision).await.unwrap().len();
        assert_eq!(executions, usize::from(state == "approved"));
    }
    assert_eq!(door.count("feedback").await, 10);
}

#[tokio::test]
async fn a_no_runs_nothing_and_is_remembered_with_its_reason() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
    let reply =
        answer(&door, &token, asked.approval, &json!({ "answer": "reject", "reason": "I read these" })).await.is(200);
    let resolution = &reply.body()["approval"]["resolution"];
    assert_eq!((&resolution["by"], &resolution["reasons"]), (&json!("person"), &json!(["I read these"])));
    assert_eq!((reply.header("location"), door.count("executions").await), ("", 0));
}

#[tokio::test]
async fn a_person_may_edit_or_choose_but_only_what_fits() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let asked = decided(&door, user, Outcome::Ask, vec![label("a"), archive()]).await;
    let found = shown(&door, &token, asked.approval).await;
    let mut parameters = found["action"]["parameters"].clone();
    for wrong in [
        json!({ "answer": "edit", "parameters": {} }),
        json!({ "answer": "choose", "ordinal": 7 }),
        json!({ "answer": "choose" }),
        json!({ "answer": "perhaps" }),
        json!({ "answer": "approve", "tier": "high_autonomy" }),
    ] {
        assert_eq!(answer(&door, &token, asked.approval, &wrong).await.problem(), (422, "invalid".into()), "{wrong}");
        assert_eq!(shown(&door, &token, asked.approval).await, found, "{wrong} changed something");
    }
    parameters["label"] = json!("b");
    let reply =
        answer(&door, &token, asked.approval, &json!({ "answer": "edit", "parameters": parameters })).await.is(202);
    let id = reply.body()["execution"].as_str().unwrap().to_owned();
    assert_eq!(door.get(&format!("/executions/{id}"), &token).await.body()["action"]["parameters"]["label"], "b");

    let asked = decided(&door, user, Outcome::Ask, vec![label("a"), archive()]).await;
    let reply = answer(&door, &token, asked.approval, &json!({ "answer": "choose", "ordinal": 1 })).await.is(202);
    let id = reply.body()["execution"].as_str().unwrap().to_owned();
    assert_eq!(door.get(&format!("/executions/{id}"), &token).await.body()["action"]["verb"], "archive_email");
}

#[tokio::test]
async fn after_its_time_a_yes_does_nothing_even_before_the_timer_rings() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
    door.world.pass(TimeDelta::hours(1));
    let reply = answer(&door, &token, asked.approval, &yes()).await;
    assert_eq!(reply.problem(), (409, "expired".into()));
    assert_eq!(reply.body()["state"], "expired");
    assert_eq!(shown(&door, &token, asked.approval).await["state"], "expired");
    assert_eq!(door.get("/approvals", &token).await.body()["items"], json!([]));
    assert_eq!((door.count("executions").await, door.count("feedback").await), (0, 0));
}

#[tokio::test]
async fn while_stopped_an_approval_stays_open_and_can_be_answered_later() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
    door.post("/stop", &token, &json!({})).send().await.is(200);
    let reply = answer(&door, &token, asked.approval, &yes()).await;
    assert_eq!(reply.problem(), (409, "stopped".into()));
    assert_eq!(shown(&door, &token, asked.approval).await["state"], "pending");
    door.post("/resume", &token, &json!({})).send().await.is(200);
    door.post("/system/stop", BOOTSTRAP, &json!({})).send().await.is(200);
    assert_eq!(answer(&door, &token, asked.approval, &yes()).await.problem(), (409, "stopped".into()));
    door.post("/system/resume", BOOTSTRAP, &json!({})).send().await.is(200);
    answer(&door, &token, asked.approval, &yes()).await.is(202);
}

#[tokio::test]
async fn above_the_daily_limit_a_yes_needs_an_override_and_a_reason() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let first = decided(&door, user, Outcome::Ask, vec![order(Some(30_000))]).await;
    let second = decided(&door, user, Outcome::Ask, vec![order(Some(30_000))]).await;
    answer(&door, &token, first.approval, &yes()).await.is(202);
    for lacking in [yes(), json!({ "answer": "approve", "override_daily_limit": true })] {
        let reply = answer(&door, &token, second.approval, &lacking).await;
        assert_eq!(reply.problem(), (422, "needs_override".into()));
        let body = reply.body();
        assert_eq!((&body["errors"][0]["path"], &body["state"]), (&json!("/override_daily_limit"), &json!("pending")));
        let numbers = body["numbers"].to_string();
        assert!(numbers.contains("30000") && numbers.contains("50000"), "{numbers}");
    }
    let with_reason = json!({ "answer": "approve", "override_daily_limit": true, "reason": "a birthday" });
    let runs = answer(&door, &token, second.approval, &with_reason).await.is(202).body()["execution"].clone();
    assert_eq!(door.count("daily_spend_ledger").await, 2);

    let (_, of_bob) = door.somebody("Bob", TrustTier::ModerateAutonomy).await;
    let audited = door.get("/spend/overrides", &token).await.is(200).body();
    let [row] = &audited["items"].as_array().unwrap()[..] else { panic!("one override: {audited}") };
    for (name, value) in [
        ("user", json!(user)),
        ("decision", json!(second.decision)),
        ("approval", json!(second.approval)),
        ("execution", runs),
        ("verb", json!("place_order")),
        ("reason", json!("a birthday")),
        ("currency", json!("USD")),
        ("cost_cents", json!(30_000)),
        ("limit_cents", json!(50_000)),
        ("reserved_cents", json!(30_000)),
        ("settled_cents", json!(0)),
        ("at", json!(door.world.now())),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    let tokens = door.get("/tokens", &token).await.is(200).body();
    assert_eq!(row["token"], tokens["items"][0]["id"], "which credential said it");
    assert_eq!(door.get("/system/overrides", BOOTSTRAP).await.is(200).body(), audited, "the operator sees it too");
    assert_eq!(door.get("/spend/overrides", &of_bob).await.is(200).body()["items"], json!([]), "nobody else does");
}

#[tokio::test]
async fn an_unknown_cost_needs_a_cap_which_is_reserved() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let asked = decided(&door, user, Outcome::Ask, vec![order(None)]).await;
    let reply = answer(&door, &token, asked.approval, &yes()).await;
    assert_eq!(reply.problem(), (422, "needs_max_cost".into()));
    assert_eq!(reply.body()["errors"][0]["path"], "/max_cost_cents");
    let capped = json!({ "answer": "approve", "max_cost_cents": 1500 });
    let id =
        answer(&door, &token, asked.approval, &capped).await.is(202).body()["execution"].as_str().unwrap().to_owned();
    let execution = door.get(&format!("/executions/{id}"), &token).await.body();
    assert_eq!((&execution["reserved"]["cents"], &execution["max_cost_cents"]), (&json!(1500), &json!(1500)));
}

#[tokio::test]
async fn a_yes_that_policy_denies_is_a_visible_no_by_policy() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
    let blocked = json!({ "timezone": "UTC", "autonomy": { "blocked_domains": ["email"] } });
    door.call(reqwest::Method::PUT, "/settings", &token)
        .text("application/json", blocked.to_string())
        .send()
        .await
        .is(200);
    let reply = answer(&door, &token, asked.approval, &yes()).await.is(200).body();
    assert_eq!(
        (&reply["approval"]["state"], &reply["approval"]["resolution"]["by"], &reply["execution"]),
        (&json!("rejected"), &json!("policy"), &Value::Null)
    );
    let reason = reply["approval"]["resolution"]["reasons"][0].as_str().unwrap();
    assert_eq!(reason, "You have blocked the domain email.");
    let told = door.get("/notifications", &token).await.is(200).body();
    let refused = told["items"].as_array().unwrap().iter().find(|one| one["kind"] == "refused").unwrap();
    assert_eq!(
        (&refused["body"], &refused["link"]),
        (&json!(reason), &json!(format!("/api/v1/approvals/{}", asked.approval)))
    );
    assert_eq!(shown(&door, &token, asked.approval).await, reply["approval"], "and it stays so");
    assert_eq!(answer(&door, &token, asked.approval, &yes()).await.problem(), (409, "resolved".into()));
    assert_eq!((door.count("executions").await, door.count("daily_spend_ledger").await), (0, 0));
}

#[tokio::test]
async fn many_answers_are_taken_or_refused_one_by_one() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let (one, two) = (
        decided(&door, user, Outcome::Ask, vec![archive()]).await,
        decided(&door, user, Outcome::Ask, vec![archive()]).await,
    );
    let body = json!({ "answers": [
        { "approval": one.approval, "answer": "approve" },
        { "approval": one.approval, "answer": "reject" },
        { "approval": "nonsense", "answer": "approve" },
        { "approval": two.approval, "answer": "approve", "user": "x" },
        { "approval": two.approval, "answer": "reject", "reason": "\u{0}" },
        { "approval": two.approval, "answer": "reject" },
    ] });
    let reply = door.post("/approvals/answers", &token, &body).send().await.is(200).body();
    let results = reply["results"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [202, 409, 422, 422, 422, 200], "{reply:#}");
    assert_eq!(results[0]["location"], format!("/api/v1/executions/{}", results[0]["execution"].as_str().unwrap()));
    assert_eq!(results[1]["problem"]["state"], "approved");
    assert_eq!(results[3]["problem"]["errors"][0]["path"], "/answers/3/user");
    assert_eq!(results[4]["problem"]["errors"][0]["path"], "/answers/4/reason");
}

#[tokio::test]
async fn a_refusal_is_answered_once_and_nothing_runs() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::Observer).await;
    let refused = decided(&door, user, Outcome::Block, vec![archive()]).await;
    let path = format!("/decisions/{}/feedback", refused.decision);
    let bodies = [json!({ "answer": "approve", "comment": "yes please" }), json!({ "answer": "reject" })];
    let replies = join_all(bodies.iter().cycle().take(6).map(|body| door.post(&path, &token, body).send())).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((won.len(), lost.len()), (1, 5), "{replies:?}");
    assert!(lost.iter().all(|reply| reply.problem() == (409, "resolved".into())));
    assert_eq!(
        (door.count("feedback").await, door.count("executions").await, door.count("approvals").await),
        (1, 0, 0)
    );
    let names: Vec<_> = store::events::since(&door.store, user, 0, 10)
        .await
        .unwrap()
        .iter()
        .map(|event| event.name.to_string())
        .collect();
    assert_eq!(names, ["feedback.recorded", "twin.updated"]);

    let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
    let reply = door.post(&format!("/decisions/{}/feedback", asked.decision), &token, &bodies[0]).send().await;
    assert_eq!(reply.problem(), (409, "answer_elsewhere".into()));
    assert_eq!(reply.body()["answer_at"], format!("/api/v1/approvals/{}/answer", asked.approval));
}

/// What a request is answered that had to wait for the person's lock while the clock went on.
async fn waited(door: &Door, user: UserId, by: TimeDelta, request: impl Future<Output = Reply>) -> Reply {
    let mut tx = door.store.begin().await.unwrap();
    tx.lock(user).await.unwrap();
    let holding = async {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        tests::eventually("the request waits for the lock", async || {
            sqlx::query_scalar::<_, i64>(waiting).fetch_one(&door.world.pool).await.unwrap() > 0
        })
        .await;
        door.world.pass(by);
        drop(tx);
    };
    join(request, holding).await.0
}

#[tokio::test]
async fn an_answer_that_had_to_wait_is_taken_when_it_is_taken_and_not_when_it_was_sent() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let asked = decided(&door, user, Outcome::Ask, vec![archive()]).await;
    let late = waited(&door, user, TimeDelta::hours(1), answer(&door, &token, asked.approval, &yes())).await;
    assert_eq!(late.problem(), (409, "expired".into()), "it came while the approval was open and expired in the queue");

    // An answer older than a change of the tier would never count: no record may begin after what is yet to be written.
    let refused = decided(&door, user, Outcome::Block, vec![archive()]).await;
    let done = acted(&door, user, archive()).await;
    let no = json!({ "answer": "reject" });
    let undo = json!({ "reason": "No.", "severity": "critical" });
    let said = door.post(&format!("/decisions/{}/feedback", refused.decision), &token, &no);
    waited(&door, user, TimeDelta::seconds(5), said.send()).await.is(201);
    let taken = vec![door.world.now()];
    let said = door.post(&format!("/decisions/{}/undo", done.decision), &token, &undo);
    waited(&door, user, TimeDelta::seconds(5), said.send()).await.is(202);
    let times: Vec<_> =
        store::feedback::since(&door.store, user, taken[0]).await.unwrap().iter().map(|answer| answer.at).collect();
    assert_eq!(times, [taken, vec![door.world.now()]].concat());
}
