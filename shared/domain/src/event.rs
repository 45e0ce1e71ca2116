//! Events: one ordered stream per user, ids and short facts only, no secrets, no mail bodies (`domain.md` §12).

use crate::{id::UserId, signal::Object, wire::wire_enum};

wire_enum! {
    /// What can be told.
    Name, "event" {
        SignalReceived = "signal.received", DecisionMade = "decision.made",
        ApprovalCreated = "approval.created", ApprovalResolved = "approval.resolved", ApprovalExpired = "approval.expired",
        ExecutionStarted = "execution.started", ExecutionStep = "execution.step", ExecutionSettled = "execution.settled",
        ExecutionCancelAsked = "execution.cancel_asked",
        UndoRequested = "undo.requested", UndoSettled = "undo.settled",
        TrustChanged = "trust.changed", TwinUpdated = "twin.updated", SpendChanged = "spend.changed",
        SettingsChanged = "settings.changed", NotificationCreated = "notification.created",
        FeedbackRecorded = "feedback.recorded", ConnectionChanged = "connection.changed",
        ChannelChanged = "channel.changed", DeliveryChanged = "delivery.changed",
    }
}

/// An event about to be written; its number comes from the user's counter at commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// Whose stream.
    pub user: UserId,
    /// What happened.
    pub name: Name,
    /// Ids and short facts.
    pub facts: Object,
}
