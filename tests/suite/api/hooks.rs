//! Doors for whoever can sign: what is signed comes in once, and nothing else does.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use domain::tier::TrustTier;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Call, Door};

const BODY: &str =
    r#"{"type": "bill.due", "timestamp": "2026-03-01T08:00:00Z", "data": {"billId": "b-1", "costCents": 1200}}"#;

/// A sender as the specification describes one; it shares no code with the door.
fn sign(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

impl Door {
    async fn hook(&self, token: &str) -> (String, String) {
        let wanted = json!({ "name": "Water works", "source": "billing" });
        let made = self.post("/webhooks", token, &wanted).send().await.is(201).body();
        let path = made["hook"]["path"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
        (path, made["secret"].as_str().unwrap().to_owned())
    }

    fn deliver(&self, path: &str, id: &str, timestamp: i64, signatures: &str, body: &str) -> Call<'_> {
        let call = self.post_raw(path, "", body.to_owned()).header("webhook-id", id);
        call.header("webhook-timestamp", &timestamp.to_string()).header("webhook-signature", signatures)
    }

    fn seconds(&self) -> i64 {
        self.world.now().utc().timestamp()
    }
}

#[tokio::test]
async fn what_is_signed_comes_in_once_as_the_persons_signal() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let (path, secret) = door.hook(&token).await;
    let now = door.seconds();
    let signature = sign(&secret, "d-1", now, BODY);
    let taken = door.deliver(&path, "d-1", now, &signature, BODY).send().await.is(202);
    let shown = door.get(&format!("/signals/{}", taken.id()), &token).await.is(200).body();
    assert_eq!(
        (&shown["source"], &shown["type"], &shown["external_id"]),
        (&json!("billing"), &json!("bill.due"), &json!("d-1"))
    );
    assert_eq!(shown["payload"], json!({ "billId": "b-1", "costCents": 1200 }));
    assert_eq!(shown["occurred_at"], "2026-03-01T08:00:00Z");
    let jobs = store::jobs::depth(&door.store).await.unwrap();
    assert!(jobs.iter().any(|depth| depth.queue == "evaluate_signal" && depth.due == 1), "{jobs:?}");

    // Delivered again, signed anew, as senders do.
    door.world.pass(TimeDelta::minutes(10));
    let now = door.seconds();
    let again = door.deliver(&path, "d-1", now, &sign(&secret, "d-1", now, BODY), BODY).send().await.is(200);
    assert_eq!((again.id(), &again.body()["repeat"]), (taken.id(), &json!(true)));
    assert_eq!(door.count("signals").await, 1);
}

#[tokio::test]
async fn what_is_not_signed_right_is_turned_away_and_says_why() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let (path, secret) = door.hook(&token).await;
    let (other, _) = door.hook(&token).await;
    let now = door.seconds();
    let good = sign(&secret, "d-1", now, BODY);
    let old = now - 301;
    for (call, said) in [
        (door.deliver(&path, "d-1", now, "v1,AAAA", BODY), "no signature"),
        (door.deliver(&path, "d-2", now, &good, BODY), "no signature"),
        (door.deliver(&path, "d-1", now, &good, &BODY.replace("1200", "1")), "no signature"),
        (door.deliver(&other, "d-1", now, &good, BODY), "no signature"),
        (door.deliver(&path, "d-1", old, &sign(&secret, "d-1", old, BODY), BODY), "five minutes"),
        (door.post_raw(&path, "", BODY), "webhook-id"),
    ] {
        let reply = call.send().await;
        assert_eq!(reply.problem(), (401, "unauthenticated".into()));
        assert!(reply.text.contains(said), "{said}: {}", reply.text);
    }
    let nowhere = "/hooks/00000000-0000-7000-8000-000000000000";
    assert_eq!(door.deliver(nowhere, "d-1", now, &good, BODY).send().await.problem().0, 404);
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(300_000));
    assert_eq!(door.deliver(&path, "d-1", now, &sign(&secret, "d-1", now, &long), &long).send().await.problem().0, 413);
    for (body, status) in [("[1]", 422), ("nonsense", 400), (r#"{"type": ""}"#, 422)] {
        let reply = door.deliver(&path, "d-1", now, &sign(&secret, "d-1", now, body), body).send().await;
        assert_eq!(reply.problem().0, status, "{body}");
    }
    assert_eq!(door.count("signals").await, 0);
}

#[tokio::test]
async fn a_renewed_secret_leaves_the_old_one_a_day_and_a_removed_hook_leaves_nothing() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let (path, old) = door.hook(&token).await;
    let id = path.strip_prefix("/hooks/").unwrap().to_owned();
    let renewed = door.post(&format!("/webhooks/{id}/secrets"), &token, &Value::Null).send().await.is(201).body();
    let new = renewed["secret"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    let status = async |secret: &str, delivery: &str| {
        let now = door.seconds();
        door.deliver(&path, delivery, now, &sign(secret, delivery, now, BODY), BODY).send().await.status
    };
    assert_eq!((status(&old, "d-1").await, status(&new, "d-2").await), (202, 202));
    door.world.pass(TimeDelta::hours(25));
    assert_eq!((status(&old, "d-3").await, status(&new, "d-4").await), (401, 202));

    door.post(&format!("/webhooks/{id}/secrets"), &token, &Value::Null).send().await.is(201);
    assert_eq!(door.count("hook_secrets").await, 2, "the one that is over is forgotten");

    let listed = door.get("/webhooks", &token).await.is(200);
    assert!(!listed.text.contains("whsec_") && listed.text.contains("Water works"), "{}", listed.text);
    door.call(Method::DELETE, &format!("/webhooks/{id}"), &token).send().await.is(204);
    assert_eq!(status(&new, "d-5").await, 404);
    assert_eq!((door.count("hook_secrets").await, door.count("secrets").await), (0, 0));
}
