//! Webhooks: signed, tried again as long as it is worth it, never twice by two workers, and never into the house.

use chrono::TimeDelta;
use domain::{
    channel::{LEASE, Phase, TRIES},
    job::Job,
    notify::Severity,
};
use futures::future::join;
use reqwest::Method;
use runtime::faults::Effect;
use serde_json::{Value, json};
use simulator::letterbox::{Hook, Says};
use webhook::signature::Signed;

use super::rig::Rig;

fn holds(rig: &Rig, hook: &Hook, secret: &str) -> bool {
    use base64::Engine as _;
    let key = base64::prelude::BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = Signed { id: &hook.id, timestamp: &hook.timestamp, signatures: &hook.signature, body: &hook.body };
    signed.check([key.as_slice()], rig.world.now()).is_ok()
}

#[tokio::test]
async fn what_is_loud_enough_arrives_signed_under_the_secret_that_was_shown_once() {
    let rig = Rig::new().await;
    let (channel, secret) = rig.hook().await;
    rig.tell("quiet", Severity::Info).await;
    rig.tell("loud", Severity::Warning).await;
    assert_eq!(rig.deliveries(channel).await.len(), 1, "what is not loud enough is not planned");
    let delivery = rig.latest(channel).await;
    rig.deliver(delivery).await.unwrap();

    let calls = rig.hooks.calls();
    assert_eq!((calls.len(), calls[0].path.as_str(), calls[0].id.clone()), (1, "/hook", delivery.to_string()));
    assert!(holds(&rig, &calls[0], &secret));
    assert!(!holds(&rig, &Hook { body: b"{}".to_vec(), ..calls[0].clone() }, &secret));
    let body: Value = serde_json::from_slice(&calls[0].body).unwrap();
    assert_eq!(body["type"], "notification.created");
    assert_eq!(body["data"]["notifications"][0]["title"], "It did not work: loud");
    assert_eq!(rig.deliveries(channel).await[0].state.phase(), Phase::Delivered);
    rig.deliver(delivery).await.unwrap();
    assert_eq!(rig.hooks.calls().len(), 1, "what arrived is not sent again");
}

#[tokio::test]
async fn a_new_secret_signs_at_once_and_the_one_before_it_for_a_day_more() {
    let rig = Rig::new().await;
    let (channel, first) = rig.hook().await;
    let path = format!("/channels/{channel}/secrets");
    let renew = async || {
        let (status, made) = rig.call(Method::POST, &path, None).await;
        assert_eq!(status, 201, "{made}");
        made["secret"].as_str().unwrap().to_owned()
    };
    let signed_under = async |key: &str, secrets: &[&String]| {
        rig.tell(key, Severity::Warning).await;
        rig.deliver(rig.latest(channel).await).await.unwrap();
        let call = rig.hooks.calls().pop().unwrap();
        assert_eq!(call.signature.split(' ').count(), if key == "later" { 1 } else { 2 });
        secrets.iter().map(|secret| holds(&rig, &call, secret)).collect::<Vec<_>>()
    };
    let second = renew().await;
    assert_eq!(signed_under("one", &[&first, &second]).await, [true, true]);
    let third = renew().await;
    assert_eq!(signed_under("two", &[&first, &second, &third]).await, [false, true, true]);
    let shown = rig.shown(channel).await;
    assert_eq!((&shown["revision"], &shown["secret"]), (&json!(3), &Value::Null));
    assert!(shown["old_secret_until"].is_string(), "{shown}");
    rig.world.pass(TimeDelta::hours(24));
    assert_eq!(signed_under("later", &[&first, &second, &third]).await, [false, false, true]);

    let (mail, _) = rig.channel("email", "ada@example.org").await;
    assert_eq!(rig.call(Method::POST, &format!("/channels/{mail}/secrets"), None).await.0, 409);
}

