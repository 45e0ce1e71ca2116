//! Keys alone are enough: from signing in to an answer, without a mouse.

use serde_json::json;

use super::{
    driver::{Browser, ENTER, ESCAPE, TAB},
    stage::{Stage, renewal},
};

/// Tabs until the focus is on something with this text.
async fn tab_to(browser: &Browser, text: &str) {
    for _ in 0..60 {
        let script = "const e = document.activeElement; return (e?.innerText || e?.getAttribute('aria-label') || '').includes(arguments[0]) && e !== document.body";
        if browser.run(script, json!([text])).await == true {
            return;
        }
        browser.press(&[TAB]).await;
    }
    panic!("{text:?} can't be reached with Tab");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_alone_are_enough() {
    let Some(mut stage) = Stage::set().await else { return };
    stage.work();
    stage.post(&renewal("one", "First plan", 299)).await;
    stage.post(&renewal("two", "Second plan", 399)).await;
    let browser = stage.signed_in().await;
    browser.sees("h3", "First plan").await;
    browser.sees("h3", "Second plan").await;

    // Help, and out of it.
    browser.press(&["?"]).await;
    browser.sees("dialog h2", "Keys").await;
    browser.press(&[ESCAPE]).await;
    browser.no_longer_sees("dialog h2", "Keys").await;

    // The first is approved where the focus is, and the focus goes on to the next.
    browser.press(&["j"]).await;
    let title = "return document.activeElement.querySelector('h3')?.textContent ?? ''";
    let first = browser.run(title, json!([])).await.as_str().unwrap().to_owned();
    browser.press(&["a"]).await;
    browser.no_longer_sees("h3", &first).await;
    let second = browser.run(title, json!([])).await.as_str().unwrap().to_owned();
    assert!(second.contains("plan") && second != first, "the focus is on the next: {second:?}");

    // The next is rejected with its reason.
    browser.press(&["r"]).await;
    browser.sees("dialog h2", "Reject").await;
    browser.press(&["N", "o", "t", " ", "n", "o", "w"]).await;
    browser.press(&[TAB, TAB]).await;
    tab_to(&browser, "Reject").await;
    browser.press(&[ENTER]).await;
    browser.sees("h2", "All clear").await;

    // To another page by its keys, and by tabbing to a link.
    browser.press(&["g", "t"]).await;
    browser.sees("h1", "Twin").await;
    let heading = browser.run("return document.activeElement.tagName", json!([])).await;
    assert_eq!(heading, "H1", "the page that opened has the focus");
    browser.open("/").await;
    browser.settled().await;
    browser.press(&[TAB]).await;
    let skip = browser.run("return document.activeElement.textContent", json!([])).await;
    assert_eq!(skip, "Skip to the content");
    tab_to(&browser, "Trust").await;
    browser.press(&[ENTER]).await;
    browser.sees("h1", "Trust").await;
    browser.complains_of_nothing(&[]).await;
    browser.close().await;
}
