//! Channels: where else a person is told, and each delivery there, as a machine (`domain.md` §12).
//!
//! A delivery is pending until the far side has taken it or nothing more is tried. Invariants: every transition raises
//! `version` by one, and only who has seen the version before may write it, so of two workers at one delivery only one
//! says what came of it; what was delivered or is dead is never sent by itself again. The far side may get the same
//! delivery twice (nobody can know what a broken line has carried), and knows it by the delivery's id.

use chrono::TimeDelta;
use serde_json::json;

use crate::{
    event::Name,
    id::{ChannelId, DeliveryId, NotificationId, UserId},
    job::Job,
    notify::{self, Severity},
    outbox::Outbox,
    quiet, retry,
    settings::Settings,
    time::Timestamp,
    wire::wire_enum,
};

wire_enum! {
    /// How it is reached.
    Kind, "kind of channel" { Webhook = "webhook", Email = "email" }
}

wire_enum! {
    /// How a delivery stands.
    Phase, "delivery state" { Pending = "pending", Delivered = "delivered", Dead = "dead" }
}

/// Most channels of one person.
pub const MOST: usize = 10;
/// How long a webhook's secret is good beside the one that took its place.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// So often a delivery is tried: with the house's waits, for about half an hour.
pub const TRIES: i32 = 10;
/// Who asked for a test is waiting for its outcome.
const TRIES_OF_A_TEST: i32 = 1;
/// A claim that was not settled by then is another worker's to take: longer than any run lasts.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);

/// Where else a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Whose.
    pub user: UserId,
    /// How it is reached.
    pub kind: Kind,
    /// What the person calls it.
    pub name: String,
    /// A URL, or a mail address.
    pub address: String,
    /// Nothing less is told there.
    pub minimum_severity: Severity,
    /// Off means that nothing is told there.
    pub enabled: bool,
    /// Since when what is sent there dies.
    pub failing_since: Option<Timestamp>,
    /// What is wrong with it.
    pub trouble: Option<String>,
    /// Until then what is sent there is signed under the secret before this one too.
    pub old_secret_until: Option<Timestamp>,
    /// Its `ETag`.
    pub revision: i64,
    /// Since when there is one.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
}

impl Channel {
    /// Whether something so loud is told there.
    pub fn wants(&self, severity: Severity) -> bool {
        self.enabled && severity >= self.minimum_severity
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// To be sent, or being sent.
    Pending {
        /// Not before.
        due: Timestamp,
    },
    /// The far side has it.
    Delivered {
        /// Since.
        at: Timestamp,
    },
    /// Nobody tries any more.
    Dead {
        /// Since.
        at: Timestamp,
    },
}

impl State {
    /// The name of the state.
    pub const fn phase(self) -> Phase {
        match self {
            Self::Pending { .. } => Phase::Pending,
            Self::Delivered { .. } => Phase::Delivered,
            Self::Dead { .. } => Phase::Dead,
        }
    }
}

/// Some notifications on their way to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, by which the far side knows it when it comes twice.
    pub id: DeliveryId,
    /// Whose.
    pub user: UserId,
    /// Where to.
    pub channel: ChannelId,
    /// What is told, oldest first; nothing is a test.
    pub notifications: Vec<NotificationId>,
    /// Where it stands.
    pub state: State,
    /// How often it was tried since somebody last asked for it.
    pub tries: i32,
    /// What went wrong last, in words.
    pub error: Option<String>,
    /// Raised by one with every transition.
    pub version: i64,
    /// When it was planned.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
}

/// What there is to do for a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Send it, as this.
    Send(Box<Delivery>),
    /// Not before.
    NotYet(Timestamp),
    /// There is nobody to tell, or nothing: over, as this.
    Void(Box<Delivery>, Outbox),
    /// It is over.
    Nothing,
}

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The far side has it.
    Taken,
    /// The far side wants nothing any more, ever.
    Gone,
    /// It will never work.
    Refused {
        /// Why, in words.
        why: String,
    },
    /// It may work later.
    Later {
        /// Why not now, in words.
        why: String,
        /// The far side asked for so much time.
        wait: Option<TimeDelta>,
    },
}

