//! A webhook is added, tried, found failing and sent again, without a reload and without a look at JSON.

use serde_json::json;
use simulator::letterbox::{Hooks, Says};

use super::stage::{Stage, renewal};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_added_tested_and_what_died_is_sent_again() {
    let Some(mut stage) = Stage::set().await else { return };
    stage.work();
    let hooks = Hooks::start().await.unwrap();
    hooks.will([Says::Elsewhere("http://127.0.0.1:9/".into())]);
    let browser = stage.signed_in().await;
    browser.open("/settings").await;
    browser.settled().await;
    browser.mark().await;
    browser.click("button", "Add").await;
    browser.fill("Where", "nowhere").await;
    browser.click("dialog button[type=submit]", "Add").await;
    browser.sees(".wrong", "must be a URL").await;
    browser.fill("Where", &format!("{}/hook", hooks.url)).await;
    browser.fill("What it is called", "My house").await;
    browser.click("dialog button[type=submit]", "Add").await;
    browser.sees("pre", "whsec_").await;
    browser.click("dialog button", "I have kept it").await;

    // The first test is sent elsewhere, which is not followed; the second arrives.
    browser.click("button", "Test").await;
    browser.sees("li", "It sends us elsewhere").await;
    browser.click("button", "What was sent").await;
    browser.sees("dialog .chip", "Given up").await;
    browser.click("dialog button", "Try again").await;
    browser.sees("dialog .chip", "Arrived").await;
    browser.press(&[super::driver::ESCAPE]).await;

    // What the person is asked goes there, too.
    stage.post(&renewal("one", "First plan", 299)).await;
    let told = tests::eventually("a question arrives", async || {
        let calls = hooks.calls();
        calls.into_iter().find(|call| call.body.windows(18).any(|part| part == b"approval_requested"))
    })
    .await;
    assert!(told.signature.starts_with("v1,"));
    let (_, listed) = stage.person.call("GET", "/channels", None).await;
    assert_eq!(listed["items"][0]["trouble"], json!(null), "it is well");
    browser.click("[role=switch]", "My house").await;
    browser.sees(".chip", "Off").await;
    browser.click("button", "Remove").await;
    browser.click("dialog button", "Remove").await;
    browser.sees(".card", "Nowhere else").await;
    browser.was_not_reloaded().await;
    browser.complains_of_nothing(&["422"]).await;
    browser.close().await;
}
