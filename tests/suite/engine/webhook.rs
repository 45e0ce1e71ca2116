//! The webhook of servers before 1.0: signed over exactly the bytes, and never sent twice.

use std::time::Duration;

use domain::execution::{Answer, Phase};
use runtime::Secret;
use serde_json::{Value, json};
use simulator::{Generation, Options, Reply, Rule, Running};
use worker::ports::{Engine, Identity};

use super::{TOKEN, claimed, drive, execution, note, simulator, us, webhook_at};

async fn legacy(rules: impl IntoIterator<Item = Rule>) -> Running {
    let rules = rules.into_iter().map(|rule| rule.on(simulator::On::Webhook));
    simulator(Options::new(TOKEN).generation(Generation::LegacyWebhook).faults(rules)).await
}

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_order_is_signed_over_exactly_its_bytes_and_carries_no_secret() {
    let far = legacy([]).await;
    let engine = webhook_at(&far.url, PATIENCE);
    let (_, ended) = drive(&engine, execution(1, note())).await;
    assert_eq!((ended.state.phase(), far.journal().len()), (Phase::Succeeded, 1));
    let request = ended.request.unwrap();
    let sent: Value = serde_json::from_slice(&request).unwrap();
    let order: Value = serde_json::from_str(sent["content"].as_str().unwrap().lines().next().unwrap()).unwrap();
    assert_eq!((&order["parameters"], &sent["wait_for_response"]), (&note(), &json!(true)));
    assert!(!String::from_utf8(request).unwrap().contains(TOKEN));
    assert!(far.log().iter().any(|line| line.contains("x-hub-signature-256: sha256=")), "{:?}", far.log());
}

#[tokio::test]
async fn a_signature_by_another_secret_is_refused_and_nothing_is_done() {
    let far = legacy([]).await;
    let engine = webhook_at(&far.url, PATIENCE);
    let another = Identity::shared(Secret::new("another secret"));
    let answer = engine.send(&another, &claimed(&engine, execution(1, note()))).await.answer;
    assert!(matches!(&answer, Answer::Refused { why } if why.contains("webhook secret")), "{answer:?}");
    assert_eq!(far.journal().len(), 0);
}

#[tokio::test]
async fn the_same_order_twice_would_be_done_twice_and_so_is_never_sent_twice() {
    let far = legacy([Rule::reply(Reply::Drop)]).await;
    let engine = webhook_at(&far.url, PATIENCE);
    let order = claimed(&engine, execution(1, note()));
    engine.send(&us(), &order).await;
    engine.send(&us(), &order).await;
    assert_eq!(far.journal().len(), 2, "such a server has no memory");
    let (_, ended) = drive(&engine, order).await;
    assert_eq!((ended.state.phase(), ended.sends), (Phase::Unknown, 1), "a worker that died after the send");
    assert_eq!(far.journal().len(), 2);
}

#[tokio::test]
async fn what_is_too_large_for_a_message_never_leaves_us() {
    let far = legacy([]).await;
    let engine = webhook_at(&far.url, PATIENCE);
    let large = claimed(&engine, execution(1, json!({"text": "x".repeat(33_000)})));
    let answer = engine.send(&us(), &large).await.answer;
    assert!(matches!(&answer, Answer::Refused { why } if why.contains("Shorten")), "{answer:?}");
    assert_eq!(far.received().len(), 0);
}
