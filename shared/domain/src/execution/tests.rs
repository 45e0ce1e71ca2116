//! The execution machine: its laws over random lives, and the doubtful cases one by one.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::{
    Answer, CONSENT_LASTS, Carrier, Consent, ErrorClass, Execution, MAX_SENDS, Next, NoWarrant, Phase, RECONCILE_FOR,
    State, Warrant,
};
use crate::{
    action::{Action, Verb},
    facts::Facts,
    fixtures::{action, context, facts, id},
    policy::{self, Moment, Permit},
    risk,
    signal::Object,
    tier::TrustTier,
};

fn permit(action: &Action, facts: &Facts) -> Permit {
    policy::review(action, &risk::assess(action, &context()), &context(), facts, Moment::Decide).permit.unwrap()
}

fn planned() -> Execution {
    let facts = facts();
    let action = action(Verb::ArchiveEmail);
    let warrant = Warrant::auto(permit(&action, &facts)).unwrap();
    Execution::plan(id(1), id(2), id(3), action, &warrant, None, facts.now).unwrap()
}

fn claimed(execution: Execution, minutes: i64) -> (Execution, Next) {
    execution.claim(Carrier::deduping("engine"), |_| b"bytes".to_vec(), facts().now.plus(TimeDelta::minutes(minutes)))
}

fn answered(execution: Execution, answer: Answer, minutes: i64) -> Execution {
    execution.answered(answer, TimeDelta::seconds(1), facts().now.plus(TimeDelta::minutes(minutes)))
}

fn done() -> Answer {
    Answer::Succeeded { output: Object::new(), actual: None, engine_ref: None }
}

fn working() -> Answer {
    Answer::Working { engine_ref: "ref".into(), look_after: None }
}

fn not_taken() -> Answer {
    Answer::NotTaken { retry_after: None, why: "busy".into() }
}

fn in_doubt() -> Answer {
    Answer::InDoubt { retry_after: None, why: "silence".into() }
}

fn refused() -> Answer {
    Answer::Refused { why: "no".into() }
}

#[test]
fn a_warrant_holds_for_the_reviewed_action_only_and_not_without_the_consent_it_needs() {
    let mut facts = facts();
    let archive = action(Verb::ArchiveEmail);
    let label = action(Verb::LabelEmail);
    let warrant = Warrant::auto(permit(&archive, &facts)).unwrap();
    let plan = |action: Action, warrant: &Warrant| {
        Execution::plan(id(1), id(2), id(3), action, warrant, None, crate::testing::now())
    };
    assert_eq!(plan(label.clone(), &warrant).unwrap_err(), NoWarrant::OtherAction);
    facts.settings.tier = TrustTier::Suggest;
    assert_eq!(Warrant::auto(permit(&archive, &facts)), Err(NoWarrant::NeedsConsent));
    let consent = |action: &Action| Consent { approval: id(4), digest: action.digest(), given_at: facts.now };
    assert_eq!(Warrant::consented(permit(&archive, &facts), consent(&label)), Err(NoWarrant::OtherAction));
    let warrant = Warrant::consented(permit(&archive, &facts), consent(&archive)).unwrap();
    let execution = plan(archive, &warrant).unwrap();
    assert_eq!((execution.is_consented(), execution.consent_until), (true, Some(facts.now.plus(CONSENT_LASTS))));
}

#[test]
fn what_certainly_was_not_taken_is_sent_six_times_and_has_then_failed() {
    let mut execution = planned();
    for send in 1..=MAX_SENDS {
        let (running, next) = claimed(execution, i64::from(send));
        assert_eq!((next, running.sends), (Next::Send, send));
        execution = answered(running, not_taken(), i64::from(send));
        let expected = if send < MAX_SENDS { Phase::Planned } else { Phase::Failed };
        assert_eq!(execution.state.phase(), expected);
    }
    assert!(matches!(execution.state, State::Failed { class: ErrorClass::Exhausted, .. }));
}

#[test]
fn the_engines_own_wait_is_honoured_where_it_is_the_longer_one() {
    let now = facts().now;
    let wait = |asked: Option<i64>| {
        let retry_after = asked.map(TimeDelta::seconds);
        let refused = Answer::NotTaken { retry_after, why: "busy".into() };
        let garbled = Answer::InDoubt { retry_after, why: "half an answer".into() };
        [refused, garbled].map(|answer| {
            claimed(planned(), 0).0.answered(answer, TimeDelta::seconds(4), now).due().unwrap().since(now).num_seconds()
        })
    };
    assert_eq!([wait(None), wait(Some(1)), wait(Some(60))], [[4; 2], [4; 2], [60; 2]]);
}

