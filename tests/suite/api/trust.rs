//! Trust over HTTP: where it stands and why, and how far the person's word goes.

use domain::{
    decision::Outcome,
    feedback::{Feedback, Kind},
    id::UserId,
    outbox::Outbox,
    signal::Domain,
    tier::TrustTier,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Door, Reply,
    seed::{archive, decided},
};

impl Door {
    async fn set_tier(&self, scope: &str, token: &str, body: Value) -> Reply {
        self.call(Method::PUT, &format!("/trust/{scope}"), token)
            .text("application/json", body.to_string())
            .send()
            .await
    }

    async fn trust(&self, token: &str) -> Value {
        self.get("/trust", token).await.is(200).body()
    }

    /// The person answers about mail.
    async fn says(&self, user: UserId, kind: Kind) {
        let decision = decided(self, user, Outcome::Block, vec![archive()]).await.decision;
        let now = self.world.now();
        let mut tx = self.store.begin().await.unwrap();
        let lock = tx.lock(user).await.unwrap();
        let answer = Feedback {
            id: decision.child("feedback"),
            user,
            decision,
            approval: None,
            domain: Domain::Email,
            verb: None,
            kind,
            severity: None,
            comment: None,
            at: now,
        };
        assert!(store::feedback::insert(&mut tx, &lock, &answer).await.unwrap());
        tx.commit(Outbox::nothing(), now).await.unwrap();
    }
}

fn place<'a>(trust: &'a Value, domain: &str) -> &'a Value {
    trust["domains"].as_array().unwrap().iter().find(|place| place["scope"] == domain).unwrap()
}

#[tokio::test]
async fn trust_shows_the_counts_and_what_is_missing_for_the_next_step() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", TrustTier::Suggest).await;
    for kind in [Kind::Reject, Kind::Approve, Kind::Edit, Kind::Approve] {
        door.world.pass(chrono::TimeDelta::seconds(1));
        door.says(ada, kind).await;
    }
    let trust = door.trust(&token).await;
    for place in [&trust["overall"], place(&trust, "email")] {
        let counts = json!({ "answers": 4, "approvals_hundredths": 250, "consecutive_hundredths": 250, "rejections": 1, "recent_rejections": 1 });
        assert_eq!((&place["tier"], &place["record"]), (&json!("suggest"), &counts), "{place}");
        let next = &place["next"];
        assert_eq!(
            (&next["tier"], &next["consecutive"], &next["percent"]),
            (&json!("low_autonomy"), &json!(20), &json!(85))
        );
        assert_eq!((&next["missing_hundredths"], &next["share_too_low"]), (&json!(1750), &json!(true)));
        assert_eq!((&place["last_change"], &place["frozen_until"]), (&Value::Null, &Value::Null));
    }
    assert_eq!((&trust["overall"]["own_tier"], &place(&trust, "email")["own_tier"]), (&json!("suggest"), &Value::Null));
    assert_eq!(place(&trust, "email")["next"]["above_overall"], true, "a domain does not rise above the overall tier");
    assert_eq!(place(&trust, "finance")["record"]["answers"], 0);
    assert_eq!(trust["domains"].as_array().unwrap().len(), Domain::ALL.len());
}

