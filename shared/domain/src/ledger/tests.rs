//! The ledger: the numbered cases, and the window against a bookkeeper who replays every history from its events.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::{
    Entry, EntryKind, Nearness, SpendView, Unreadable, Variance, WINDOW, fits, nearness, next_free, reconcile, window,
};
use crate::{
    fixtures::{at, id},
    money::{Currency, Money},
    time::Timestamp,
};

/// One test per sum.
macro_rules! fit_cases {
    ($($name:ident: $spent:literal + $cost:literal of $limit:literal => $fits:literal;)+) => {
        $(#[test] fn $name() { assert_eq!(fits($spent, $cost, $limit), Ok($fits)); })+
    };
}

fit_cases! {
    sp_01: 2_000 + 3_000 of 10_000 => true;
    sp_02: 4_500 + 1_000 of 5_000 => false;
    sp_03: 4_000 + 1_000 of 5_000 => true;
    sp_04: 4_000 + 1_001 of 5_000 => false;
    sp_05: 5_000 + 0 of 5_000 => true;
    sp_07: 10_000 + 100 of 10_000 => false;
    sp_08: 45_000 + 10_000 of 50_000 => false;
    sp_09: 30_000 + 10_000 of 50_000 => true;
    sp_10: 0 + 5_000 of 5_000 => true;
    sp_11: 0 + 5_001 of 5_000 => false;
    sp_12: 0 + 0 of 0 => true;
    sp_13: 0 + 100 of 0 => false;
    free_fits_even_above_the_limit: 6_000 + 0 of 5_000 => true;
    an_immense_sum_does_not_fit: 9_223_372_036_854_775_807 + 1 of 5_000 => false;
}

#[test]
fn sp_06_a_negative_cost_is_an_error() {
    assert!(fits(0, -500, 5_000).is_err());
    assert!(reconcile(100, -1).is_err() && reconcile(-1, 100).is_err());
    let negative = Entry { cents: -1, ..entry(1, EntryKind::Settle, 0, 0) };
    assert_eq!(window(&[negative], Currency::USD, at("2026-03-30T12:00:00Z")), Err(Unreadable));
}

#[test]
fn sp_14_to_sp_16_what_differs_by_more_than_a_fifth_is_flagged() {
    assert_eq!(reconcile(5_000, 7_500), Ok(Variance { cents: 2_500, percent: 50, flagged: true }), "sp-14");
    assert_eq!(reconcile(5_000, 3_000), Ok(Variance { cents: -2_000, percent: -40, flagged: true }), "sp-15");
    assert_eq!(reconcile(0, 500), Ok(Variance { cents: 500, percent: 0, flagged: true }), "sp-16");
    for (actual, flagged) in [(6_000, false), (6_001, true), (4_000, false), (3_999, true), (5_000, false)] {
        assert_eq!(reconcile(5_000, actual).unwrap().flagged, flagged, "{actual}");
    }
    assert!(!reconcile(0, 0).unwrap().flagged);
    assert!(reconcile(1, i64::MAX).unwrap().flagged);
}

fn entry(execution: u128, kind: EntryKind, cents: i64, hours: i64) -> Entry {
    Entry {
        execution: id(execution),
        kind,
        cents,
        currency: Currency::USD,
        at: at("2026-03-30T12:00:00Z").plus(TimeDelta::hours(hours)),
    }
}

fn seen(entries: &[Entry], hours: i64) -> (i64, i64) {
    let view = window(entries, Currency::USD, entry(0, EntryKind::Reserve, 0, hours).at).unwrap();
    (view.reserved_cents, view.settled_cents)
}

#[test]
fn a_reservation_counts_however_old_and_a_settlement_for_a_day() {
    use EntryKind::{Refund, Release, Reserve, Settle};
    let mut entries = vec![entry(1, Reserve, 1_000, 0)];
    assert_eq!(seen(&entries, 1_000), (1_000, 0));
    entries.push(entry(1, Settle, 1_200, 10));
    assert_eq!(seen(&entries, 10), (0, 1_200), "the actual cost replaces the estimate");
    assert_eq!(seen(&entries, 33), (0, 1_200));
    assert_eq!(seen(&entries, 34), (0, 0), "a day after settlement, to the instant");
    entries.push(entry(1, Refund, 700, 11));
    assert_eq!(seen(&entries, 12), (0, 500));
    entries.push(entry(1, Refund, 700, 11));
    assert_eq!(seen(&entries, 12), (0, 0), "never below nothing");
    entries.extend([entry(2, Reserve, 300, 0), entry(3, Reserve, 50, 0), entry(2, Release, 0, 1)]);
    assert_eq!(seen(&entries, 12), (50, 0), "a refund lowers no other execution's amount");
    entries.push(Entry { currency: "EUR".parse().unwrap(), ..entry(4, Reserve, 9_999, 0) });
    assert_eq!(seen(&entries, 12), (50, 0), "another currency is another ledger");
}

#[test]
fn the_next_cents_come_free_when_the_oldest_settlement_is_a_day_old() {
    use EntryKind::{Refund, Reserve, Settle};
    let entries = [
        entry(1, Settle, 500, 3),
        entry(2, Settle, 200, 1),
        entry(3, Settle, 300, 1),
        entry(4, Reserve, 900, 0),
        entry(5, Settle, 100, 0),
        entry(5, Refund, 100, 0),
    ];
    let next = |hours: i64| next_free(&entries, Currency::USD, entry(0, Reserve, 0, hours).at).unwrap();
    assert_eq!(
        next(4),
        Some((entry(0, Reserve, 0, 25).at, 500)),
        "what settled together comes free together; a refunded cost frees nothing"
    );
    assert_eq!(next(25), Some((entry(0, Reserve, 0, 27).at, 500)));
    assert_eq!(next(27), None, "a reservation has no date");
}

#[test]
fn a_limit_is_near_from_eighty_per_cent_and_reached_at_all_of_it() {
    let near = |cents| nearness(Money::usd(cents), 1_000);
    assert_eq!(
        [near(799), near(800), near(999), near(1_000), near(1_001)],
        [Nearness::Far, Nearness::Near, Nearness::Near, Nearness::Reached, Nearness::Reached]
    );
}

/// What happens to one execution: reserved, then one of the ends, then refunds.
#[derive(Clone, Debug)]
enum End {
    Open,
    Released(i64),
    Settled { after: i64, actual: i64, refunds: Vec<(i64, i64)> },
}

fn an_end() -> impl Strategy<Value = End> {
    prop_oneof![
        Just(End::Open),
        (0_i64..5_000).prop_map(End::Released),
        (0_i64..5_000, 0_i64..3_000, proptest::collection::vec((0_i64..5_000, 0_i64..2_000), 0..3))
            .prop_map(|(after, actual, refunds)| End::Settled { after, actual, refunds }),
    ]
}

/// (estimate in cents, reserved at minute, end); minutes of the end count from the reservation.
type Life = (i64, i64, End);

fn entries(lives: &[Life]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (number, (estimate, reserved, end)) in (0_u128..).zip(lives) {
        let mut push = |kind, cents, minute| {
            entries.push(Entry { execution: id(number), kind, cents, currency: Currency::USD, at: minutes(minute) });
        };
        push(EntryKind::Reserve, *estimate, *reserved);
        match end {
            End::Open => {}
            End::Released(after) => push(EntryKind::Release, 0, reserved + after),
            End::Settled { after, actual, refunds } => {
                push(EntryKind::Settle, *actual, reserved + after);
                for (later, cents) in refunds {
                    push(EntryKind::Refund, *cents, reserved + after + later);
                }
            }
        }
    }
    entries
}

fn minutes(minute: i64) -> Timestamp {
    at("2026-01-01T00:00:00Z").plus(TimeDelta::minutes(minute))
}

/// The exact recomputation: each life on its own, by the words of the rule, over what has happened by `now`.
fn recomputed(lives: &[Life], now: i64) -> (i64, i64) {
    let (mut open, mut settled) = (0, 0);
    for (estimate, reserved, end) in lives {
        if *reserved > now {
            continue;
        }
        match end {
            End::Released(after) if reserved + after <= now => {}
            End::Settled { after, actual, refunds } if reserved + after <= now => {
                let settled_at = reserved + after;
                if settled_at > now - 24 * 60 {
                    let refunded: i64 =
                        refunds.iter().filter(|(later, _)| settled_at + later <= now).map(|(_, cents)| cents).sum();
                    settled += (actual - refunded).max(0);
                }
            }
            End::Open | End::Released(_) | End::Settled { .. } => open += estimate,
        }
    }
    (open, settled)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_window_equals_an_exact_recomputation_in_whatever_order_the_entries_come(
        lives in proptest::collection::vec((0_i64..3_000, 0_i64..6_000, an_end()), 0..12), now in 0_i64..12_000, turn in any::<usize>(),
    ) {
        let mut so_far: Vec<_> = entries(&lives).into_iter().filter(|entry| entry.at <= minutes(now)).collect();
        if !so_far.is_empty() {
            let turn = turn % so_far.len();
            so_far.rotate_left(turn);
        }
        let view = window(&so_far, Currency::USD, minutes(now)).unwrap();
        prop_assert_eq!((view.reserved_cents, view.settled_cents), recomputed(&lives, now));
        if let Some((free_at, cents)) = next_free(&so_far, Currency::USD, minutes(now)).unwrap() {
            let sees = |at: Timestamp| window(&so_far, Currency::USD, at).unwrap();
            prop_assert!(free_at > minutes(now) && free_at <= minutes(now).plus(WINDOW));
            prop_assert_eq!(sees(free_at.minus(TimeDelta::microseconds(1))), view, "nothing comes free before");
            prop_assert_eq!(sees(free_at).settled_cents, view.settled_cents - cents);
        } else {
            prop_assert_eq!(view.settled_cents, 0);
        }
    }

    #[test]
    fn reserving_only_what_fits_never_exceeds_the_limit_in_whatever_order(costs in proptest::collection::vec(0_i64..2_000, 0..40), limit in 0_i64..20_000) {
        let mut view = SpendView::default();
        let mut left = 0_usize;
        for cost in &costs {
            if fits(view.window_cents(), *cost, limit) == Ok(true) {
                view.reserved_cents += cost;
            } else {
                left += 1;
                prop_assert!(view.window_cents() + cost > limit);
            }
        }
        prop_assert!(view.window_cents() <= limit || costs.iter().all(|cost| *cost == 0));
        prop_assert!(left <= costs.len());
    }
}
