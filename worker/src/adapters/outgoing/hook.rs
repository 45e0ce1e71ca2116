//! Webhooks as Standard Webhooks has them: a JSON body, signed with the delivery's id and the time of this try.

use domain::{channel::Answer, retry_after, time::Timestamp};
use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::{Value, json};
use url::Url;
use vault::Opened;
use webhook::{address::Reach, signature};

use super::{Letter, dial};

/// The way out for webhooks. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Webhook {
    http: Option<Client>,
    reach: Reach,
}

impl Webhook {
    pub(super) fn new(reach: Reach) -> Self {
        Self { http: dial::client(reach), reach }
    }

    /// Sends it once.
    pub(super) async fn send(&self, letter: &Letter<'_>, secret: &Opened, now: Timestamp) -> Answer {
        let refused = |why: &str| Answer::Refused { why: why.to_owned() };
        let Ok(url) = letter.channel.address.parse::<Url>() else { return refused("Its address is not a URL.") };
        // Numbers are never resolved, and what may be called may have changed since it was written.
        if let Err(why) = self.reach.allows_url(&url) {
            return refused(&format!("Its address is not called: {why}."));
        }
        let Some(http) = &self.http else { return later("This installation can't make calls over TLS right now.") };
        let (id, at, body) = (letter.delivery.id.to_string(), now.utc().timestamp(), body(letter).to_string());
        let both = letter.channel.old_secret_until.is_some_and(|until| now < until);
        let secrets = secret.reveal().chunks(signature::SECRET).take(if both { 2 } else { 1 });
        let Some(signature) = signature::sign_all(secrets, &id, at, body.as_bytes()) else {
            return refused("Its secret can't sign; remove it and add it again.");
        };
        let sent = http
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature)
            .body(body)
            .send()
            .await;
        match sent {
            Ok(response) => read(&response, now),
            Err(error) => match dial::refused(&error) {
                Some(why) => refused(&format!("Its address is not called: {why}.")),
                // No error of the client's is passed on: it may quote the address.
                None if error.is_connect() => later("It can't be reached."),
                None if error.is_timeout() => later("It did not answer in time."),
                None => later("The connection broke."),
            },
        }
    }
}

fn later(why: &str) -> Answer {
    Answer::Later { why: why.to_owned(), wait: None }
}

/// What an answer means. Receivers are often wrong for a while, so that all but a goodbye and a signpost is tried again.
fn read(response: &Response, now: Timestamp) -> Answer {
    let status = response.status();
    if status.is_success() {
        return Answer::Taken;
    }
    if status == StatusCode::GONE {
        return Answer::Gone;
    }
    if status.is_redirection() {
        let why = "It sends us elsewhere, which is not followed. Set the address that it leads to.";
        return Answer::Refused { why: why.to_owned() };
    }
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| retry_after::read(value.to_str().ok()?, now));
    Answer::Later { why: format!("It answered with an error ({}).", status.as_u16()), wait: asked }
}

fn body(letter: &Letter<'_>) -> Value {
    let told = letter.told.iter().map(|one| {
        json!({ "id": one.id, "kind": one.kind, "severity": one.severity, "title": one.title, "body": one.body,
                "link": one.link, "created_at": one.created_at })
    });
    let kind = if letter.delivery.is_test() { "test" } else { "notification.created" };
    json!({ "type": kind, "timestamp": letter.delivery.created_at,
            "data": { "channel": letter.channel.id, "notifications": told.collect::<Vec<_>>() } })
}
