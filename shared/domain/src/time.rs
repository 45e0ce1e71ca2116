//! Instants: UTC, truncated to the microseconds Postgres keeps, so that what was written reads back equal.
//!
//! There is no `now` here: the time is an argument of everything (`house.md` §4).

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A UTC instant with microsecond precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Truncates to microseconds.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(at.trunc_subsecs(6))
    }

    /// The instant as chrono knows it.
    pub const fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// This instant plus `by`; stays at the end of time rather than overflow.
    #[must_use]
    pub fn plus(self, by: TimeDelta) -> Self {
        Self(self.0.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)).clamped()
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

    fn clamped(self) -> Self {
        Self::new(self.0)
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
