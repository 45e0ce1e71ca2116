//! Every page, in both themes and two widths: nothing that axe-core finds wrong, nothing that overflows, nothing the
//! browser complains of; and pictures of all of them in `target/screenshots`, to be looked at.
//!
//! `axe.min.js` is axe-core 4.14.1 by Deque Systems, unchanged, under the MPL 2.0 that its head names; only this test uses it.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    driver::Browser,
    stage::{Stage, invoice, renewal},
};

const AXE: &str = include_str!("axe.min.js");
const RULES: &str = "const done = arguments[arguments.length - 1];
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
        .then((found) => done(found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`)),
            (error) => done([String(error)]));";

/// Things of every kind, so that no page is empty.
async fn furnish(stage: &mut Stage) {
    for (domain, key) in [("documents", "auto_file_invoices"), ("email", "auto_archive")] {
        let (status, body) =
            stage.person.call("PUT", &format!("/preferences/{domain}/{key}"), Some(&json!({ "value": true }))).await;
        assert!(status.is_success(), "{body}");
    }
    let rule = json!({ "when": { "any": [{ "field": "cost_cents", "op": "gt", "value": 2000 },
        { "field": "domain", "op": "in", "value": ["travel", "finance"] }] }, "effect": "require_approval", "reason": "I want to see larger sums" });
    let policy = json!({ "name": "Larger sums", "description": "Before anything dear.", "rules": [rule] });
    stage.person.call("POST", "/policies", Some(&policy)).await;
    stage.person.call("POST", "/triggers", Some(&json!({ "kind": "amount_threshold", "threshold_cents": 5000 }))).await;
    for (name, address) in [
        ("Home", "https://home.example.org/skytwin"),
        ("The office", "https://hooks.example.com/services/a-rather-long-path/9081"),
    ] {
        let channel = json!({ "kind": "webhook", "name": name, "address": address, "enabled": name == "Home", "minimum_severity": "critical" });
        let (status, body) = stage.person.call("POST", "/channels", Some(&channel)).await;
        assert!(status.is_success(), "{body}");
    }
    stage.work();
    stage.post(&invoice("Invoice-0818")).await;
    stage.post(&renewal("photos", "Your photo storage renews tomorrow", 299)).await;
    stage.post(&renewal("films", "A new price for your film plan", 1_899)).await;
    stage.post(&renewal("team", "Team plan, yearly", 99_900)).await;
    let letter = json!({ "source": "gmail", "type": "email_received", "external_id": "letter", "payload": { "message_id": "m-1",
        "from": "letters@gardening.example", "subject": "What to plant in November", "category": "newsletter" } });
    stage.post(&letter).await;
    let smoke = json!({ "source": "smart_home", "type": "safety_alert", "external_id": "smoke",
        "payload": { "device": "smoke_detector_kitchen", "action": "smoke_detected", "severity": "critical" } });
    stage.post(&smoke).await;
    let approvals = tests::eventually("everything is asked", async || {
        let (_, page) = stage.person.call("GET", "/approvals", None).await;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        (items.len() >= 3).then_some(items)
    })
    .await;
    let photos = approvals.iter().find(|one| one["summary"].as_str().unwrap().contains("photo")).unwrap();
    let path = format!("/approvals/{}/answer", photos["id"].as_str().unwrap());
    stage.person.call("POST", &path, Some(&json!({ "answer": "approve" }))).await;
    tests::eventually("it is done", async || {
        let (_, page) = stage.person.call("GET", "/executions", None).await;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        items.len() >= 3 && items.iter().all(|one| one["state"] == "succeeded")
    })
    .await;
}

/// Looks at one page: settled, sound, no wider than the window; and takes its picture.
async fn inspect(browser: &Browser, folder: &Path, name: &str, width: u32, scheme: &str) -> Vec<String> {
    let place = format!("{name} {width} {scheme}");
    let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    let mut wrong = Vec::new();
    if browser.run(wide, json!([])).await.as_i64().unwrap_or_default() > 0 {
        wrong.push(format!("{place}: wider than the window"));
    }
    browser.picture(&folder.join(format!("{name}-{width}-{scheme}.png"))).await;
    browser.run(AXE, json!([])).await;
    let found = browser.run_async(RULES, json!([])).await;
    wrong.extend(found.as_array().into_iter().flatten().filter_map(Value::as_str).map(|one| format!("{place}: {one}")));
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_sound_in_both_themes_and_two_widths() {
    let Some(mut stage) = Stage::set().await else { return };
    furnish(&mut stage).await;
    let decision = async |text: &str| {
        let (_, page) = stage.person.call("GET", "/decisions", None).await;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        let found = items.iter().find(|one| one["headline"].as_str().unwrap().contains(text)).unwrap();
        format!("/activity/{}", found["id"].as_str().unwrap())
    };
    let (_, policies) = stage.person.call("GET", "/policies", None).await;
    let pages = [
        ("now", "/".to_owned()),
        ("activity", "/activity".to_owned()),
        ("decision-done", decision("Invoice").await),
        ("decision-asked", decision("Team plan").await),
        ("twin", "/twin".to_owned()),
        ("twin-ask", "/twin/ask".to_owned()),
        ("twin-versions", "/twin/versions".to_owned()),
        ("trust", "/trust".to_owned()),
        ("money", "/money".to_owned()),
        ("rules", "/rules".to_owned()),
        ("rule", format!("/rules/{}", policies["items"][0]["id"].as_str().unwrap())),
        ("limits", "/rules/limits".to_owned()),
        ("accounts", "/accounts".to_owned()),
        ("notifications", "/notifications".to_owned()),
        ("settings", "/settings".to_owned()),
        ("missing", "/nowhere".to_owned()),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    let person = stage.signed_in().await;
    person.open("/accounts").await;
    person.click("button", "Connect Google").await;
    person.click("a", "Yes, connect").await;
    person.sees(".note", "is connected").await;
    let hook = json!({ "name": "Water works", "source": "billing" });
    assert!(stage.person.call("POST", "/webhooks", Some(&hook)).await.0.is_success());
    let operator = stage.driver.browser(&stage.origin()).await;
    operator.open("/").await;
    operator.fill("Token", stage.fleet.command(&["token", "add"]).trim()).await;
    operator.click("button", "Sign in").await;
    operator.sees("h1", "Queue").await;
    let stranger = stage.driver.browser(&stage.origin()).await;

    let mut wrong = Vec::new();
    for (width, scheme) in [(1440, "light"), (360, "light"), (1440, "dark"), (360, "dark")] {
        for browser in [&person, &operator, &stranger] {
            browser.pretend(width, scheme).await;
        }
        for (name, path) in &pages {
            person.open(path).await;
            person.settled().await;
            wrong.extend(inspect(&person, &folder, name, width, scheme).await);
        }
        operator.open("/queue").await;
        operator.settled().await;
        wrong.extend(inspect(&operator, &folder, "queue", width, scheme).await);
        stranger.open("/").await;
        stranger.sees("h1", "Sign in").await;
        wrong.extend(inspect(&stranger, &folder, "sign-in", width, scheme).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    person.complains_of_nothing(&["404", "favicon"]).await;
    for browser in [person, operator, stranger] {
        browser.close().await;
    }
}
