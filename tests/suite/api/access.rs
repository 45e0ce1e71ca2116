//! Who may what: one test over every route of the OpenAPI document. A route without a case here fails it.

use std::collections::{BTreeMap, BTreeSet};

use api::caller::Scope;
use domain::tier::TrustTier;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    BOOTSTRAP, Door,
    seed::{MARK, Seeded},
};

/// How to call a route about somebody.
struct Case {
    /// The path with the ids of somebody's things.
    path: String,
    /// What to send.
    body: Option<Value>,
    /// The path names a thing of that person: others must not find it.
    owned: bool,
}

/// Every route, in the order it is to be called in: reading first, then what changes things.
fn cases(of: &Seeded) -> Vec<(&'static str, &'static str, Case)> {
    let read = |path: &str| Case { path: path.into(), body: None, owned: false };
    let own = |path: String| Case { path, body: None, owned: true };
    let send = |path: &str, body: Value| Case { path: path.into(), body: Some(body), owned: false };
    let own_send = |path: String, body: Value| Case { path, body: Some(body), owned: true };
    let signal = json!({ "source": "test", "type": "note", "payload": { "n": 1 } });
    let yes = json!({ "answer": "approve" });
    let rule =
        json!({ "when": { "field": "cost_cents", "op": "gt", "value": 1 }, "effect": "deny", "reason": "Not now." });
    let policy = json!({ "name": "Mine", "rules": [rule] });
    let trigger = json!({ "kind": "novel_situation" });
    let channel = json!({ "kind": "webhook", "address": "https://example.org/hook" });
    vec![
        ("get", "/signals", read("/signals")),
        ("get", "/signals/{id}", own(format!("/signals/{}", of.signal))),
        ("get", "/decisions", read("/decisions")),
        ("get", "/decisions/{id}", own(format!("/decisions/{}", of.decision))),
        ("get", "/decisions/{id}/undo", own(format!("/decisions/{}/undo", of.undoable))),
        ("get", "/approvals", read("/approvals")),
        ("get", "/approvals/{id}", own(format!("/approvals/{}", of.approval))),
        ("get", "/executions", read("/executions")),
        ("get", "/executions/{id}", own(format!("/executions/{}", of.execution))),
        ("get", "/settings", read("/settings")),
        ("get", "/catalogue", read("/catalogue")),
        ("get", "/policies", read("/policies")),
        ("get", "/policies/{id}", own(format!("/policies/{}", of.policy))),
        ("get", "/triggers", read("/triggers")),
        ("get", "/triggers/{id}", own(format!("/triggers/{}", of.trigger))),
        ("get", "/sources", read("/sources")),
        ("get", "/webhooks", read("/webhooks")),
        ("get", "/spend", read("/spend")),
        ("get", "/spend/overrides", read("/spend/overrides")),
        ("get", "/trust", read("/trust")),
        ("get", "/preferences", read("/preferences")),
        ("get", "/preferences/{domain}/{key}/history", own(format!("/preferences/email/{}/history", of.preference))),
        ("get", "/twin", read("/twin")),
        ("get", "/twin/versions", read("/twin/versions")),
        ("post", "/twin/ask", send("/twin/ask", signal.clone())),
        // Version 1 is what there was before anything was learned; Ada has learned nothing yet.
        ("get", "/twin/versions/{version}", own("/twin/versions/2".into())),
        ("get", "/twin/versions/{version}/diff", own("/twin/versions/2/diff".into())),
        ("post", "/twin/versions/{version}/revert", own("/twin/versions/2/revert".into())),
        ("get", "/accounts", read("/accounts")),
        ("get", "/accounts/{id}", own(format!("/accounts/{}", of.account))),
        ("get", "/notifications", read("/notifications")),
        ("get", "/notifications/unread", read("/notifications/unread")),
        ("get", "/channels", read("/channels")),
        ("get", "/channels/{id}", own(format!("/channels/{}", of.channel))),
        ("get", "/channels/{id}/deliveries", own(format!("/channels/{}/deliveries", of.channel))),
        ("get", "/events", read("/events")),
        ("get", "/events/stream", read("/events/stream")),
        ("post", "/events/tickets", read("/events/tickets")),
        ("get", "/session", read("/session")),
        ("get", "/sessions", read("/sessions")),
        ("post", "/sign-out", read("/sign-out")),
        ("post", "/login-links", read("/login-links")),
        ("delete", "/sessions/{id}", own(format!("/sessions/{}", of.session))),
        ("get", "/users", read("/users")),
        ("get", "/users/{id}", read(&format!("/users/{}", of.user))),
        ("get", "/tokens", read("/tokens")),
        ("get", "/jobs", read("/jobs")),
        ("get", "/engine", read("/engine")),
        ("get", "/metrics", read("/metrics")),
        ("get", "/audit", read("/audit")),
        ("get", "/workers", read("/workers")),
        ("get", "/queues/{queue}/jobs", read("/queues/execute_action/jobs")),
        ("post", "/queues/{queue}/pause", send("/queues/refresh_token/pause", json!({ "why": "A test." }))),
        ("post", "/queues/{queue}/resume", read("/queues/refresh_token/resume")),
        ("post", "/jobs/retry", send("/jobs/retry", json!({}))),
        ("post", "/retention", read("/retention")),
        ("get", "/users/{id}/export", read(&format!("/users/{}/export", of.user))),
        (
            "put",
            "/users/{id}/engine-identity",
            send(&format!("/users/{}/engine-identity", of.user), json!({ "token": "a-token-of-the-engine" })),
        ),
        ("get", "/users/{id}/engine-identity", read(&format!("/users/{}/engine-identity", of.user))),
        ("delete", "/users/{id}/engine-identity", read(&format!("/users/{}/engine-identity", of.user))),
        ("get", "/alerts", read("/alerts")),
        ("get", "/system", read("/system")),
        ("get", "/system/overrides", read("/system/overrides")),
        ("post", "/signals", send("/signals", signal.clone())),
        ("post", "/signals/batch", send("/signals/batch", json!({ "signals": [signal] }))),
        ("post", "/decisions/{id}/feedback", own_send(format!("/decisions/{}/feedback", of.refused), yes.clone())),
        (
            "post",
            "/decisions/{id}/undo",
            own_send(format!("/decisions/{}/undo", of.undoable), json!({ "reason": "No.", "severity": "minor" })),
        ),
        ("post", "/executions/{id}/cancel", own(format!("/executions/{}/cancel", of.execution))),
        (
            "post",
            "/executions/{id}/resolve",
            own_send(format!("/executions/{}/resolve", of.in_question), json!({ "outcome": "did_not_happen" })),
        ),
        ("post", "/approvals/{id}/answer", own_send(format!("/approvals/{}/answer", of.approval), yes.clone())),
        (
            "post",
            "/approvals/answers",
            send("/approvals/answers", json!({ "answers": [{ "approval": of.other_approval, "answer": "reject" }] })),
        ),
        ("put", "/settings", send("/settings", json!({ "timezone": "Europe/Berlin", "autonomy": {} }))),
        ("post", "/policies", send("/policies", policy.clone())),
        (
            "post",
            "/policies/simulate",
            own_send("/policies/simulate".into(), json!({ "policy": policy, "replaces": of.policy })),
        ),
        ("put", "/policies/{id}", own_send(format!("/policies/{}", of.policy), policy)),
        ("delete", "/policies/{id}", own(format!("/policies/{}", of.policy))),
        ("post", "/triggers", send("/triggers", trigger.clone())),
        ("put", "/triggers/{id}", own_send(format!("/triggers/{}", of.trigger), trigger)),
        ("delete", "/triggers/{id}", own(format!("/triggers/{}", of.trigger))),
        ("put", "/trust/{scope}", send("/trust/email", json!({ "tier": "suggest" }))),
        ("post", "/stop", read("/stop")),
        ("post", "/resume", read("/resume")),
        ("delete", "/preferences/{domain}/{key}", own(format!("/preferences/email/{}", of.preference))),
        ("put", "/preferences/{domain}/{key}", send("/preferences/email/mine", json!({ "value": true }))),
        ("post", "/notifications/{id}/read", own(format!("/notifications/{}/read", of.notification))),
        ("post", "/notifications/read-all", read("/notifications/read-all")),
        ("post", "/webhooks", send("/webhooks", json!({ "name": "Bank", "source": "bank" }))),
        ("post", "/webhooks/{id}/secrets", own(format!("/webhooks/{}/secrets", of.hook))),
        ("delete", "/webhooks/{id}", own(format!("/webhooks/{}", of.hook))),
        ("post", "/channels", send("/channels", channel.clone())),
        ("put", "/channels/{id}", own_send(format!("/channels/{}", of.channel), channel)),
        ("post", "/channels/{id}/secrets", own(format!("/channels/{}/secrets", of.channel))),
        ("post", "/channels/{id}/test", own(format!("/channels/{}/test", of.channel))),
        ("post", "/deliveries/{id}/retry", own(format!("/deliveries/{}/retry", of.delivery))),
        ("delete", "/channels/{id}", own(format!("/channels/{}", of.channel))),
        ("post", "/accounts/connect", send("/accounts/connect", json!({ "provider": "google" }))),
        ("delete", "/accounts/{id}", own(format!("/accounts/{}", of.account))),
        ("post", "/users", send("/users", json!({ "name": "Somebody new" }))),
        ("post", "/tokens", send("/tokens", json!({ "name": "new", "user": of.user, "scopes": ["read"] }))),
        ("post", "/jobs/{id}/retry", read("/jobs/no-such-job/retry")),
        ("post", "/jobs/{id}/cancel", read("/jobs/no-such-job/cancel")),
        ("post", "/system/stop", read("/system/stop")),
        ("post", "/system/resume", read("/system/resume")),
        ("delete", "/tokens/{id}", own(format!("/tokens/{}", of.token))),
        ("delete", "/users/{id}", read("/users/00000000-0000-7000-8000-000000000000")),
        // Late: it fills from the answers above.
        ("delete", "/twin/fields/{field}", own("/twin/fields/risk_tolerance".into())),
    ]
}

