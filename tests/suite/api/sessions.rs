//! A browser signs in once by link or by token, is let in by its cookie, and by nothing another site can make it send.

use api::caller::Scope;
use chrono::TimeDelta;
use domain::tier::TrustTier;
use reqwest::Method;
use serde_json::{Value, json};

use super::{BOOTSTRAP, Door, Reply};

/// A browser that is signed in.
struct Browser<'a> {
    door: &'a Door,
    cookie: String,
    csrf: String,
}

impl<'a> Browser<'a> {
    fn of(door: &'a Door, reply: &Reply) -> Self {
        let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
        Self { door, cookie, csrf: reply.body()["csrf"].as_str().unwrap().to_owned() }
    }

    /// A request as our own page makes it.
    fn call(&self, method: Method, path: &str) -> super::Call<'a> {
        let call = self.door.call(method.clone(), path, "").header("cookie", &format!("theme=dark; {}", self.cookie));
        let call = call.header("sec-fetch-site", "same-origin");
        if method == Method::GET { call } else { call.header("x-skytwin-csrf", &self.csrf) }
    }

    async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path).send().await
    }
}

async fn sign_in(door: &Door, with: &Value) -> Reply {
    door.post("/sign-in", "", with).header("user-agent", "Firefox").send().await
}

async fn link(door: &Door, token: &str) -> String {
    let url = door.call(Method::POST, "/login-links", token).send().await.is(201).body()["url"].clone();
    let (page, code) = url.as_str().unwrap().split_once('#').unwrap();
    assert_eq!(page, format!("{}/sign-in", door.url));
    code.to_owned()
}

#[tokio::test]
async fn a_link_signs_in_one_browser_once_and_its_cookie_is_out_of_reach_of_scripts() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let code = link(&door, &token).await;
    let reply = sign_in(&door, &json!({ "link": code })).await.is(200);
    let set = reply.header("set-cookie");
    assert!(set.starts_with("skytwin=ss_") && set.contains("; HttpOnly; SameSite=Lax"), "{set}");
    assert!(!reply.text.contains(&set[8..40]), "the secret is in the cookie alone");
    assert_eq!(reply.body()["user"]["id"], user.to_string());
    assert_eq!(reply.body()["scopes"], json!(["read", "signal", "answer", "settings"]));
    assert_eq!(reply.body()["session"]["agent"], "Firefox");

    let browser = Browser::of(&door, &reply);
    assert_eq!(browser.get("/session").await.is(200).body(), reply.body());
    browser.get("/decisions").await.is(200);
    browser.call(Method::POST, "/stop").send().await.is(200);
    assert_eq!(sign_in(&door, &json!({ "link": code })).await.problem(), (401, "unauthenticated".into()));

    let late = link(&door, &token).await;
    door.world.pass(TimeDelta::minutes(15));
    for wrong in [late.as_str(), "", "sl_x", &format!("sl_{}", "x".repeat(43))] {
        assert_eq!(sign_in(&door, &json!({ "link": wrong })).await.problem().0, 401, "{wrong}");
    }
    let stored: Vec<String> = sqlx::query_scalar("SELECT l::text || s::text FROM login_links l, sessions s")
        .fetch_all(&door.world.pool)
        .await
        .unwrap();
    assert!(!stored.is_empty() && stored.iter().all(|row| !row.contains(&code) && !row.contains(&browser.cookie[8..])));
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure_and_bound_to_its_host() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let call = door.post("/sign-in", "", &json!({ "token": token })).header("x-forwarded-proto", "https");
    let reply = call.send().await.is(200);
    let set = reply.header("set-cookie");
    assert!(set.starts_with("__Host-skytwin=ss_") && set.contains("; Path=/;") && set.ends_with("; Secure"), "{set}");
    let browser = Browser::of(&door, &reply);
    browser.call(Method::GET, "/session").header("x-forwarded-proto", "https").send().await.is(200);
    let planted = Browser { cookie: browser.cookie.replace("__Host-", ""), ..browser };
    let call = planted.call(Method::GET, "/session").header("x-forwarded-proto", "https");
    assert_eq!(call.send().await.problem().0, 401, "a neighbour's cookie is none");
}

#[tokio::test]
async fn what_another_site_makes_a_browser_send_changes_nothing() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let browser = Browser::of(&door, &sign_in(&door, &json!({ "token": token })).await.is(200));
    let other = Browser::of(&door, &sign_in(&door, &json!({ "token": token })).await.is(200));
    let host = door.url.trim_start_matches("http://");
    let stop = || door.call(Method::POST, "/stop", "").header("cookie", &browser.cookie);
    let shown = || stop().header("x-skytwin-csrf", &browser.csrf);
    for (what, call) in [
        ("no token", stop()),
        ("no token from our own page", stop().header("sec-fetch-site", "same-origin")),
        ("a token of another session", stop().header("x-skytwin-csrf", &other.csrf)),
        ("another site", shown().header("sec-fetch-site", "cross-site")),
        ("a sister site", shown().header("sec-fetch-site", "same-site")),
        ("another origin", shown().header("origin", "https://evil.example")),
        ("no origin to speak of", shown().header("origin", "null")),
        ("a lookalike", shown().header("origin", &format!("http://evil.{host}"))),
    ] {
        assert_eq!(call.send().await.problem(), (403, "cross_site".into()), "{what}");
    }
    assert_eq!(store::users::get(&door.store, user).await.unwrap().stopped_at, None);
    shown().header("origin", &format!("http://{host}")).send().await.is(200);
    shown().send().await.is(200);

    let planted = door.post("/sign-in", "", &json!({ "token": token })).header("sec-fetch-site", "cross-site");
    assert_eq!(planted.send().await.problem().1, "cross_site", "nobody is signed in by another site");
    // A token that is shown goes before a cookie that comes along, and needs no more.
    let (bob, bobs) = door.somebody("Bob", TrustTier::Suggest).await;
    let asked = door.call(Method::GET, "/session", &bobs).header("cookie", &browser.cookie).send().await.is(200);
    assert_eq!((&asked.body()["user"]["id"], &asked.body()["csrf"]), (&json!(bob.to_string()), &Value::Null));
}

