//! Mail, through a server that speaks real SMTP.

use chrono::TimeDelta;
use domain::{channel::Phase, notify::Severity};
use reqwest::Method;
use serde_json::json;

use super::rig::Rig;

#[tokio::test]
async fn a_letter_arrives_and_says_what_it_is_about() {
    let rig = Rig::new().await;
    let (channel, secret) = rig.channel("email", "ada@home.example").await;
    assert_eq!(secret, "", "nothing signs mail");
    rig.tell("the gas bill", Severity::Warning).await;
    let delivery = rig.latest(channel).await;
    rig.deliver(delivery).await.unwrap();
    let letters = rig.letters.letters();
    assert_eq!((letters.len(), letters[0].to.as_slice()), (1, &["ada@home.example".to_owned()][..]));
    assert_eq!(letters[0].from, "twin@skytwin.example");
    for part in [
        "Subject: It did not work: the gas bill",
        "The engine refused.",
        &format!("Message-ID: <{delivery}@skytwin.example>"),
        "Auto-Submitted: auto-generated",
    ] {
        assert!(letters[0].data.contains(part), "{part} is not in {}", letters[0].data);
    }
    assert_eq!(rig.deliveries(channel).await[0].state.phase(), Phase::Delivered);
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it_and_one_that_refuses_for_good_is_believed() {
    let rig = Rig::new().await;
    let (channel, _) = rig.channel("email", "ada@home.example").await;
    rig.letters.will_refuse("RCPT", "451 come back later");
    rig.tell("one", Severity::Critical).await;
    rig.deliver(rig.latest(channel).await).await.unwrap();
    let waiting = rig.deliveries(channel).await.remove(0);
    assert_eq!(waiting.state.phase(), Phase::Pending, "{waiting:?}");
    assert!(waiting.error.unwrap().contains("patience (451)"));
    rig.world.pass(TimeDelta::seconds(10));
    rig.sweep().await;
    assert_eq!((rig.letters.letters().len(), rig.deliveries(channel).await[0].state.phase()), (1, Phase::Delivered));

    rig.letters.will_refuse("RCPT", "550 nobody of that name");
    rig.tell("two", Severity::Critical).await;
    let told = rig.deliveries(channel).await.into_iter().find(|one| one.state.phase() == Phase::Pending).unwrap();
    rig.deliver(told.id).await.unwrap();
    assert_eq!(rig.delivery(told.id).await.state.phase(), Phase::Dead);
    assert_eq!(rig.complaints().await.len(), 1);
}

#[tokio::test]
async fn without_a_mail_server_there_is_no_mail_and_that_is_said() {
    let rig = Rig::bare().await;
    let (_, listed) = rig.call(Method::GET, "/channels", None).await;
    assert_eq!(listed["kinds"], json!(["webhook"]));
    let body = json!({ "kind": "email", "address": "ada@home.example" });
    let (status, refused) = rig.call(Method::POST, "/channels", Some(body)).await;
    assert_eq!((status, &refused["code"]), (503, &json!("no_mail")));
}
