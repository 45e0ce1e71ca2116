//! Money over HTTP: what counts, what is left and when more is.

use chrono::TimeDelta;
use domain::{
    decision::Outcome,
    execution::{Carrier, Execution, State},
    money::Money,
    outbox::Outbox,
    signal::Object,
    tier::TrustTier,
};
use serde_json::{Value, json};

use super::{
    Door,
    seed::{decided, order},
};

impl Door {
    /// Asks for an order of so many cents and says yes. Gives the execution.
    async fn bought(&self, token: &str, user: domain::id::UserId, cents: i64) -> Execution {
        let asked = decided(self, user, Outcome::Ask, vec![order(Some(cents))]).await;
        let path = format!("/approvals/{}/answer", asked.approval);
        let said = self.post(&path, token, &json!({ "answer": "approve" })).send().await.is(202).body();
        let id = said["execution"].as_str().unwrap().parse().unwrap();
        store::executions::get(&self.store, user, id).await.unwrap()
    }

    /// The engine has done it, at this price.
    async fn settle(&self, execution: Execution, cents: i64) {
        let now = self.world.now();
        let actual = Some(Money::usd(cents));
        let mut tx = self.store.begin().await.unwrap();
        let lock = tx.lock(execution.user).await.unwrap();
        let (started, _) = execution.claim(Carrier::deduping("test"), |_| Vec::new(), now);
        store::executions::claim(&mut tx, &lock, &started).await.unwrap();
        let done = Execution { state: State::Succeeded { at: now, result: Object::new(), actual }, ..started };
        store::executions::settle(&mut tx, &lock, &done, now).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
    }

    async fn spend(&self, token: &str) -> Value {
        self.get("/spend", token).await.is(200).body()
    }
}

fn cents(spend: &Value) -> [&Value; 4] {
    ["reserved_cents", "settled_cents", "used_cents", "remaining_cents"].map(|name| &spend[name])
}

#[tokio::test]
async fn the_spend_says_what_counts_what_is_left_and_when_the_next_cents_free_up() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let (bob, of_bob) = door.somebody("Bob", TrustTier::ModerateAutonomy).await;
    let none = door.spend(&token).await;
    assert_eq!(
        (&none["currency"], &none["limits"]),
        (&json!("USD"), &json!({ "per_action_cents": 10_000, "daily_cents": 50_000 }))
    );
    assert_eq!(cents(&none), [0, 0, 0, 50_000]);
    assert_eq!((&none["next_free"], &none["entries"]["items"]), (&Value::Null, &json!([])));

    let first = door.bought(&token, ada, 1000).await;
    door.bought(&token, ada, 2000).await;
    door.bought(&of_bob, bob, 700).await;
    assert_eq!(cents(&door.spend(&token).await), [3000, 0, 3000, 47_000]);
    let settled_at = door.world.now();
    door.settle(first.clone(), 1500).await;
    let spend = door.spend(&token).await;
    assert_eq!(cents(&spend), [2000, 1500, 3500, 46_500]);
    assert_eq!(spend["next_free"], json!({ "at": settled_at.plus(TimeDelta::hours(24)), "cents": 1500 }));

    let paged = door.get("/spend?limit=2", &token).await.is(200).body();
    let next = paged["entries"]["next"].as_str().unwrap();
    let rest = door.get(&format!("/spend?limit=2&cursor={next}"), &token).await.is(200).body();
    let all: Vec<_> =
        [&paged, &rest].into_iter().flat_map(|page| page["entries"]["items"].as_array().unwrap()).collect();
    let mut amounts: Vec<_> =
        all.iter().map(|entry| (entry["kind"].as_str().unwrap(), entry["cents"].as_i64().unwrap())).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [("reserve", 1000), ("reserve", 2000), ("settle", 1500)], "and nothing of Bob's");
    let settle = all.iter().find(|entry| entry["kind"] == "settle").unwrap();
    assert_eq!((&settle["execution"], &settle["flagged"]), (&json!(first.id), &json!(true)), "half as much again");

    door.world.pass(TimeDelta::hours(24));
    let later = door.spend(&token).await;
    assert_eq!(
        (cents(&later), &later["next_free"]),
        ([2000, 0, 2000, 48_000].map(|n| json!(n)).each_ref(), &Value::Null)
    );
}
