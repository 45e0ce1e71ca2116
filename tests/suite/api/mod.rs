//! The API over real HTTP and a real database: who may what, what is answered once, what is refused and how.

mod access;
mod answers;
mod dashboard;
mod docs;
mod engine;
mod headers;
mod hooks;
mod idempotency;
mod learning;
mod limits;
mod operating;
mod people;
mod profile;
mod resolutions;
mod rules;
mod seed;
mod sessions;
mod settings;
mod signals;
mod spend;
mod streams;
mod trust;
mod undo;

use std::net::Ipv4Addr;

use api::caller::Scope;
use domain::{id::UserId, outbox::Outbox, settings::Autonomy, tier::TrustTier};
use reqwest::{Method, header::HeaderMap};
use runtime::{Config, Shutdown};
use serde_json::Value;
use store::{Store, users};
use tests::World;
use tokio::net::TcpListener;

/// The bootstrap token of every door.
const BOOTSTRAP: &str = "only-for-this-test-0123456789";

/// An API that listens, with a world of its own behind it.
struct Door {
    world: World,
    store: Store,
    url: String,
    http: reqwest::Client,
    shutdown: Shutdown,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shutdown.request();
    }
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e} in {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn id(&self) -> String {
        self.body()["id"].as_str().unwrap_or_else(|| panic!("no id in {self:?}")).to_owned()
    }

    /// The status and the problem's code.
    fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        (self.status, self.body()["code"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// One request, before it is sent.
struct Call<'a> {
    door: &'a Door,
    request: reqwest::RequestBuilder,
}

impl Call<'_> {
    fn key(mut self, key: &str) -> Self {
        self.request = self.request.header("idempotency-key", key);
        self
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    fn text(mut self, kind: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("content-type", kind).body(body);
        self
    }

    async fn send(self) -> Reply {
        let mut response = self.request.send().await.unwrap_or_else(|e| panic!("{} at {}", e, self.door.url));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            // It has no end; how it begins is what this can tell.
            let began = response.chunk().await.expect("a beginning").unwrap_or_default();
            return Reply { status, headers, text: String::from_utf8_lossy(&began).into_owned() };
        }
        Reply { status, headers, text: response.text().await.expect("a whole body") }
    }
}

impl Door {
    async fn open() -> Self {
        Self::with(&[]).await
    }

    /// One whose environment says this as well.
    async fn with(more: &[(&str, &str)]) -> Self {
        let world = World::new().await;
        let store = world.store.clone();
        let keys = vault::Keyring::new_key("test", &world.entropy).expect("a key");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let variables = [
            ("SKYTWIN_BOOTSTRAP_TOKEN", BOOTSTRAP),
            ("SKYTWIN_PUBLIC_URL", &url),
            ("SKYTWIN_VAULT_KEY", keys.reveal()),
            ("SKYTWIN_PROVIDERS", r#"{"google": {"client_id": "test", "revoke_url": "http://127.0.0.1:1/"}}"#),
        ]
        .map(text);
        let variables = variables.into_iter().chain(more.iter().copied().map(text));
        let config = Config::read(variables).expect("a configuration");
        let state = api::State::new(store.clone(), world.clock.clone(), world.entropy.clone(), &config);
        let shutdown = Shutdown::new();
        let serving = shutdown.clone();
        shutdown.spawn("api", async move { api::serve(listener, state, serving).await.expect("served") });
        Self { world, store, url, http: tests::http(), shutdown }
    }

    /// Adds a person who trusts the twin this much.
    async fn person(&self, name: &str, tier: TrustTier) -> UserId {
        let now = self.world.now();
        let id = self.world.entropy.id(now);
        let autonomy = Autonomy {
            max_spend_per_action_cents: Some(10_000),
            max_daily_spend_cents: Some(50_000),
            ..Autonomy::default()
        };
        let new = users::NewUser { id, name: name.into(), email: None, timezone: chrono_tz::UTC, tier, autonomy };
        let mut tx = self.store.begin().await.unwrap();
        users::create(&mut tx, &new, now).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
        id
    }

    /// Mints a token; nobody's is an operator's.
    async fn token(&self, user: Option<UserId>, scopes: &[Scope]) -> String {
        let now = self.world.now();
        let minted = api::token::scoped(&self.world.entropy, user, "test", scopes.iter().copied(), None, now);
        let mut tx = self.store.begin().await.unwrap();
        store::tokens::insert(&mut tx, &minted.token, &minted.hash).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
        minted.secret.reveal().to_owned()
    }

    /// A person with a token that may do everything a person may.
    async fn somebody(&self, name: &str, tier: TrustTier) -> (UserId, String) {
        let user = self.person(name, tier).await;
        (user, self.token(Some(user), &Scope::ALL[..4]).await)
    }

    fn call(&self, method: Method, path: &str, token: &str) -> Call<'_> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.url));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        Call { door: self, request }
    }

    fn post_raw(&self, path: &str, token: &str, body: impl Into<reqwest::Body>) -> Call<'_> {
        self.call(Method::POST, path, token).text("application/json", body)
    }

    fn post(&self, path: &str, token: &str, body: &Value) -> Call<'_> {
        self.post_raw(path, token, body.to_string())
    }

    async fn get(&self, path: &str, token: &str) -> Reply {
        self.call(Method::GET, path, token).send().await
    }

    /// How many rows a table has.
    async fn count(&self, table: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&self.world.pool)
            .await
            .unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.world.pool).await.unwrap();
    }
}
