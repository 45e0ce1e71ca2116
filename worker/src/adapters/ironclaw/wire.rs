//! One HTTP exchange: either nothing left, or nobody knows, or an answer came back whole.
//!
//! The line between the first two is the connection: until it stands, not a byte of the request has left us.

use std::{error::Error as _, time::Duration};

use chrono::TimeDelta;
use domain::{retry_after, time::Timestamp};
use reqwest::{
    Method, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use runtime::Secret;
use tokio::time::timeout;
use url::{Host, Url};

/// The longest answer we read, in bytes.
const LONGEST: usize = 1024 * 1024;
/// A stream that says nothing for so long has said what it had to say.
const QUIET: Duration = Duration::from_secs(1);

/// An address that can't work.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Not an address of a web server.
    #[error(
        "the engine's address must start with http:// or https:// and carry no user name, password, query or fragment"
    )]
    Address,
    /// The HTTP client can't be built.
    #[error(
        "the engine's HTTP client can't be built; are there certificates of authorities here (Debian's ca-certificates)? {0}"
    )]
    Client(#[source] reqwest::Error),
}

/// What is asked of the server.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// Below the base address, segment by segment.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) bearer: Option<&'a Secret>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON, byte for byte.
    pub(crate) body: Option<Vec<u8>>,
    /// How long all of it may take.
    pub(crate) patience: Duration,
}

impl<'a> Request<'a> {
    pub(crate) fn get(path: &'a [&'a str], patience: Duration) -> Self {
        Self { method: Method::GET, path, query: &[], bearer: None, headers: Vec::new(), body: None, patience }
    }

    pub(crate) fn post(path: &'a [&'a str], body: Option<Vec<u8>>, patience: Duration) -> Self {
        Self { method: Method::POST, body, ..Self::get(path, patience) }
    }

    pub(crate) fn bearing(self, token: &'a Secret) -> Self {
        Self { bearer: Some(token), ..self }
    }
}

/// What became of the request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It never left.
    NotSent { why: String },
    /// It may have arrived.
    Lost { why: String },
    /// It was answered.
    Reply(Reply),
}

impl Outcome {
    /// For the log.
    pub(crate) const fn status(&self) -> u16 {
        if let Self::Reply(reply) = self { reply.status } else { 0 }
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<TimeDelta>,
    pub(crate) body: Vec<u8>,
}

/// Talks to one server.
#[derive(Debug)]
pub(crate) struct Wire {
    http: reqwest::Client,
    base: Url,
}

impl Wire {
    /// To the server called `name` at `base`.
    pub(crate) fn new(name: &str, base: &Url, connect_timeout: Duration) -> Result<Self, AddressError> {
        let is_plain = base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        let secure = base.scheme() == "https";
        if !is_plain || base.host().is_none() || !(secure || base.scheme() == "http") {
            return Err(AddressError::Address);
        }
        if !secure && !is_loopback(base) {
            tracing::warn!(engine = name, "the engine's address is plain http: its token travels in the clear");
        }
        runtime::crypto::install();
        let mut builder = reqwest::Client::builder()
            .user_agent("skytwin")
            .connect_timeout(connect_timeout)
            // A redirected POST may turn into a GET, and would take the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            // What is sent again is decided by the execution's machine, and by nobody else.
            .retry(reqwest::retry::never())
            // Settings have one reader, and it is not the HTTP client.
            .no_proxy();
        if !secure {
            // Without TLS no root certificates are needed: a machine that has none can still talk to a local engine.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self { http: builder.build().map_err(AddressError::Client)?, base: base.clone() })
    }

    /// The server's address, for operators.
    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }

    /// Asks and waits for all of the answer.
    pub(crate) async fn ask(&self, request: Request<'_>, now: Timestamp) -> Outcome {
        let mut response = match self.send(request).await {
            Ok(response) => response,
            Err(error) => return unanswered(&error),
        };
        let (status, retry_after) = head(&response, now);
        match whole(&mut response).await {
            Ok(body) => Outcome::Reply(Reply { status, retry_after, body }),
            // The status was read: where it says all there is to say, a body cut short takes nothing away.
            Err(_) if (400..500).contains(&status) => Outcome::Reply(Reply { status, retry_after, body: Vec::new() }),
            Err(why) => Outcome::Lost { why },
        }
    }

    /// Asks for a stream and reads what there is at the moment: until `enough`, silence, or the end. A stream that breaks
    /// off gives what came so far.
    pub(crate) async fn glance(
        &self,
        request: Request<'_>,
        enough: impl Fn(&[u8]) -> bool + Send,
        now: Timestamp,
    ) -> Outcome {
        let mut response = match self.send(request).await {
            Ok(response) => response,
            Err(error) => return unanswered(&error),
        };
        let (status, retry_after) = head(&response, now);
        let mut body = Vec::new();
        while let Ok(Ok(Some(chunk))) = timeout(QUIET, response.chunk()).await {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST || enough(&body) {
                break;
            }
        }
        Outcome::Reply(Reply { status, retry_after, body })
    }

    async fn send(&self, request: Request<'_>) -> reqwest::Result<Response> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(request.path);
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let mut asked = self.http.request(request.method, url).timeout(request.patience);
        if let Some(token) = request.bearer {
            // The client marks this header as sensitive: it shows in no log.
            asked = asked.bearer_auth(token.reveal());
        }
        for (name, value) in request.headers {
            asked = asked.header(name, value);
        }
        if let Some(cause) = observe::thread::traceparent() {
            asked = asked.header("traceparent", cause.to_string());
        }
        if let Some(body) = request.body {
            asked = asked.header(CONTENT_TYPE, "application/json").body(body);
        }
        asked.send().await
    }
}

fn head(response: &Response, now: Timestamp) -> (u16, Option<TimeDelta>) {
    let retry_after =
        response.headers().get(RETRY_AFTER).and_then(|value| retry_after::read(value.to_str().ok()?, now));
    (response.status().as_u16(), retry_after)
}

async fn whole(response: &mut Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST => {
                return Err("The engine's answer is longer than 1 MiB.".to_owned());
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) if error.is_timeout() => {
                return Err("The engine's answer did not arrive in time.".to_owned());
            }
            Err(_) => return Err("The engine's answer broke off.".to_owned()),
        }
    }
}

/// No error of the client's reaches the person or the database as it is: it may quote the address.
fn unanswered(error: &reqwest::Error) -> Outcome {
    tracing::debug!(error = error.source().map(ToString::to_string), "no answer from the engine");
    if error.is_connect() {
        Outcome::NotSent { why: "The engine can't be reached.".to_owned() }
    } else if error.is_builder() {
        Outcome::NotSent { why: "The request to the engine could not be built.".to_owned() }
    } else if error.is_timeout() {
        Outcome::Lost { why: "The engine did not answer in time.".to_owned() }
    } else {
        Outcome::Lost { why: "The connection to the engine broke before it answered.".to_owned() }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
