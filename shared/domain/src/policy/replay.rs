//! What other rules would have said of what was decided (`domain.md` §7, dry-run).
//!
//! Pure: both verdicts are on the stored action, risk and context, at the time of the decision; they differ in the facts only.

use super::{Moment, Verdict, review};
use crate::{
    decision::{Candidate, Decision},
    facts::Facts,
};

/// A decision under the rules as they are and under others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay<'a> {
    /// What was proposed or done; of a refusal, what would have been.
    pub candidate: &'a Candidate,
    /// Under the rules as they are.
    pub before: Verdict,
    /// Under the others.
    pub after: Verdict,
}

impl Replay<'_> {
    /// The rules differ about it.
    pub fn changes(&self) -> bool {
        self.before.effect != self.after.effect
    }
}

/// Judges a decision's candidate twice; none where there was nothing to do.
pub fn replay<'a>(decision: &'a Decision, before: &Facts, after: &Facts) -> Option<Replay<'a>> {
    let candidate = decision.chosen().or_else(|| decision.candidates.first())?;
    let judge = |facts: &Facts| {
        let mut facts = facts.clone();
        // rules that name an hour or a weekday mean that of the decision
        facts.now = decision.decided_at;
        // a stop denies everything for now: of the rules it says nothing
        facts.settings.stopped = false;
        review(&candidate.action, &candidate.risk, &decision.context, &facts, Moment::Decide).verdict
    };
    Some(Replay { candidate, before: judge(before), after: judge(after) })
}
