//! The person's word, state by state: what it settles, what it starts, and where it is out of place.

use chrono::TimeDelta;

use super::*;
use crate::{
    action::Verb,
    execution::{Answer, Carrier, Next, Warrant},
    fixtures::{context, costing, facts, id},
    policy::{self, Moment},
    risk,
};

fn planned() -> Execution {
    let facts = facts();
    let action = costing(Verb::RecordExpense, 300);
    let review = policy::review(&action, &risk::assess(&action, &context()), &context(), &facts, Moment::Decide);
    let warrant = Warrant::auto(review.permit.unwrap()).unwrap();
    Execution::plan(id(1), id(2), id(3), action, &warrant, None, facts.now).unwrap()
}

fn later(minutes: i64) -> Timestamp {
    facts().now.plus(TimeDelta::minutes(minutes))
}

fn running() -> Execution {
    planned().claim(Carrier::deduping("engine"), |_| b"bytes".to_vec(), later(0)).0
}

fn unknown() -> Execution {
    running().abandoned("Silence.".into(), later(15))
}

fn resolved(word: Word) -> Resolved {
    unknown().resolved(word, Currency::default(), later(20)).unwrap()
}

fn names(outbox: &Outbox) -> Vec<event::Name> {
    outbox.events.iter().map(|event| event.name).collect()
}

#[test]
fn what_the_person_says_happened_succeeded_at_the_cost_they_name() {
    let done = resolved(Word::Happened { actual_cents: Some(250) });
    let State::Succeeded { actual, result, .. } = &done.execution.state else { panic!("{done:?}") };
    assert_eq!((*actual, &result["said_by"]), (Some(Money::usd(250)), &json!("person")));
    assert!(done.execution.steps.iter().all(|step| step.state == StepState::Succeeded));
    assert_eq!(names(&done.outbox), [event::Name::ExecutionSettled, event::Name::SpendChanged]);
    assert!(done.retry.is_none() && done.outbox.rings.is_empty());
}

#[test]
fn what_they_say_did_not_happen_has_failed_by_their_word() {
    let done = resolved(Word::DidNotHappen);
    assert!(matches!(done.execution.state, State::Failed { class: ErrorClass::ByPerson, .. }));
    assert!(done.execution.steps.iter().all(|step| step.state == StepState::Failed));
    assert!(done.retry.is_none());
}

#[test]
fn another_try_is_the_same_action_under_another_key_and_with_no_more_consent_than_before() {
    let consented = Execution { approval: Some(id(9)), consent_until: Some(later(60)), ..unknown() };
    let Resolved { execution, retry, outbox } =
        consented.clone().resolved(Word::TryAgain, Currency::default(), later(20)).unwrap();
    let retry = retry.unwrap();
    assert_eq!(execution.state.phase(), Phase::Failed);
    assert_ne!(retry.id, consented.id);
    assert_eq!((retry.retry_of, retry.state.phase()), (Some(consented.id), Phase::Planned));
    assert_eq!(
        (&retry.action, &retry.digest, retry.reserved),
        (&consented.action, &consented.digest, consented.reserved)
    );
    assert_eq!((retry.approval, retry.consent_until), (consented.approval, consented.consent_until));
    assert_eq!((retry.attempt, retry.sends, &retry.request, &retry.engine_ref), (0, 0, &None, &None));
    assert_eq!(outbox.rings.len(), 1);
    assert_eq!(outbox.rings[0].job, Job::ExecuteAction { execution: retry.id });
}

#[test]
fn a_try_again_of_several_steps_leaves_out_what_was_done() {
    let step = |ordinal, state| Step { ordinal, state, ..planned().steps.remove(0) };
    let steps = vec![step(0, StepState::Succeeded), step(1, StepState::Unknown)];
    let part = Execution { steps, ..unknown() };
    let retry = part.resolved(Word::TryAgain, Currency::default(), later(20)).unwrap().retry.unwrap();
    assert_eq!(
        retry.steps.iter().map(|step| (step.ordinal, step.state)).collect::<Vec<_>>(),
        [(0, StepState::Pending)]
    );
}

#[test]
fn only_an_unknown_outcome_is_the_persons_to_say_and_only_once() {
    let word = |execution: Execution| execution.resolved(Word::DidNotHappen, Currency::default(), later(21));
    assert_eq!(word(planned()), Err(OutOfPlace::Known(Phase::Planned)));
    assert_eq!(word(running()), Err(OutOfPlace::Known(Phase::Running)));
    assert_eq!(word(resolved(Word::DidNotHappen).execution), Err(OutOfPlace::Known(Phase::Failed)));
    let happened = resolved(Word::Happened { actual_cents: None }).execution;
    assert_eq!(word(happened), Err(OutOfPlace::Known(Phase::Succeeded)));
}

#[test]
fn what_was_not_sent_is_cancelled_at_once() {
    let off = planned().called_off(later(1)).unwrap();
    assert!(matches!(off.execution.state, State::Cancelled { class: ErrorClass::ByPerson, .. }));
    assert_eq!(names(&off.outbox), [event::Name::ExecutionSettled, event::Name::SpendChanged]);
    assert_eq!(off.execution.called_off(later(2)), Err(OutOfPlace::Over(Phase::Cancelled)));
}

#[test]
fn what_is_under_way_is_stopped_by_the_engine_which_has_the_last_word() {
    let working = Answer::Working { engine_ref: "r".into(), look_after: Some(TimeDelta::minutes(5)) };
    let waiting = running().answered(working, TimeDelta::seconds(1), later(0));
    let off = waiting.called_off(later(1)).unwrap();
    assert_eq!((off.execution.due(), off.execution.cancel_asked), (Some(later(1)), Some(later(1))));
    assert_eq!(names(&off.outbox), [event::Name::ExecutionCancelAsked]);
    let again = off.execution.clone().called_off(later(2)).unwrap();
    assert_eq!((again.execution, again.outbox), (off.execution.clone(), Outbox::nothing()), "twice is once");

    let (asking, next) = off.execution.claim(Carrier::deduping("engine"), |_| Vec::new(), later(1));
    assert_eq!(next, Next::Cancel);
    let stopped = Answer::Failed { error: "The engine cancelled it.".into(), engine_ref: None };
    let ended = asking.clone().answered(stopped, TimeDelta::seconds(1), later(1));
    assert!(matches!(ended.state, State::Failed { class: ErrorClass::ByPerson, .. }));
    let done = Answer::Succeeded { output: Object::new(), actual: None, engine_ref: None };
    assert_eq!(asking.answered(done, TimeDelta::seconds(1), later(1)).state.phase(), Phase::Succeeded);
}

#[test]
fn one_that_somebody_has_in_hands_is_not_taken_out_of_them() {
    let off = running().called_off(later(1)).unwrap();
    assert_eq!((off.execution.due(), off.execution.updated_at), (running().due(), running().updated_at));
}
