//! Events as they happen: server-sent events, from any number on, on any process.
//!
//! A stream reads the table from its cursor, page by page, and only as fast as the client takes what it is sent; a client
//! that was away names the last event it saw and gets exactly what it missed, in order and once.

use std::{convert::Infallible, time::Duration};

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use domain::{id::UserId, outbox::Outbox, time::Timestamp};
use futures::stream::unfold;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{events, tickets};
use tokio::time::sleep;
use utoipa::{IntoParams, ToSchema};

use crate::{
    State as Api,
    caller::{Caller, Scope},
    idempotency::KeepInstead,
    live::Seat,
    problem::Problem,
    query::Query,
    token,
    wire::{decision::Event, words},
};

/// Names the last event a client saw.
const LAST: HeaderName = HeaderName::from_static("last-event-id");
/// Between two signs of life; a quarter of it more or less, so that a thousand streams do not beat at once.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Between two looks while the database is away.
const AGAIN: Duration = Duration::from_secs(2);
/// A client whose stream broke comes back after so long.
const RETRY_MS: u32 = 2000;
/// Events sent at once.
const PAGE: u32 = 100;
/// How long a ticket is good.
const TICKET: TimeDelta = TimeDelta::seconds(60);

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    /// Events with a greater number; what is new, if left out. `Last-Event-ID` goes before it.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// A ticket instead of a token or a cookie.
    #[serde(rename = "ticket")]
    #[param(rename = "ticket")]
    _ticket: Option<String>,
}

/// Lets one stream begin.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// What to send as `ticket`, shown this once; null when this answer is given again.
    ticket: Option<String>,
    /// Not good from then on.
    #[schema(value_type = words::Instant)]
    expires_at: Timestamp,
}

/// One client's stream.
struct Following {
    api: Api,
    user: UserId,
    seat: Seat,
    /// Everything up to here was sent.
    cursor: i64,
    /// There may be something to read.
    look: bool,
    /// The last look failed.
    behind: bool,
    heartbeat: Duration,
    hello: Option<String>,
}

impl Following {
    /// What is to be sent next; none when the stream is to end.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if let Some(hello) = self.hello.take() {
            return Some((Ok(hello.into()), self));
        }
        loop {
            if self.look {
                match events::since(&self.api.store, self.user, self.cursor, PAGE).await {
                    Ok(found) if found.is_empty() => (self.look, self.behind) = (false, false),
                    Ok(found) => {
                        self.cursor = found.last().map_or(self.cursor, |event| event.seq);
                        let frames: String = found.into_iter().map(|event| told(&event.into())).collect();
                        return Some((Ok(frames.into()), self));
                    }
                    Err(error) => {
                        tracing::debug!(%error, "a stream fell behind");
                        (self.look, self.behind) = (false, true);
                    }
                }
            }
            let wait = if self.behind { AGAIN } else { self.heartbeat };
            tokio::select! {
                go_on = self.seat.poked() => if go_on { self.look = true } else { return None },
                () = sleep(wait) => {
                    self.look = self.behind;
                    let sign = json!({ "seq": self.cursor, "at": self.api.clock.now(), "behind": self.behind });
                    return Some((Ok(frame(self.cursor, "heartbeat", &sign).into()), self));
                }
            }
        }
    }
}

fn frame(seq: i64, name: &str, data: &impl Serialize) -> String {
    // JSON has no bare line breaks, so it is always one line.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("id: {seq}\nevent: {name}\ndata: {data}\n\n")
}

fn told(event: &Event) -> String {
    frame(event.seq, event.name.as_str(), event)
}

/// Follow what happens: `text/event-stream`. Each event has its number as `id`, its name as `event`, and as `data` what the
/// list of events shows. The first is `hello` with the number it begins after (`reset` says that the number asked for was
/// never reached); `heartbeat` says that nothing happened (`behind`, that we can't tell right now).
#[utoipa::path(get, path = "/events/stream", tag = "events",
    params(Begin, ("Last-Event-ID" = Option<i64>, Header, description = "The last event seen.")), security(("token" = ["read"])),
    responses((status = 200, description = "The stream; it ends when the token or session does.", body = String, content_type = "text/event-stream")))]
pub(crate) async fn follow(
    State(api): State<Api>,
    caller: Caller,
    Query(begin): Query<Begin>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = caller.person(Scope::Read)?;
    let seen = headers.get(LAST).map(|seen| seen.to_str().ok().and_then(|seen| seen.trim().parse().ok()));
    let asked = match seen {
        Some(Some(seen)) => Some(seen),
        Some(None) => return Err(Problem::one("Last-Event-ID", "the number of an event")),
        None => begin.after,
    };
    if asked.is_some_and(|asked: i64| asked < 0) {
        return Err(Problem::one("after", "the number of an event, or 0"));
    }
    // The seat first: what happens from here on pokes it.
    let seat = api.live.sit(user, caller.holder()?)?;
    let last = events::last_seq(&api.store, user).await?;
    let cursor = asked.unwrap_or(last).min(last);
    let data = json!({ "seq": cursor, "at": api.clock.now(), "reset": asked.is_some_and(|asked| asked > last) });
    let hello = Some(format!("retry: {RETRY_MS}\n{}", frame(cursor, "hello", &data)));
    let heartbeat = HEARTBEAT.mul_f64(0.75 + api.entropy.fraction() / 2.0);
    let following = Following { api, user, seat, cursor, look: true, behind: false, heartbeat, hello };
    let body = Body::from_stream(unfold(following, Following::next));
    let kind = (header::CONTENT_TYPE, "text/event-stream");
    // Some proxies keep back what they think is part of a page.
    Ok(([kind, (HeaderName::from_static("x-accel-buffering"), "no")], body).into_response())
}

/// Make a ticket: it lets one stream begin within a minute, for whoever can set neither a header nor a cookie.
#[utoipa::path(post, path = "/events/tickets", tag = "events", security(("token" = ["read"])), responses(
    (status = 201, description = "Made.", body = Ticket),
))]
pub(crate) async fn ticket(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    let (user, holder) = (caller.person(Scope::Read)?, caller.holder()?);
    let now = api.clock.now();
    let (secret, expires_at) = (format!("se_{}", api.entropy.secret().reveal()), now.plus(TICKET));
    let mut tx = api.store.begin().await?;
    tickets::insert(&mut tx, user, holder, &token::hash(&secret), expires_at).await?;
    tx.commit(Outbox::nothing(), now).await?;

    let mut shown = Ticket { ticket: None, expires_at };
    // What is kept under an Idempotency-Key must open nothing.
    let kept = serde_json::to_vec(&shown).map_err(|error| Problem::internal(&error))?;
    shown.ticket = Some(secret);
    Ok((StatusCode::CREATED, Extension(KeepInstead(Bytes::from(kept))), Json(shown)).into_response())
}
