//! What passes between an execution and its engine: what to ask of it, and what its reply means.
//!
//! Invariant: an adapter says for each reply exactly one of these things, and what is in doubt is never called anything
//! else (`domain.md` §1 law 8).

use chrono::TimeDelta;

use super::Stepped;
use crate::{money::Money, signal::Object};

/// Which engine carries an execution out, and what it makes of a request that reaches it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carrier<'a> {
    name: &'a str,
    dedupes: bool,
}

impl<'a> Carrier<'a> {
    /// An engine that recognises the execution's id: whatever is in doubt may be sent to it again.
    pub const fn deduping(name: &'a str) -> Self {
        Self { name, dedupes: true }
    }

    /// An engine that would do it twice: what may have reached it is never sent again (`domain.md` §1 law 8).
    pub const fn at_most_once(name: &'a str) -> Self {
        Self { name, dedupes: false }
    }

    pub(super) const fn name(self) -> &'a str {
        self.name
    }

    pub(super) const fn dedupes(self) -> bool {
        self.dedupes
    }
}

/// What to do with a claimed execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the stored bytes: for the first time, or again to an engine that dedupes by our id.
    Send,
    /// Ask the engine how it stands.
    Look,
    /// Ask the engine to stop it, since the person wants that or its time is up, and how it stands then.
    Cancel,
    /// Leave the engine alone: it may have done it, would do it twice, and can't be asked. Only the person can tell.
    GiveUp,
}

/// What an engine's reply means: adapters translate their wire into exactly this (`domain.md` §1 law 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An explicit verdict that names our id: done.
    Succeeded {
        /// What the engine reported.
        output: Object,
        /// What it cost, if the engine said.
        actual: Option<Money>,
        /// The engine's own id.
        engine_ref: Option<String>,
    },
    /// An explicit verdict that names our id: not done.
    Failed {
        /// What the engine reported.
        error: String,
        /// The engine's own id.
        engine_ref: Option<String>,
    },
    /// An explicit verdict that names our id, step by step.
    Stepwise(Stepped),
    /// The engine has it and works on it: look again later.
    Working {
        /// The engine's own id.
        engine_ref: String,
        /// When the engine wants to be asked again.
        look_after: Option<TimeDelta>,
    },
    /// Certainly had no effect; may be sent again.
    NotTaken {
        /// When the engine wants it again.
        retry_after: Option<TimeDelta>,
        /// Why.
        why: String,
    },
    /// May have had an effect: silence, prose, time-out, a body that can't be read.
    InDoubt {
        /// When the engine wants to be asked again.
        retry_after: Option<TimeDelta>,
        /// Why.
        why: String,
    },
    /// May have had an effect, and asking is no way to find out: only the person can.
    Lost {
        /// Why.
        why: String,
    },
    /// Refused for good: repeating will not help.
    Refused {
        /// Why.
        why: String,
    },
}
