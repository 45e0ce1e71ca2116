//! The only place that reads the machine's clocks; everybody else is handed a [`Clock`] or an instant.
//!
//! A test's clock moves when the test says so, and only then.

#![expect(clippy::disallowed_methods, reason = "this is the door that the ban on reading clocks leads to")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, TimeDelta};
use domain::time::Timestamp;

/// Tells the time: the machine's, or one that a test moves by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// The machine's, off by so much.
    Off(TimeDelta),
    /// Microseconds since the epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// The machine's clock; in a debug build off by `SKYTWIN_CLOCK_OFFSET_SECONDS`, so that a test can have a fleet whose
    /// clocks disagree. A release build knows no such variable.
    pub fn from_env() -> Self {
        let offset = crate::config::variable("SKYTWIN_CLOCK_OFFSET_SECONDS").filter(|_| cfg!(debug_assertions));
        let offset = offset.and_then(|seconds| seconds.parse().ok()).and_then(TimeDelta::try_seconds);
        offset.map_or(Self::system(), |offset| Self(Source::Off(offset)))
    }

    /// A clock that stands at `start` until its hand is moved.
    pub fn manual(start: Timestamp) -> (Self, Hand) {
        let micros = Arc::new(AtomicI64::new(start.utc().timestamp_micros()));
        (Self(Source::Manual(Arc::clone(&micros))), Hand(micros))
    }

    /// The instant it shows.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::new(SystemTime::now().into()),
            Source::Off(by) => Self::system().now().plus(*by),
            Source::Manual(micros) => at(micros.load(Ordering::SeqCst)),
        }
    }

    /// The database's idea of now: `None` lets the queue's SQL use the database's clock (`house.md` §4).
    pub fn pinned(&self) -> Option<Timestamp> {
        match &self.0 {
            Source::System | Source::Off(_) => None,
            Source::Manual(_) => Some(self.now()),
        }
    }
}

/// Moves a manual clock.
#[derive(Clone, Debug)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    /// Moves the clock on by `by` (back, when negative) and says what it shows then.
    pub fn advance(&self, by: TimeDelta) -> Timestamp {
        let micros = by.num_microseconds().unwrap_or(i64::MAX);
        at(self.0.fetch_add(micros, Ordering::SeqCst).saturating_add(micros))
    }

    /// Puts the clock at `to`.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.utc().timestamp_micros(), Ordering::SeqCst);
    }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::new(DateTime::from_timestamp_micros(micros).unwrap_or_default())
}

/// Measures how long something took, for logs; never a reason to decide anything.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The same in whole milliseconds: log lines have no wider number.
    pub fn ms(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_still_until_it_is_moved() {
        let start: Timestamp = "2026-03-01T09:00:00.000001Z".parse().unwrap();
        let (clock, hand) = Clock::manual(start);
        assert_eq!(clock.now(), start);
        assert_eq!(hand.advance(TimeDelta::minutes(5)), start.plus(TimeDelta::minutes(5)));
        assert_eq!(clock.clone().now(), start.plus(TimeDelta::minutes(5)));
        hand.set(start);
        assert_eq!(clock.pinned(), Some(start));
    }

    #[test]
    fn the_machines_clock_leaves_the_databases_time_to_the_database() {
        assert_eq!(Clock::system().pinned(), None);
    }
}
