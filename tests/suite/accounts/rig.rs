//! One API, one provider and the jobs of a worker, on a database and a clock of their own.

use std::{collections::BTreeMap, net::Ipv4Addr};

use api::caller::Scope;
use chrono::TimeDelta;
use domain::{
    account::{Account, Granted, Identity},
    id::{AccountId, UserId},
    job::Job,
    outbox::Outbox,
    settings::Autonomy,
    tier::TrustTier,
};
use oauth::Tokens;
use queue::Failure;
use reqwest::{Method, redirect};
use runtime::{Config, Shutdown};
use serde_json::{Value, json};
use simulator::provider::{Options, Person, Provider, Running};
use store::{accounts, secrets, users};
use tests::World;
use tokio::net::TcpListener;
use vault::{Binding, Purpose};
use worker::{State, jobs};

pub(super) const ANN: &str = "1001";
pub(super) const CLIENT_SECRET: &str = "client-secret-that-nobody-may-see";
pub(super) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Whatever the jitter, every token of an hour is due by then, and none has run out.
pub(super) const DUE: TimeDelta = TimeDelta::minutes(52);

pub(super) struct Rig {
    pub(super) world: World,
    pub(super) provider: Running,
    /// A worker's.
    pub(super) state: State,
    /// Of the API.
    pub(super) url: String,
    pub(super) http: reqwest::Client,
    pub(super) config: Config,
    shutdown: Shutdown,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.shutdown.request();
    }
}

pub(super) fn person(number: usize) -> Person {
    Person { subject: (1001 + number).to_string(), email: format!("person{number}@example.com") }
}

impl Rig {
    pub(super) async fn new() -> Self {
        Self::with(1).await
    }

    /// With so many people at the provider.
    pub(super) async fn with(people: usize) -> Self {
        let world = World::new().await;
        let options = Options::new("skytwin-test", CLIENT_SECRET, (0..people).map(person).collect());
        let provider = Provider::start((Ipv4Addr::LOCALHOST, 0).into(), options).await.expect("a provider");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let google = provider.settings();
        let text = |text: &str| text.to_owned();
        let config = Config::read(BTreeMap::from([
            (text("SKYTWIN_ENGINE_URL"), text("http://127.0.0.1:1/")),
            (text("SKYTWIN_ENGINE_TOKEN"), text("an engine's token")),
            (text("SKYTWIN_PUBLIC_URL"), url.clone()),
            (text("SKYTWIN_VAULT_KEY"), format!("k1:{KEY}")),
            (text("SKYTWIN_PROVIDERS"), json!({ "google": google }).to_string()),
        ]));
        let config = config.expect("a configuration");
        let state = State::new(world.store.clone(), world.clock.clone(), world.entropy.clone(), &config);
        let state = State { faults: world.faults.clone(), ..state.expect("a worker") };
        let api = api::State::new(world.store.clone(), world.clock.clone(), world.entropy.clone(), &config);
        let shutdown = Shutdown::new();
        let serving = shutdown.clone();
        shutdown.spawn("api", async move { api::serve(listener, api, serving).await.expect("served") });
        let http = tests::http(); // installs the cryptography
        drop(http);
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build().expect("an HTTP client");
        Self { world, provider, state, url, http, config, shutdown }
    }

    pub(super) async fn user(&self, name: &str) -> UserId {
        let now = self.world.now();
        let id = self.world.entropy.id(now);
        let autonomy = Autonomy::default();
        let (tier, timezone) = (TrustTier::Observer, chrono_tz::UTC);
        let new = users::NewUser { id, name: name.into(), email: None, timezone, tier, autonomy };
        let mut tx = self.world.store.begin().await.unwrap();
        users::create(&mut tx, &new, now).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
        id
    }

    /// Everything a person may do.
    pub(super) async fn token(&self, user: UserId) -> String {
        let now = self.world.now();
        let scopes = Scope::ALL[..4].iter().copied();
        let minted = api::token::scoped(&self.world.entropy, Some(user), "test", scopes, None, now);
        let mut tx = self.world.store.begin().await.unwrap();
        store::tokens::insert(&mut tx, &minted.token, &minted.hash).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
        minted.secret.reveal().to_owned()
    }

