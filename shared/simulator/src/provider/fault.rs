//! What is to go wrong with a call, and how often.

use std::time::Duration;

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

/// One order: which calls, of whom, how often, what.
#[derive(Clone, Debug)]
pub struct Rule {
    on: On,
    subject: Option<String>,
    times: Option<u32>,
    fault: Fault,
}

impl Rule {
    /// Once, whoever calls.
    pub const fn new(on: On, fault: Fault) -> Self {
        Self { on, subject: None, times: Some(1), fault }
    }

    /// Only for this account.
    #[must_use]
    pub fn of(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// So many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Every time.
    #[must_use]
    pub fn always(self) -> Self {
        Self { times: None, ..self }
    }
}

/// The orders, in order: the first that fits strikes.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Rule>);

impl Faults {
    pub(super) fn add(&mut self, rules: impl IntoIterator<Item = Rule>) {
        self.0.extend(rules);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What strikes this call.
    pub(super) fn strike(&mut self, on: On, subject: Option<&str>) -> Option<Fault> {
        let fits = |rule: &Rule| {
            rule.on == on && rule.times != Some(0) && (rule.subject.is_none() || rule.subject.as_deref() == subject)
        };
        let rule = self.0.iter_mut().find(|rule| fits(rule))?;
        rule.times = rule.times.map(|times| times.saturating_sub(1));
        Some(rule.fault.clone())
    }
}
