//! What happens between a decision and its effect: the review at dispatch, the stop switch, and engines in every mood.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    approval::{Phase as Asked, Refusal},
    execution::{ErrorClass, MAX_SENDS, Phase, State},
    id::{DecisionId, SignalId},
    signal::Domain,
    tier::TrustTier,
};
use worker::jobs::{self, Turn};

use super::{
    bench::Bench,
    far_side::Say,
    ways::{Way, dearer, newsletter},
};

/// Decided to be done, and not yet sent.
async fn decided() -> (Bench, DecisionId) {
    let mut bench = Way::Auto.bench().await;
    let signal = bench.post("email", "email_received", newsletter()).await;
    bench.step().await;
    let decision = bench.decision(signal).await.id;
    assert_eq!(bench.executions(decision).await.len(), 1, "the twin may do this alone");
    (bench, decision)
}

/// Agreed to, and not yet sent.
async fn agreed() -> (Bench, DecisionId) {
    let (bench, signal) = asked().await;
    Way::Asked.answer(&bench, signal).await;
    let decision = bench.decision(signal).await.id;
    (bench, decision)
}

async fn asked() -> (Bench, SignalId) {
    let mut bench = Way::Asked.bench().await;
    let signal = bench.post("billing", "subscription_renewal", dearer()).await;
    bench.rest().await;
    (bench, signal)
}

async fn class_of(bench: &Bench, decision: DecisionId) -> Option<ErrorClass> {
    match bench.executions(decision).await.remove(0).state {
        State::Failed { class, .. } | State::Cancelled { class, .. } => Some(class),
        _ => None,
    }
}

async fn phases(bench: &Bench, decision: DecisionId) -> Vec<Phase> {
    bench.executions(decision).await.iter().map(|execution| execution.state.phase()).collect()
}

#[tokio::test]
async fn settings_that_now_want_a_question_withdraw_what_was_decided_and_ask_it() {
    let (mut bench, decision) = decided().await;
    bench.trust(TrustTier::Suggest).await;
    bench.rest().await;
    assert_eq!(class_of(&bench, decision).await, Some(ErrorClass::AskedAgain));
    assert_eq!((bench.engine.sends(), bench.notices().await), (0, vec!["approval_requested".to_owned()]));
    let approval = bench.approvals(decision).await.remove(0);
    bench.pass(TimeDelta::minutes(1));
    bench.approve(approval.id).await.unwrap();
    bench.finish().await;
    assert_eq!(phases(&bench, decision).await, [Phase::Cancelled, Phase::Succeeded]);
}

#[tokio::test]
async fn settings_that_now_forbid_it_withdraw_what_was_decided_and_say_so() {
    let (mut bench, decision) = decided().await;
    bench.allow(|limits| limits.blocked_domains.push(Domain::Email)).await;
    bench.finish().await;
    assert_eq!(class_of(&bench, decision).await, Some(ErrorClass::Denied));
    assert_eq!((bench.engine.sends(), bench.notices().await), (0, vec!["refused".to_owned()]));
    assert!(bench.approvals(decision).await.is_empty());
}

#[tokio::test]
async fn consent_still_holds_when_settings_now_want_a_question() {
    let (mut bench, decision) = agreed().await;
    bench.trust(TrustTier::Suggest).await;
    bench.finish().await;
    assert_eq!(phases(&bench, decision).await, [Phase::Succeeded]);
}

#[tokio::test]
async fn consent_never_overrules_a_refusal_and_the_approval_stays_approved() {
    let (mut bench, decision) = agreed().await;
    bench.allow(|limits| limits.blocked_domains.push(Domain::Subscriptions)).await;
    bench.finish().await;
    assert_eq!(class_of(&bench, decision).await, Some(ErrorClass::Denied));
    assert_eq!(bench.approvals(decision).await[0].state.phase(), Asked::Approved);
    assert_eq!(bench.engine.sends(), 0);
    assert_eq!(bench.ledger().await.last().map(|entry| entry.0.clone()).as_deref(), Some("release"));
    assert!(bench.notices().await.contains(&"refused".to_owned()));
}

#[tokio::test]
async fn consent_that_lapsed_while_stopped_is_asked_for_again() {
    let (mut bench, decision) = agreed().await;
    bench.stop(true).await;
    bench.drain().await;
    bench.pass(TimeDelta::hours(24));
    bench.stop(false).await;
    bench.rest().await;
    assert_eq!(class_of(&bench, decision).await, Some(ErrorClass::ConsentLapsed));
    let asked: Vec<_> = bench.approvals(decision).await.iter().map(|approval| approval.state.phase()).collect();
    assert_eq!(asked, [Asked::Pending, Asked::Approved]);
    bench.finish().await;
    assert_eq!(bench.engine.sends(), 0);
}

