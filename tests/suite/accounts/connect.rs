//! The sign-in belongs to the browser that began it; and an account can be let go of, whatever its provider says.

use chrono::TimeDelta;
use domain::account::State as Standing;
use reqwest::Method;
use serde_json::{Value, json};
use simulator::provider::{Fault, On, Rule};

use super::rig::{ANN, Rig};

async fn accounts(rig: &Rig, token: &str) -> Vec<Value> {
    let (status, body, _) = rig.ask(Method::GET, "/accounts", token, None).await;
    assert_eq!((status, &body["providers"]), (200, &json!(["google"])));
    body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_sign_in_ends_on_the_accounts_page_with_a_connection_that_works() {
    let rig = Rig::new().await;
    let user = rig.user("Ann").await;
    let token = rig.token(user).await;
    assert_eq!(accounts(&rig, &token).await, Vec::<Value>::new());
    assert_eq!(rig.connect(&token).await, "/accounts?connected=google");

    let [account] = accounts(&rig, &token).await.try_into().unwrap();
    assert_eq!((&account["state"], &account["label"]), (&json!("active"), &json!("person0@example.com")));
    let scopes = account["scopes"].as_array().unwrap();
    assert!(scopes.iter().any(|scope| scope == "https://www.googleapis.com/auth/gmail.modify"), "{scopes:?}");
    let id = account["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(rig.provider.holder(rig.tokens(user, id).await.access()).as_deref(), Some(ANN));
    let shown = rig.ask(Method::GET, &format!("/accounts/{id}"), &token, None).await.1;
    assert_eq!(shown, account);

    // The same person again is the same account.
    assert_eq!(rig.connect(&token).await, "/accounts?connected=google");
    let [again] = accounts(&rig, &token).await.try_into().unwrap();
    assert_eq!(again["id"], account["id"]);
    assert_eq!(rig.found(user, id).await.grant, 2);
    assert_eq!(rig.count("account_connects").await, 0, "nothing is left of the sign-ins");
}

#[tokio::test]
async fn a_state_is_good_once_for_ten_minutes_and_in_its_own_browser_only() {
    let rig = Rig::new().await;
    let (ann, bob) = (rig.user("Ann").await, rig.user("Bob").await);
    let (of_ann, of_bob) = (rig.token(ann).await, rig.token(bob).await);
    let problem = |place: &str| place.starts_with("/accounts?problem=");

    // Used twice.
    let (sign_in, cookie) = rig.begin(&of_ann).await;
    let (_, callback) = rig.visit(&sign_in, "").await;
    assert_eq!(rig.visit(&callback, &cookie).await.1, "/accounts?connected=google");
    let (status, place) = rig.visit(&callback, &cookie).await;
    assert!(status == 303 && problem(&place), "{place}");

    // Begun by Ann, ended in Bob's browser, who has begun one of his own: neither of them gets the other's account.
    let (sign_in, cookie) = rig.begin(&of_ann).await;
    let (_, cookie_of_bob) = rig.begin(&of_bob).await;
    let (_, callback) = rig.visit(&sign_in, "").await;
    assert!(problem(&rig.visit(&callback, &cookie_of_bob).await.1));
    assert!(problem(&rig.visit(&callback, &cookie).await.1), "it was used up");

    // Without a cookie: a link that somebody was sent.
    let (sign_in, _) = rig.begin(&of_ann).await;
    let (_, callback) = rig.visit(&sign_in, "").await;
    assert!(problem(&rig.visit(&callback, "").await.1));

    // Too late.
    let (sign_in, cookie) = rig.begin(&of_ann).await;
    let (_, callback) = rig.visit(&sign_in, "").await;
    rig.world.pass(TimeDelta::minutes(10));
    assert!(problem(&rig.visit(&callback, &cookie).await.1));

    // Made up, or nothing at all.
    for query in ["state=made-up&code=x", "code=x", "state=", ""] {
        let (status, place) = rig.visit(&format!("{}/api/v1/oauth/callback?{query}", rig.url), &cookie).await;
        assert!(status == 303 && problem(&place), "{query}: {place}");
    }
    assert_eq!((accounts(&rig, &of_ann).await.len(), accounts(&rig, &of_bob).await.len()), (1, 0));
    assert_eq!(rig.provider.calls(ANN).exchange, 1, "only the good one reached the provider");
}

#[tokio::test]
async fn a_person_who_says_no_and_a_provider_in_trouble_leave_nothing_behind() {
    let rig = Rig::new().await;
    let user = rig.user("Ann").await;
    let token = rig.token(user).await;
    let (sign_in, cookie) = rig.begin(&token).await;
    let (_, callback) = rig.visit(&format!("{sign_in}&answer=no"), "").await;
    assert!(callback.contains("error=access_denied"), "{callback}");
    assert!(rig.visit(&callback, &cookie).await.1.contains("You+did+not+allow+it"));
    for (fault, said) in [
        (Fault::Status(503, None), "can%27t+be+reached"),
        (Fault::Error(400, "invalid_grant"), "did+not+accept"),
        (Fault::Error(401, "invalid_client"), "operator+was+told"),
    ] {
        rig.provider.inject([Rule::new(On::Exchange, fault.clone())]);
        let place = rig.connect(&token).await;
        assert!(place.contains(said), "{fault:?}: {place}");
    }
    assert_eq!((accounts(&rig, &token).await.len(), rig.count("secrets").await), (0, 0));
    assert_eq!(store::alerts::list(&rig.world.store, 9).await.unwrap()[0].key, "oauth:google");
    assert_eq!(rig.connect(&token).await, "/accounts?connected=google");
    assert!(store::alerts::list(&rig.world.store, 9).await.unwrap()[0].resolved_at.is_some());
}

#[tokio::test]
async fn disconnecting_gives_the_tokens_back_and_forgets_them_even_when_the_provider_is_down() {
    let rig = Rig::new().await;
    let user = rig.user("Ann").await;
    let token = rig.token(user).await;
    for (down, told) in [(false, true), (true, false)] {
        rig.connect(&token).await;
        let id = accounts(&rig, &token).await[0]["id"].as_str().unwrap().parse().unwrap();
        let access = rig.tokens(user, id).await;
        if down {
            rig.provider.inject([Rule::new(On::Revoke, Fault::Reset).always()]);
        }
        let (status, body, _) = rig.ask(Method::DELETE, &format!("/accounts/{id}"), &token, None).await;
        assert_eq!((status, &body["revoked_at_provider"]), (200, &json!(told)), "{body}");
        assert_eq!(rig.provider.holder(access.access()).is_none(), told);
        assert_eq!(rig.found(user, id).await.state, Standing::Revoked);
        assert_eq!(rig.count("secrets").await, 0);
        assert_eq!(rig.overdue().await, []);
        // Twice is once, and the timer that still rings finds nothing to do.
        assert_eq!(rig.ask(Method::DELETE, &format!("/accounts/{id}"), &token, None).await.0, 200);
        rig.world.pass(TimeDelta::hours(1));
        rig.run(id).await.unwrap();
    }
    assert_eq!(rig.provider.calls(ANN).refresh, 0);
}

#[tokio::test]
async fn what_is_not_set_up_is_said_and_nothing_is_begun() {
    let rig = Rig::new().await;
    let token = rig.token(rig.user("Ann").await).await;
    let unknown = json!({ "provider": "acme" });
    let (status, body, _) = rig.ask(Method::POST, "/accounts/connect", &token, Some(unknown)).await;
    assert_eq!((status, &body["errors"][0]["path"]), (422, &json!("/provider")));
    assert_eq!(rig.count("account_connects").await, 0);
}
