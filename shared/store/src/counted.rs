//! What a transaction counts for the metrics once it is committed: a change that was rolled back never happened.

use std::time::Duration;

use domain::{approval::Approval, decision::Decision, execution::Execution, notify, policy::Rule, time::Timestamp};
use observe::{ALONE, metrics};

/// One thing worth counting.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    Signals(usize),
    Decision(&'static str),
    SpendRefused(&'static str),
    Approval { kind: &'static str, state: &'static str, waited: Option<Duration> },
    Execution { kind: &'static str, state: &'static str },
    Notification(&'static str),
}

impl Counted {
    /// A decision, and whether money held its action back.
    pub(crate) fn decision(decision: &Decision) -> impl Iterator<Item = Self> {
        let chosen = decision.chosen().map(|chosen| &chosen.verdict);
        let held = [(Rule::ActionLimit, "action_limit"), (Rule::DailyLimit, "daily_limit")]
            .into_iter()
            .filter(move |(rule, _)| chosen.is_some_and(|verdict| verdict.asking(*rule).is_some()))
            .map(|(_, name)| Self::SpendRefused(name));
        std::iter::once(Self::Decision(decision.outcome.as_str())).chain(held)
    }

    /// An approval that was opened, or has come to its end.
    pub(crate) fn approval(approval: &Approval, resolved_at: Option<Timestamp>) -> Self {
        let waited = resolved_at.map(|at| at.since(approval.created_at).to_std().unwrap_or_default());
        Self::Approval { kind: approval.kind.as_str(), state: approval.state.phase().as_str(), waited }
    }

    /// An execution that was planned or is settled.
    pub(crate) fn execution(execution: &Execution) -> Self {
        Self::Execution { kind: execution.kind.as_str(), state: execution.state.phase().as_str() }
    }

    /// Notifications that were new.
    pub(crate) fn notification(kind: notify::Kind) -> Self {
        Self::Notification(kind.as_str())
    }

    /// It is committed.
    pub(crate) fn count(self) {
        match self {
            Self::Signals(n) => metrics::SIGNALS.add(ALONE, u64::try_from(n).unwrap_or(u64::MAX)),
            Self::Decision(outcome) => metrics::DECISIONS.one([outcome]),
            Self::SpendRefused(rule) => metrics::SPEND_REFUSALS.one([rule]),
            Self::Approval { kind, state, waited } => {
                metrics::APPROVALS.one([kind, state]);
                if let Some(waited) = waited {
                    metrics::APPROVAL_WAIT.took([kind, state], waited);
                }
            }
            Self::Execution { kind, state } => metrics::EXECUTIONS.one([kind, state]),
            Self::Notification(kind) => metrics::NOTIFICATIONS.one([kind]),
        }
    }
}
