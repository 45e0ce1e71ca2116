//! Faults on order: rules that say which requests go wrong, how often, and how.
//!
//! A [`Reply`] is about one answer on the wire and leaves the work alone; a [`Twist`] is about the work itself, and so
//! about every answer that tells of it from then on.

use serde::{Deserialize, Serialize};

use crate::gate::Gate;

/// Which requests a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// `POST /api/v1/responses`.
    #[default]
    Create,
    /// `GET /api/v1/responses/{id}`.
    Retrieve,
    /// `POST /api/v1/responses/{id}/cancel`.
    Cancel,
    /// `GET /api/webchat/v2/threads`.
    Threads,
    /// `GET /api/webchat/v2/threads/{id}/events`.
    Events,
    /// `POST /api/webchat/v2/threads/{id}/runs/{run}/gates/{gate}/resolve`.
    Resolve,
    /// `POST /webhook`, of servers before 1.0.
    Webhook,
}

/// What happens to one answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// The work is done at once, the answer comes late.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
    /// The connection is reset before any work.
    Reset,
    /// The work is done, then the connection is closed without a byte.
    Drop,
    /// No answer, ever; the connection stays open.
    Hang {
        /// Whether the work is done all the same.
        #[serde(default)]
        work: bool,
    },
    /// An HTTP status other than 200.
    Status {
        /// The status.
        code: u16,
        /// The `Retry-After` header, as it is.
        #[serde(default)]
        retry_after: Option<String>,
        /// Whether the work is done all the same.
        #[serde(default)]
        work: bool,
    },
    /// The request is handled twice, as by a proxy that repeats it; the second answer is given.
    Duplicate,
    /// The work is done; 200 with a body that is no JSON.
    Unparsable,
    /// The work is done; 200 with no body.
    Empty,
    /// The work is done; 200, and the connection closes half way through the body.
    Truncated,
    /// The work is done; 200 with exactly this body.
    Body {
        /// The body.
        text: String,
    },
}

impl Reply {
    /// An HTTP status before any work.
    pub const fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None, work: false }
    }

    /// An HTTP status although the work was done.
    pub const fn status_after_work(code: u16) -> Self {
        Self::Status { code, retry_after: None, work: true }
    }
}

/// What happens to the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Twist {
    /// It ends like this instead of well.
    Ends {
        /// How.
        end: End,
    },
    /// It stays `in_progress` for so many looks.
    InProgress {
        /// Looks that still find it in progress.
        polls: u32,
        /// How it ends then.
        #[serde(default)]
        end: End,
    },
    /// It costs this much, whatever was allowed.
    Cost {
        /// Cents.
        cents: i64,
    },
    /// It waits for leave before it does anything.
    Gate {
        /// For what.
        gate: Gate,
    },
}

/// How work ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Done, with a result block.
    #[default]
    Completed,
    /// Nothing done, and a result block that says so.
    Failed,
    /// Done step by step up to this one, which fails; the result block says so of each.
    StepFails {
        /// Which, from 0.
        ordinal: u16,
    },
    /// Nothing done: the run itself broke, without a result block.
    Broken,
    /// Done, but the run broke before it could say so.
    BrokenAfter,
    /// Nothing done: cancelled, without a result block.
    Cancelled,
    /// Done, but the answer only says so in prose.
    Prose,
    /// Done, but the result block names another execution.
    OtherId,
    /// Done, but cut short before the result block: status `incomplete`.
    Incomplete,
}

impl End {
    /// Whether the work has an effect.
    pub(crate) const fn has_effect(self) -> bool {
        match self {
            Self::Completed | Self::Prose | Self::OtherId | Self::Incomplete | Self::BrokenAfter => true,
            Self::StepFails { ordinal } => ordinal > 0,
            Self::Failed | Self::Broken | Self::Cancelled => false,
        }
    }
}

/// One order: which requests, how often, what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// For which kind of request.
    #[serde(default)]
    pub on: On,
    /// Only for this verb.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// Only for this execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// From the n-th request on that it is for, counted from 1.
    #[serde(default = "one")]
    pub nth: u32,
    /// So many times, 1 if not said; `null` means always.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// What happens to the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// What happens to the work; only where a request starts some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Twist>,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's own type")]
const fn once() -> Option<u32> {
    Some(1)
}

impl Rule {
    const NOTHING: Self =
        Self { on: On::Create, verb: None, execution_id: None, nth: 1, times: Some(1), reply: None, work: None };

    /// Once, the answer to a create does this.
    pub fn reply(reply: Reply) -> Self {
        Self { reply: Some(reply), ..Self::NOTHING }
    }

    /// Once, the work that a create starts does this.
    pub fn work(twist: Twist) -> Self {
        Self { work: Some(twist), ..Self::NOTHING }
    }

    /// Once, the work that a create starts waits at this gate.
    pub fn gate(gate: Gate) -> Self {
        Self::work(Twist::Gate { gate })
    }

    /// Once, the work that a create starts ends like this.
    pub fn ends(end: End) -> Self {
        Self::work(Twist::Ends { end })
    }

    /// For another kind of request.
    #[must_use]
    pub fn on(self, on: On) -> Self {
        Self { on, ..self }
    }

    /// Only for this verb.
    #[must_use]
    pub fn verb(self, verb: impl Into<String>) -> Self {
        Self { verb: Some(verb.into()), ..self }
    }

    /// Only for this execution.
    #[must_use]
    pub fn execution(self, id: impl std::fmt::Display) -> Self {
        Self { execution_id: Some(id.to_string()), ..self }
    }

    /// From the n-th such request on, counted from 1.
    #[must_use]
    pub fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
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

    pub(crate) fn is_for(&self, on: On, verb: Option<&str>, execution: Option<&str>) -> bool {
        let fits = |wanted: Option<&str>, got| wanted.is_none() || wanted == got;
        self.on == on && fits(self.verb.as_deref(), verb) && fits(self.execution_id.as_deref(), execution)
    }
}