    /// An account as a sign-in leaves it, without the sign-in.
    pub(super) async fn account(&self, user: UserId, who: &Person) -> AccountId {
        let (access, refresh) = self.provider.grant(&who.subject);
        let (now, id) = (self.world.now(), user.child(&format!("account:google:{}", who.subject)));
        let identity = Identity { subject: who.subject.clone(), label: Some(who.email.clone()) };
        let granted = Granted { life: Some(TimeDelta::seconds(3599)), scopes: Some(vec!["mail".into()]) };
        let draw = u32::from_le_bytes(self.world.entropy.bytes()) % 10_001;
        let (account, outbox) = Account::connect(id, user, "google".into(), identity, granted, draw, now);
        let tokens = Tokens::new(access, Some(refresh)).to_bytes();
        let keys = self.config.vault.as_ref().unwrap();
        let sealed = keys.seal(binding(user, id), &tokens, &self.world.entropy).unwrap();
        let mut tx = self.world.store.begin().await.unwrap();
        let lock = tx.lock(user).await.unwrap();
        accounts::connect(&mut tx, &lock, &account).await.unwrap();
        secrets::put(&mut tx, &lock, binding(user, id), &sealed, now).await.unwrap();
        tx.commit(outbox, now).await.unwrap();
        id
    }

    /// One person with one account whose refresh is due.
    pub(super) async fn due(&self) -> (UserId, AccountId) {
        let user = self.user("Ann").await;
        let id = self.account(user, &person(0)).await;
        self.world.pass(DUE);
        (user, id)
    }

    /// One run of the job.
    pub(super) async fn run(&self, id: AccountId) -> Result<(), Failure> {
        run(&self.state, id).await
    }

    pub(super) async fn found(&self, user: UserId, id: AccountId) -> Account {
        accounts::get(&self.world.store, user, id).await.unwrap()
    }

    /// The tokens that are kept.
    pub(super) async fn tokens(&self, user: UserId, id: AccountId) -> Tokens {
        let sealed = secrets::get(&self.world.store, binding(user, id)).await.unwrap();
        let opened = self.config.vault.as_ref().unwrap().open(binding(user, id), &sealed).unwrap();
        Tokens::from_bytes(opened.reveal()).unwrap()
    }

    pub(super) async fn count(&self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.world.pool).await.unwrap()
    }

    /// The accounts that the sweep rings for when their bells are lost.
    pub(super) async fn overdue(&self) -> Vec<AccountId> {
        self.world.lose_bells().await;
        let rings = store::overdue::rings(&self.world.store, self.world.now(), 1000).await.unwrap();
        let account = |job| if let Job::RefreshToken { account } = job { Some(account) } else { None };
        rings.into_iter().filter_map(|ring| account(ring.job)).collect()
    }

    /// Asks the API; gives status, body, cookies to send back.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> (u16, Value, String) {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let cookies = response.headers().get_all("set-cookie").iter();
        let cookies: Vec<_> = cookies.map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned()).collect();
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or_default(), cookies.join("; "))
    }

    /// Begins to connect; gives where to sign in and the browser's cookie.
    pub(super) async fn begin(&self, token: &str) -> (String, String) {
        let wanted = json!({ "provider": "google" });
        let (status, body, cookie) = self.ask(Method::POST, "/accounts/connect", token, Some(wanted)).await;
        assert_eq!(status, 201, "{body}");
        (body["authorization_url"].as_str().unwrap().to_owned(), cookie)
    }

    /// Follows one redirect by hand.
    pub(super) async fn visit(&self, url: &str, cookie: &str) -> (u16, String) {
        let request = self.http.get(url).header("cookie", cookie);
        let response = request.send().await.unwrap();
        let location = response.headers().get("location").map_or("", |value| value.to_str().unwrap()).to_owned();
        (response.status().as_u16(), location)
    }

    /// The whole sign-in in one browser.
    pub(super) async fn connect(&self, token: &str) -> String {
        let (sign_in, cookie) = self.begin(token).await;
        let (_, callback) = self.visit(&sign_in, "").await;
        self.visit(&callback, &cookie).await.1
    }
}

pub(super) async fn run(state: &State, id: AccountId) -> Result<(), Failure> {
    let turn = jobs::Turn::new(state.clock.now(), 1, || true);
    jobs::run(state, &turn, Job::RefreshToken { account: id }).await
}

pub(super) fn binding(user: UserId, id: AccountId) -> Binding {
    Binding { purpose: Purpose::Account, user: user.uuid(), subject: id.uuid() }
}
