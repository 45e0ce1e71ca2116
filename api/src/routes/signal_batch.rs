//! Signals by the thousand: one request, one transaction, and a word on each.
//!
//! Items are read one by one, so one that is broken, too deep or holds a NUL is refused alone.

use axum::{Json, extract::State, http::StatusCode};
use domain::{id::UserId, outbox::Outbox, signal, time::Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::signals::{self, Accepted, Identity};
use utoipa::ToSchema;
use uuid::Uuid;

use super::signals::{keyed, location};
use crate::{
    State as Api,
    body::{self, Raw},
    caller::{Person, Signal as MaySignal},
    idempotency::Key,
    problem::{self, Problem},
    wire::signal::NewSignal,
};

/// Most signals of a batch.
const MOST: usize = 1000;

/// Many signals at once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow)]
    signals: Vec<&'a RawValue>,
}

/// Many signals at once.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used: items are read one by one")]
pub(crate) struct NewSignals {
    /// 1 to 1000.
    #[schema(min_items = 1, max_items = 1000)]
    signals: Vec<NewSignal>,
}

/// What became of each signal of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipts {
    /// Taken now.
    accepted: usize,
    /// There before.
    repeated: usize,
    /// Not taken.
    refused: usize,
    /// One by one, in the order they came.
    results: Vec<Receipted>,
}

/// What became of one signal of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipted {
    /// Its place in the batch, from 0.
    index: usize,
    /// 202 taken, 200 there before, otherwise see `problem`.
    status: u16,
    /// Under this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    /// Where to look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<problem::Body>,
}

/// Post up to 1000 signals at once.
///
/// Each is taken or refused for itself; one that can't be taken spoils no other.
#[utoipa::path(post, path = "/signals/batch", tag = "signals", request_body = NewSignals, security(("token" = ["signal"])), responses(
    (status = 200, description = "What became of each.", body = Receipts),
))]
pub(crate) async fn post(
    State(api): State<Api>,
    caller: Person<MaySignal>,
    key: Option<Key>,
    Raw(bytes): Raw,
) -> Result<Json<Receipts>, Problem> {
    let now = api.clock.now();
    let Batch { signals: items } = body::items(&bytes)?;
    if !(1..=MOST).contains(&items.len()) {
        return Err(Problem::one("/signals", format!("a batch has 1 to {MOST} signals; this one has {}", items.len())));
    }
    let key = keyed(&caller.key, key);
    let mut good = Vec::new();
    let mut refused = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match body::read::<NewSignal>(item.get().as_bytes()).and_then(|new| new.check().map(|()| new)) {
            Ok(new) => {
                let identity = new.identity(key.as_ref().map(|key| format!("{key}#{index}")).as_deref());
                good.push((index, (new.signal(api.entropy.id(now), caller.user, now), identity)));
            }
            Err(problem) => refused.push((index, problem)),
        }
    }
    let (places, batch): (Vec<usize>, Vec<_>) = good.into_iter().unzip();
    let accepted = if batch.is_empty() { Vec::new() } else { accept(&api, caller.user, &batch, now).await? };
    Ok(Json(receipts(places.into_iter().zip(accepted), refused)))
}

async fn accept(
    api: &Api,
    user: UserId,
    batch: &[(signal::Signal, Identity)],
    now: Timestamp,
) -> Result<Vec<Accepted>, Problem> {
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(user).await?;
    let accepted = signals::accept_many(&mut tx, &lock, batch, now).await?;
    let outbox = accepted.iter().zip(batch).fold(Outbox::nothing(), |outbox, (accepted, (signal, _))| match accepted {
        Accepted::New(_) => outbox.and(signal.taken()),
        Accepted::Repeat(_) => outbox,
    });
    if outbox != Outbox::nothing() {
        tx.commit(outbox, now).await?;
    }
    Ok(accepted)
}

fn receipts(taken: impl Iterator<Item = (usize, Accepted)>, refused: Vec<(usize, Problem)>) -> Receipts {
    let mut receipts = Receipts { accepted: 0, repeated: 0, refused: refused.len(), results: Vec::new() };
    for (index, accepted) in taken {
        let (status, id) = match accepted {
            Accepted::New(id) => (StatusCode::ACCEPTED, id),
            Accepted::Repeat(id) => (StatusCode::OK, id),
        };
        *(if status == StatusCode::OK { &mut receipts.repeated } else { &mut receipts.accepted }) += 1;
        let (id, location) = (Some(id.uuid()), Some(location(id)));
        receipts.results.push(Receipted { index, status: status.as_u16(), id, location, problem: None });
    }
    for (index, problem) in refused {
        let problem = problem.below(&format!("/signals/{index}"));
        let status = problem.code().status().as_u16();
        receipts.results.push(Receipted { index, status, id: None, location: None, problem: Some(problem.body()) });
    }
    receipts.results.sort_by_key(|result| result.index);
    receipts
}