#[tokio::test]
async fn a_session_may_what_its_token_may_and_ends_with_it() {
    let door = Door::open().await;
    let user = door.person("Ada", TrustTier::Suggest).await;
    let token = door.token(Some(user), &[Scope::Read]).await;
    let browser = Browser::of(&door, &sign_in(&door, &json!({ "token": token })).await.is(200));
    let linked = Browser::of(&door, &sign_in(&door, &json!({ "link": link(&door, &token).await })).await.is(200));
    let unused = link(&door, &token).await;
    for browser in [&browser, &linked] {
        browser.get("/decisions").await.is(200);
        assert_eq!(browser.call(Method::POST, "/stop").send().await.problem(), (403, "forbidden".into()));
    }
    door.execute("UPDATE api_tokens SET revoked_at = created_at").await;
    for browser in [&browser, &linked] {
        assert_eq!(browser.get("/decisions").await.problem().0, 401);
    }
    assert_eq!(sign_in(&door, &json!({ "link": unused })).await.problem().0, 401);
    assert_eq!(sign_in(&door, &json!({ "token": BOOTSTRAP })).await.problem(), (403, "forbidden".into()));

    let operator = door.token(None, &[Scope::Operator]).await;
    let operator = Browser::of(&door, &sign_in(&door, &json!({ "token": operator })).await.is(200));
    operator.get("/jobs").await.is(200);
    assert_eq!(operator.get("/decisions").await.problem(), (403, "forbidden".into()));
    let asked = operator.get("/session").await.body();
    assert_eq!((&asked["user"], &asked["scopes"]), (&Value::Null, &json!(["operator"])));
}

#[tokio::test]
async fn a_session_lives_while_it_is_used_but_no_longer_than_a_month_and_ends_when_told() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let used = Browser::of(&door, &sign_in(&door, &json!({ "token": token })).await.is(200));
    let idle = Browser::of(&door, &sign_in(&door, &json!({ "token": token })).await.is(200));
    door.world.pass(TimeDelta::days(6));
    used.get("/session").await.is(200);
    door.world.pass(TimeDelta::days(1));
    assert_eq!(idle.get("/session").await.problem().0, 401, "a week is over");
    for _ in 0..4 {
        used.get("/session").await.is(200);
        door.world.pass(TimeDelta::days(5));
    }
    used.get("/session").await.is(200);
    door.world.pass(TimeDelta::days(3));
    assert_eq!(used.get("/session").await.problem().0, 401, "30 days are over");

    let one = Browser::of(&door, &sign_in(&door, &json!({ "token": token })).await.is(200));
    let two = Browser::of(&door, &sign_in(&door, &json!({ "token": token })).await.is(200));
    let listed = one.get("/sessions").await.is(200).body();
    let (here, there): (Vec<&Value>, Vec<&Value>) =
        listed["items"].as_array().unwrap().iter().partition(|session| session["current"] == true);
    assert_eq!((here.len(), there.len()), (1, 1), "{listed}");
    let path = format!("/sessions/{}", there[0]["id"].as_str().unwrap());
    one.call(Method::DELETE, &path).send().await.is(204);
    one.call(Method::DELETE, &path).send().await.is(204);
    assert_eq!(two.get("/session").await.problem().0, 401);
    let out = one.call(Method::POST, "/sign-out").send().await.is(204);
    assert!(out.header("set-cookie").starts_with("skytwin=; Path=/; Max-Age=0"), "{out:?}");
    assert_eq!(one.get("/session").await.problem().0, 401);
}

#[tokio::test]
async fn a_browser_that_signs_in_again_leaves_no_earlier_session_behind() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let first = Browser::of(&door, &sign_in(&door, &json!({ "token": token })).await.is(200));
    let again =
        door.post("/sign-in", "", &json!({ "token": token })).header("cookie", &first.cookie).send().await.is(200);
    let second = Browser::of(&door, &again);
    assert_eq!(first.get("/session").await.problem().0, 401, "the earlier one is over");
    let listed = second.get("/sessions").await.is(200).body();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");

    let elsewhere = Browser::of(&door, &sign_in(&door, &json!({ "token": token })).await.is(200));
    second.get("/session").await.is(200);
    elsewhere.get("/session").await.is(200);
}
