//! The provider's life: how to start one, what it tells a test, how it stops.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    fault::Rule,
    grants::{Books, Calls},
    routes::routes,
};
use crate::{
    StartError,
    cord::{Cord, Port},
};

/// Somebody with an account there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The provider's own name for them.
    pub subject: String,
    /// Their address.
    pub email: String,
}

/// How to run a provider.
#[derive(Clone, Debug)]
pub struct Options {
    client_id: String,
    client_secret: String,
    people: Vec<Person>,
    asks: bool,
    life: u32,
}

impl Options {
    /// One that knows this client and these people, says yes for them without asking, and gives tokens for an hour.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>, people: Vec<Person>) -> Self {
        Self { client_id: client_id.into(), client_secret: client_secret.into(), people, asks: false, life: 3599 }
    }

    /// Shows a page that asks, as a person knows it.
    #[must_use]
    pub fn asks(self) -> Self {
        Self { asks: true, ..self }
    }

    /// Says that access tokens live for so many seconds.
    #[must_use]
    pub fn life(self, seconds: u32) -> Self {
        Self { life: seconds, ..self }
    }
}

/// What the handlers share.
#[derive(Clone, Debug)]
pub(super) struct Far {
    pub(super) books: Arc<Mutex<Books>>,
    pub(super) options: Arc<Options>,
    pub(super) stop: CancellationToken,
}

impl Far {
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Options {
    pub(super) fn is_client(&self, id: &str, secret: &str) -> bool {
        self.client_id == id && self.client_secret == secret
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.client_id == id
    }

    pub(super) const fn asks_people(&self) -> bool {
        self.asks
    }

    pub(super) const fn seconds(&self) -> u32 {
        self.life
    }

    pub(super) fn client(&self) -> &str {
        &self.client_id
    }
}

/// Starts providers.
#[derive(Debug)]
pub struct Provider;

impl Provider {
    /// Listens on `addr` (loopback; port 0 for any) and serves until stopped or dropped.
    pub async fn start(addr: SocketAddr, options: Options) -> Result<Running, StartError> {
        if !addr.ip().is_loopback() {
            return Err(StartError::NotLoopback(addr));
        }
        let port = Port(TcpListener::bind(addr).await?);
        let addr = port.0.local_addr()?;
        let books = Books::of(options.people.clone());
        let far =
            Far { books: Arc::new(Mutex::new(books)), options: Arc::new(options), stop: CancellationToken::new() };
        let service = routes(&far).into_make_service_with_connect_info::<Cord>();
        let stop = far.stop.clone().cancelled_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(port, service).with_graceful_shutdown(stop).await });
        Ok(Running { url: format!("http://{addr}"), far, _tasks: tasks })
    }
}

/// A provider that runs; dropped, it stops.
#[derive(Debug)]
pub struct Running {
    /// Where, such as `http://127.0.0.1:4000`.
    pub url: String,
    far: Far,
    _tasks: JoinSet<io::Result<()>>,
}

impl Running {
    /// Google at this address, as `SKYTWIN_PROVIDERS` describes it.
    pub fn settings(&self) -> Value {
        let (url, options) = (&self.url, &self.far.options);
        json!({
            "client_id": options.client_id,
            "client_secret": options.client_secret,
            "authorize_url": format!("{url}/o/oauth2/v2/auth"),
            "token_url": format!("{url}/token"),
            "revoke_url": format!("{url}/revoke"),
        })
    }

    /// How often an account was the subject of each call.
    pub fn calls(&self, subject: &str) -> Calls {
        self.far.books().calls(subject)
    }

    /// Orders faults, after those already on order.
    pub fn inject(&self, rules: impl IntoIterator<Item = Rule>) {
        self.far.books().faults.add(rules);
    }

    /// Cancels all faults on order.
    pub fn heal(&self) {
        self.far.books().faults.clear();
    }

    /// From now on a refresh voids the refresh token it was asked with and gives another.
    pub fn rotate(&self, rotates: bool) {
        self.far.books().rotates = rotates;
    }

    /// Voids every grant of an account, as its owner may.
    pub fn revoke_all(&self, subject: &str) {
        self.far.books().revoke_all(subject);
    }

    /// Lets every access token of an account run out.
    pub fn expire(&self, subject: &str) {
        self.far.books().expire(subject);
    }

    /// Whose access token it is, while it is good.
    pub fn holder(&self, access: &str) -> Option<String> {
        self.far.books().holder(access).map(str::to_owned)
    }

    /// Whose mail address stands behind a good access token, for doubles of what the account is good for.
    pub fn whose(&self) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
        let far = self.far.clone();
        move |access| {
            let subject = far.books().holder(access)?.to_owned();
            far.options.people.iter().find(|person| person.subject == subject).map(|person| person.email.clone())
        }
    }

    /// Every code and token that was ever given, to be searched for where none must be.
    pub fn minted(&self) -> Vec<String> {
        self.far.books().minted().to_vec()
    }

    /// Gives tokens without a sign-in: the access and the refresh token of a new grant.
    pub fn grant(&self, subject: &str) -> (String, String) {
        let mut books = self.far.books();
        let code = books.consent(subject, "", "", None);
        let given = books.exchange(&code, "", None);
        given.map(|given| (given.access, given.refresh.unwrap_or_default())).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.far.stop.cancel();
    }
}
