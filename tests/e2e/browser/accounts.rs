//! An account is connected at its provider, watched, signed in to again when the provider wants it, and let go of; and a hook
//! shows its secret once.

use simulator::google::Mail;

use super::{
    driver::ESCAPE,
    stage::{MAIL, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_connected_watched_signed_in_to_again_and_disconnected() {
    let Some(mut stage) = Stage::set().await else { return };
    stage.work();
    stage.google.google.deliver(MAIL, Mail::new("kim@work.example", "Lunch on Friday?", "Noon?"));
    let browser = stage.signed_in().await;
    browser.click("nav a", "Accounts").await;
    browser.sees("h2", "Nothing is connected").await;

    // A no leaves nothing behind, and is said.
    browser.click("button", "Connect Google").await;
    browser.click("a", "No").await;
    browser.sees("[role=alert]", "You did not allow it").await;
    browser.sees("h2", "Nothing is connected").await;

    browser.click("button", "Connect Google").await;
    browser.click("a", "Yes, connect").await;
    browser.sees(".note", "Google is connected").await;
    browser.sees("h2", MAIL).await;
    browser.sees(".chip", "Connected").await;
    browser.sees("li li", "Mail read").await;
    browser.sees("li li", "Calendar read").await;

    // What was there has come in.
    browser.click("nav a", "Activity").await;
    browser.sees("a.whole", "Lunch on Friday?").await;

    // The provider ends it: that is said here without a reload, and a new sign-in mends it.
    browser.click("nav a", "Accounts").await;
    browser.sees(".chip", "Connected").await;
    browser.mark().await;
    stage.provider.revoke_all("robin");
    browser.sees(".chip", "Needs you").await;
    browser.sees("main", "Google no longer lets your twin in").await;
    browser.was_not_reloaded().await;
    browser.click("button", "Sign in again").await;
    browser.click("a", "Yes, connect").await;
    browser.sees(".note", "Google is connected").await;
    browser.no_longer_sees(".chip", "Needs you").await;

    browser.click("button", "Disconnect").await;
    browser.click("button.main", "Disconnect").await;
    browser.sees(".toast", "Disconnected.").await;
    browser.sees(".chip", "Disconnected").await;
    browser.no_longer_sees("button", "Disconnect").await;
    assert_eq!(stage.provider.calls("robin").revoke, 1, "the provider was told");
    browser.complains_of_nothing(&["favicon"]).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_shows_its_secret_once() {
    let Some(stage) = Stage::set().await else { return };
    let browser = stage.signed_in().await;
    browser.click("nav a", "Accounts").await;
    browser.click("button", "New hook").await;
    browser.click("button", "Make it").await;
    browser.sees(".wrong", "").await;
    browser.fill("What you call it", "Water works").await;
    browser.fill("What its signals come from", "billing").await;
    browser.click("button", "Make it").await;
    browser.sees("pre", "whsec_").await;
    browser.sees("pre", &format!("{}/api/v1/hooks/", stage.origin())).await;
    browser.press(&[ESCAPE]).await;
    browser.sees("h3", "Water works").await;
    browser.open("/accounts").await;
    browser.sees("h3", "Water works").await;
    browser.no_longer_sees("*", "whsec_").await;
    browser.click("button", "Remove").await;
    browser.click("button.main", "Remove").await;
    browser.sees("p", "None yet.").await;
    browser.complains_of_nothing(&["422"]).await;
    browser.close().await;
}