#[tokio::test]
async fn while_stopped_nothing_is_decided_or_sent_and_afterwards_everything_is() {
    let (mut bench, decision) = decided().await;
    bench.stop(true).await;
    let second = bench.post("email", "email_received", newsletter()).await;
    for _ in 0..10 {
        bench.drain().await;
        bench.pass(TimeDelta::minutes(1));
        bench.sweep().await;
    }
    assert_eq!((bench.engine.sends(), phases(&bench, decision).await), (0, vec![Phase::Planned]));
    assert!(bench.is_undecided(second).await);
    bench.stop(false).await;
    bench.finish().await;
    assert_eq!(phases(&bench, decision).await, [Phase::Succeeded]);
    assert_eq!(bench.engine.effects().into_values().collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn a_yes_after_the_deadline_is_refused_even_before_anybody_has_swept() {
    let (mut bench, signal) = asked().await;
    let decision = bench.decision(signal).await.id;
    let approval = bench.approvals(decision).await.remove(0);
    bench.pass(approval.expires_at.since(bench.now()));
    assert_eq!(bench.approve(approval.id).await, Err(Refusal::Expired(approval.expires_at)));
    bench.finish().await;
    assert_eq!(bench.approvals(decision).await[0].state.phase(), Asked::Expired);
    assert_eq!((bench.engine.sends(), phases(&bench, decision).await), (0, vec![]));
}

#[tokio::test]
async fn words_without_a_verdict_are_never_success_and_in_the_end_the_person_is_told() {
    let (mut bench, decision) = agreed().await;
    bench.engine.will(vec![Say::Prose; 500]);
    bench.rest().await;
    assert_eq!(phases(&bench, decision).await, [Phase::Unknown]);
    assert!(bench.notices().await.contains(&"unknown_outcome".to_owned()));
    let entries: Vec<_> = bench.ledger().await.into_iter().map(|entry| entry.0).collect();
    assert_eq!(entries, ["reserve"], "money that may be gone stays reserved");
    let age = bench.now().since(bench.executions(decision).await[0].created_at);
    assert!(age >= TimeDelta::minutes(15), "somebody gave up after {age}");
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_by_asking_again_under_the_same_key() {
    for lost in [Say::LostThere, Say::LostBack, Say::Prose, Say::Silence] {
        let (mut bench, decision) = decided().await;
        bench.engine.will([lost.clone()]);
        bench.state.pace.engine = Duration::from_millis(20);
        bench.finish().await;
        assert_eq!(phases(&bench, decision).await, [Phase::Succeeded], "{lost:?}");
        assert_eq!(bench.engine.effects().into_values().collect::<Vec<_>>(), [1], "{lost:?}");
    }
}

#[tokio::test]
async fn a_busy_engine_is_tried_again_so_many_times_and_then_the_money_is_free() {
    let (mut bench, decision) = agreed().await;
    bench.engine.will(vec![Say::Busy; 500]);
    bench.finish().await;
    assert_eq!(class_of(&bench, decision).await, Some(ErrorClass::Exhausted));
    assert_eq!(i64::from(bench.engine.sends()), i64::from(MAX_SENDS));
    assert_eq!(bench.ledger().await.last().map(|entry| entry.0.clone()).as_deref(), Some("release"));
    assert!(bench.notices().await.contains(&"failed".to_owned()));
}

#[tokio::test]
async fn an_engine_that_takes_its_time_is_asked_and_not_sent_again() {
    let (mut bench, decision) = decided().await;
    bench.engine.will([Say::Working, Say::Working, Say::Working, Say::Done]);
    bench.finish().await;
    assert_eq!(phases(&bench, decision).await, [Phase::Succeeded]);
    assert_eq!((bench.engine.sends(), bench.engine.looks()), (1, 3));
}

#[tokio::test]
async fn a_refusal_and_a_failure_are_final() {
    for (say, class) in [(Say::Refuse, ErrorClass::Refused), (Say::Fail, ErrorClass::EngineFailed)] {
        let (mut bench, decision) = decided().await;
        bench.engine.will([say]);
        bench.finish().await;
        assert_eq!(class_of(&bench, decision).await, Some(class));
        assert_eq!(bench.engine.sends(), 1);
    }
}

#[tokio::test]
async fn what_it_really_cost_is_what_counts() {
    let (mut bench, _) = agreed().await;
    bench.engine.will([Say::DoneFor(4000)]);
    bench.finish().await;
    assert_eq!(bench.ledger().await.last(), Some(&("settle".to_owned(), 4000)));
}

#[tokio::test]
async fn a_worker_that_may_have_lost_its_job_sends_nothing() {
    let (mut bench, decision) = decided().await;
    let execution = bench.executions(decision).await.remove(0).id;
    let lost = Turn::new(bench.now(), 1, || false);
    let job = domain::job::Job::ExecuteAction { execution };
    assert!(jobs::run(&bench.state, &lost, job).await.is_err());
    assert_eq!(bench.engine.sends(), 0);
    bench.finish().await;
    assert_eq!(bench.engine.effects().into_values().collect::<Vec<_>>(), [1]);
}
