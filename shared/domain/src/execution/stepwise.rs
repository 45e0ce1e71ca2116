//! A verdict step by step: what each step came to, and what that makes of the whole (`domain.md` §10).
//!
//! Invariant: success only where every step is reported as done; a report that leaves a step out, names one twice or
//! one that is none of ours says nothing for certain, and stays in doubt (`domain.md` §1 law 8).

use chrono::TimeDelta;

use super::{ErrorClass, Execution, State, StepState};
use crate::{money::Money, signal::Object, time::Timestamp, wire::wire_enum};

wire_enum! {
    /// What came of a step.
    StepEnd, "step end" {
        Succeeded = "succeeded", Failed = "failed",
        /// It was not tried, because of one before it.
        Skipped = "skipped",
    }
}

/// What an engine says of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// Which step of ours, from 0.
    pub ordinal: u16,
    /// What came of it.
    pub end: StepEnd,
    /// What it reported, or why it failed.
    pub output: Object,
}

/// An engine's explicit word on every step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// One report for each step.
    pub steps: Vec<StepReport>,
    /// What it reported on the whole.
    pub output: Object,
    /// Why not all of it was done, in a sentence.
    pub error: Option<String>,
    /// What it cost, if the engine said.
    pub actual: Option<Money>,
    /// The engine's own id.
    pub engine_ref: Option<String>,
}

impl Execution {
    /// What reports on single steps make of a running execution.
    ///
    /// A part that is done while money is at stake settles nothing: the reservation stays until the person has looked.
    pub(super) fn answered_by_steps(&mut self, told: Stepped, backoff: TimeDelta, now: Timestamp) {
        let mut ordinals: Vec<_> = told.steps.iter().map(|report| report.ordinal).collect();
        ordinals.sort_unstable();
        if !ordinals.iter().copied().eq(self.steps.iter().map(|step| step.ordinal)) {
            self.wait_in_doubt("The engine did not account for every step.".to_owned(), backoff, now);
            return;
        }
        self.engine_ref = told.engine_ref.or(self.engine_ref.take());
        self.in_doubt_since = None;
        for report in told.steps {
            if let Some(step) = self.steps.iter_mut().find(|step| step.ordinal == report.ordinal) {
                step.state = match report.end {
                    StepEnd::Succeeded => StepState::Succeeded,
                    StepEnd::Failed => StepState::Failed,
                    StepEnd::Skipped => StepState::Cancelled,
                };
                step.output = (!report.output.is_empty()).then_some(report.output);
            }
        }
        let (all, done) = (self.steps.len(), self.succeeded_steps().count());
        if done == all {
            self.state = State::Succeeded { at: now, result: told.output, actual: told.actual };
            return;
        }
        let why = told.error.unwrap_or_else(|| "The engine reports that it failed, without a reason.".to_owned());
        if done > 0 && self.reserved.is_some() {
            self.give_up_in_doubt(format!("{why} {done} of {all} steps were done."), now);
        } else {
            self.fail(ErrorClass::EngineFailed, why, now);
        }
    }

    /// The steps that were done, in order.
    pub fn succeeded_steps(&self) -> impl DoubleEndedIterator<Item = &super::Step> {
        self.steps.iter().filter(|step| step.state == StepState::Succeeded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::Verb,
        execution::{Answer, Carrier, Phase, Step, Warrant},
        fixtures::{action, context, facts, id},
        policy::{self, Moment},
        risk,
    };

    fn running(steps: u16, reserved: Option<Money>) -> Execution {
        let facts = facts();
        let action = action(Verb::ArchiveEmail);
        let review = policy::review(&action, &risk::assess(&action, &context()), &context(), &facts, Moment::Decide);
        let warrant = Warrant::auto(review.permit.unwrap()).unwrap();
        let planned = Execution::plan(id(1), id(2), id(3), action.clone(), &warrant, None, facts.now).unwrap();
        let step = |ordinal| Step { ordinal, action: action.clone(), state: StepState::Pending, output: None };
        let planned = Execution { steps: (0..steps).map(step).collect(), reserved, ..planned };
        planned.claim(Carrier::deduping("engine"), |_| Vec::new(), facts.now).0
    }

    fn told(execution: Execution, ends: &[(u16, StepEnd)]) -> Execution {
        let steps =
            ends.iter().map(|(ordinal, end)| StepReport { ordinal: *ordinal, end: *end, output: Object::new() });
        let error = Some("The second step failed.".to_owned());
        let told = Stepped {
            steps: steps.collect(),
            output: Object::new(),
            error,
            actual: None,
            engine_ref: Some("r".into()),
        };
        execution.answered(Answer::Stepwise(told), TimeDelta::seconds(1), facts().now)
    }

    #[test]
    fn success_is_every_single_step_done() {
        use StepEnd::{Failed, Skipped, Succeeded};
        assert_eq!(told(running(2, None), &[(1, Succeeded), (0, Succeeded)]).state.phase(), Phase::Succeeded);
        for (first, second) in [(Succeeded, Failed), (Failed, Skipped), (Skipped, Succeeded), (Failed, Failed)] {
            assert_eq!(told(running(2, None), &[(0, first), (1, second)]).state.phase(), Phase::Failed);
        }
    }

    #[test]
    fn a_part_is_seen_step_by_step() {
        let ends = [(0, StepEnd::Succeeded), (1, StepEnd::Failed), (2, StepEnd::Skipped)];
        let states: Vec<_> = told(running(3, None), &ends).steps.iter().map(|step| step.state).collect();
        assert_eq!(states, [StepState::Succeeded, StepState::Failed, StepState::Cancelled]);
    }

    #[test]
    fn a_report_that_leaves_a_step_out_or_invents_one_is_in_doubt() {
        let done = StepEnd::Succeeded;
        let reports: [&[(u16, StepEnd)]; 4] =
            [&[], &[(0, done)], &[(0, done), (0, done)], &[(0, done), (1, done), (2, done)]];
        for ends in reports {
            let after = told(running(2, None), ends);
            assert!(after.in_doubt_since.is_some() && after.state.phase() == Phase::Running, "{ends:?}");
        }
    }

    #[test]
    fn a_part_that_may_have_cost_money_keeps_its_reservation_open() {
        let reserved = Some(Money::usd(900));
        let ends = [(0, StepEnd::Succeeded), (1, StepEnd::Failed)];
        assert_eq!(told(running(2, reserved), &ends).state.phase(), Phase::Unknown);
        let ends = [(0, StepEnd::Failed), (1, StepEnd::Skipped)];
        assert_eq!(told(running(2, reserved), &ends).state.phase(), Phase::Failed);
    }
}