#[tokio::test]
async fn a_tier_is_lowered_at_any_time_and_raised_to_what_was_earned() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let lowered = door.set_tier("email", &token, json!({ "tier": "observer" })).await.is(200);
    let shown = place(&lowered.body(), "email").clone();
    assert_eq!(
        (&shown["tier"], &shown["own_tier"], &shown["earned"]),
        (&json!("observer"), &json!("observer"), &json!("moderate_autonomy"))
    );
    assert_eq!(
        (&shown["last_change"]["cause"], &shown["last_change"]["from"]),
        (&json!("lowered_by_person"), &json!("moderate_autonomy"))
    );
    assert_eq!(shown["last_change"]["record"]["answers"], 0);
    assert_eq!(lowered.body()["overall"]["tier"], "moderate_autonomy");

    // Twice is once; the revision that was seen is the one that counts.
    let again = door.set_tier("email", &token, json!({ "tier": "observer" })).await.is(200);
    assert_eq!((again.header("etag"), door.count("trust_audit").await), (lowered.header("etag"), 1));
    let stale = door
        .call(Method::PUT, "/trust/email", &token)
        .text("application/json", json!({ "tier": "suggest" }).to_string())
        .header("if-match", "\"0\"")
        .send()
        .await;
    assert_eq!(stale.problem().0, 412);

    door.world.pass(chrono::TimeDelta::seconds(1));
    let raised = door.set_tier("email", &token, json!({ "tier": "low_autonomy" })).await.is(200).body();
    assert_eq!(place(&raised, "email")["last_change"]["cause"], "raised_by_person");
    let causes: Vec<_> = raised["changes"].as_array().unwrap().iter().map(|change| &change["cause"]).collect();
    assert_eq!(causes, ["raised_by_person", "lowered_by_person"]);
    let told = door.get("/notifications", &token).await.is(200).body();
    assert_eq!(told["items"].as_array().unwrap().iter().filter(|one| one["kind"] == "tier_changed").count(), 2);
    let events = store::events::since(&door.store, ada, 0, 50).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.name.as_str() == "trust.changed").count(), 2);
    assert_eq!(door.set_tier("cooking", &token, json!({ "tier": "observer" })).await.problem().0, 404);
}

#[tokio::test]
async fn what_was_not_earned_takes_an_explicit_confirmed_and_audited_override_up_to_moderate() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let refused = async |body: Value| {
        let reply = door.set_tier("overall", &token, body).await.is(422).body();
        reply["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["path"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let ahead = |tier: &str, confirmed: bool, reason: &str| json!({ "tier": tier, "override": { "confirmed": confirmed, "reason": reason } });
    assert_eq!(refused(json!({ "tier": "moderate_autonomy" })).await, ["/tier"]);
    assert_eq!(refused(json!({ "tier": "high_autonomy", "opt_in": true })).await, ["/tier"], "only from moderate");
    assert_eq!(refused(ahead("moderate_autonomy", false, " ")).await, ["/override/reason", "/override/confirmed"]);
    assert_eq!(refused(ahead("high_autonomy", true, "I am in a hurry")).await, ["/tier"]);
    let domain = door.set_tier("email", &token, ahead("low_autonomy", true, "mail only")).await.is(422).body();
    assert_eq!(domain["errors"][0]["path"], "/tier", "a domain can't be above the overall tier");
    assert_eq!(door.count("trust_audit").await, 0);

    let trust = door
        .set_tier("overall", &token, ahead("moderate_autonomy", true, "I have watched it for months"))
        .await
        .is(200)
        .body();
    let overall = &trust["overall"];
    assert_eq!((&overall["tier"], &overall["earned"]), (&json!("moderate_autonomy"), &json!("suggest")));
    assert_eq!(
        (&overall["last_change"]["cause"], &overall["last_change"]["reason"]),
        (&json!("override"), &json!("I have watched it for months"))
    );
    // An override is not earned: it is no ground to opt in from.
    assert_eq!(refused(json!({ "tier": "high_autonomy", "opt_in": true })).await, ["/tier"]);
}

#[tokio::test]
async fn high_autonomy_is_opted_in_to_from_moderate_that_was_earned() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    assert_eq!(door.set_tier("overall", &token, json!({ "tier": "high_autonomy" })).await.status, 422);
    let trust =
        door.set_tier("overall", &token, json!({ "tier": "high_autonomy", "opt_in": true })).await.is(200).body();
    assert_eq!((&trust["overall"]["tier"], &trust["overall"]["next"]), (&json!("high_autonomy"), &Value::Null));
    assert_eq!(trust["overall"]["last_change"]["cause"], "opt_in");
}
