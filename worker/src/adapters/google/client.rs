//! One call of a Google API: nothing left, or nobody knows, or it was refused with a reason, or it was answered.

use std::{error::Error as _, time::Duration};

use chrono::TimeDelta;
use domain::retry_after;
use reqwest::{
    Method, Response,
    header::{CONTENT_LENGTH, IF_MATCH, RETRY_AFTER},
};
use runtime::{Clock, Secret};
use serde_json::Value;
use url::Url;

use super::SettingsError;
use crate::{adapters::install_crypto, ports::source};

/// The longest answer we read, in bytes: a page of messages with their bodies is far below.
const LONGEST: usize = 32 * 1024 * 1024;
const CONNECTING: Duration = Duration::from_secs(5);
const ANSWERING: Duration = Duration::from_secs(20);

/// What went wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It never left.
    NotSent,
    /// It may have arrived.
    Lost,
    /// It was answered well, with something that nobody can read.
    Unreadable,
    /// It was refused.
    Refused(Refused),
}

/// A refusal: an HTTP status and Google's word for the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) retry_after: Option<TimeDelta>,
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The token is no good.
    Token,
    /// Too many calls, or a server that has no time: nothing was done.
    Busy,
    /// There is no such thing (any more).
    Gone,
    /// It has changed since it was read.
    Changed,
    /// It is there already.
    Exists,
    /// A server that is not well: it may have done it.
    Unwell,
    /// No, whatever we do.
    No,
}

impl Refused {
    pub(super) fn meaning(&self) -> Meaning {
        let limits = matches!(
            self.reason.as_str(),
            "rateLimitExceeded"
                | "userRateLimitExceeded"
                | "quotaExceeded"
                | "dailyLimitExceeded"
                | "RATE_LIMIT_EXCEEDED"
        );
        match self.status {
            401 => Meaning::Token,
            403 if limits => Meaning::Busy,
            429 | 503 => Meaning::Busy,
            404 | 410 => Meaning::Gone,
            409 => Meaning::Exists,
            412 => Meaning::Changed,
            500.. => Meaning::Unwell,
            _ => Meaning::No,
        }
    }
}

impl From<Trouble> for source::Trouble {
    fn from(trouble: Trouble) -> Self {
        let later = |retry_after, why: &str| Self::Later { retry_after, why: why.to_owned() };
        match trouble {
            Trouble::NotSent => later(None, "Google can't be reached."),
            Trouble::Lost => later(None, "Google did not answer."),
            Trouble::Unreadable => later(None, "What Google answers can't be read."),
            Trouble::Refused(refused) => match refused.meaning() {
                Meaning::Token => Self::TokenRefused,
                Meaning::Busy => later(refused.retry_after, "Google wants fewer calls."),
                Meaning::Unwell => later(refused.retry_after, "Google has trouble of its own."),
                Meaning::Gone | Meaning::Changed | Meaning::Exists | Meaning::No => {
                    Self::Refused { why: format!("Google refuses to tell ({}).", refused.status) }
                }
            },
        }
    }
}

/// A call to make.
#[derive(Debug)]
pub(super) struct Call<'a> {
    method: Method,
    path: Vec<&'a str>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    if_match: Option<String>,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: impl IntoIterator<Item = &'a str>) -> Self {
        Self { method, path: path.into_iter().collect(), query: Vec::new(), body: None, if_match: None }
    }

    pub(super) fn get(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post(path: impl IntoIterator<Item = &'a str>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, path) }
    }

    pub(super) fn patch(path: impl IntoIterator<Item = &'a str>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PATCH, path) }
    }

    pub(super) fn delete(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(super) fn asking(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn asking_some(self, name: &'static str, value: Option<&String>) -> Self {
        match value {
            Some(value) => self.asking(name, value),
            None => self,
        }
    }

    /// Only if it still is as it was read.
    pub(super) fn if_unchanged(self, etag: Option<&str>) -> Self {
        Self { if_match: etag.map(str::to_owned), ..self }
    }
}

/// Calls one API.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    clock: Clock,
}

impl Client {
    pub(super) fn new(base: Url, clock: Clock) -> Result<Self, SettingsError> {
        let secure = base.scheme() == "https";
        let plain = base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        if !plain || base.host().is_none() || !(secure || base.scheme() == "http") {
            return Err(SettingsError::Address);
        }
        install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent("skytwin")
            .connect_timeout(CONNECTING)
            .timeout(ANSWERING)
            // A redirect would take the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            // Settings have one reader, and it is not the HTTP client.
            .no_proxy();
        if !secure {
            // Without TLS no root certificates are needed.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self { http: builder.build().map_err(SettingsError::Client)?, base, clock })
    }

    /// Makes the call with this token; an answer without a body is null.
    pub(super) async fn call(&self, token: &Secret, call: Call<'_>) -> Result<Value, Trouble> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self.http.request(call.method, url).bearer_auth(token.reveal());
        if let Some(etag) = call.if_match {
            request = request.header(IF_MATCH, etag);
        }
        request = match &call.body {
            Some(Value::Null) => request.header(CONTENT_LENGTH, 0),
            Some(body) => request.json(body),
            None => request,
        };
        let mut response = request.send().await.map_err(|error| unanswered(&error))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| retry_after::read(value.to_str().ok()?, self.clock.now()));
        let body = whole(&mut response).await;
        if (200..300).contains(&status) {
            let body = body?;
            return if body.is_empty() {
                Ok(Value::Null)
            } else {
                serde_json::from_slice(&body).map_err(|_| Trouble::Unreadable)
            };
        }
        let body: Value = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
        let reason = body.pointer("/error/errors/0/reason").and_then(Value::as_str).unwrap_or_default().to_owned();
        tracing::debug!(path = ?call.path.first(), status, reason, "google refused");
        Err(Trouble::Refused(Refused { status, reason, retry_after }))
    }
}

async fn whole(response: &mut Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Trouble::Lost)? {
        if body.len() + chunk.len() > LONGEST {
            return Err(Trouble::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unanswered(error: &reqwest::Error) -> Trouble {
    tracing::debug!(error = error.source().map(ToString::to_string), "no answer from google");
    if error.is_connect() || error.is_builder() { Trouble::NotSent } else { Trouble::Lost }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_means_what_status_and_reason_say_together() {
        let means = |status, reason: &str| Refused { status, reason: reason.to_owned(), retry_after: None }.meaning();
        assert_eq!(means(401, "authError"), Meaning::Token);
        assert_eq!(means(403, "userRateLimitExceeded"), Meaning::Busy);
        assert_eq!(means(403, "insufficientPermissions"), Meaning::No);
        assert_eq!(means(429, ""), Meaning::Busy);
        assert_eq!(means(410, "fullSyncRequired"), Meaning::Gone);
        assert_eq!(means(412, "conditionNotMet"), Meaning::Changed);
        assert_eq!(means(400, "badRequest"), Meaning::No);
    }
}
