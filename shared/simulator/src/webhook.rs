//! The webhook of servers before 1.0: signed, without a memory, and deaf to questions afterwards.

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State, rejection::BytesRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    clock,
    cord::Cord,
    fault::On,
    problem::{Dialect, Problem},
    protocol,
    routes::Far,
    run::Order,
    spoil::reply,
};

/// Longest body, in bytes.
pub(crate) const BODY: usize = 15 * 1024 * 1024;
const CONTENT: usize = 32 * 1024;

/// What is read of a body; everything else is ignored.
#[derive(Debug, Deserialize)]
struct Message {
    content: String,
    #[serde(default)]
    thread_id: Option<String>,
    #[serde(default)]
    wait_for_response: bool,
}

pub(crate) async fn deliver(
    State(far): State<Far>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Ok(body) = body else {
        return Problem::of(413).spoken(Dialect::Webhook).into_response();
    };
    let secret = far.tokens.first().map(String::as_str).unwrap_or_default();
    let message = far
        .admit(0, On::Webhook)
        .and_then(|()| protocol::json(&headers))
        .and_then(|()| signed(&headers, secret, &body))
        .and_then(|()| message(&body));
    let message = match message {
        Ok(message) => message,
        Err(problem) => return problem.spoken(Dialect::Webhook).into_response(),
    };
    let order = order(&message.content);
    let fault = far.engine().arrive(On::Webhook, 0, message.thread_id.as_deref(), &body, order.as_ref());
    let work = || {
        let words = far.engine().deliver(&body, order.clone(), clock::now())?;
        let response = match words {
            _ if !message.wait_for_response => Value::Null,
            Some(words) => words.into(),
            None => "Response timeout".into(),
        };
        Ok(json!({"message_id": id(&body), "status": "accepted", "response": response}))
    };
    reply(&far, &cord, Dialect::Webhook, fault, work).await
}

/// The signature over exactly these bytes.
fn signed(headers: &HeaderMap, secret: &str, body: &[u8]) -> Result<(), Problem> {
    let given = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()?.strip_prefix("sha256="));
    let given = given.and_then(|given| hex::decode(given).ok()).ok_or(Problem::of(401))?;
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| Problem::of(503))?;
    mac.chain_update(body).verify_slice(&given).map_err(|_| Problem::of(401))
}

fn message(body: &[u8]) -> Result<Message, Problem> {
    let message: Message = serde_json::from_slice(body).map_err(|_| Problem::of(400))?;
    if message.content.is_empty() {
        return Err(Problem::invalid("content", "`content` is empty."));
    }
    if message.content.len() > CONTENT {
        return Err(Problem::of(413));
    }
    Ok(message)
}

/// The order in a message of ours: its first line.
fn order(content: &str) -> Option<Order> {
    serde_json::from_str(content.lines().next()?).ok()
}

/// In the form of a UUID.
fn id(body: &[u8]) -> String {
    let digest = hex::encode(Sha256::digest(body));
    let part = |from, to| digest.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
