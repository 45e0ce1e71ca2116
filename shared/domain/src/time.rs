//! Instants: UTC, truncated to the microseconds Postgres keeps, so that what was written reads back equal.
//!
//! Invariant: every instant is one that RFC 3339 can write and Postgres can keep. Whatever comes in beyond the years 0 to
//! 9999 stands at their end, and a leap second, which Postgres does not know, is the first of the next minute.
//!
//! There is no `now` here: the time is an argument of everything (`house.md` §4).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The beginning of the year 0, in microseconds since 1970.
const FIRST: i64 = -62_167_219_200_000_000;
/// The end of the year 9999, likewise.
const LAST: i64 = 253_402_300_799_999_999;

/// A UTC instant with microsecond precision, within the years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Truncates to microseconds, and to what there is of time.
    pub fn new(at: DateTime<Utc>) -> Self {
        let micros = at.timestamp_micros().clamp(FIRST, LAST);
        Self(DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH))
    }

    /// The instant as chrono knows it.
    pub const fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// This instant plus `by`; stays at either end of time rather than overflow.
    #[must_use]
    pub fn plus(self, by: TimeDelta) -> Self {
        let end = if by < TimeDelta::zero() { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        Self::new(self.0.checked_add_signed(by).unwrap_or(end))
    }

    /// This instant minus `by`.
    #[must_use]
    pub fn minus(self, by: TimeDelta) -> Self {
        self.plus(-by)
    }

    /// How long after `earlier` this is (negative when before).
    pub fn since(self, earlier: Self) -> TimeDelta {
        self.0.signed_duration_since(earlier.0)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self::new(at)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = chrono::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|at| Self::new(at.with_timezone(&Utc)))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As Postgres keeps it.
    fn kept(at: Timestamp) -> Timestamp {
        Timestamp::new(DateTime::from_timestamp_micros(at.utc().timestamp_micros()).unwrap())
    }

    #[test]
    fn instants_that_no_text_or_row_can_hold_stand_at_the_ends_of_time() {
        for (text, is) in [
            ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.999999Z"),
            ("0000-01-01T00:00:00+23:59", "0000-01-01T00:00:00Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
            ("2026-03-01T09:00:00.1234567+01:00", "2026-03-01T08:00:00.123456Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), is, "{text}");
        }
        let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        assert_eq!(now.plus(TimeDelta::MAX), Timestamp::new(DateTime::<Utc>::MAX_UTC));
        assert_eq!(now.minus(TimeDelta::MAX), Timestamp::new(DateTime::<Utc>::MIN_UTC));
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn an_instant_reads_back_equal_from_text_and_from_a_row(
            text in fuzz::text_of(&["2026", "-03-01", "T09:00:", "00", "59:60", ".123456789", "Z", "+23:59", "9999", "0000"]),
            micros: i64,
            by: i64,
        ) {
            let shifted = DateTime::from_timestamp_micros(micros).map(Timestamp::new);
            let shifted = shifted.map(|at| at.plus(TimeDelta::microseconds(by)));
            for at in text.parse().ok().into_iter().chain(shifted) {
                prop_assert_eq!(at.to_string().parse::<Timestamp>(), Ok(at));
                prop_assert_eq!(kept(at), at);
            }
        }

        #[test]
        fn time_added_never_leads_back(micros in FIRST..=LAST, by: i64) {
            let at = Timestamp::new(DateTime::from_timestamp_micros(micros).unwrap());
            let moved = at.plus(TimeDelta::microseconds(by));
            prop_assert!(if by < 0 { moved <= at } else { moved >= at }, "{at} and {by} µs are {moved}");
        }
    }
}
