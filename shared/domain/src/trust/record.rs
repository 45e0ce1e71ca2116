//! A scope's record: what the answers since its last tier change add up to.
//!
//! Counted in hundredths of an approval: an approval is 100, an edit 50, a reward 25 (`domain.md` §11).

use serde::{Deserialize, Serialize};

use super::{Cause, REJECTION_WINDOW, REJECTIONS, SHARE_FROM_ANSWERS, SHARE_PERCENT, Step};
use crate::{
    feedback::{Feedback, Kind, Severity},
    time::Timestamp,
};

/// What the answers of a scope add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Answers that count one way or the other.
    pub answers: u32,
    /// Approvals, in hundredths.
    pub approvals_hundredths: u32,
    /// Rejections, undos and punishments.
    pub rejections: u32,
    /// Those of them within the last 7 days.
    pub recent_rejections: u32,
    /// Approvals since the last rejection, in hundredths.
    pub consecutive_hundredths: u32,
    /// Something was undone as critical.
    pub critical_undo: bool,
}

/// What a record lacks for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shortfall {
    /// Approvals in a row that are missing, in hundredths.
    pub consecutive_hundredths: u32,
    /// The share of approvals is below what the step wants.
    pub share_too_low: bool,
}

impl Record {
    /// Adds up the answers after `since` and until `now`, in the order in which they were given.
    pub fn of<'a>(answers: impl Iterator<Item = &'a Feedback>, since: Option<Timestamp>, now: Timestamp) -> Self {
        let mut counted: Vec<_> =
            answers.filter(|answer| since.is_none_or(|since| answer.at > since) && answer.at <= now).collect();
        counted.sort_by_key(|answer| (answer.at, answer.id));
        counted.into_iter().fold(Self::default(), |record, answer| record.and(answer, now))
    }

    fn and(mut self, answer: &Feedback, now: Timestamp) -> Self {
        let weight = match answer.kind {
            Kind::Approve => 100,
            Kind::Edit => 50,
            Kind::Reward => 25,
            Kind::Reject | Kind::Undo | Kind::Punish => 0,
            Kind::RestatePreference => return self,
        };
        self.answers = self.answers.saturating_add(1);
        if weight > 0 {
            self.approvals_hundredths = self.approvals_hundredths.saturating_add(weight);
            self.consecutive_hundredths = self.consecutive_hundredths.saturating_add(weight);
            return self;
        }
        self.rejections = self.rejections.saturating_add(1);
        self.consecutive_hundredths = 0;
        if answer.at > now.minus(REJECTION_WINDOW) {
            self.recent_rejections = self.recent_rejections.saturating_add(1);
        }
        self.critical_undo |= answer.kind == Kind::Undo && answer.severity == Some(Severity::Critical);
        self
    }

    /// All the weight there is, in hundredths.
    fn total_hundredths(&self) -> u64 {
        u64::from(self.approvals_hundredths) + u64::from(self.rejections) * 100
    }

    /// Why the record costs a tier, if it does.
    pub fn regression(&self) -> Option<Cause> {
        let share_too_high =
            u64::from(self.rejections) * 100 * 100 > self.total_hundredths() * u64::from(SHARE_PERCENT);
        if self.recent_rejections >= REJECTIONS {
            Some(Cause::Rejections)
        } else if self.answers >= SHARE_FROM_ANSWERS && share_too_high {
            Some(Cause::RejectionShare)
        } else {
            None
        }
    }

    /// What the record lacks for `step`; none when it meets it.
    pub fn shortfall(&self, step: Step) -> Option<Shortfall> {
        let consecutive_hundredths = (step.consecutive * 100).saturating_sub(self.consecutive_hundredths);
        let share_too_low =
            u64::from(self.approvals_hundredths) * 100 < self.total_hundredths() * u64::from(step.percent);
        (consecutive_hundredths > 0 || share_too_low).then_some(Shortfall { consecutive_hundredths, share_too_low })
    }
}
