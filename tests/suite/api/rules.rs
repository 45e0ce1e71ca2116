//! Policies and triggers over HTTP: what is saved can be evaluated, is in force at once, and is its person's alone.

use std::sync::Arc;

use domain::{decision::Outcome, execution::Execution, id::UserId, job::Job, tier::TrustTier};
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::{Value, json};
use worker::{
    Pace,
    jobs::{self, Turn},
    ports::{Engine, Heard, Identity},
};

use super::{
    Call, Door,
    seed::{archive, decided, label, order},
};

/// Deciding asks no engine.
struct NoEngine;

impl Engine for NoEngine {
    fn name(&self) -> &'static str {
        "none"
    }
    fn dedupes(&self) -> bool {
        true
    }
    fn prepare(&self, _: &Execution, _: Option<&Execution>) -> Vec<u8> {
        unreachable!("nothing runs here")
    }
    fn send<'a>(&'a self, _: &'a Identity, _: &'a Execution) -> BoxFuture<'a, Heard> {
        unreachable!("nothing runs here")
    }
    fn look<'a>(&'a self, _: &'a Identity, _: &'a Execution) -> BoxFuture<'a, Heard> {
        unreachable!("nothing runs here")
    }
    fn cancel<'a>(&'a self, _: &'a Identity, _: &'a Execution) -> BoxFuture<'a, Heard> {
        unreachable!("nothing runs here")
    }
}

fn put<'a>(door: &'a Door, path: &str, token: &str, body: &Value) -> Call<'a> {
    door.call(Method::PUT, path, token).text("application/json", body.to_string())
}

/// A policy of one rule over one domain.
fn policy(name: &str, domain: &str, effect: &str, priority: i32) -> Value {
    let when = json!({ "field": "domain", "op": "eq", "value": domain });
    json!({ "name": name, "priority": priority, "rules": [{ "when": when, "effect": effect, "reason": format!("{name}, please") }] })
}

impl Door {
    /// Posts a mail that may be archived and lets a worker decide it. Gives the decision.
    async fn decides_a_newsletter(&self, user: UserId, token: &str) -> Value {
        let payload = json!({ "from": "hello@roundup.example", "subject": "Weekly digest: spring issue", "importance": "low",
            "body": "This week in technology news.", "category": "newsletter", "message_id": self.world.entropy.uuid(self.world.now()) });
        let signal = json!({ "source": "email", "type": "email_received", "payload": payload });
        let signal = self.post("/signals", token, &signal).send().await.is(202).body()["id"].clone();
        let signal = signal.as_str().unwrap().parse().unwrap();
        let state = worker::State {
            store: self.store.clone(),
            outgoing: worker::adapters::outgoing::Outgoing::default(),
            providers: oauth::Providers::default(),
            google: None,
            engine: Arc::new(NoEngine),
            identity: Identity::shared(runtime::Secret::new("nobody")),
            vault: None,
            clock: self.world.clock.clone(),
            entropy: self.world.entropy.clone(),
            faults: runtime::Faults::none(),
            pace: Pace::default(),
            keep: runtime::Retention::default(),
        };
        jobs::run(&state, &Turn::new(self.world.now(), 1, || true), Job::EvaluateSignal { signal }).await.unwrap();
        let decision = store::decisions::of_signal(&self.store, user, signal).await.unwrap().unwrap();
        self.get(&format!("/decisions/{}", decision.id), token).await.is(200).body()
    }

    async fn revision(&self, token: &str) -> i64 {
        self.get("/settings", token).await.is(200).body()["revision"].as_i64().unwrap()
    }
}

#[tokio::test]
async fn a_policy_is_in_force_from_the_next_signal_on_and_a_deny_wins_whatever_the_priority() {
    let door = Door::open().await;
    let (ada, of_ada) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let (bob, of_bob) = door.somebody("Bob", TrustTier::ModerateAutonomy).await;
    for token in [&of_ada, &of_bob] {
        put(&door, "/preferences/email/auto_archive", token, &json!({ "value": true })).send().await.is(200);
    }
    let before = door.decides_a_newsletter(ada, &of_ada).await;
    assert_eq!(before["outcome"], "auto", "{before}");

    for (name, effect, priority) in
        [("Go ahead", "allow", 1000), ("Hands off", "deny", -5), ("Ask me", "require_approval", 500)]
    {
        door.post("/policies", &of_ada, &policy(name, "email", effect, priority)).send().await.is(201);
    }
    let after = door.decides_a_newsletter(ada, &of_ada).await;
    assert_eq!(after["outcome"], "block", "{after}");
    let said = after.to_string();
    assert!(said.contains("own_policy") && said.contains("Hands off, please"), "{said}");
    // What Ada wrote is nothing to Bob.
    assert_eq!(door.decides_a_newsletter(bob, &of_bob).await["outcome"], "auto");
    assert_eq!(door.get("/policies", &of_bob).await.body()["items"], json!([]));

    // In the order in which they are told, with the built-in rules beside them; switched off, a policy says nothing.
    let listed = door.get("/policies", &of_ada).await.is(200).body();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|item| &item["name"]).collect::<Vec<_>>(), ["Go ahead", "Ask me", "Hands off"]);
    assert_eq!(listed["built_in"].as_array().unwrap().len(), domain::policy::BUILT_IN.len());
    for (item, effect) in items.iter().zip(["allow", "require_approval", "deny"]) {
        let mut off = policy(item["name"].as_str().unwrap(), "email", effect, 0);
        off["enabled"] = json!(false);
        put(&door, &format!("/policies/{}", item["id"].as_str().unwrap()), &of_ada, &off).send().await.is(200);
    }
    assert_eq!(door.decides_a_newsletter(ada, &of_ada).await["outcome"], "auto");
}

