//! The breaker: when it opens, who passes, how it closes, and its laws over random lives.

use proptest::prelude::*;

use super::*;
use crate::fixtures::{facts, id};

fn at(seconds: i64) -> Timestamp {
    facts().now.plus(TimeDelta::seconds(seconds))
}

fn troubled() -> Sign {
    Sign::Troubled { why: "The engine can't be reached.".into() }
}

fn failed(breaker: Breaker, times: i64) -> Breaker {
    (0..times).fold(breaker, |breaker, n| breaker.heard(id(1), &troubled(), at(n)))
}

fn open() -> Breaker {
    failed(Breaker::default(), 5)
}

/// Opened at second 4, so the first rest ends at 154.
const OVER: i64 = 154;

#[test]
fn the_fifth_failure_within_five_minutes_opens_it_and_one_that_is_older_does_not_count() {
    assert_eq!(failed(Breaker::default(), 4).open, None);
    let breaker = open();
    assert_eq!(breaker.open, Some(Open { since: at(4), until: at(OVER), rest: FIRST_REST, probe: None }));
    let spread = failed(Breaker::default(), 4).heard(id(1), &troubled(), at(300));
    assert_eq!((spread.open, spread.failures.len()), (None, 4), "the first is five minutes old");
}

#[test]
fn what_is_well_closes_nothing_and_changes_nothing_unless_it_is_the_probe() {
    for breaker in [Breaker::default(), failed(Breaker::default(), 3), open()] {
        for sign in [Sign::Well, Sign::Busy { retry_after: None }] {
            assert_eq!(breaker.clone().heard(id(2), &sign, at(10)), breaker);
        }
    }
}

#[test]
fn an_open_one_lets_nobody_pass_until_its_time_and_then_one_at_a_time() {
    let breaker = open();
    assert_eq!(breaker.passage(None, at(OVER - 1)), Passage::Wait(at(OVER)));
    assert_eq!(breaker.clone().probed_by(id(7), None, at(OVER - 1)), None);
    let probed = breaker.probed_by(id(7), None, at(OVER)).unwrap();
    assert!(probed.is_probed_by(id(7)) && !probed.is_probed_by(id(8)));
    assert_eq!(probed.passage(None, at(OVER)), Passage::Wait(at(OVER).plus(PROBE_PAUSE)));
    assert_eq!(probed.clone().probed_by(id(8), None, at(OVER)), None);
    let lost = at(OVER).plus(PROBE_LEASE);
    assert_eq!(probed.passage(None, lost), Passage::AsProbe, "a dead prober frees its place");
    let taken_over = probed.probed_by(id(8), None, lost).unwrap();
    assert_eq!(taken_over.clone().heard(id(7), &Sign::Well, lost), taken_over, "the dead one says nothing any more");
}

#[test]
fn a_probe_that_fails_doubles_the_rest_up_to_twenty_minutes_and_one_that_does_not_closes_it() {
    let mut breaker = open();
    let mut rests = Vec::new();
    let mut now = at(OVER);
    for _ in 0..5 {
        breaker = breaker.probed_by(id(7), None, now).unwrap().heard(id(7), &troubled(), now);
        let open = breaker.open.clone().unwrap();
        rests.push(open.rest.num_seconds());
        assert_eq!((open.since, open.until, open.probe), (at(4), now.plus(open.rest), None));
        now = open.until;
    }
    assert_eq!(rests, [300, 600, 1200, 1200, 1200]);
    for sign in [Sign::Well, Sign::Busy { retry_after: None }] {
        let closed = breaker.clone().probed_by(id(7), None, now).unwrap().heard(id(7), &sign, now);
        assert_eq!(closed, Breaker::default(), "{sign:?}: it is there");
    }
}

#[test]
fn the_last_look_before_the_person_would_be_asked_passes_whatever_the_breaker_says() {
    let since = at(0);
    let last = since.plus(RECONCILE_FOR);
    let long = failed(open().probed_by(id(7), None, at(OVER)).unwrap(), 0);
    let long = long.heard(id(7), &troubled(), at(OVER));
    let long = long.probed_by(id(7), None, at(OVER + 300)).unwrap().heard(id(7), &troubled(), at(OVER + 300));
    assert_eq!(long.open.clone().unwrap().until, at(OVER + 900), "later than the last look");
    assert_eq!(long.passage(Some(since), at(OVER + 301)), Passage::Wait(last));
    assert_eq!(long.passage(Some(since), last), Passage::AsProbe);
    assert_eq!(long.passage(None, last), Passage::Wait(at(OVER + 900)));
    let probed = long.probed_by(id(8), Some(since), last).unwrap();
    assert_eq!(probed.passage(Some(since), last), Passage::Free, "even beside a probe");
}

#[test]
fn being_turned_away_is_kept_for_the_operator_until_a_call_is_well_and_is_no_trouble() {
    let no = Sign::Misconfigured { why: "401".into() };
    let noted = (0..9).fold(Breaker::default(), |breaker, n| breaker.heard(id(1), &no, at(n)));
    assert_eq!((noted.open.as_ref(), noted.misconfigured.clone()), (None, Some((at(0), "401".into()))));
    assert_eq!(noted.heard(id(1), &Sign::Well, at(10)), Breaker::default());
    let probe = open().probed_by(id(7), None, at(OVER)).unwrap().heard(id(7), &no, at(OVER));
    assert!(probe.open.is_none() && probe.misconfigured.is_some(), "it is there, and says no");
}

proptest! {
    #[test]
    fn at_most_one_probe_passes_at_a_time_and_every_rest_ends(
        steps in proptest::collection::vec((0_i64..200, 1_u128..4, 0_u8..4), 1..80)
    ) {
        let mut breaker = Breaker::default();
        let mut seconds = 0;
        for (pause, who, what) in steps {
            seconds += pause;
            let now = at(seconds);
            let before = breaker.clone();
            breaker = match what {
                0 => before.clone().probed_by(id(who), None, now).unwrap_or_else(|| before.clone()),
                1 => before.clone().heard(id(who), &Sign::Well, now),
                _ => before.clone().heard(id(who), &troubled(), now),
            };
            let live = |breaker: &Breaker| breaker.open.as_ref().and_then(|open| open.probe).filter(|probe| probe.until > now);
            if let (Some(was), Some(is)) = (live(&before), live(&breaker)) {
                prop_assert_eq!(was, is, "nobody takes a living probe's place");
            }
            if let Some(open) = &breaker.open {
                prop_assert!(open.rest <= LONGEST_REST && open.until <= now.plus(LONGEST_REST));
            }
            prop_assert!(breaker.failures.len() <= TRIPS_AT);
        }
    }
}
