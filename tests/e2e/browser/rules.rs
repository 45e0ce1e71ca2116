//! A rule is built without writing JSON, tried on what happened, and holds from then on; quiet hours and limits too.

use serde_json::json;

use super::stage::{Stage, renewal};

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_built_tried_on_the_past_and_holds() {
    let Some(mut stage) = Stage::set().await else { return };
    stage.work();
    stage.post(&renewal("small", "Small plan", 500)).await;
    stage.post(&renewal("large", "Large plan", 3_000)).await;
    let browser = stage.signed_in().await;
    browser.sees("h3", "Small plan").await;
    browser.sees("h3", "Large plan").await;

    browser.click("nav a", "Rules").await;
    browser.click("a", "Write a rule").await;
    browser.fill("What it is called", "Nothing dear").await;
    browser.run("const v = document.querySelector('.line input'); v.focus(); v.select();", json!([])).await;
    browser.press(&["x"]).await;
    browser.click("button", "Try it on the past").await;
    browser.sees(".wrong", "Write an amount").await;
    browser.run("document.querySelector('.line input').select();", json!([])).await;
    browser.press(&["1", "0"]).await;
    browser.fill("Why (you will read this when it asks)", "Nothing dear, please").await;
    browser.click(".choices label", "Never do it").await;
    browser.click("button", "Try it on the past").await;
    browser.sees("h2", "1 decision would have gone another way").await;
    browser.sees(".rows", "Large plan").await;
    browser.click("button", "Save").await;
    browser.sees(".rows", "cost is more than 10.00").await;

    // It holds: what would be dear is refused, and the reason is readable.
    stage.post(&renewal("later", "Later plan", 4_000)).await;
    browser.click("nav a", "Activity").await;
    browser.click("a.whole", "Later plan").await;
    browser.sees(".chip", "Refused").await;
    browser.sees("main", "Nothing dear, please").await;

    // Two windows on one rule: the second to save is told, not silently overruled.
    let (_, policies) = stage.person.call("GET", "/policies", None).await;
    let policy = &policies["items"][0];
    browser.open(&format!("/rules/{}", policy["id"].as_str().unwrap())).await;
    browser.settled().await;
    let other = json!({ "name": "Changed elsewhere", "rules": policy["rules"] });
    let (status, _) =
        stage.person.call("PUT", &format!("/policies/{}", policy["id"].as_str().unwrap()), Some(&other)).await;
    assert!(status.is_success());
    browser.fill("What it is called", "Changed here").await;
    browser.click("button", "Save").await;
    browser.sees("[role=alert]", "Read it again").await;

    // Quiet hours with their zone.
    browser.open("/rules/limits").await;
    browser.settled().await;
    browser.click("label", "Keep quiet at certain hours").await;
    browser.click("button", "Save").await;
    browser.sees(".toast", "Saved").await;
    let (_, settings) = stage.person.call("GET", "/settings", None).await;
    assert_eq!(settings["autonomy"]["quiet_hours"], json!({ "start": "22:00", "end": "07:00" }));
    assert_eq!(settings["timezone"], "Europe/Berlin");
    browser.complains_of_nothing(&["412"]).await;
    browser.close().await;
}
