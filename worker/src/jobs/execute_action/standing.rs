//! Where an execution stands, as a value: whose turn it is, and whether the question is still "may it" or already
//! "what came of it" (`domain.md` §10).
//!
//! Invariant: only a planned execution is reviewed, and it always is. Once bytes may have left it is settled, whatever
//! the settings say by then: forgetting an effect does not undo it.

use chrono::TimeDelta;
use domain::{
    execution::{Execution, State},
    job,
    time::Timestamp,
};

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing more happens to it.
    Settled,
    /// Not before then.
    NotYet(Timestamp),
    /// The stop switch is on: nothing is sent, nothing is burnt.
    Parked,
    /// Review it, and send it if that holds.
    ToReview,
    /// Bytes may have left: find out what came of it.
    ToSettle,
}

/// Looks at an execution. `rerun` says that an earlier run of this very job is over.
pub(super) fn stand(execution: &Execution, stopped: bool, rerun: bool, now: Timestamp) -> Standing {
    let (due, sent) = match execution.state {
        State::Planned { due } => (due, false),
        State::Running { due } => (due, true),
        State::Succeeded { .. } | State::Failed { .. } | State::Unknown { .. } | State::Cancelled { .. } => {
            return Standing::Settled;
        }
    };
    let free_at = if sent && !rerun && awaits_an_answer(execution) { due.plus(longest_run()) } else { due };
    if free_at > now {
        Standing::NotYet(free_at)
    } else if stopped && !(sent && only_looks(execution)) {
        Standing::Parked
    } else if sent {
        Standing::ToSettle
    } else {
        Standing::ToReview
    }
}

/// Claimed, and no answer written yet: very likely another run is talking to the engine right now, and a second
/// request beside it helps nobody. An answer always puts the next look later than its own moment.
fn awaits_an_answer(execution: &Execution) -> bool {
    execution.due() == Some(execution.updated_at)
}

/// The engine has it, for certain: asking how it stands sends nothing.
const fn only_looks(execution: &Execution) -> bool {
    execution.engine_ref.is_some() && execution.in_doubt_since.is_none()
}

/// No run of this kind outlives its time limit.
const fn longest_run() -> TimeDelta {
    job::Kind::ExecuteAction.temper().timeout
}

/// Whether some run may still be about to move it: only a row that was due a whole run ago is surely left alone.
pub(crate) fn may_be_in_hands(execution: &Execution, now: Timestamp) -> bool {
    execution.due().is_some_and(|due| due.plus(longest_run()) > now)
}

#[cfg(test)]
mod tests {
    use domain::execution::{Carrier, ErrorClass};

    use super::*;
    use crate::jobs::execute_action::samples::{at, planned};

    const NOW: &str = "09:00:00";

    fn claimed(since: &str) -> Execution {
        planned().claim(Carrier::deduping("engine"), |_| b"request".to_vec(), at(since)).0
    }

    fn stands(execution: &Execution) -> Standing {
        stand(execution, false, false, at(NOW))
    }

    #[test]
    fn a_planned_one_is_reviewed_once_it_is_due() {
        assert_eq!(stands(&planned()), Standing::ToReview);
        let later = planned().parked(at("09:00:01"), at("08:00:00"));
        assert_eq!(stands(&later), Standing::NotYet(at("09:00:01")));
    }

    #[test]
    fn a_settled_one_wants_nothing_even_while_stopped() {
        let cancelled = planned().cancelled(ErrorClass::ByPerson, "no".into(), at("08:59:00"));
        assert_eq!(stand(&cancelled, true, true, at(NOW)), Standing::Settled);
    }

    #[test]
    fn one_that_another_run_may_be_working_on_is_left_to_it_for_as_long_as_a_run_may_last() {
        assert_eq!(stands(&claimed("08:59:30")), Standing::NotYet(at("09:00:30")));
        assert_eq!(stands(&claimed("08:59:00")), Standing::ToSettle);
    }

    #[test]
    fn a_rerun_of_the_same_job_does_not_wait_for_the_run_that_was_lost() {
        assert_eq!(stand(&claimed("08:59:59"), false, true, at(NOW)), Standing::ToSettle);
    }

    #[test]
    fn stopped_nothing_is_sent_but_an_engine_that_has_it_is_still_asked() {
        assert_eq!(stand(&planned(), true, false, at(NOW)), Standing::Parked);
        assert_eq!(stand(&claimed("08:00:00"), true, false, at(NOW)), Standing::Parked);
        let working = claimed("08:00:00").answered(
            domain::execution::Answer::Working { engine_ref: "r1".into(), look_after: None },
            TimeDelta::seconds(1),
            at("08:00:01"),
        );
        assert_eq!(stand(&working, true, false, at(NOW)), Standing::ToSettle);
    }
}
