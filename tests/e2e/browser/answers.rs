//! Signing in, and a person's answers: approve, edit, choose, above the limit, take back, stop.

use serde_json::json;

use super::stage::{Stage, invoice, renewal};

/// What a mail may try: to become part of the page.
const TRAP: &str = "<img src=x onerror=\"window.trapped = true\"> & <b>bold</b>";

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_answers_changes_and_takes_back() {
    let Some(mut stage) = Stage::set().await else { return };
    let (status, body) =
        stage.person.call("PUT", "/preferences/documents/auto_file_invoices", Some(&json!({ "value": true }))).await;
    assert!(status.is_success(), "{body}");
    stage.work();
    stage.post(&renewal("plain", TRAP, 299)).await;
    stage.post(&renewal("dear", "Annual plan", 60_000)).await;
    stage.post(&invoice("Invoice-1")).await;

    // By the operator's link, once: the same link opens nothing again.
    let link = stage.link_by_command();
    let browser = stage.driver.browser(&stage.origin()).await;
    browser.visit(&link).await;
    browser.sees("h1", "Now").await;
    let second = stage.driver.browser(&stage.origin()).await;
    second.visit(&link).await;
    second.sees(".note", "used already").await;
    second.close().await;

    // What a signal says is text, whatever it looks like.
    browser.sees("h3", TRAP).await;
    assert_eq!(browser.run("return window.trapped ?? null", json!([])).await, json!(null));
    assert_eq!(browser.run("return document.querySelectorAll('.ask img, .ask b').length", json!([])).await, 0);

    // Edit: a cheaper price, and a note that it was changed.
    browser.click("[data-approval]:has(h3) [data-deed=edit]", "Edit").await;
    browser.fill("Cost", "nonsense").await;
    browser.click("dialog button", "Approve as changed").await;
    browser.sees("dialog .wrong", "amount").await;
    browser.fill("Cost", "1.99").await;
    browser.click("dialog button", "Approve as changed").await;
    browser.no_longer_sees("h3", TRAP).await;

    // Above the daily limit: only with a reason and a deliberate yes.
    browser.click("[data-approval] [data-deed=approve]", "Approve").await;
    browser.sees("dialog h2", "Above your daily limit").await;
    browser.sees("dialog .facts", "$600.00").await;
    browser.click("dialog button", "Approve above the limit").await;
    browser.sees("dialog .wrong", "Say why").await;
    browser.fill("Why", "It is cheaper by the year.").await;
    browser.click("dialog label", "I want this").await;
    browser.click("dialog button", "Approve above the limit").await;
    browser.sees("h2", "All clear").await;

    // The money is on its page.
    browser.click("nav a", "Money").await;
    browser.sees(".legend", "$601.99").await;

    // What ran by itself is taken back, with the reason.
    browser.click("nav a", "Activity").await;
    browser.click("a.whole", "Invoice-1.pdf").await;
    browser.sees(".chip", "Done").await;
    browser.click("button", "Undo").await;
    browser.fill("Why", "Wrong folder").await;
    browser.click("dialog label", "Moderate").await;
    browser.click("dialog button", "Undo").await;
    browser.sees("h2", "Taking it back").await;
    browser.sees("section[data-execution]:first-of-type .chip", "Done").await;
    browser.no_longer_sees("button", "Undo").await;
    browser.complains_of_nothing(&["422", "409"]).await;

    // Stop takes one press, and going on is asked about.
    browser.click("[data-stop]", "Stop").await;
    browser.sees(".banner", "Your twin is stopped").await;
    browser.click(".banner button", "Let it go on").await;
    browser.click("dialog button", "Go on").await;
    browser.no_longer_sees(".banner", "Your twin is stopped").await;

    // Out again, and nothing is left to see.
    browser.open("/settings").await;
    browser.click("button", "Sign out").await;
    browser.sees("h1", "Sign in").await;
    browser.open("/money").await;
    browser.sees("h1", "Sign in").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_answered_at_once_and_each_is_told_for_itself() {
    let Some(mut stage) = Stage::set().await else { return };
    stage.work();
    for n in 1..=3 {
        stage.post(&renewal(&format!("plan-{n}"), &format!("Plan {n}"), 1_000 * n)).await;
    }
    let browser = stage.signed_in().await;
    for n in 1..=3 {
        browser.sees("h3", &format!("Plan {n}")).await;
        browser.click(&format!("[data-approval]:has(h3) [aria-label*='Plan {n}']"), "").await;
    }
    browser.sees(".batch", "3 selected").await;
    browser.click(".batch button", "Approve all").await;
    browser.sees("dialog p", "Together they cost $60.00").await;
    browser.click("dialog button", "Approve all").await;
    browser.sees("h2", "All clear").await;
    browser.complains_of_nothing(&[]).await;
    browser.close().await;
}
