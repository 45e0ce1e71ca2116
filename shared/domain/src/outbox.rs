//! The outbox: every consequence of a state change, as data, written in the same transaction (`house.md` §2).

use crate::{event, id::UserId, job::Job, notify, signal::Object, time::Timestamp};

/// One ring of a doorbell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// Which row to look at.
    pub job: Job,
    /// Not before this instant; none means at once.
    pub due: Option<Timestamp>,
    /// Row id and revision: dedupes within one transition, never over a life. The sweep and re-drive ring with none.
    pub key: Option<String>,
}

/// Consequences of one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "an outbox that is not committed is a consequence that never happens"]
pub struct Outbox {
    /// Jobs to enqueue.
    pub rings: Vec<Ring>,
    /// Events, in order.
    pub events: Vec<event::New>,
    /// Notifications.
    pub notifications: Vec<notify::New>,
}

impl Outbox {
    /// Nothing follows.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Adds a ring at once, keyed by row and revision.
    pub fn ring(mut self, job: Job, key: impl Into<String>) -> Self {
        self.rings.push(Ring { job, due: None, key: Some(key.into()) });
        self
    }

    /// Adds a timer: a ring that is due later.
    pub fn timer(mut self, job: Job, due: Timestamp, key: impl Into<String>) -> Self {
        self.rings.push(Ring { job, due: Some(due), key: Some(key.into()) });
        self
    }

    /// Adds an event of short facts.
    pub fn event(mut self, user: UserId, name: event::Name, facts: Object) -> Self {
        self.events.push(event::New { user, name, facts });
        self
    }

    /// Adds a notification, and the event that tells of it.
    pub fn notify(mut self, notification: notify::New) -> Self {
        self.notifications.push(notification);
        self
    }

    /// Everything of both, in order.
    pub fn and(mut self, other: Self) -> Self {
        self.rings.extend(other.rings);
        self.events.extend(other.events);
        self.notifications.extend(other.notifications);
        self
    }
}
