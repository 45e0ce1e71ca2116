//! Every transition of a delivery, and its laws.

use proptest::prelude::*;

use super::*;
use crate::{fixtures, id::Id, retry::PARTS};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-03-02T09:00:00Z")
}

fn channel() -> Channel {
    Channel {
        id: Id::new(uuid::Uuid::from_u128(1)),
        user: fixtures::facts().settings.user,
        kind: Kind::Webhook,
        name: "Home".into(),
        address: "https://example.org/hook".into(),
        minimum_severity: Severity::Warning,
        enabled: true,
        failing_since: None,
        trouble: None,
        old_secret_until: None,
        revision: 1,
        created_at: now(),
        updated_at: now(),
    }
}

fn planned(test: bool) -> Delivery {
    let told = if test { vec![] } else { vec![Id::new(uuid::Uuid::from_u128(7))] };
    Delivery::plan(&channel(), "one", told, now()).0
}

fn claimed(delivery: Delivery, now: Timestamp) -> Delivery {
    let Look::Send(claimed) = delivery.claim(&channel(), 1, now) else { panic!("it is not sent") };
    *claimed
}

fn later() -> Answer {
    Answer::Later { why: "It answered 503.".into(), wait: None }
}

fn answer(delivery: Delivery, channel: Channel, answer: Answer, now: Timestamp) -> (Delivery, Channel, Outbox) {
    delivery.answered(channel, answer, &fixtures::facts().settings, PARTS, now)
}

/// Fails until it is dead; gives it and its channel, and how many notices there were.
fn dies(mut delivery: Delivery, mut channel: Channel) -> (Delivery, Channel, usize) {
    let (mut now, mut notices) = (now(), 0);
    while let State::Pending { due } = delivery.state {
        now = now.max(due);
        let after = answer(claimed(delivery, now), channel, later(), now);
        (delivery, channel) = (after.0, after.1);
        notices += after.2.notifications.len();
    }
    (delivery, channel, notices)
}

#[test]
fn a_channel_gets_what_is_loud_enough_while_it_is_on() {
    let loud = |channel: &Channel| Severity::ALL.iter().filter(|one| channel.wants(**one)).count();
    assert_eq!((loud(&channel()), loud(&Channel { enabled: false, ..channel() })), (2, 0));
}

#[test]
fn what_is_taken_is_over_and_the_channel_is_well_again() {
    let failing = Channel { failing_since: Some(now()), trouble: Some("It answered 503.".into()), ..channel() };
    let (delivered, well, outbox) = answer(claimed(planned(false), now()), failing, Answer::Taken, now());
    assert_eq!((delivered.state, delivered.error.as_deref()), (State::Delivered { at: now() }, None));
    assert_eq!((well.failing_since, well.trouble), (None, None));
    assert!(outbox.rings.is_empty() && outbox.notifications.is_empty() && outbox.events.len() == 1);
    assert_eq!(delivered.claim(&channel(), 1, now()), Look::Nothing);
}

#[test]
fn a_claim_is_held_for_its_lease_and_then_anybody_may_take_it() {
    let held = claimed(planned(false), now());
    assert_eq!(held.clone().claim(&channel(), 1, now()), Look::NotYet(now().plus(LEASE)));
    assert_eq!(claimed(held, now().plus(LEASE)).tries, 2);
}

#[test]
fn nothing_is_sent_to_a_channel_that_is_off_or_about_what_is_gone_and_a_test_needs_nothing() {
    let off = Channel { enabled: false, ..channel() };
    for (delivery, channel, left) in
        [(planned(false), &off, 1), (planned(false), &channel(), 0), (planned(true), &off, 0)]
    {
        let Look::Void(dead, outbox) = delivery.claim(channel, left, now()) else { panic!("it is sent") };
        assert_eq!((dead.state.phase(), dead.version, outbox.events.len()), (Phase::Dead, 2, 1));
    }
    assert!(matches!(planned(true).claim(&channel(), 0, now()), Look::Send(_)));
}

#[test]
fn it_waits_as_long_as_the_far_side_asks_and_is_rung_then() {
    let wait = Some(TimeDelta::minutes(20));
    let busy = Answer::Later { why: "It answered 429.".into(), wait };
    let (again, _, outbox) = answer(claimed(planned(false), now()), channel(), busy, now());
    assert_eq!(again.state, State::Pending { due: now().plus(TimeDelta::minutes(20)) });
    assert_eq!(outbox.rings[0].due, Some(now().plus(TimeDelta::minutes(20))));
    assert_eq!(again.error.as_deref(), Some("It answered 429."));
}

#[test]
fn after_so_many_tries_it_is_dead_and_the_person_is_told_once_for_all_that_die() {
    let (dead, failing, notices) = dies(planned(false), channel());
    assert_eq!((dead.state.phase(), dead.tries, notices), (Phase::Dead, TRIES, 1));
    assert!(failing.failing_since.is_some() && failing.enabled);
    let (_, failing, notices) = dies(planned(false), failing);
    assert_eq!(notices, 0, "the second is no news");
    let (_, well, _) = answer(claimed(planned(false), now()), failing, Answer::Taken, now());
    assert_eq!(dies(planned(false), well).2, 1, "after it was well, it is news again");
}

#[test]
fn a_test_is_tried_once_and_bothers_nobody() {
    let (dead, channel, notices) = dies(planned(true), channel());
    assert_eq!((dead.state.phase(), dead.tries, notices, channel.failing_since), (Phase::Dead, 1, 0, None));
    assert_eq!(channel.trouble.as_deref(), Some("It answered 503."));
}

#[test]
fn who_is_gone_is_switched_off_at_once_and_the_person_is_told() {
    let (dead, off, outbox) = answer(claimed(planned(false), now()), channel(), Answer::Gone, now());
    assert_eq!((dead.state.phase(), off.enabled, off.revision), (Phase::Dead, false, 2));
    assert_eq!((outbox.notifications.len(), outbox.rings.len()), (1, 0));
    assert!(!off.wants(Severity::Critical));
}

#[test]
fn what_is_dead_can_be_tried_again_from_the_start_and_nothing_else_can() {
    let (dead, ..) = dies(planned(false), channel());
    let (again, outbox) = dead.clone().again(at("2026-03-03T09:00:00Z")).unwrap();
    assert_eq!((again.tries, outbox.rings.len()), (0, 1));
    assert!(again.version > dead.version && again.clone().again(now()).is_none());
    let (delivered, ..) = answer(claimed(planned(false), now()), channel(), Answer::Taken, now());
    assert!(delivered.again(now()).is_none());
}

proptest! {
    #[test]
    fn every_transition_is_a_new_version_and_a_wait_is_bounded(draw in 0..=PARTS, tries in 0..TRIES - 1, asked in 0..4000_i64) {
        let before = claimed(Delivery { tries, ..planned(false) }, now());
        let wait = Some(TimeDelta::seconds(asked));
        let answer = Answer::Later { why: "no".into(), wait };
        let (after, ..) = before.clone().answered(channel(), answer, &fixtures::facts().settings, draw, now());
        prop_assert_eq!(after.version, before.version + 1);
        let State::Pending { due } = after.state else { return Err(TestCaseError::fail("it is not over")) };
        prop_assert!(due >= now().plus(TimeDelta::seconds(asked)));
        prop_assert!(due <= now().plus(TimeDelta::seconds(asked).max(retry::CAP)));
    }
}
