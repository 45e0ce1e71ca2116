//! Settings and the stop switch over HTTP.

use domain::tier::TrustTier;
use reqwest::Method;
use serde_json::{Value, json};

use super::{BOOTSTRAP, Call, Door};

fn put<'a>(door: &'a Door, token: &str, body: &Value) -> Call<'a> {
    door.call(Method::PUT, "/settings", token).text("application/json", body.to_string())
}

#[tokio::test]
async fn settings_are_written_against_the_revision_that_was_read() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let found = door.get("/settings", &token).await.is(200);
    let tag = found.header("etag").to_owned();
    let mut wanted = json!({ "timezone": "Europe/Berlin", "autonomy": found.body()["autonomy"] });
    wanted["autonomy"]["quiet_hours"] = json!({ "start": "22:00", "end": "07:00" });
    let set = put(&door, &token, &wanted).header("if-match", &tag).send().await.is(200);
    assert_eq!(set.body()["autonomy"], wanted["autonomy"]);
    assert_ne!(set.header("etag"), tag);
    assert_eq!(door.get("/settings", &token).await.body(), set.body());
    let stale = put(&door, &token, &wanted).header("if-match", &tag).send().await;
    assert_eq!(stale.problem(), (412, "precondition_failed".into()));
    assert_eq!(format!("\"{}\"", stale.body()["revision"]), set.header("etag"));
    let wrong = put(&door, &token, &json!({ "timezone": "UTC", "autonomy": { "max_spend": 1 } })).send().await.is(422);
    assert_eq!(wrong.body()["errors"][0]["path"], "/autonomy/max_spend");
}

#[tokio::test]
async fn a_person_lowers_their_tier_at_any_time_and_raises_it_never() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let higher = json!({ "timezone": "UTC", "autonomy": {}, "tier": "high_autonomy" });
    assert_eq!(put(&door, &token, &higher).send().await.is(422).body()["errors"][0]["path"], "/tier");
    let lower =
        json!({ "timezone": "UTC", "autonomy": {}, "tier": "suggest", "domain_tiers": { "finance": "observer" } });
    let set = put(&door, &token, &lower).send().await.is(200).body();
    assert_eq!((&set["tier"], &set["domain_tiers"]), (&json!("suggest"), &json!({ "finance": "observer" })));
    assert_eq!(door.count("trust_audit").await, 2);
    let events = store::events::since(&door.store, user, 0, 10).await.unwrap();
    let names = events.iter().map(|event| event.name.as_str()).filter(|name| !name.starts_with("notification"));
    assert_eq!(names.collect::<Vec<_>>(), ["trust.changed", "trust.changed", "settings.changed"]);
    // What was earned is not forgotten by it.
    let standings = store::trust::standings(&door.store, user).await.unwrap();
    let earned: Vec<_> = standings.values().map(|standing| standing.earned).collect();
    assert_eq!(earned, [TrustTier::ModerateAutonomy; 2]);
    let back = json!({ "timezone": "UTC", "autonomy": {}, "domain_tiers": { "finance": "suggest" } });
    assert_eq!(put(&door, &token, &back).send().await.is(422).body()["errors"][0]["path"], "/domain_tiers/finance");
}

#[tokio::test]
async fn the_stop_switch_is_the_persons_and_the_systems() {
    let door = Door::open().await;
    let (_, ada) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let (_, bob) = door.somebody("Bob", TrustTier::ModerateAutonomy).await;
    let stopped = async |token: &str| door.get("/settings", token).await.is(200).body()["stopped"].as_bool().unwrap();
    for _ in 0..2 {
        door.post("/stop", &ada, &json!({})).send().await.is(200);
    }
    assert_eq!((stopped(&ada).await, stopped(&bob).await), (true, false));
    door.post("/system/stop", BOOTSTRAP, &json!({})).send().await.is(200);
    let resumed = door.post("/resume", &ada, &json!({})).send().await.is(200).body();
    assert_eq!(resumed, json!({ "stopped": false, "system_stopped": true }));
    assert_eq!((stopped(&ada).await, stopped(&bob).await), (true, true));
    door.post("/system/resume", BOOTSTRAP, &json!({})).send().await.is(200);
    assert_eq!((stopped(&ada).await, stopped(&bob).await), (false, false));
    // Signals are taken even while stopped.
    door.post("/stop", &ada, &json!({})).send().await.is(200);
    door.post("/signals", &ada, &json!({ "source": "a", "type": "b" })).send().await.is(202);
}
