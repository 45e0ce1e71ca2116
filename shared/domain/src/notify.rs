//! Notifications: what a person is told, once, and when (`domain.md` §12).

use serde::{Deserialize, Serialize};

use crate::{id::UserId, time::Timestamp, wire::wire_enum};

wire_enum! {
    /// What it is about.
    Kind, "notification kind" {
        ApprovalRequested = "approval_requested", ApprovalReminder = "approval_reminder", ApprovalExpired = "approval_expired",
        Executed = "executed", Failed = "failed", UnknownOutcome = "unknown_outcome", Alert = "alert", Refused = "refused",
        TierChanged = "tier_changed", LimitNear = "limit_near", LimitReached = "limit_reached",
        AccountNeedsReauth = "account_needs_reauth", DeadJob = "dead_job",
    }
}

wire_enum! {
    /// How loud. Ordered; only critical passes quiet hours.
    Severity, "severity" { Info = "info", Warning = "warning", Critical = "critical" }
}

/// A notification about to be stored; the same dedupe key for the same user is stored once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct New {
    /// For whom.
    pub user: UserId,
    /// About what.
    pub kind: Kind,
    /// How loud.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// A few sentences.
    pub body: String,
    /// Where to look, as a path below the API's root such as `/api/v1/approvals/…`.
    pub link: Option<String>,
    /// What makes it the same notification.
    pub dedupe_key: String,
    /// Not shown before; the end of quiet hours for what may wait.
    pub deliver_at: Timestamp,
}