#[tokio::test]
async fn a_trigger_is_in_force_from_the_next_signal_on() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    put(&door, "/preferences/email/auto_archive", &token, &json!({ "value": true })).send().await.is(200);
    let trigger = json!({ "kind": "risk_tier_threshold", "min_risk_tier": "negligible" });
    let made = door.post("/triggers", &token, &trigger).send().await.is(201);
    let decided = door.decides_a_newsletter(ada, &token).await;
    assert_eq!(decided["outcome"], "ask", "{decided}");
    door.call(Method::DELETE, &format!("/triggers/{}", made.id()), &token).send().await.is(204);
    assert_eq!(door.decides_a_newsletter(ada, &token).await["outcome"], "auto");
}

#[tokio::test]
async fn what_could_not_be_evaluated_is_not_saved_and_each_fault_has_its_place() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let revision = door.revision(&token).await;
    let of = async |path: &str, body: Value| {
        let reply = door.post(path, &token, &body).send().await.is(422).body();
        let errors = reply["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| error["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let rule = |when: Value| json!({ "name": "n", "rules": [{ "when": when, "effect": "deny", "reason": "r" }] });
    let unknown = rule(json!({ "all": [{ "field": "shoe_size", "op": "eq", "value": 1 }] }));
    assert_eq!(of("/policies", unknown).await, ["/rules/0/when/all/0/field"]);
    let wrong = rule(json!({ "field": "cost_cents", "op": "gt", "value": "much" }));
    assert_eq!(of("/policies", wrong).await, ["/rules/0/when/value"]);
    let fine = json!({ "field": "cost_cents", "op": "gt", "value": 1 });
    let many = json!({ "name": " ", "rules": [{ "when": fine, "effect": "shrug", "reason": "", "why": 1 }] });
    let paths = of("/policies", many).await;
    assert_eq!(paths, ["/name", "/rules/0/why", "/rules/0/effect", "/rules/0/reason"]);
    assert_eq!(of("/policies", json!({ "name": "n", "rules": [] })).await, ["/rules"]);
    assert_eq!(of("/policies", json!({ "name": "n", "rules": [], "owner": "x" })).await, ["/owner"]);

    assert_eq!(of("/triggers", json!({ "kind": "full_moon" })).await, ["/kind"]);
    assert_eq!(of("/triggers", json!({ "kind": "novel_situation", "count": 3 })).await, ["/count"]);
    assert_eq!(
        of("/triggers", json!({ "kind": "amount_threshold", "threshold_cents": 0 })).await,
        ["/threshold_cents"]
    );
    assert_eq!(
        of("/triggers", json!({ "kind": "low_confidence", "min_confidence": "so-so" })).await,
        ["/min_confidence"]
    );
    assert_eq!(of("/triggers", json!({ "kind": "novel_situation", "id": "x" })).await, ["/id"]);
    assert_eq!((door.count("own_rules").await, door.revision(&token).await), (0, revision), "nothing was saved");
}

#[tokio::test]
async fn rules_are_written_against_the_revision_that_was_read_and_raise_the_settings_revision() {
    let door = Door::open().await;
    let (_, ada) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let (_, bob) = door.somebody("Bob", TrustTier::ModerateAutonomy).await;
    let kinds = [
        ("/policies", policy("First", "email", "deny", 0), policy("Second", "finance", "deny", 3)),
        (
            "/triggers",
            json!({ "kind": "amount_threshold", "threshold_cents": 500 }),
            json!({ "kind": "consecutive_rejections", "count": 2, "enabled": false }),
        ),
    ];
    for (path, first, second) in kinds {
        let start = door.revision(&ada).await;
        let made = door.post(path, &ada, &first).send().await.is(201);
        let own = format!("{path}/{}", made.id());
        assert_eq!((made.header("location"), made.header("etag")), (&*format!("/api/v1{own}"), "\"1\""));
        assert_eq!(door.get(&own, &ada).await.is(200).body(), made.body());
        door.world.pass(chrono::TimeDelta::seconds(1));
        let set = put(&door, &own, &ada, &second).header("if-match", "\"1\"").send().await.is(200);
        assert_eq!(set.header("etag"), "\"2\"");
        for (name, value) in second.as_object().unwrap() {
            assert_eq!(&set.body()[name], value, "{name}");
        }
        assert_eq!(set.body()["created_at"], made.body()["created_at"]);
        assert_ne!(set.body()["updated_at"], made.body()["updated_at"]);
        let stale = put(&door, &own, &ada, &first).header("if-match", "\"1\"").send().await;
        assert_eq!((stale.problem(), &stale.body()["revision"]), ((412, "precondition_failed".into()), &json!(2)));
        let stale = door.call(Method::DELETE, &own, &ada).header("if-match", "\"1\"").send().await;
        assert_eq!(stale.problem().0, 412);
        assert_eq!(door.revision(&ada).await, start + 2, "each write is noticed by whoever was permitted something");

        // Neither kind is found under the other's path, and nobody else finds it at all.
        let other = if path == "/policies" { "/triggers" } else { "/policies" };
        assert_eq!(door.get(&format!("{other}/{}", made.id()), &ada).await.problem().0, 404);
        assert_eq!(put(&door, &own, &bob, &first).send().await.problem().0, 404);
        assert_eq!(door.call(Method::DELETE, &own, &bob).send().await.problem().0, 404);
        door.call(Method::DELETE, &own, &ada).header("if-match", "\"2\"").send().await.is(204);
        assert_eq!(door.call(Method::DELETE, &own, &ada).send().await.problem().0, 404);
        assert_eq!(door.revision(&ada).await, start + 3);
    }
    assert_eq!(door.count("own_rules").await, 0);
}

#[tokio::test]
async fn nobody_piles_up_rules_without_end() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    door.execute(
        r#"INSERT INTO own_rules (id, user_id, kind, body, created_at, updated_at)
           SELECT gen_random_uuid(), u.id, 'trigger', '{"id":"00000000-0000-0000-0000-000000000001","enabled":false,"kind":"novel_situation"}', now(), now()
             FROM users u, generate_series(1, 100)"#,
    )
    .await;
    let full = door.post("/triggers", &token, &json!({ "kind": "novel_situation" })).send().await.is(422);
    assert!(full.text.contains("100 triggers"), "{full:?}");
}

