//! The machine of an approval: pending, then resolved exactly once (`domain.md` §9).
//!
//! An answer re-rates and re-evaluates what it consents to; a deny at that point resolves it as rejected by policy,
//! never approved-but-lost; what is missing from an answer (an override, a cap) changes nothing.
//! Expiry and answers compare the same clock: at `expires_at` it is expired, whatever the sweep has seen.

mod answering;
mod ripening;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use ripening::Ripened;

use crate::{
    action::Action,
    catalogue::Invalid,
    decision::{Candidate, Decision},
    digest::Digest,
    event,
    execution::Execution,
    facts::Facts,
    feedback::Feedback,
    id::{ApprovalId, DecisionId, ExecutionId, UserId},
    job::Job,
    ledger::Override,
    notify,
    outbox::Outbox,
    policy::{self, Effect, Reason},
    quiet,
    risk::Risk,
    signal::{Object, Urgency},
    time::Timestamp,
    wire::wire_enum,
};

wire_enum! {
    /// How it reaches the person.
    Kind, "approval kind" {
        /// Interrupts, reminds, tells of its expiry.
        Ask = "ask",
        /// Passive, one tap to accept, expires silently.
        Suggest = "suggest",
    }
}

wire_enum! {
    /// Where an approval stands.
    Phase, "approval state" {
        Pending = "pending", Approved = "approved", Rejected = "rejected", Expired = "expired", Cancelled = "cancelled",
    }
}

wire_enum! {
    /// Who resolved it.
    ResolvedBy, "resolver" { Person = "person", Policy = "policy" }
}

/// Something else the person may choose instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The candidate's ordinal within the decision.
    pub ordinal: u16,
    /// What it would do.
    pub action: Action,
    /// In one line.
    pub summary: String,
}

/// What the person adds to a yes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Yes, also above the daily limit; wants a reason.
    pub override_daily_limit: bool,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The most an action of unknown cost may cost, in cents.
    pub max_cost_cents: Option<i64>,
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Do it.
    Approve {
        /// With these terms.
        terms: Terms,
    },
    /// Don't.
    Reject {
        /// Why, in their words.
        reason: Option<String>,
    },
    /// Do it with these parameters instead.
    Edit {
        /// All parameters, as they shall be.
        parameters: Object,
        /// With these terms.
        terms: Terms,
    },
    /// Do that one instead.
    Choose {
        /// The alternative's ordinal.
        ordinal: u16,
        /// With these terms.
        terms: Terms,
    },
}

/// An approval. Fields are open for the store to write and read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Derives from the decision.
    pub id: ApprovalId,
    /// Whose.
    pub user: UserId,
    /// Of which decision.
    pub decision: DecisionId,
    /// How it reaches the person.
    pub kind: Kind,
    /// What is asked, parameters included.
    pub action: Action,
    /// Of the action.
    pub digest: Digest,
    /// What it is about, in one line.
    pub summary: String,
    /// Its risk as rated when asked.
    pub risk: Risk,
    /// Why it is asked.
    pub reasons: Vec<Reason>,
    /// Of the policies in force when asked.
    pub policy_hash: Digest,
    /// What else could be chosen.
    pub alternatives: Vec<Alternative>,
    /// How soon.
    pub urgency: Urgency,
    /// From then on it is expired.
    pub expires_at: Timestamp,
    /// The reminder is due then; none for suggestions.
    pub remind_at: Option<Timestamp>,
    /// The reminder was sent.
    pub reminded: bool,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Where it stands.
    pub state: State,
}

/// Where an approval stands, with what belongs to that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Waits for the person.
    Pending,
    /// Answered with yes; edited means approved with a difference.
    Approved {
        /// When.
        at: Timestamp,
        /// What they said.
        answer: Answer,
        /// What runs.
        execution: ExecutionId,
    },
    /// Answered with no, or denied by policy when it was answered.
    Rejected {
        /// When.
        at: Timestamp,
        /// By whom.
        by: ResolvedBy,
        /// Why: the person's words, or the rules that denied.
        reasons: Vec<String>,
    },
    /// Nobody answered in time.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// Withdrawn: no longer needed.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
}

impl State {
    /// The state's name.
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Pending => Phase::Pending,
            Self::Approved { .. } => Phase::Approved,
            Self::Rejected { .. } => Phase::Rejected,
            Self::Expired { .. } => Phase::Expired,
            Self::Cancelled { .. } => Phase::Cancelled,
        }
    }
}

/// Why an answer was not taken; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Resolved before; the state it found.
    #[error("this approval is {0} already")]
    Resolved(Phase),
    /// Its time is over.
    #[error("this approval expired at {0}")]
    Expired(Timestamp),
    /// The stop switch is on.
    #[error("the twin is stopped; resume it first, the approval stays pending")]
    Stopped,
    /// The daily limit is in the way.
    #[error("this goes above the daily limit; approve with `override_daily_limit: true` and a reason")]
    NeedsOverride(Box<Reason>),
    /// The cost is unknown.
    #[error("the cost is unknown; approve with `max_cost_cents`, which is reserved and told to the engine")]
    NeedsMaxCost,
    /// New parameters or a choice that can't be.
    #[error("the answer does not fit")]
    Invalid(Vec<Invalid>),
}