impl Delivery {
    /// A new one, to be sent at once, and its ring.
    pub fn plan(channel: &Channel, label: &str, notifications: Vec<NotificationId>, now: Timestamp) -> (Self, Outbox) {
        let delivery = Self {
            id: channel.id.child(&format!("delivery:{label}")),
            user: channel.user,
            channel: channel.id,
            notifications,
            state: State::Pending { due: now },
            tries: 0,
            error: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let outbox = delivery.ring();
        (delivery, outbox)
    }

    /// Whether it only shows that the channel works.
    pub fn is_test(&self) -> bool {
        self.notifications.is_empty()
    }

    /// Takes it for one try; `left` notifications are still there.
    pub fn claim(self, channel: &Channel, left: usize, now: Timestamp) -> Look {
        match self.state {
            State::Pending { due } if due > now => Look::NotYet(due),
            State::Pending { .. } if !channel.enabled => self.given_up("The channel is switched off.", now),
            State::Pending { .. } if left == 0 && !self.is_test() => {
                self.given_up("What it was to tell is not kept any more.", now)
            }
            State::Pending { .. } => {
                let tries = self.tries.saturating_add(1);
                Look::Send(Box::new(Self { tries, ..self.moved(State::Pending { due: now.plus(LEASE) }, now) }))
            }
            State::Delivered { .. } | State::Dead { .. } => Look::Nothing,
        }
    }

    /// What follows from a try. `draw` spreads the waits.
    pub fn answered(
        self,
        channel: Channel,
        answer: Answer,
        settings: &Settings,
        draw: u32,
        now: Timestamp,
    ) -> (Self, Channel, Outbox) {
        let most = if self.is_test() { TRIES_OF_A_TEST } else { TRIES };
        match answer {
            Answer::Taken => {
                let delivered = Self { error: None, ..self.moved(State::Delivered { at: now }, now) };
                let outbox = delivered.settled();
                (delivered, Channel { failing_since: None, trouble: None, ..channel }, outbox)
            }
            Answer::Later { why, wait } if self.tries < most => {
                let wait = retry::backoff(self.tries, draw).max(wait.unwrap_or_default());
                let again = Self { error: Some(why), ..self.moved(State::Pending { due: now.plus(wait) }, now) };
                let outbox = again.ring().and(again.settled());
                (again, channel, outbox)
            }
            Answer::Later { why, .. } | Answer::Refused { why } => self.died(channel, why, settings, now),
            Answer::Gone => {
                let off = Channel { enabled: false, revision: channel.revision + 1, updated_at: now, ..channel };
                let why = "It answered that it is gone for good (410), so the channel is switched off.";
                self.died(off, why.to_owned(), settings, now)
            }
        }
    }

    /// Tries what is dead again from the start; none when it is not dead.
    pub fn again(self, now: Timestamp) -> Option<(Self, Outbox)> {
        matches!(self.state, State::Dead { .. }).then(|| {
            let again = Self { tries: 0, ..self.moved(State::Pending { due: now }, now) };
            let outbox = again.ring().and(again.settled());
            (again, outbox)
        })
    }

    fn given_up(self, why: &str, now: Timestamp) -> Look {
        let dead = Self { error: Some(why.to_owned()), ..self.moved(State::Dead { at: now }, now) };
        let outbox = dead.settled();
        Look::Void(Box::new(dead), outbox)
    }

    /// Nobody tries any more. The person is told once while the channel fails, not for each delivery.
    fn died(self, channel: Channel, why: String, settings: &Settings, now: Timestamp) -> (Self, Channel, Outbox) {
        let test = self.is_test();
        let dead = Self { error: Some(why.clone()), ..self.moved(State::Dead { at: now }, now) };
        let outbox = dead.settled();
        let switched_off = !channel.enabled;
        if (test || channel.failing_since.is_some()) && !switched_off {
            return (dead, Channel { trouble: Some(why), ..channel }, outbox);
        }
        let since = channel.failing_since.unwrap_or(now);
        let failing = Channel { failing_since: Some(since), trouble: Some(why), ..channel };
        let outbox = outbox.notify(failing.notice(settings, since, now));
        (dead, failing, outbox)
    }

    fn moved(self, state: State, now: Timestamp) -> Self {
        Self { state, version: self.version + 1, updated_at: now, ..self }
    }

    /// The ring of a pending one, when it is due.
    fn ring(&self) -> Outbox {
        let (job, key) = (Job::Deliver { delivery: self.id }, format!("{}:{}", self.id, self.version));
        match self.state {
            State::Pending { due } if due > self.updated_at => Outbox::nothing().timer(job, due, key),
            State::Pending { .. } => Outbox::nothing().ring(job, key),
            State::Delivered { .. } | State::Dead { .. } => Outbox::nothing(),
        }
    }

    /// The event that says where it stands.
    fn settled(&self) -> Outbox {
        let facts = json!({ "delivery": self.id, "channel": self.channel, "state": self.state.phase() });
        Outbox::nothing().event(self.user, Name::DeliveryChanged, facts.as_object().cloned().unwrap_or_default())
    }
}

impl Channel {
    fn notice(&self, settings: &Settings, since: Timestamp, now: Timestamp) -> notify::New {
        let (name, trouble) = (&self.name, self.trouble.as_deref().unwrap_or_default());
        let switched = if self.enabled { "" } else { ":off" };
        notify::New {
            user: self.user,
            kind: notify::Kind::ChannelFailing,
            severity: Severity::Warning,
            title: format!("You can't be reached at {name}"),
            body: format!("{trouble} What it was to tell you is kept with the channel, and can be sent again."),
            link: Some(format!("/api/v1/channels/{}", self.id)),
            dedupe_key: format!("channel:{}:{}{switched}", self.id, since.utc().timestamp_micros()),
            deliver_at: quiet::deliver_at(Severity::Warning, settings, now),
        }
    }
}

#[cfg(test)]
mod tests;
