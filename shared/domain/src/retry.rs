//! Retries: how long to wait before another send, and which HTTP answers are worth one (`domain.md` §10).
//!
//! Randomness is an argument: the shell draws it, this computes.

use chrono::TimeDelta;

/// The first wait is at most this (`domain.md` §10).
pub const BASE: TimeDelta = TimeDelta::seconds(1);
/// Every further wait may be so many times as long.
pub const FACTOR: i32 = 4;
/// No wait is longer than this.
pub const CAP: TimeDelta = TimeDelta::minutes(5);
/// Draws are in so many parts of the whole.
pub const PARTS: u32 = 10_000;

/// The longest wait after `sends` sends: base × factor^(sends − 1), at most the cap. Never falls as `sends` grows.
pub fn longest(sends: i32) -> TimeDelta {
    let mut wait = BASE;
    for _ in 1..sends.max(1) {
        if wait >= CAP {
            break;
        }
        wait = wait * FACTOR;
    }
    wait.min(CAP)
}

/// The wait before the next send, with full jitter: `draw` in 0..=[`PARTS`] picks evenly from nothing to the longest.
pub fn backoff(sends: i32, draw: u32) -> TimeDelta {
    let longest = longest(sends).num_milliseconds();
    TimeDelta::milliseconds(longest * i64::from(draw.min(PARTS)) / i64::from(PARTS))
}

/// Whether an HTTP status may be different next time. Everything else repeats itself.
pub const fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Whether the far side certainly did nothing when it answered so: only then may it be sent again where it can't dedupe.
pub const fn was_not_taken(status: u16) -> bool {
    matches!(status, 425 | 429 | 503)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rt_01_to_rt_07_only_a_transient_status_is_tried_again() {
        for (id, status, retry) in [
            ("rt-01", 429, true),
            ("rt-02", 500, true),
            ("rt-03", 502, true),
            ("rt-04", 503, true),
            ("rt-05", 504, true),
            ("rt-06", 400, false),
            ("rt-07", 401, false),
        ] {
            assert_eq!(is_transient_status(status), retry, "{id}");
        }
    }

    #[test]
    fn the_longest_wait_grows_by_four_up_to_five_minutes() {
        let seconds: Vec<_> = (1..=7).map(|sends| longest(sends).num_seconds()).collect();
        assert_eq!(seconds, [1, 4, 16, 64, 256, 300, 300]);
        assert_eq!(longest(i32::MAX), CAP);
        assert_eq!(longest(i32::MIN), BASE);
    }

    proptest! {
        #[test]
        fn a_wait_is_never_negative_nor_above_its_bound_and_grows_with_the_draw(sends in any::<i32>(), one in 0..=PARTS, other in 0..=PARTS) {
            let (less, more) = (one.min(other), one.max(other));
            prop_assert!(TimeDelta::zero() <= backoff(sends, less));
            prop_assert!(backoff(sends, less) <= backoff(sends, more));
            prop_assert!(backoff(sends, more) <= longest(sends));
            prop_assert!(longest(sends) <= longest(sends.saturating_add(1)));
            prop_assert!(longest(sends) <= CAP);
            prop_assert_eq!(backoff(sends, PARTS), longest(sends));
        }
    }
}