#[test]
fn an_attempt_that_never_reported_back_leaves_its_outcome_in_doubt() {
    let (first, _) = claimed(planned(), 0);
    assert_eq!(first.in_doubt_since, None);
    let (second, next) = claimed(first, 1);
    assert_eq!(next, Next::Send, "the same bytes under the same key");
    assert!(second.in_doubt_since.is_some());
    assert_eq!(
        answered(second.clone(), refused(), 2).state.phase(),
        Phase::Unknown,
        "a refusal of this send says nothing of the first"
    );
    assert_eq!(answered(second.clone(), done(), 2).state.phase(), Phase::Succeeded);
    assert_eq!(answered(second, not_taken(), 2).state.phase(), Phase::Running, "still in doubt");
}

#[test]
fn nothing_that_may_have_arrived_is_sent_again_to_an_engine_that_would_do_it_twice() {
    let claim = |execution: Execution, minutes: i64| {
        let now = facts().now.plus(TimeDelta::minutes(minutes));
        execution.claim(Carrier::at_most_once("engine"), |_| b"bytes".to_vec(), now)
    };
    let (first, next) = claim(planned(), 0);
    assert_eq!(next, Next::Send);
    let died = claim(first.clone(), 1);
    let doubted = claim(answered(first.clone(), in_doubt(), 0), 1);
    for (again, next) in [died, doubted] {
        assert_eq!((next, again.sends), (Next::GiveUp, 1));
        let lost = answered(again, Answer::Lost { why: "silence".into() }, 1);
        assert_eq!(lost.state.phase(), Phase::Unknown, "at once: nobody can be asked");
    }
    let (second, next) = claim(answered(first.clone(), not_taken(), 0), 1);
    assert_eq!((next, second.sends), (Next::Send, 2), "what certainly never arrived may be");
    let (looking, next) = claim(answered(first, working(), 0), 1);
    assert_eq!((next, looking.sends), (Next::Look, 1), "what it is known to have is asked for");
}

#[test]
fn doubt_lasts_fifteen_minutes_and_is_then_the_persons_to_resolve() {
    let execution = answered(claimed(planned(), 0).0, in_doubt(), 0);
    assert_eq!(execution.state.phase(), Phase::Running);
    let minutes = RECONCILE_FOR.num_minutes();
    assert_eq!(
        answered(claimed(execution.clone(), minutes - 1).0, in_doubt(), minutes - 1).state.phase(),
        Phase::Running
    );
    assert_eq!(answered(claimed(execution, minutes).0, in_doubt(), minutes).state.phase(), Phase::Unknown);
}

#[test]
fn what_the_engine_has_is_only_looked_at_and_a_look_that_fails_says_nothing_of_the_work() {
    let execution = answered(claimed(planned(), 0).0, working(), 0);
    let (looking, next) = claimed(execution, 1);
    assert_eq!((next, looking.sends), (Next::Look, 1));
    assert_eq!(answered(looking.clone(), refused(), 1).state.phase(), Phase::Unknown);
    let waiting = answered(looking.clone(), not_taken(), 1);
    assert_eq!(waiting.state.phase(), Phase::Running, "not planned again: the engine is at it");
    let (again, next) = claimed(answered(looking, in_doubt(), 1), 2);
    assert_eq!(
        (next, again.sends),
        (Next::Look, 1),
        "in doubt about what the engine has, it is looked at and not sent again"
    );
    assert_eq!(answered(again, working(), 2).in_doubt_since, None);
}

#[test]
fn a_probe_that_was_turned_away_is_as_if_it_had_not_been_sent_and_one_in_doubt_stays_so() {
    let until = facts().now.plus(TimeDelta::minutes(5));
    let away = claimed(planned(), 0).0.turned_away(until, facts().now);
    assert_eq!((away.state.phase(), away.due(), away.sends, away.attempt), (Phase::Planned, Some(until), 0, 1));
    let doubtful = claimed(answered(claimed(planned(), 0).0, in_doubt(), 0), 1).0;
    let parked = doubtful.clone().turned_away(until, facts().now);
    assert_eq!(
        (parked.state.phase(), parked.sends, parked.in_doubt_since),
        (Phase::Running, 2, doubtful.in_doubt_since)
    );
}

#[test]
fn what_an_engine_never_finishes_is_called_off_when_its_time_is_up_and_does_not_hang_for_ever() {
    let day = CONSENT_LASTS.num_minutes();
    let execution = answered(claimed(planned(), 0).0, working(), 0);
    assert_eq!(claimed(execution.clone(), day - 1).1, Next::Look);
    let (late, next) = claimed(execution, day);
    assert_eq!(next, Next::Cancel);
    let still = answered(late, working(), day);
    assert_eq!(still.state.phase(), Phase::Running, "told to stop, it may take a moment");
    let patience = day + RECONCILE_FOR.num_minutes();
    let (last, next) = claimed(still, patience);
    assert_eq!(next, Next::Cancel);
    assert_eq!(answered(last, working(), patience).state.phase(), Phase::Unknown);
}

