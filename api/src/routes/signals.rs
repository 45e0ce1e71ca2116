//! Signals: the way in. A caller says what happened; whose it is comes from the token, what it means from the twin.
//!
//! Accepted means stored, and the bell for its evaluation with it: one transaction, then the answer.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    id::{SignalId, kind},
    signal as inner,
    time::Timestamp,
};
use serde::Serialize;
use store::signals::{self, Accepted, Identity};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State as Api,
    body::Body,
    caller::{Person, Read, Signal as MaySignal},
    cursor::{Page, Paging},
    idempotency::Key,
    problem::Problem,
    query::{At, Query},
    wire::signal::{NewSignal, Signal},
};

/// A signal was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// Under this id.
    id: Uuid,
    /// It was there before; nothing was started.
    repeat: bool,
}

impl Receipt {
    pub(super) const fn new(id: SignalId, repeat: bool) -> Self {
        Self { id: id.uuid(), repeat }
    }
}

/// Where to look at it.
pub(super) fn location(id: SignalId) -> String {
    format!("/api/v1/signals/{id}")
}

/// The key of a caller, apart from the same key of another.
pub(super) fn keyed(caller: &str, key: Option<Key>) -> Option<String> {
    key.map(|Key(key)| format!("{caller}:{key}"))
}

/// Post a signal.
///
/// Stored, and its evaluation with it, before the answer. The same signal again (see `external_id`) is answered with
/// 200 and the first one's id, and starts nothing.
#[utoipa::path(post, path = "/signals", tag = "signals", request_body = NewSignal, security(("token" = ["signal"])), responses(
    (status = 202, description = "Taken; it will be decided.", body = Receipt, headers(("Location" = String))),
    (status = 200, description = "Taken before.", body = Receipt, headers(("Location" = String))),
))]
pub(crate) async fn post(
    State(api): State<Api>,
    caller: Person<MaySignal>,
    key: Option<Key>,
    Body(new): Body<NewSignal>,
) -> Result<Response, Problem> {
    let now = api.clock.now();
    new.check()?;
    let identity = new.identity(keyed(&caller.key, key).as_deref());
    let signal = new.signal(api.entropy.id(now), caller.user, now);
    accept(&api, &signal, identity, now).await
}

/// Takes a signal in and says so, whichever door it came through: it and its evaluation are stored before the answer.
pub(super) async fn accept(
    api: &Api,
    signal: &inner::Signal,
    identity: Identity,
    now: Timestamp,
) -> Result<Response, Problem> {
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(signal.user).await?;
    let (status, id, repeat) = match signals::accept(&mut tx, &lock, signal, identity, now).await? {
        Accepted::New(id) => {
            tx.commit(signal.taken(), now).await?;
            (StatusCode::ACCEPTED, id, false)
        }
        Accepted::Repeat(id) => (StatusCode::OK, id, true),
    };
    Ok((status, [(header::LOCATION, location(id))], Json(Receipt::new(id, repeat))).into_response())
}

/// List signals, the latest first.
#[utoipa::path(get, path = "/signals", tag = "signals", params(Paging), security(("token" = ["read"])), responses(
    (status = 200, description = "A page.", body = Page<Signal>),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Person<Read>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Signal>>, Problem> {
    let (cursor, limit) = paging.read()?;
    let page = signals::list(&api.store, caller.user, cursor, limit).await?;
    Ok(Json(Page::of(page, Signal::from)))
}

/// One signal and where it stands.
#[utoipa::path(get, path = "/signals/{id}", tag = "signals", params(("id" = Uuid, Path)), security(("token" = ["read"])), responses(
    (status = 200, description = "The signal.", body = Signal),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Signal>,
) -> Result<Json<Signal>, Problem> {
    Ok(Json(signals::get(&api.store, caller.user, id).await?.into()))
}
