//! The one way to change anything: lock the user, write, commit with everything that follows.
//!
//! Invariants: the user's row is locked first, by a statement of its own, so that every later statement sees what
//! the one before us committed; a commit writes its events, notifications and jobs in the same transaction and
//! rings only afterwards. A `Tx` that is dropped has done nothing.

use std::collections::BTreeSet;

use domain::{
    id::UserId,
    outbox::{Outbox, Ring},
    time::Timestamp,
};
use observe::thread;
use queue::{Lent, NewJob};
use uuid::Uuid;

use crate::{Error, Result, counted::Counted, events, notifications, row, source::Store};

/// The channel on which the ids of users with new events are said after each commit.
pub const EVENTS: &str = "skytwin_events";

/// Witness that the user's row is locked by the transaction at hand. Every write of a user's rows takes one.
#[derive(Debug)]
pub struct UserLock {
    user: UserId,
}

impl UserLock {
    /// What a statement answers that locks a user's row; [`Error::NotFound`] if it found none.
    pub(crate) fn of(locked: Option<Uuid>) -> Result<Self> {
        locked.map(|id| Self { user: UserId::new(id) }).ok_or(Error::NotFound)
    }

    /// Whose.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Refuses a value that is another user's.
    pub(crate) fn covers(&self, user: UserId) -> Result<()> {
        if user == self.user { Ok(()) } else { Err(Error::NotFound) }
    }
}

/// A transaction.
#[derive(Debug)]
#[must_use = "a transaction that is not committed did nothing"]
pub struct Tx {
    conn: Lent,
    store: Store,
    counted: Vec<Counted>,
}

impl Tx {
    /// On a connection that has begun one.
    pub(crate) const fn new(conn: Lent, store: Store) -> Self {
        Self { conn, store, counted: Vec::new() }
    }

    pub(crate) const fn connection(&mut self) -> &mut Lent {
        &mut self.conn
    }

    /// Counts this once it is committed.
    pub(crate) fn count(&mut self, what: impl IntoIterator<Item = Counted>) {
        self.counted.extend(what);
    }

    /// Locks the user: always the first statement. [`Error::NotFound`] if there is no such user.
    pub async fn lock(&mut self, user: UserId) -> Result<UserLock> {
        // FOR UPDATE would clash with the share locks that foreign keys to users take.
        let found = sqlx::query_scalar!("SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE", user.uuid())
            .fetch_optional(self.connection())
            .await?;
        UserLock::of(found)
    }

    /// Commits with everything that follows: notifications not told before, events, jobs. Rings afterwards.
    ///
    /// [`Error::Unavailable`] from here may mean that it did happen: whoever tries again must find out by reading.
    pub async fn commit(mut self, outbox: Outbox, now: Timestamp) -> Result<()> {
        let told = notifications::insert(&mut self, &outbox.notifications, now).await?;
        let Outbox { rings, events, .. } = outbox.and(told);
        events::append(&mut self, &events, now).await?;
        let jobs = rings.iter().map(job).collect::<Result<Vec<_>>>()?;
        let queue_now = self.store.queue_now();
        queue::enqueue_at(self.connection(), &jobs, queue_now).await?;

        let Self { conn, store, counted } = self;
        conn.commit().await.map_err(unless_refused)?;
        counted.into_iter().for_each(Counted::count);

        // A timer is found by polling; only what is due now is worth a bell.
        let due = rings.iter().filter(|ring| ring.due.is_none_or(|due| due <= now));
        store.bell().ring(due.map(|ring| ring.job.kind().as_str()).collect::<BTreeSet<_>>());
        for user in events.iter().map(|event| event.user).collect::<BTreeSet<_>>() {
            store.bell().tell(EVENTS, user.to_string());
        }
        Ok(())
    }
}

/// What the queue is given for a ring: ids in the payload, everything else from the kind.
fn job(ring: &Ring) -> Result<NewJob> {
    let kind = ring.job.kind();
    let temper = kind.temper();
    let mut job = NewJob::new(kind.as_str(), row::json(&ring.job)?);
    job.key.clone_from(&ring.key);
    job.priority = temper.priority;
    job.max_attempts = temper.attempts;
    job.due = ring.due.map(Timestamp::utc);
    job.traceparent = thread::traceparent();
    Ok(job)
}

/// A commit that the server did not refuse in words may have happened: only reading tells.
fn unless_refused(error: sqlx::Error) -> Error {
    match error {
        refused @ sqlx::Error::Database(_) => refused.into(),
        lost => Error::Unavailable(lost.into()),
    }
}
