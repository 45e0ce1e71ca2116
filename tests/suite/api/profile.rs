//! The twin's fields over HTTP: filled by real answers, told with what they rest on, kept with each version, forgotten.

use chrono::TimeDelta;
use domain::{
    action::{Action, Verb},
    decision::Outcome,
    id::UserId,
    outbox::Outbox,
    signal::Domain,
    tier::TrustTier,
    twin::Trait,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Door,
    seed::{MARK, acted, action, archive, decided, order},
};

impl Door {
    /// Asks about something and answers.
    async fn answers(&self, user: UserId, token: &str, about: Action, answer: &str) {
        let asked = decided(self, user, Outcome::Ask, vec![about]).await;
        let reply = self.post(&format!("/approvals/{}/answer", asked.approval), token, &json!({ "answer": answer }));
        assert!(reply.send().await.status < 300, "{answer}");
    }

    async fn twin(&self, token: &str) -> Value {
        self.get("/twin", token).await.is(200).body()
    }

    async fn forget(&self, token: &str, field: &str) -> u16 {
        self.call(Method::DELETE, &format!("/twin/fields/{field}"), token).send().await.status
    }
}

/// What is found for a field in a domain.
fn found<'a>(twin: &'a Value, field: &str, domain: &str) -> Vec<&'a Value> {
    twin["fields"][field].as_array().unwrap().iter().filter(|one| one["domain"] == domain).collect()
}

#[tokio::test]
async fn the_fields_fill_from_answers_and_say_how_sure_they_are_and_what_they_rest_on() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let began = door.world.now();
    for (nothing, cents) in [(true, 900), (false, 1_100), (false, 1_000), (false, 1_200)] {
        let empty = door.twin(&token).await["fields"].as_object().unwrap().values().all(|list| list == &json!([]));
        assert!(empty == nothing || cents != 900, "nothing is known before the first answer");
        door.answers(user, &token, order(Some(cents)), "approve").await;
        door.world.pass(TimeDelta::weeks(1));
    }
    door.answers(user, &token, order(Some(9_000)), "reject").await;

    let twin = door.twin(&token).await;
    let norm = found(&twin, "spend_norms", "shopping")[0];
    assert_eq!(
        (&norm["currency"], &norm["median_cents"], &norm["p90_cents"]),
        (&json!("USD"), &json!(1_050), &json!(1_200))
    );
    assert_eq!(
        (&norm["confidence"], &norm["count"], &norm["consistency_percent"]),
        (&json!("moderate"), &json!(4), &json!(100))
    );
    assert_eq!((&norm["since"], norm["answers"].as_array().unwrap().len()), (&json!(began), 3));
    let newest = norm["answers"][0].as_str().unwrap().to_owned();
    assert_eq!(door.count(&format!("feedback WHERE id = '{newest}' AND kind = 'approve'")).await, 1);

    let tolerance = found(&twin, "risk_tolerance", "shopping")[0];
    let by_risk: Vec<_> =
        tolerance["by_risk"].as_array().unwrap().iter().map(|one| (&one["agreed"], &one["refused"])).collect();
    assert_eq!(by_risk, [(&json!(4), &json!(0)), (&json!(0), &json!(1))], "{tolerance}");
    let routine = found(&twin, "routines", "shopping")[0];
    assert_eq!(
        (&routine["verb"], &routine["count"], &routine["confidence"]),
        (&json!("place_order"), &json!(4), &json!("low"))
    );
    let heuristic = found(&twin, "domain_heuristics", "shopping")[0];
    assert_eq!(
        (&heuristic["who"], &heuristic["verb"], &heuristic["consistency_percent"]),
        (&json!(MARK), &json!("place_order"), &json!(80))
    );
    assert_eq!(twin["fields"]["active_hours"][0]["hours"][0]["days"], 5);
}

#[tokio::test]
async fn one_answer_is_one_version_with_the_preference_and_the_fields_it_changed() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    for times in 1..=3 {
        door.answers(user, &token, archive(), "approve").await;
        assert_eq!(door.count("twin_versions").await, 1 + times, "what there was before, and one for each answer");
    }
    let items = door.get("/twin/versions", &token).await.is(200).body()["items"].clone();
    assert_eq!(items[2]["changed"], json!(["email/auto_archive_email"]), "one answer is no evidence yet");
    assert_eq!(
        items[1]["changed"],
        json!(["email/auto_archive_email", "domain_heuristics/email", "risk_tolerance/email"])
    );
    let second = door.get("/twin/versions/3", &token).await.is(200).body();
    assert_eq!(found(&second, "risk_tolerance", "email")[0]["count"], 2, "as it was then");
    let diff = door.get("/twin/versions/4/diff", &token).await.is(200).body();
    let count = |side: &str| diff[side]["risk_tolerance"][0]["count"].clone();
    assert_eq!((count("fields_before"), count("fields_after")), (json!(2), json!(3)));
    assert_eq!(diff["fields_before"]["spend_norms"], json!([]));

    door.post("/twin/versions/2/revert", &token, &json!({})).send().await.is(200);
    assert_eq!(
        found(&door.twin(&token).await, "risk_tolerance", "email")[0]["count"],
        3,
        "what was answered stays answered"
    );
    let taken_back = acted(&door, user, archive()).await;
    let undo = json!({ "reason": "No.", "severity": "minor" });
    door.post(&format!("/decisions/{}/undo", taken_back.decision), &token, &undo).send().await.is(202);
    assert_eq!(found(&door.twin(&token).await, "risk_tolerance", "email")[0]["by_risk"][0]["refused"], 1);
    assert_eq!(door.count("twin_versions").await, 6, "the revert and the undo are one each");
}

