//! The way in: taken once, whoever repeats it, and never with more authority than a caller has.

use std::collections::BTreeSet;

use domain::tier::TrustTier;
use futures::future::join_all;
use serde_json::{Value, json};

use super::Door;

#[tokio::test]
async fn a_signal_is_stored_with_its_evaluation_before_it_is_acknowledged() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let body = json!({
        "source": "gmail", "type": "email_received", "external_id": "m1", "urgency": "high", "domain": "social",
        "occurred_at": "2026-03-01T08:00:00.5Z", "payload": { "subject": "Hello", "deep": [{ "n": 1.5 }] },
    });
    let reply = door.post("/signals", &token, &body).send().await.is(202);
    assert_eq!(reply.body()["repeat"], false);
    let location = format!("/api/v1/signals/{}", reply.id());
    assert_eq!(reply.header("location"), location);

    let shown = door.get(location.strip_prefix("/api/v1").unwrap(), &token).await.is(200).body();
    assert_eq!(shown["payload"], body["payload"]);
    assert_eq!(
        (&shown["state"], &shown["domain"], &shown["decision"]),
        (&json!("accepted"), &json!("social_media"), &Value::Null)
    );
    let jobs = store::jobs::depth(&door.store).await.unwrap();
    assert_eq!(
        jobs.iter().map(|depth| (depth.queue.as_str(), depth.due)).collect::<Vec<_>>(),
        [("evaluate_signal", 1)]
    );
    let events = store::events::since(&door.store, user, 0, 10).await.unwrap();
    assert_eq!(events.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(), ["signal.received"]);

    // The same again, even with other content: the source says it is the same.
    let again = door
        .post("/signals", &token, &json!({ "source": "gmail", "type": "other", "external_id": "m1" }))
        .send()
        .await
        .is(200);
    assert_eq!((again.id(), again.header("location")), (reply.id(), location.as_str()));
    assert_eq!(again.body()["repeat"], true);
}

#[tokio::test]
async fn the_same_signal_fifty_times_at_once_is_one_signal_with_one_bell() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let external = json!({ "source": "bank", "type": "payment", "external_id": "p1", "payload": { "n": 1 } });
    let content = json!({ "source": "bank", "type": "payment", "payload": { "n": 2 } });
    for body in [external, content] {
        let replies = join_all((0..50).map(|_| door.post("/signals", &token, &body).send())).await;
        let ids: BTreeSet<_> = replies.iter().map(super::Reply::id).collect();
        let taken = replies.iter().filter(|reply| reply.status == 202).count();
        assert_eq!((ids.len(), taken, replies.iter().filter(|reply| reply.status == 200).count()), (1, 1, 49));
    }
    assert_eq!(door.count("signals").await, 2);
    assert_eq!(door.count("apalis.jobs").await, 2);
}

#[tokio::test]
async fn a_caller_says_what_happened_and_nothing_about_rights() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    for member in [
        "user",
        "user_id",
        "tier",
        "trust_tier",
        "risk",
        "cost",
        "cost_cents",
        "authority",
        "id",
        "received_at",
        "state",
    ] {
        let reply = door.post("/signals", &token, &json!({ "source": "a", "type": "b", member: "x" })).send().await;
        assert_eq!(reply.problem(), (422, "invalid".into()), "{member}");
        assert_eq!(reply.body()["errors"][0]["path"], format!("/{member}"));
    }
    let wrong = json!({ "source": " ", "type": "", "external_id": "" });
    let reply = door.post("/signals", &token, &wrong).send().await.is(422).body();
    let paths: Vec<_> = reply["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/source", "/type", "/external_id"]);
    let urgency =
        door.post("/signals", &token, &json!({ "source": "a", "type": "b", "urgency": "now" })).send().await.is(422);
    assert!(urgency.text.contains("low, medium, high, critical"), "{urgency:?}");
    assert_eq!(door.count("signals").await, 0);
}

#[tokio::test]
async fn in_a_batch_each_signal_is_taken_or_refused_for_itself() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let known = json!({ "source": "mail", "type": "m", "external_id": "known" });
    let first = door.post("/signals", &token, &known).send().await.is(202).id();
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let items = [
        known.to_string(),
        json!({ "source": "mail", "type": "m", "external_id": "new" }).to_string(),
        json!({ "source": "mail", "type": "m", "external_id": "new" }).to_string(),
        json!({ "source": "mail" }).to_string(),
        "7".to_owned(),
        r#"{"source":"mail","type":"m","payload":{"text":"a\u0000b"}}"#.to_owned(),
        format!(r#"{{"source":"mail","type":"m","payload":{{"deep":{deep}}}}}"#),
        r#"{"source":"mail","type":"m","payload":{"text":"\ud800"}}"#.to_owned(),
        json!({ "source": "mail", "type": "m", "tier": "high_autonomy" }).to_string(),
        json!({ "source": "mail", "type": "last", "payload": {} }).to_string(),
    ];
    let body = format!(r#"{{"signals":[{}]}}"#, items.join(","));
    let reply = door.post_raw("/signals/batch", &token, body).send().await.is(200).body();
    let statuses: Vec<_> =
        reply["results"].as_array().unwrap().iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 202, 200, 422, 422, 422, 422, 400, 422, 202], "{reply:#}");
    assert_eq!((&reply["accepted"], &reply["repeated"], &reply["refused"]), (&json!(2), &json!(2), &json!(6)));
    let results = &reply["results"];
    assert_eq!(results[0]["id"], first);
    assert_eq!(results[1]["id"], results[2]["id"]);
    assert_eq!(results[1]["location"], format!("/api/v1/signals/{}", results[1]["id"].as_str().unwrap()));
    assert_eq!(results[3]["problem"]["errors"][0]["path"], "/signals/3/type");
    assert_eq!(results[5]["problem"]["errors"][0]["path"], "/signals/5/payload/text");
    assert_eq!(results[8]["problem"]["errors"][0]["path"], "/signals/8/tier");
    assert_eq!(door.count("signals").await, 3);
    assert_eq!(door.count("apalis.jobs").await, 3);
}

#[tokio::test]
async fn without_an_id_of_its_own_a_signal_is_known_by_the_key_and_then_by_its_content() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let body = json!({ "source": "sensor", "type": "reading", "payload": { "celsius": 21 } });
    let first = door.post("/signals", &token, &body).send().await.is(202).id();
    assert_eq!(door.post("/signals", &token, &body).send().await.is(200).id(), first);
    // Two keys say that these are two, alike as they are.
    let keyed = door.post("/signals", &token, &body).key("a").send().await.is(202).id();
    assert_ne!(door.post("/signals", &token, &body).key("b").send().await.is(202).id(), keyed);
    // A day later the same reading is a new one.
    door.world.pass(chrono::TimeDelta::hours(25));
    door.post("/signals", &token, &body).send().await.is(202);
    assert_eq!(door.count("signals").await, 4);
}

#[tokio::test]
async fn a_batch_of_a_thousand_is_taken_and_pages_lead_through_all_of_it() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let signals: Vec<_> =
        (0..1000).map(|n| json!({ "source": "s", "type": "t", "external_id": n.to_string() })).collect();
    let reply = door.post("/signals/batch", &token, &json!({ "signals": signals })).send().await.is(200).body();
    assert_eq!(reply["accepted"], 1000);
    let mut seen = BTreeSet::new();
    let mut path = "/signals?limit=200".to_owned();
    loop {
        let page = door.get(&path, &token).await.is(200).body();
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|signal| signal["external_id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/signals?limit=200&cursor={next}");
    }
    assert_eq!(seen.len(), 1000);
}