/// What an answer led to, to be written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The approval, resolved.
    pub approval: Approval,
    /// What runs, if anything.
    pub execution: Option<Execution>,
    /// What is to be learned.
    pub feedback: Feedback,
    /// For the audit: the daily limit that this yes went above.
    pub overridden: Option<Override>,
    /// What follows.
    pub outbox: Outbox,
}

/// How long an approval lives and when it is reminded of: at 80 % of its life, never inside quiet hours' shadow.
fn deadlines(urgency: Urgency, facts: &Facts) -> (Timestamp, Timestamp) {
    let window = TimeDelta::minutes(i64::from(facts.settings.autonomy.approval_minutes.of(urgency)));
    let starts = facts
        .settings
        .autonomy
        .quiet_hours
        .and_then(|hours| quiet::ends_at(hours, facts.settings.timezone, facts.now))
        .unwrap_or(facts.now);
    let expires = starts.plus(window);
    (expires, facts.now.plus(expires.since(facts.now) * 4 / 5))
}

impl Approval {
    /// Opens an approval for a decision's chosen candidate.
    pub fn open(kind: Kind, decision: &Decision, chosen: &Candidate, facts: &Facts) -> (Self, Outbox) {
        let id: ApprovalId = decision.id.child("approval");
        let alternatives = decision
            .candidates
            .iter()
            .filter(|other| other.ordinal != chosen.ordinal && other.verdict.effect != Effect::Deny)
            .map(|other| Alternative {
                ordinal: other.ordinal,
                action: other.action.clone(),
                summary: other.summary.clone(),
            })
            .collect();
        Self::ask(id, kind, decision, chosen, alternatives, facts)
    }

    /// Asks again about an execution that settings have overtaken: same action, a new approval of its own.
    pub fn reopen(
        execution: &Execution,
        decision: &Decision,
        risk: Risk,
        verdict: &policy::Verdict,
        facts: &Facts,
    ) -> (Self, Outbox) {
        let chosen = Candidate {
            ordinal: decision.chosen.unwrap_or_default(),
            action: execution.action.clone(),
            summary: decision
                .chosen()
                .map_or_else(|| execution.action.verb.to_string(), |chosen| chosen.summary.clone()),
            confidence: decision.context.confidence,
            support: Vec::new(),
            score: 0,
            risk,
            missing: Vec::new(),
            verdict: verdict.clone(),
        };
        Self::ask(execution.id.child("approval"), Kind::Ask, decision, &chosen, Vec::new(), facts)
    }

    fn ask(
        id: ApprovalId,
        kind: Kind,
        decision: &Decision,
        chosen: &Candidate,
        alternatives: Vec<Alternative>,
        facts: &Facts,
    ) -> (Self, Outbox) {
        let now = facts.now;
        let (expires_at, remind_at) = deadlines(decision.context.urgency, facts);
        let approval = Self {
            id,
            user: decision.user,
            decision: decision.id,
            kind,
            digest: chosen.action.digest(),
            action: chosen.action.clone(),
            summary: chosen.summary.clone(),
            risk: chosen.risk.clone(),
            reasons: chosen.verdict.reasons.clone(),
            policy_hash: chosen.verdict.policy_hash.clone(),
            alternatives,
            urgency: decision.context.urgency,
            expires_at,
            remind_at: (kind == Kind::Ask).then_some(remind_at),
            reminded: false,
            created_at: now,
            updated_at: now,
            state: State::Pending,
        };
        let timer = approval.remind_at.unwrap_or(expires_at);
        let mut outbox = Outbox::nothing()
            .timer(Job::ExpireApproval { approval: id }, timer, format!("{id}:first"))
            .event(approval.user, event::Name::ApprovalCreated, approval.facts());
        if kind == Kind::Ask {
            let why = approval
                .reasons
                .iter()
                .filter(|reason| reason.effect != Effect::Allow)
                .map(|reason| reason.text.as_str());
            let body = why.collect::<Vec<_>>().join(" ");
            outbox = outbox.notify(approval.tell(
                notify::Kind::ApprovalRequested,
                format!("Your word is needed: {}", approval.summary),
                body,
                facts,
            ));
        }
        (approval, outbox)
    }

    fn facts(&self) -> Object {
        let value = json!({ "approval": self.id, "decision": self.decision, "kind": self.kind, "state": self.state.phase(), "verb": self.action.verb, "expires_at": self.expires_at });
        value.as_object().cloned().unwrap_or_default()
    }

    fn tell(&self, kind: notify::Kind, title: String, body: String, facts: &Facts) -> notify::New {
        let severity =
            if self.urgency == Urgency::Critical { notify::Severity::Critical } else { notify::Severity::Warning };
        notify::New {
            user: self.user,
            kind,
            severity,
            title,
            body,
            link: Some(format!("/api/v1/approvals/{}", self.id)),
            dedupe_key: format!("{kind}:{}", self.id),
            deliver_at: quiet::deliver_at(severity, &facts.settings, facts.now),
        }
    }
}

#[cfg(test)]
mod tests;