/// The scopes that open a route, by method and path below the root; none means everybody.
fn documented() -> BTreeMap<(String, String), Vec<Scope>> {
    let document = serde_json::to_value(api::docs::document()).unwrap();
    let mut routes = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let wanted = operation["security"].as_array().cloned().unwrap_or_default();
            let scopes = wanted.iter().map(|one| Scope::named(one["token"][0].as_str().unwrap()).unwrap()).collect();
            let path = path.strip_prefix("/api/v1").expect("below the root");
            routes.insert((method.clone(), path.to_owned()), scopes);
        }
    }
    routes
}

fn send<'a>(door: &'a Door, method: &str, case: &Case, token: &str) -> super::Call<'a> {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let call = door.call(method, &case.path, token);
    match &case.body {
        Some(body) => call.text("application/json", body.to_string()),
        None => call,
    }
}

#[test]
fn every_documented_route_has_a_case_and_only_health_and_the_ways_in_are_open() {
    let cases: BTreeSet<_> =
        cases(&Seeded::nobody()).into_iter().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
    let (open, kept): (BTreeMap<_, _>, BTreeMap<_, _>) =
        documented().into_iter().partition(|(_, scopes)| scopes.is_empty());
    // Whoever comes back from a provider shows the cookie of the browser that left, instead of a token.
    // Whoever posts to a hook signs what is sent (`hooks.rs`).
    let fine =
        |path: &str| path.starts_with("/health/") || ["/sign-in", "/oauth/callback", "/hooks/{id}"].contains(&path);
    assert!(open.keys().all(|(_, path)| fine(path)), "open to everybody: {open:?}");
    let kept: BTreeSet<_> = kept.into_keys().collect();
    assert_eq!(kept.difference(&cases).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "routes without a case");
    assert_eq!(cases.difference(&kept).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "cases without a route");
}

