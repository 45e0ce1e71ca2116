//! What a person owns and changes as a whole, and the frame around each change: under the person's lock from the look at
//! `If-Match` to the write, and told when it is done.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    channel::Channel,
    event::Name,
    id::{Id, UserId},
    outbox::Outbox,
    time::Timestamp,
};
use serde::Serialize;
use serde_json::json;
use store::{Tx, UserLock, policies::Stored};

use crate::{State as Api, etag, problem::Problem};

/// A transaction that is about to change something of a person's, who is locked.
pub(crate) struct Change {
    pub(crate) tx: Tx,
    pub(crate) lock: UserLock,
    pub(crate) now: Timestamp,
}

impl Change {
    /// Begins one.
    pub(crate) async fn begin(api: &Api, user: UserId, now: Timestamp) -> Result<Self, Problem> {
        let mut tx = api.store.begin().await?;
        let lock = tx.lock(user).await?;
        Ok(Self { tx, lock, now })
    }

    /// Commits it, and tells: this `what` was created, changed or removed.
    pub(crate) async fn commit<K>(self, name: Name, what: &str, id: Id<K>, change: &str) -> Result<(), Problem> {
        let facts = json!({ what: id, "change": change }).as_object().cloned().unwrap_or_default();
        let outbox = Outbox::nothing().event(self.lock.user(), name, facts);
        Ok(self.tx.commit(outbox, self.now).await?)
    }
}

/// What has a revision, its `ETag`.
pub(crate) trait Revised {
    fn revision(&self) -> i64;
}

impl<T> Revised for Stored<T> {
    fn revision(&self) -> i64 {
        self.revision
    }
}

impl Revised for Channel {
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// An answer that shows something as `S`, with its `ETag`.
pub(crate) fn shown<S: Serialize + From<T>, T: Revised>(status: StatusCode, thing: T) -> Response {
    (status, etag::header(thing.revision()), Json(S::from(thing))).into_response()
}

/// Refuses one more where there are as many as there can be.
pub(crate) fn room(there: usize, most: usize, things: &str) -> Result<(), Problem> {
    if there < most {
        return Ok(());
    }
    Err(Problem::one("", format!("you have {most} {things}, as many as there can be; remove one first")))
}
