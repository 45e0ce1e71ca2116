//! `Retry-After`: when the engine wants to hear from us again.

use chrono::{DateTime, TimeDelta};
use domain::time::Timestamp;

/// The longest wait an engine can talk us into.
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// Reads seconds or an HTTP date. Never more than an hour, never negative; none if it is neither.
pub(crate) fn read(value: &str, now: Timestamp) -> Option<TimeDelta> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more than an hour, too.
        value.parse().ok().and_then(TimeDelta::try_seconds).unwrap_or(LONGEST)
    } else {
        DateTime::parse_from_rfc2822(value).ok()?.signed_duration_since(now.utc())
    };
    Some(wait.clamp(TimeDelta::zero(), LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

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