#[tokio::test]
async fn an_approval_in_mail_changes_no_field_about_money_and_nothing_of_anybody_else() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let (other, others) = door.somebody("Ben", TrustTier::LowAutonomy).await;
    let pay =
        |cents: i64| action(Verb::PayBill, Domain::Finance, &json!({ "payee": "City Power", "cost_cents": cents }));
    for (cents, answer) in [(700, "approve"), (900, "approve"), (8_000, "reject")] {
        door.answers(user, &token, pay(cents), answer).await;
        door.answers(other, &others, pay(cents), answer).await;
    }
    let finance = |twin: &Value| {
        let fields = twin["fields"].as_object().unwrap();
        fields.keys().map(|field| found(twin, field, "finance").into_iter().cloned().collect()).collect::<Vec<Vec<_>>>()
    };
    let (before, bens) = (door.twin(&token).await, door.twin(&others).await);
    assert!(finance(&before).iter().any(|found| !found.is_empty()));
    for answer in ["approve", "approve", "reject", "approve"] {
        door.answers(user, &token, archive(), answer).await;
    }
    let after = door.twin(&token).await;
    assert_eq!(finance(&before), finance(&after));
    assert!(!found(&after, "risk_tolerance", "email").is_empty());
    assert_eq!(door.twin(&others).await, bens);
}

#[tokio::test]
async fn a_forgotten_field_does_not_come_back_from_what_was_answered_before() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    for _ in 0..3 {
        door.answers(user, &token, archive(), "approve").await;
        door.answers(user, &token, order(Some(1_000)), "approve").await;
    }
    assert_eq!(door.forget(&token, "risk_tolerance?domain=travel").await, 404, "it says nothing there");
    assert_eq!(door.forget(&token, "shoe_size").await, 422);
    assert_eq!(door.forget(&token, "risk_tolerance?domain=email").await, 204);
    assert_eq!(door.forget(&token, "risk_tolerance?domain=email").await, 404);
    let known = async |domain: &str| {
        let twin = door.twin(&token).await;
        found(&twin, "risk_tolerance", domain).first().map(|one| one["count"].clone())
    };
    assert_eq!((known("email").await, known("shopping").await), (None, Some(json!(3))));
    let latest = door.get("/twin/versions?limit=1", &token).await.body()["items"][0].clone();
    assert_eq!((&latest["cause"], &latest["changed"]), (&json!("forgotten"), &json!(["risk_tolerance/email"])));

    door.world.pass(TimeDelta::hours(1));
    door.answers(user, &token, archive(), "approve").await;
    assert_eq!(known("email").await, None, "one answer since");
    door.answers(user, &token, archive(), "approve").await;
    assert_eq!(known("email").await, Some(json!(2)), "only what was answered since");
    assert_eq!(door.forget(&token, "risk_tolerance").await, 204);
    assert_eq!((known("email").await, known("shopping").await), (None, None));
}

#[tokio::test]
async fn a_trait_that_two_domains_show_counts_in_the_next_decision() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::LowAutonomy).await;
    let trip = || {
        let parameters = json!({ "destination": "Oslo", "cost_cents": 9_000 });
        action(Verb::BookTravel, Domain::Travel, &parameters)
    };
    let traits = async || {
        let now = door.world.now();
        let mut tx = door.store.begin().await.unwrap();
        let lock = tx.lock(user).await.unwrap();
        let facts = store::facts::load(&mut tx, &lock, now).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
        facts.history.traits
    };
    for about in [order(Some(5_000)), order(Some(6_000)), order(Some(7_000)), trip(), trip()] {
        door.answers(user, &token, about, "reject").await;
        assert!(!traits().await.contains(&Trait::CautiousSpender));
    }
    door.answers(user, &token, trip(), "reject").await;
    assert!(traits().await.contains(&Trait::CautiousSpender));
    let twin = door.twin(&token).await;
    let shown = twin["fields"]["traits"].as_array().unwrap().iter().find(|one| one["name"] == "cautious_spender");
    let shown = shown.unwrap();
    assert_eq!((&shown["domains"], &shown["count"]), (&json!(["shopping", "travel"]), &json!(6)));
}
