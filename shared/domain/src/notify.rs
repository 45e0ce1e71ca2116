//! Notifications: what a person is told, once, and when (`domain.md` §12).

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    event,
    id::{NotificationId, UserId},
    time::Timestamp,
    wire::wire_enum,
};

wire_enum! {
    /// What it is about.
    Kind, "notification kind" {
        ApprovalRequested = "approval_requested", ApprovalReminder = "approval_reminder", ApprovalExpired = "approval_expired",
        Executed = "executed", Failed = "failed", UnknownOutcome = "unknown_outcome", Alert = "alert", Refused = "refused",
        TierChanged = "tier_changed", LimitNear = "limit_near", LimitReached = "limit_reached",
        AccountNeedsReauth = "account_needs_reauth", DeadJob = "dead_job", ChannelFailing = "channel_failing",
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

/// Most ids one event names.
const NAMED: usize = 20;

/// The event that tells of what is delivered together: one notification is named, several are counted, so that the end of
/// quiet hours is one sign and not a volley.
pub fn told(user: UserId, delivered: &[(NotificationId, Kind, Severity)]) -> Option<event::New> {
    let loudest = delivered.iter().map(|(_, _, severity)| *severity).max()?;
    let facts = match delivered {
        [(id, kind, severity)] => json!({ "notification": id, "kind": kind, "severity": severity }),
        several => {
            let named: Vec<_> = several.iter().take(NAMED).map(|(id, ..)| id).collect();
            json!({ "count": several.len(), "notifications": named, "severity": loudest })
        }
    };
    let facts = facts.as_object().cloned().unwrap_or_default();
    Some(event::New { user, name: event::Name::NotificationCreated, facts })
}
