//! Feedback: what a person's answer teaches, exactly once per answer (`domain.md` §1 law 6, §11).

use serde::{Deserialize, Serialize};

use crate::{
    catalogue::Verb,
    id::{ApprovalId, DecisionId, FeedbackId, UserId},
    signal::Domain,
    time::Timestamp,
    wire::wire_enum,
};

wire_enum! {
    /// What the person said.
    Kind, "feedback" {
        Approve = "approve", Reject = "reject", Edit = "edit", Undo = "undo", RestatePreference = "restate_preference",
        Reward = "reward", Punish = "punish",
    }
}

wire_enum! {
    /// How bad what was undone had been. Ordered.
    Severity, "undo severity" { Minor = "minor", Moderate = "moderate", Severe = "severe", Critical = "critical" }
}

/// One answer, to be learned from once. Its id derives from what was answered, so it can't be counted twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Derives from the approval, or from the decision where there is none.
    pub id: FeedbackId,
    /// Whose.
    pub user: UserId,
    /// About which decision.
    pub decision: DecisionId,
    /// In answer to which approval.
    pub approval: Option<ApprovalId>,
    /// In which domain it counts.
    pub domain: Domain,
    /// About which verb.
    pub verb: Option<Verb>,
    /// What they said.
    pub kind: Kind,
    /// How bad, for an undo.
    pub severity: Option<Severity>,
    /// In their words.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
}
