//! What is to go wrong with a call, and how often.

use std::time::Duration;

use crate::orders::{Order, Orders};

/// Which calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The page where the person signs in.
    Authorize,
    /// A code for tokens.
    Exchange,
    /// A refresh token for tokens.
    Refresh,
    /// A token given back.
    Revoke,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes late.
    Slow(Duration),
    /// An HTTP status without any work, and how long to stay away.
    Status(u16, Option<u32>),
    /// The status and `error` of RFC 6749 §5.2, without any work.
    Error(u16, &'static str),
    /// The connection is reset before any work.
    Reset,
    /// The work is done, then the connection is closed without a byte: the caller will never know.
    Drop,
    /// The work is done, and the answer is no JSON.
    Unparsable,
    /// No answer, ever.
    Hang,
}

/// Which calls, of whom, and what happens to them.
#[derive(Clone, Debug)]
pub struct What {
    on: On,
    subject: Option<String>,
    fault: Fault,
}

/// One order: which calls, of whom, how often, what.
pub type Rule = Order<What>;

impl Rule {
    /// Once, whoever calls.
    pub const fn new(on: On, fault: Fault) -> Self {
        Self::once(What { on, subject: None, fault })
    }

    /// Only for this account.
    #[must_use]
    pub fn of(self, subject: impl Into<String>) -> Self {
        self.about(|what| What { subject: Some(subject.into()), ..what })
    }
}

impl Orders<What> {
    /// What strikes this call.
    pub(super) fn strike_call(&mut self, on: On, subject: Option<&str>) -> Option<Fault> {
        let is_for = |what: &What| what.on == on && (what.subject.is_none() || what.subject.as_deref() == subject);
        self.strike(is_for).map(|what| what.fault.clone())
    }
}
