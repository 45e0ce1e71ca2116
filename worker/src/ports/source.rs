//! A source of signals: somebody's mailbox or calendar, read page by page (`domain.md` §13).
//!
//! Invariant: a page's cursor stands right behind the page. Kept in the transaction that keeps the page's signals, it
//! skips nothing and is asked for nothing twice; a signal that comes twice all the same is known by its external id.

use chrono::TimeDelta;
use domain::{
    id::{SignalId, UserId},
    signal::{Object, Signal},
    source::Kind,
    time::Timestamp,
};
use futures::future::BoxFuture;
use runtime::Secret;
use serde_json::Value;

/// Reads one kind of account. Another source is another implementation of this and a line of wiring.
pub trait Source: Send + Sync {
    /// What it reads, and what its signals say they come from.
    fn kind(&self) -> Kind;

    /// Reads the next page. No cursor means the very first; one that can't be read starts anew.
    fn poll<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, Result<Page, Trouble>>;
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The account's access token.
    pub token: &'a Secret,
    /// Where the page before ended.
    pub cursor: Option<&'a Value>,
    /// The time.
    pub now: Timestamp,
}

/// A page of what is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Oldest first.
    pub signals: Vec<Incoming>,
    /// What can't be read. The cursor is behind it all the same: it holds up nothing that comes after it.
    pub left_out: Vec<LeftOut>,
    /// Where the next page starts.
    pub cursor: Value,
    /// There is more to read right now.
    pub more: bool,
}

/// Something that can't be read: which, and what is wrong with it. Nothing of what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The source's own id of it; empty where that is not known.
    pub id: String,
    /// What is wrong, such as `` `sequence` is of the wrong type ``.
    pub wrong: String,
}

/// A signal as a source brings it: whose it is and when it came is not for the source to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The type within the source.
    pub kind: &'static str,
    /// The source's own id of it: the same again is the same signal.
    pub external_id: String,
    /// When it happened, by the source's account.
    pub occurred_at: Option<Timestamp>,
    /// What a decision needs of it.
    pub payload: Object,
}

impl Incoming {
    /// The signal, once it is known whose it is.
    pub fn signal(self, id: SignalId, user: UserId, source: &str, now: Timestamp) -> Signal {
        Signal {
            id,
            user,
            source: source.to_owned(),
            kind: self.kind.to_owned(),
            external_id: Some(self.external_id),
            occurred_at: self.occurred_at,
            received_at: now,
            urgency: None,
            domain: None,
            payload: self.payload,
        }
    }
}

/// Why there is no page. Sentences, without anything of the answer in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The token is no good (any more): with a fresh one it may work.
    TokenRefused,
    /// Too many calls, or the far side is down: later.
    Later {
        /// When it wants to hear from us again.
        retry_after: Option<TimeDelta>,
        /// Why.
        why: String,
    },
    /// It won't tell us, whatever we do: a permission that is missing, a request that it does not understand.
    Refused {
        /// Why.
        why: String,
    },
}
