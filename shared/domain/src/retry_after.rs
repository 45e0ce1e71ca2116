//! `Retry-After`: when a far side wants to hear from us again, as far as we let it say.

use chrono::{DateTime, TimeDelta};

use crate::time::Timestamp;

/// The longest wait that anybody can talk us into.
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// Reads seconds or an HTTP date. Never more than an hour, never negative; none if it is neither.
pub fn read(value: &str, now: Timestamp) -> Option<TimeDelta> {
    seconds(value).or_else(|| {
        let wait = DateTime::parse_from_rfc2822(value.trim()).ok()?.signed_duration_since(now.utc());
        Some(wait.clamp(TimeDelta::zero(), LONGEST))
    })
}

/// Reads seconds, the form that needs no clock. Never more than an hour.
pub fn seconds(value: &str) -> Option<TimeDelta> {
    let digits = Some(value.trim()).filter(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))?;
    // More digits than fit are more than an hour, too.
    Some(digits.parse().ok().and_then(TimeDelta::try_seconds).unwrap_or(LONGEST).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn nobody_makes_us_wait_for_longer_than_an_hour_or_for_less_than_nothing(
            value in fuzz::text_of(&["0", "7", "86400", "9223372036854775807", "Sun, 01 Mar ", "2026", " 09:02:05 GMT", "-"]),
        ) {
            let now = "2026-03-01T09:00:00Z".parse().unwrap();
            let wait = read(&value, now);
            prop_assert!(wait.is_none_or(|wait| (TimeDelta::zero()..=LONGEST).contains(&wait)), "{value:?}: {wait:?}");
            prop_assert!(seconds(&value).is_none_or(|seconds| wait == Some(seconds)));
        }
    }

    #[test]
    fn seconds_and_dates_are_read_and_capped_at_an_hour() {
        let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let cases = [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("86400", Some(3600)),
            ("99999999999999999999999", Some(3600)),
            ("Sun, 01 Mar 2026 09:02:05 GMT", Some(125)),
            ("Sun, 01 Mar 2026 08:00:00 GMT", Some(0)),
            ("Mon, 02 Mar 2026 09:00:00 GMT", Some(3600)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ];
        for (value, seconds) in cases {
            assert_eq!(read(value, now).map(|wait| wait.num_seconds()), seconds, "{value:?}");
        }
    }
}
