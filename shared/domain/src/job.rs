//! Jobs: doorbells. A job names a row to look at and nothing more; per-kind settings live with the kind (`domain.md` §14).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{
    id::{AccountId, ApprovalId, DeliveryId, ExecutionId, SignalId, SourceId, UserId},
    wire::wire_enum,
};

wire_enum! {
    /// The kinds of job; each has a queue of its own that bears its name.
    Kind, "job kind" {
        EvaluateSignal = "evaluate_signal", ExecuteAction = "execute_action", ExpireApproval = "expire_approval",
        RefreshToken = "refresh_token", EvaluateTrust = "evaluate_trust", PollSource = "poll_source", Notify = "notify",
        Deliver = "deliver", Housekeep = "housekeep",
    }
}

wire_enum! {
    /// Chores that keep the house: rung by cron ticks.
    Chore, "chore" { Prune = "prune", TrustReview = "trust_review" }
}

/// One job's payload: which row to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Decide what a signal means.
    EvaluateSignal {
        /// Which.
        signal: SignalId,
    },
    /// Claim, dispatch or settle an execution.
    ExecuteAction {
        /// Which.
        execution: ExecutionId,
    },
    /// Remind of or expire an approval.
    ExpireApproval {
        /// Which.
        approval: ApprovalId,
    },
    /// Refresh one account's token.
    RefreshToken {
        /// Which.
        account: AccountId,
    },
    /// Promote or regress a user's tiers.
    EvaluateTrust {
        /// Whose.
        user: UserId,
    },
    /// Read what is new in a mailbox or calendar.
    PollSource {
        /// Which.
        source: SourceId,
    },
    /// Deliver what quiet hours have held back.
    Notify {
        /// Whose.
        user: UserId,
    },
    /// Bring a delivery to its channel.
    Deliver {
        /// Which.
        delivery: DeliveryId,
    },
    /// Keep the house.
    Housekeep {
        /// What.
        chore: Chore,
    },
}

impl Job {
    /// The kind, and so the queue.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::EvaluateSignal { .. } => Kind::EvaluateSignal,
            Self::ExecuteAction { .. } => Kind::ExecuteAction,
            Self::ExpireApproval { .. } => Kind::ExpireApproval,
            Self::RefreshToken { .. } => Kind::RefreshToken,
            Self::EvaluateTrust { .. } => Kind::EvaluateTrust,
            Self::PollSource { .. } => Kind::PollSource,
            Self::Notify { .. } => Kind::Notify,
            Self::Deliver { .. } => Kind::Deliver,
            Self::Housekeep { .. } => Kind::Housekeep,
        }
    }
}

/// How jobs of a kind are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temper {
    /// Most jobs of the kind at once in one worker process.
    pub concurrency: usize,
    /// Longest a run may take.
    pub timeout: TimeDelta,
    /// Runs before the job is dead; snoozes don't count.
    pub attempts: i32,
    /// First backoff; grows by factor 4 with full jitter.
    pub backoff_base: TimeDelta,
    /// Longest backoff.
    pub backoff_cap: TimeDelta,
    /// Higher runs first within a queue.
    pub priority: i32,
}

impl Kind {
    /// The settings of this kind.
    pub const fn temper(self) -> Temper {
        const fn temper(concurrency: usize, timeout_seconds: i64, attempts: i32) -> Temper {
            Temper {
                concurrency,
                timeout: TimeDelta::seconds(timeout_seconds),
                attempts,
                backoff_base: TimeDelta::seconds(1),
                backoff_cap: TimeDelta::minutes(5),
                priority: 0,
            }
        }
        match self {
            Self::EvaluateSignal => temper(8, 30, 6),
            Self::ExecuteAction => temper(16, 60, 6),
            Self::ExpireApproval | Self::EvaluateTrust | Self::Notify => temper(4, 30, 10),
            Self::RefreshToken => temper(4, 60, 6),
            Self::PollSource => temper(4, 120, 6),
            Self::Deliver => temper(8, 40, 6),
            Self::Housekeep => temper(1, 120, 6),
        }
    }
}
