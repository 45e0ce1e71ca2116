//! From a verdict that names our execution to an answer.

use domain::{
    execution::{Answer, StepEnd, StepReport, Stepped},
    money::Money,
};

use super::{
    block::{Status, Verdict},
    clipped,
};

/// What the engine declares, as an answer; in doubt where it contradicts itself.
pub(crate) fn declared(verdict: Verdict, engine_ref: Option<String>) -> Answer {
    if !verdict.steps.is_empty() {
        return declared_by_steps(verdict, engine_ref);
    }
    match verdict.status {
        Status::Succeeded => {
            let actual = verdict.actual_cost_cents.map(|cents| Money::new(cents.into(), verdict.currency));
            Answer::Succeeded { output: verdict.outputs, actual, engine_ref }
        }
        Status::Failed => {
            let reason = verdict.error.map(|error| clipped(&error)).filter(|error| !error.is_empty());
            Answer::Failed {
                error: reason.unwrap_or_else(|| "The engine reports that it failed, without a reason.".to_owned()),
                engine_ref,
            }
        }
    }
}

/// The same with a word on each step. Whether it is a word on every one of ours, the execution knows.
fn declared_by_steps(verdict: Verdict, engine_ref: Option<String>) -> Answer {
    let all_done = verdict.steps.iter().all(|part| part.status == StepEnd::Succeeded);
    if all_done != (verdict.status == Status::Succeeded) {
        return Answer::InDoubt {
            retry_after: None,
            why: "The engine contradicts itself: its result is not what its steps are. Check what it did.".to_owned(),
        };
    }
    let first_error = verdict.steps.iter().find_map(|part| part.error.clone());
    let error = verdict.error.or(first_error).map(|error| clipped(&error)).filter(|error| !error.is_empty());
    let actual = verdict.actual_cost_cents.map(|cents| Money::new(cents.into(), verdict.currency));
    let steps = verdict.steps.into_iter().map(|part| {
        let mut output = part.outputs;
        if let Some(error) = part.error {
            output.insert("error".to_owned(), clipped(&error).into());
        }
        StepReport { ordinal: part.ordinal, end: part.status, output }
    });
    Answer::Stepwise(Stepped { steps: steps.collect(), output: verdict.outputs, error, actual, engine_ref })
}