#[tokio::test]
async fn a_policy_can_be_tried_on_what_was_decided_and_changes_nothing_by_it() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let (bob, _) = door.somebody("Bob", TrustTier::ModerateAutonomy).await;
    decided(&door, bob, Outcome::Ask, vec![order(Some(900))]).await;
    let mail = decided(&door, ada, Outcome::Ask, vec![archive(), label("x")]).await;
    door.world.pass(chrono::TimeDelta::seconds(1));
    let bought = decided(&door, ada, Outcome::Ask, vec![order(Some(900))]).await;
    let before = (door.revision(&token).await, door.count("events").await);

    let deny = policy("No shopping", "shopping", "deny", 0);
    let tried = door.post("/policies/simulate", &token, &json!({ "policy": deny })).send().await.is(200).body();
    assert_eq!((&tried["considered"], &tried["spoken_on"]), (&json!(2), &json!(1)), "{tried}");
    let changes = tried["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{tried}");
    assert_eq!(changes[0]["decision"], json!(bought.decision));
    assert_eq!((&changes[0]["outcome"], &changes[0]["after"]["effect"]), (&json!("ask"), &json!("deny")));
    assert_ne!(changes[0]["before"]["effect"], "deny");
    assert!(changes[0]["after"]["reasons"][0]["text"].as_str().unwrap().contains("No shopping"), "{tried}");
    assert_eq!((door.revision(&token).await, door.count("events").await), before, "a dry-run writes nothing");
    assert_eq!(door.count("own_rules").await, 0);

    // Written, and then tried in another form: what it no longer denies would change back.
    let saved = door.post("/policies", &token, &deny).send().await.is(201).id();
    let other = policy("No mail", "email", "deny", 0);
    let body = json!({ "policy": other, "replaces": saved, "decisions": 10 });
    let tried = door.post("/policies/simulate", &token, &body).send().await.is(200).body();
    let changes = tried["changes"].as_array().unwrap();
    let went: Vec<_> =
        changes.iter().map(|change| (&change["decision"], &change["before"]["effect"] == "deny")).collect();
    assert_eq!(went, [(&json!(bought.decision), true), (&json!(mail.decision), false)], "{tried}");
    let last =
        door.post("/policies/simulate", &token, &json!({ "policy": other, "decisions": 1 })).send().await.is(200);
    assert_eq!(last.body()["considered"], 1);
    for wrong in [json!({ "policy": other, "decisions": 201 }), json!({ "policy": { "name": "n", "rules": [] } })] {
        door.post("/policies/simulate", &token, &wrong).send().await.is(422);
    }
    let faults =
        door.post("/policies/simulate", &token, &json!({ "policy": { "name": "", "rules": [] } })).send().await.body();
    assert_eq!(faults["errors"][1]["path"], "/policy/rules", "{faults}");
}
