//! One HTTP exchange: either nothing left, or nobody knows, or an answer came back whole.
//!
//! The line between the first two is the connection: until it stands, not a byte of the request has left us.

use std::{error::Error as _, sync::Once};

use chrono::TimeDelta;
use domain::{id::ExecutionId, time::Timestamp};
use reqwest::{
    Method, RequestBuilder, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use url::{Host, Url};

use super::{Settings, SettingsError};
use crate::{adapters::retry_after, ports::Identity};

/// The longest answer we read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// What is asked of the server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call<'a> {
    /// Do this, once for this key.
    Create { key: ExecutionId, body: &'a [u8] },
    /// How does this stand?
    Retrieve { engine_ref: &'a str },
    /// Stop this.
    Cancel { engine_ref: &'a str },
}

/// What became of the request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It never left.
    NotSent { why: String },
    /// It may have arrived.
    Lost { why: String },
    /// It was answered.
    Reply(Reply),
}

/// An answer, read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) retry_after: Option<TimeDelta>,
    pub(super) body: Vec<u8>,
}

/// Talks to one server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    settings: Settings,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let url = &settings.base_url;
        let bare =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let secure = url.scheme() == "https";
        if !bare || url.host().is_none() || !(secure || url.scheme() == "http") {
            return Err(SettingsError::Address);
        }
        if !secure && !is_loopback(url) {
            tracing::warn!(engine = %settings.name, "the engine's address is plain http: its token travels in the clear");
        }
        install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent("skytwin")
            .connect_timeout(settings.connect_timeout)
            // A redirected POST may turn into a GET, and would take the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            // Settings have one reader, and it is not the HTTP client.
            .no_proxy();
        if !secure {
            // Without TLS no root certificates are needed: a machine that has none can still talk to a local engine.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self { http: builder.build().map_err(SettingsError::Client)?, settings: settings.clone() })
    }

    /// Makes the call and waits for all of the answer, within the time the settings give it.
    pub(super) async fn exchange(&self, identity: &Identity, call: Call<'_>, now: Timestamp) -> Outcome {
        // The client marks this header as sensitive: it shows in no log.
        let mut response = match self.request(call).bearer_auth(identity.secret.reveal()).send().await {
            Ok(response) => response,
            Err(error) => return unanswered(&error),
        };
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| retry_after::read(value.to_str().ok()?, now));
        let status = response.status().as_u16();
        match whole(&mut response).await {
            Ok(body) => Outcome::Reply(Reply { status, retry_after, body }),
            // The status was read: where it says all there is to say, a body cut short takes nothing away.
            Err(_) if (400..500).contains(&status) => Outcome::Reply(Reply { status, retry_after, body: Vec::new() }),
            Err(why) => Outcome::Lost { why },
        }
    }

    fn request(&self, call: Call<'_>) -> RequestBuilder {
        let (method, tail, timeout) = match call {
            Call::Create { .. } => (Method::POST, vec![], self.settings.send_timeout),
            Call::Retrieve { engine_ref } => (Method::GET, vec![engine_ref], self.settings.look_timeout),
            Call::Cancel { engine_ref } => (Method::POST, vec![engine_ref, "cancel"], self.settings.look_timeout),
        };
        let mut url = self.settings.base_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1", "responses"]).extend(tail);
        }
        let request = self.http.request(method, url).timeout(timeout);
        match call {
            Call::Create { key, body } => request
                .header(CONTENT_TYPE, "application/json")
                .header("idempotency-key", key.to_string())
                .body(body.to_vec()),
            Call::Retrieve { .. } | Call::Cancel { .. } => request,
        }
    }
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

/// The client brings no cryptography of its own: one provider for the whole process, whoever needs it first.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("a cryptography provider was installed before");
        }
    });
}