#[test]
fn a_claimed_execution_can_not_be_called_off() {
    let cancel =
        |execution: Execution| execution.cancelled(ErrorClass::ByPerson, "no".into(), facts().now).state.phase();
    assert_eq!(cancel(planned()), Phase::Cancelled);
    assert_eq!(cancel(claimed(planned(), 0).0), Phase::Running);
    assert_eq!(cancel(answered(claimed(planned(), 0).0, not_taken(), 0)), Phase::Cancelled, "what was not taken can");
}

/// What may happen to an execution.
#[derive(Clone, Debug)]
enum Happening {
    Claim,
    Answer(Answer),
    Cancel,
    Park,
    Abandon,
}

fn happenings() -> impl Strategy<Value = Vec<(i64, Happening)>> {
    let answer = prop_oneof![
        1 => Just(done()),
        1 => Just(Answer::Failed { error: "no".into(), engine_ref: None }),
        1 => Just(working()),
        4 => Just(not_taken()),
        3 => Just(in_doubt()),
        1 => Just(refused()),
        1 => Just(Answer::Lost { why: "silence".into() }),
    ];
    let one = prop_oneof![
        8 => Just(Happening::Claim),
        8 => answer.prop_map(Happening::Answer),
        1 => Just(Happening::Cancel),
        1 => Just(Happening::Park),
        1 => Just(Happening::Abandon),
    ];
    proptest::collection::vec((0_i64..6, one), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn only_an_explicit_word_succeeds_doubt_is_never_settled_silently_and_settled_stays_settled(
        happenings in happenings(),
        dedupes in any::<bool>(),
    ) {
        let carrier = if dedupes { Carrier::deduping("engine") } else { Carrier::at_most_once("engine") };
        let mut execution = planned();
        let mut minutes = 0;
        let mut bytes = 0_u8;
        let mut doubted = false;
        for (pause, happening) in happenings {
            minutes += pause;
            let now = facts().now.plus(TimeDelta::minutes(minutes));
            let before = execution.clone();
            let was_in_doubt = before.in_doubt_since;
            let in_flight = before.in_doubt_since.is_some() || before.engine_ref.is_some();
            let mut word = None;
            execution = match happening {
                Happening::Claim => {
                    bytes += 1;
                    let (claimed, next) = execution.claim(carrier, |_| vec![bytes], now);
                    if next == Next::Send && carrier == Carrier::at_most_once("engine") {
                        prop_assert_eq!(was_in_doubt, None, "what may have arrived is never sent again");
                        prop_assert!(before.sends == 0 || before.state.phase() == Phase::Planned);
                    }
                    claimed
                }
                Happening::Answer(answer) => {
                    word = Some(answer.clone());
                    execution.answered(answer, TimeDelta::seconds(1), now)
                }
                Happening::Cancel => execution.cancelled(ErrorClass::ByPerson, "no".into(), now),
                Happening::Park => execution.parked(now.plus(TimeDelta::minutes(1)), now),
                Happening::Abandon => execution.abandoned("gone".into(), now),
            };
            let (was, is) = (before.state.phase(), execution.state.phase());
            let said_done = matches!(word, Some(Answer::Succeeded { .. }));
            let said_failed = matches!(word, Some(Answer::Failed { .. }));
            if before.state.is_settled() {
                prop_assert_eq!(&before, &execution, "terminal states absorb");
            }
            if before.request.is_some() {
                prop_assert_eq!(&before.request, &execution.request, "the bytes never change");
            }
            prop_assert!(execution.attempt >= before.attempt && execution.sends >= before.sends && execution.sends <= execution.attempt);
            prop_assert_eq!((&execution.action, &execution.digest, execution.id), (&before.action, &before.digest, before.id));
            doubted |= execution.in_doubt_since.is_some();
            prop_assert!(doubted || execution.sends <= MAX_SENDS, "{} sends", execution.sends);
            if was != is {
                match is {
                    Phase::Succeeded => prop_assert!(was == Phase::Running && said_done),
                    Phase::Failed if in_flight => prop_assert!(said_failed, "doubt never fails without a word"),
                    Phase::Failed => prop_assert_eq!(was, Phase::Running),
                    Phase::Cancelled => prop_assert_eq!(was, Phase::Planned),
                    Phase::Planned => prop_assert!(!in_flight, "what may have happened is never planned again"),
                    Phase::Running => prop_assert_eq!(execution.attempt, before.attempt + 1),
                    Phase::Unknown => prop_assert_eq!(was, Phase::Running),
                }
            }
            prop_assert_eq!(execution.due().is_none(), execution.state.is_settled());
            if execution.state.is_settled() {
                let open = execution.steps.iter().any(|step| matches!(step.state, super::StepState::Pending | super::StepState::Running));
                prop_assert!(!open, "no step is left open");
            }
        }
    }
}
