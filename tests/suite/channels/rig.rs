//! One API, the jobs of a worker, and the servers that a person's channels lead to, on a database and a clock of their own.

use std::{collections::BTreeMap, net::Ipv4Addr};

use api::caller::Scope;
use domain::{
    id::{ChannelId, DeliveryId, UserId},
    job::Job,
    notify::{self, Severity},
    outbox::Outbox,
    settings::Autonomy,
    tier::TrustTier,
};
use queue::Failure;
use reqwest::Method;
use runtime::{Config, Shutdown};
use serde_json::{Value, json};
use simulator::letterbox::{Hooks, Letters};
use store::{deliveries, notifications, overdue, users};
use tests::World;
use tokio::net::TcpListener;
use worker::{
    State,
    jobs::{self, Turn},
};

pub(super) struct Rig {
    pub(super) world: World,
    pub(super) hooks: Hooks,
    pub(super) letters: Letters,
    pub(super) state: State,
    pub(super) user: UserId,
    token: String,
    url: String,
    http: reqwest::Client,
    shutdown: Shutdown,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.shutdown.request();
    }
}

impl Rig {
    /// In a network of its own: private addresses are called, and there is a mail server.
    pub(super) async fn new() -> Self {
        let letters = Letters::start().await.expect("a mail server");
        let url = letters.url.clone();
        let own = [
            ("SKYTWIN_ALLOW_PRIVATE_ADDRESSES", "true"),
            ("SKYTWIN_SMTP_URL", &url),
            ("SKYTWIN_MAIL_FROM", "twin@skytwin.example"),
        ];
        Self::with(letters, &own).await
    }

    /// As it is without a setting: public addresses only, and no mail.
    pub(super) async fn bare() -> Self {
        Self::with(Letters::start().await.expect("a mail server"), &[]).await
    }

    async fn with(letters: Letters, own: &[(&str, &str)]) -> Self {
        let world = World::new().await;
        let hooks = Hooks::start().await.expect("a web server");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keys = vault::Keyring::new_key("test", &world.entropy).expect("a key");
        let variables = [
            ("SKYTWIN_ENGINE_URL", "http://127.0.0.1:1/"),
            ("SKYTWIN_ENGINE_TOKEN", "an engine's token"),
            ("SKYTWIN_PUBLIC_URL", &url),
            ("SKYTWIN_VAULT_KEY", keys.reveal()),
        ];
        let all = variables.iter().chain(own).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = Config::read(all.collect::<BTreeMap<_, _>>()).expect("a configuration");
        let state = State::new(world.store.clone(), world.clock.clone(), world.entropy.clone(), &config);
        let state = State { faults: world.faults.clone(), ..state.expect("a worker") };
        let api = api::State::new(world.store.clone(), world.clock.clone(), world.entropy.clone(), &config);
        let shutdown = Shutdown::new();
        let serving = shutdown.clone();
        shutdown.spawn("api", async move { api::serve(listener, api, serving).await.expect("served") });

        let now = world.now();
        let user = world.entropy.id(now);
        let new = users::NewUser {
            id: user,
            name: "Ada".into(),
            email: None,
            timezone: chrono_tz::UTC,
            tier: TrustTier::Suggest,
            autonomy: Autonomy::default(),
        };
        let minted = api::token::mint(&world.entropy, Some(user), "test", now);
        let mut tx = world.store.begin().await.unwrap();
        users::create(&mut tx, &new, now).await.unwrap();
        store::tokens::insert(&mut tx, &minted.token, &minted.hash).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
        assert!(minted.token.scopes.contains(&Scope::Settings.as_str().to_owned()));
        let token = minted.secret.reveal().to_owned();
        Self { world, hooks, letters, state, user, token, url, http: tests::http(), shutdown }
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let call = self.http.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token);
        let call = match &body {
            Some(body) => call.json(body),
            None => call,
        };
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Adds a channel; gives its id and what signs.
    pub(super) async fn channel(&self, kind: &str, address: &str) -> (ChannelId, String) {
        let body = json!({ "kind": kind, "address": address });
        let (status, made) = self.call(Method::POST, "/channels", Some(body)).await;
        assert_eq!(status, 201, "{made}");
        (made["id"].as_str().unwrap().parse().unwrap(), made["secret"].as_str().unwrap_or_default().to_owned())
    }

    /// Adds a webhook to the web server.
    pub(super) async fn hook(&self) -> (ChannelId, String) {
        self.channel("webhook", &format!("{}/hook", self.hooks.url)).await
    }

    pub(super) async fn shown(&self, channel: ChannelId) -> Value {
        self.call(Method::GET, &format!("/channels/{channel}"), None).await.1
    }

    /// Tells the person something so loud.
    pub(super) async fn tell(&self, key: &str, severity: Severity) {
        self.tell_after(key, severity, chrono::TimeDelta::zero()).await;
    }

    pub(super) async fn tell_after(&self, key: &str, severity: Severity, wait: chrono::TimeDelta) {
        let now = self.world.now();
        let notice = notify::New {
            user: self.user,
            kind: notify::Kind::Failed,
            severity,
            title: format!("It did not work: {key}"),
            body: "The engine refused.".into(),
            link: None,
            dedupe_key: key.into(),
            deliver_at: now.plus(wait),
        };
        self.world.store.begin().await.unwrap().commit(Outbox::nothing().notify(notice), now).await.unwrap();
    }

    /// A channel's deliveries, the latest first.
    pub(super) async fn deliveries(&self, channel: ChannelId) -> Vec<domain::channel::Delivery> {
        deliveries::list(&self.world.store, self.user, channel, None, 50).await.unwrap().items
    }

    /// One delivery. A complaint about the channel is on its way there too: who only looks for the latest may find that.
    pub(super) async fn delivery(&self, id: DeliveryId) -> domain::channel::Delivery {
        deliveries::get(&self.world.store, self.user, id).await.unwrap()
    }

    /// The id of its latest delivery.
    pub(super) async fn latest(&self, channel: ChannelId) -> DeliveryId {
        self.deliveries(channel).await.first().expect("a delivery").id
    }

    pub(super) async fn run(&self, job: Job) -> Result<(), Failure> {
        jobs::run(&self.state, &Turn::new(self.world.now(), 1, || true), job).await
    }

    pub(super) async fn deliver(&self, delivery: DeliveryId) -> Result<(), Failure> {
        self.run(Job::Deliver { delivery }).await
    }

    /// Loses every bell and does whatever is overdue, as a sweep would have it done.
    pub(super) async fn sweep(&self) -> usize {
        self.world.lose_bells().await;
        let rings = overdue::rings(&self.world.store, self.world.now(), 100).await.unwrap();
        let late = rings.len();
        for ring in rings {
            self.run(ring.job).await.unwrap();
        }
        late
    }

    /// Titles of what the person was told of channels.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let told = notifications::list(&self.world.store, self.user, false, None, 50, self.world.now()).await.unwrap();
        let about = told.items.into_iter().filter(|one| one.kind == notify::Kind::ChannelFailing);
        about.map(|one| format!("{}: {}", one.title, one.body)).collect()
    }
}