#[tokio::test]
async fn nobody_gets_in_without_a_token_or_its_scope_and_nobody_finds_what_is_anothers() {
    let door = Door::open().await;
    let (ada, token_of_ada) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let (bob, token_of_bob) = door.somebody("Bob", TrustTier::ModerateAutonomy).await;
    let of_bob = Seeded::plant(&door, bob).await;
    let documented = documented();

    for (method, path, case) in cases(&of_bob) {
        let scopes = &documented[&(method.to_owned(), path.to_owned())];
        let name = format!("{method} {path}");

        for wrong in ["", "st_", "nonsense", &format!("st_{}", "x".repeat(43))] {
            let reply = send(&door, method, &case, wrong).send().await;
            assert_eq!(reply.problem(), (401, "unauthenticated".into()), "{name} with `{wrong}`");
            assert_eq!(reply.header("www-authenticate"), "Bearer", "{name}");
        }

        let rest: Vec<Scope> = Scope::ALL[..4].iter().copied().filter(|scope| !scopes.contains(scope)).collect();
        // Where every scope opens, there is no lesser token.
        if !rest.is_empty() {
            let lesser = door.token(Some(bob), &rest).await;
            assert_eq!(
                send(&door, method, &case, &lesser).send().await.problem(),
                (403, "forbidden".into()),
                "{name} with {rest:?}"
            );
        }
        if !scopes.contains(&Scope::Operator) {
            assert_eq!(
                send(&door, method, &case, BOOTSTRAP).send().await.problem(),
                (403, "forbidden".into()),
                "{name} as an operator"
            );
        }

        let person = scopes.iter().any(|scope| *scope != Scope::Operator);
        if case.owned {
            let reply = send(&door, method, &case, &token_of_ada).send().await;
            assert_eq!(reply.problem(), (404, "not_found".into()), "{name}: Ada asks for what is Bob's");
        } else if person {
            let reply = send(&door, method, &case, &token_of_ada).send().await;
            assert!(reply.status < 300, "{name}: {reply:?}");
            assert!(
                !reply.text.contains(MARK) && !of_bob.ids().iter().any(|id| reply.text.contains(id)),
                "{name} tells Ada of Bob: {reply:?}"
            );
        }
        let theirs = if person { &token_of_bob } else { BOOTSTRAP };
        let reply = send(&door, method, &case, theirs).send().await;
        let none = ["post /jobs/{id}/retry", "post /jobs/{id}/cancel", "delete /users/{id}"].contains(&name.as_str());
        let expected = if none { 404..405 } else { 200..300 };
        assert!(expected.contains(&reply.status), "{name}: {reply:?}");
    }
    // What Ada did to her own things has left Bob's alone.
    assert_eq!(store::users::get(&door.store, ada).await.unwrap().timezone, chrono_tz::Europe::Berlin);
    let answered = store::approvals::get(&door.store, bob, of_bob.other_approval).await.unwrap();
    assert_eq!(answered.state.phase(), domain::approval::Phase::Rejected, "answered by Bob, not by Ada before him");
    assert_eq!(store::feedback::since(&door.store, ada, door.world.now()).await.unwrap(), vec![]);
}