#[tokio::test]
async fn it_is_tried_again_under_the_same_id_and_a_new_time_when_the_far_side_wants_it() {
    let rig = Rig::new().await;
    let (channel, secret) = rig.hook().await;
    rig.hooks.will([Says::Status(500), Says::Wait(429, 1200), Says::Status(404)]);
    rig.tell("one", Severity::Critical).await;
    let delivery = rig.latest(channel).await;
    rig.deliver(delivery).await.unwrap();
    let waiting = rig.deliveries(channel).await.remove(0);
    assert_eq!(
        (waiting.state.phase(), waiting.error.as_deref()),
        (Phase::Pending, Some("It answered with an error (500)."))
    );

    rig.world.pass(TimeDelta::seconds(7));
    assert_eq!(rig.sweep().await, 1, "the bell may be lost: the row knows when");
    rig.world.pass(TimeDelta::seconds(1190));
    assert!(rig.deliver(delivery).await.is_err(), "it is not due, so the job sleeps");
    assert_eq!(rig.hooks.calls().len(), 2);
    for _ in 0..2 {
        rig.world.pass(TimeDelta::seconds(20));
        rig.sweep().await;
    }
    let calls = rig.hooks.calls();
    assert_eq!((calls.len(), rig.deliveries(channel).await[0].state.phase()), (4, Phase::Delivered));
    assert!(calls.iter().all(|call| call.id == delivery.to_string()));
    assert!(calls[0].timestamp != calls[3].timestamp && holds(&rig, &calls[3], &secret));
    assert_eq!(rig.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn who_fails_for_long_is_complained_of_once_and_what_died_can_be_sent_again() {
    let rig = Rig::new().await;
    let (channel, _) = rig.hook().await;
    let most = usize::try_from(TRIES).unwrap();
    rig.hooks.will(vec![Says::Status(503); 2 * most]);
    rig.tell("one", Severity::Critical).await;
    rig.tell("two", Severity::Critical).await;
    while rig.hooks.calls().len() < 2 * most {
        rig.world.pass(TimeDelta::minutes(5));
        rig.sweep().await;
    }
    let dead = rig.deliveries(channel).await.into_iter().filter(|one| one.state.phase() == Phase::Dead);
    let dead: Vec<_> = dead.map(|one| one.id).collect();
    let complaints = rig.complaints().await;
    assert_eq!((dead.len(), complaints.len()), (2, 1), "{complaints:?}");
    assert!(complaints[0].contains("It answered with an error (503)"), "{complaints:?}");
    assert!(rig.shown(channel).await["failing_since"].is_string());

    let (status, again) = rig.call(Method::POST, &format!("/deliveries/{}/retry", dead[0]), None).await;
    assert_eq!((status, &again["state"], &again["tries"]), (202, &json!("pending"), &json!(0)));
    rig.deliver(dead[0]).await.unwrap();
    let channel = rig.shown(channel).await;
    assert_eq!((&channel["failing_since"], &channel["trouble"]), (&Value::Null, &Value::Null), "it is well again");
    let (status, refused) = rig.call(Method::POST, &format!("/deliveries/{}/retry", dead[0]), None).await;
    assert_eq!((status, &refused["state"]), (409, &json!("delivered")));
}

#[tokio::test]
async fn who_is_gone_for_good_is_switched_off_and_nothing_more_is_sent_there() {
    let rig = Rig::new().await;
    let (channel, _) = rig.hook().await;
    rig.hooks.will([Says::Status(410)]);
    rig.tell("one", Severity::Critical).await;
    rig.tell("two", Severity::Critical).await;
    for delivery in rig.deliveries(channel).await {
        rig.deliver(delivery.id).await.unwrap();
    }
    assert_eq!((rig.hooks.calls().len(), rig.complaints().await.len()), (1, 1));
    let shown = rig.shown(channel).await;
    assert_eq!((&shown["enabled"], &shown["revision"]), (&json!(false), &json!(2)));
    rig.tell("three", Severity::Critical).await;
    assert!(rig.deliveries(channel).await.iter().all(|one| one.state.phase() == Phase::Dead));
    assert_eq!(rig.deliveries(channel).await.len(), 2);
    let (status, _) = rig.call(Method::POST, &format!("/channels/{channel}/test"), None).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let rig = Rig::new().await;
    let (channel, _) = rig.hook().await;
    rig.hooks.will([Says::Elsewhere(format!("{}/inside", rig.hooks.url))]);
    rig.tell("one", Severity::Critical).await;
    let delivery = rig.latest(channel).await;
    rig.deliver(delivery).await.unwrap();
    assert_eq!(rig.hooks.calls().len(), 1);
    assert_eq!(rig.delivery(delivery).await.state.phase(), Phase::Dead, "and it would be the same next time");
}

#[tokio::test]
async fn what_was_written_in_another_time_is_not_called_where_private_addresses_are_not() {
    let (open, bare) = (Rig::new().await, Rig::bare().await);
    let url = format!("{}/hook", open.hooks.url);
    for address in [url.clone(), url.replace("127.0.0.1", "localhost"), url.replace("http:", "https:")] {
        let (_, refused) =
            bare.call(Method::POST, "/channels", Some(json!({ "kind": "webhook", "address": address }))).await;
        assert_eq!(refused["errors"][0]["path"], "/address", "{address}: {refused}");
    }
    let (channel, _) = open.hook().await;
    open.tell("one", Severity::Critical).await;
    let strict = worker::State { outgoing: bare.state.outgoing.clone(), ..open.state.clone() };
    let turn = worker::jobs::Turn::new(open.world.now(), 1, || true);
    let delivery = open.latest(channel).await;
    worker::jobs::run(&strict, &turn, Job::Deliver { delivery }).await.unwrap();
    let dead = open.delivery(delivery).await;
    assert_eq!((dead.state.phase(), open.hooks.calls().len()), (Phase::Dead, 0), "{dead:?}");
}

#[tokio::test]
async fn the_end_of_quiet_hours_is_one_call_however_much_was_held() {
    let rig = Rig::new().await;
    let (channel, _) = rig.hook().await;
    for key in ["one", "two", "three"] {
        rig.tell_after(key, Severity::Warning, TimeDelta::hours(8)).await;
    }
    assert_eq!(rig.deliveries(channel).await.len(), 0);
    rig.world.pass(TimeDelta::hours(8) + TimeDelta::seconds(10));
    rig.sweep().await;
    rig.deliver(rig.latest(channel).await).await.unwrap();
    let calls = rig.hooks.calls();
    let body: Value = serde_json::from_slice(&calls[0].body).unwrap();
    assert_eq!((calls.len(), body["data"]["notifications"].as_array().unwrap().len()), (1, 3));
}

#[tokio::test]
async fn two_workers_at_one_delivery_send_it_once_and_a_dead_one_leaves_it_to_the_next() {
    let rig = Rig::new().await;
    let (channel, _) = rig.hook().await;
    rig.tell("one", Severity::Critical).await;
    let delivery = rig.latest(channel).await;
    let _ = join(rig.deliver(delivery), rig.deliver(delivery)).await;
    assert_eq!(rig.hooks.calls().len(), 1);

    for (point, calls) in [("deliver.after_claim", 1), ("deliver.after_send", 2), ("deliver.before_settle_commit", 2)] {
        rig.world.pass(TimeDelta::seconds(1));
        rig.tell(point, Severity::Critical).await;
        let delivery = rig.latest(channel).await;
        let mut armed = rig.state.faults.arm(point, 1, Effect::Hang);
        tokio::select! {
            ended = rig.deliver(delivery) => panic!("{point}: {ended:?}"),
            () = armed.struck() => {}
        }
        drop(armed);
        rig.world.pass(LEASE + TimeDelta::seconds(10));
        rig.sweep().await;
        let sent = rig.hooks.calls().into_iter().filter(|call| call.id == delivery.to_string()).count();
        assert_eq!(sent, calls, "{point}: the far side can tell by the id");
        assert_eq!(rig.deliveries(channel).await[0].state.phase(), Phase::Delivered, "{point}");
    }
}

#[tokio::test]
async fn a_test_is_one_try_and_a_secret_is_never_shown_again() {
    let rig = Rig::new().await;
    let (channel, secret) = rig.hook().await;
    rig.hooks.will([Says::Status(500)]);
    for wanted in ["dead", "delivered"] {
        let (status, planned) = rig.call(Method::POST, &format!("/channels/{channel}/test"), None).await;
        assert_eq!((status, &planned["test"]), (202, &json!(true)));
        rig.deliver(planned["id"].as_str().unwrap().parse().unwrap()).await.unwrap();
        let (_, listed) = rig.call(Method::GET, &format!("/channels/{channel}/deliveries"), None).await;
        assert_eq!(listed["items"][0]["state"], wanted);
        rig.world.pass(TimeDelta::seconds(1));
    }
    assert_eq!(rig.complaints().await, Vec::<String>::new());
    for path in ["/channels".to_owned(), format!("/channels/{channel}")] {
        let (_, shown) = rig.call(Method::GET, &path, None).await;
        assert!(!shown.to_string().contains(&secret[6..]) && !shown.to_string().contains("whsec_"), "{path}");
    }
}
