//! The demo's mailbox: what comes in there is dealt with there, and what was done is taken back there.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{eventually, free_port, within};

use crate::up::{DEMO_SIGNALS, data, decisions, start};

/// Whether the newsletter is in the inbox, by what the double keeps.
fn in_inbox(data: &TempDir) -> Option<bool> {
    let kept: Value = serde_json::from_slice(&std::fs::read(data.path().join("state/google.json")).ok()?).ok()?;
    let mailboxes = kept.as_object()?.values();
    let messages = mailboxes.flat_map(|person| person["mailbox"]["messages"].as_array().cloned().unwrap_or_default());
    let labels = messages.map(|message| message["labels"].as_array().cloned().unwrap_or_default());
    let letter = labels.into_iter().find(|labels| labels.contains(&json!("CATEGORY_PROMOTIONS")))?;
    Some(letter.contains(&json!("INBOX")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newsletter_in_the_demos_mailbox_is_archived_there_and_undo_brings_it_back() {
    let (data, port, http) = (data(), free_port(), tests::http());
    let mut up = start(&data, port);
    let found = within(Duration::from_mins(2), "the demo's signals are decided", async || {
        decisions(&data, &http, port).await.filter(|decisions| decisions.len() >= DEMO_SIGNALS)
    })
    .await;
    eventually("the newsletter is archived", async || (in_inbox(&data) == Some(false)).then_some(())).await;

    let note: Value = serde_json::from_slice(&std::fs::read(data.path().join("state/running.json")).unwrap()).unwrap();
    let token = note["token"].as_str().unwrap();
    let root = format!("http://127.0.0.1:{port}/api/v1");
    let archived = async |decision: &Value| {
        let url = format!("{root}/decisions/{}", decision["id"].as_str().unwrap());
        let shown: Value = http.get(url).bearer_auth(token).send().await.unwrap().json().await.unwrap();
        shown.to_string().contains("gardening.example") && shown["outcome"] == "auto"
    };
    let mut decision = None;
    for candidate in &found {
        if archived(candidate).await {
            decision = candidate["id"].as_str();
        }
    }
    let undo = format!("{root}/decisions/{}/undo", decision.expect("the newsletter's decision"));
    eventually("it can be undone", async || {
        let why = json!({ "reason": "I want to read it.", "severity": "minor" });
        let answer = http.post(&undo).bearer_auth(token).json(&why).send().await.ok()?;
        (answer.status() == 202).then_some(())
    })
    .await;
    eventually("it is back in the inbox", async || (in_inbox(&data) == Some(true)).then_some(())).await;
    assert_eq!(up.terminate().await, Some(0), "{}", up.log());
}