#[tokio::test]
async fn a_batch_of_answers_does_not_find_what_is_anothers() {
    let door = Door::open().await;
    let (_, ada) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let (bob, _) = door.somebody("Bob", TrustTier::ModerateAutonomy).await;
    let of_bob = Seeded::plant(&door, bob).await;
    let body = json!({ "answers": [{ "approval": of_bob.approval, "answer": "approve" }] });
    let reply = door.post("/approvals/answers", &ada, &body).send().await.is(200);
    assert_eq!(reply.body()["results"][0]["status"], 404, "{reply:?}");
    assert_eq!(reply.body()["results"][0]["problem"]["code"], "not_found");
    let found = store::approvals::get(&door.store, bob, of_bob.approval).await.unwrap();
    assert_eq!(found.state.phase(), domain::approval::Phase::Pending);
}

#[tokio::test]
async fn a_token_ends_when_it_expires_and_when_it_is_revoked() {
    let door = Door::open().await;
    let (user, other) = door.somebody("Ada", TrustTier::Suggest).await;
    let expires_at = door.world.now().plus(chrono::TimeDelta::hours(1));
    let new = json!({ "name": "phone", "user": user, "scopes": ["read"], "expires_at": expires_at });
    let minted = door.post("/tokens", BOOTSTRAP, &new).send().await.is(201).body();
    let secret = minted["secret"].as_str().unwrap();
    assert!(secret.len() >= 46 && secret.starts_with("st_"), "{secret}");
    door.get("/settings", secret).await.is(200);
    let listed = door.get("/tokens", &other).await.is(200);
    assert!(!listed.text.contains(secret) && listed.body()["items"].as_array().unwrap().len() == 2);

    door.world.pass(chrono::TimeDelta::hours(1));
    assert_eq!(door.get("/settings", secret).await.problem().0, 401);

    let id =
        listed.body()["items"].as_array().unwrap().iter().find(|token| token["name"] == "test").unwrap()["id"].clone();
    let path = format!("/tokens/{}", id.as_str().unwrap());
    door.call(Method::DELETE, &path, &other).send().await.is(204);
    assert_eq!(door.get("/settings", &other).await.problem().0, 401);
}

#[tokio::test]
async fn a_cursor_of_somebody_elses_page_shows_ones_own_rows_and_no_others() {
    let door = Door::open().await;
    let ((_, ada), (_, bob)) =
        (door.somebody("Ada", TrustTier::Suggest).await, door.somebody("Bob", TrustTier::Suggest).await);
    let mut bobs = Vec::new();
    for (number, token) in [&bob, &bob, &ada, &ada].into_iter().enumerate() {
        let signal = json!({ "source": "a", "type": "b", "external_id": number.to_string(), "payload": {} });
        let id = door.post("/signals", token, &signal).send().await.is(202).id();
        if token == &bob {
            bobs.push(json!(id));
        }
        door.world.pass(chrono::TimeDelta::seconds(1));
    }
    let next = door.get("/signals?limit=1", &ada).await.is(200).body()["next"].as_str().unwrap().to_owned();
    let page = door.get(&format!("/signals?cursor={next}"), &bob).await.is(200).body();
    let mut ids: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    ids.reverse();
    assert_eq!(ids, bobs);
}
