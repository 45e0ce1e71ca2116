//! How many calls an engine takes from one caller: no more than its limit in any minute, whichever worker makes them.
//!
//! Invariant: in no span of [`WINDOW`] are there more calls than the limit. A call is counted before it is made, so a
//! crash in between costs a place and never a call too many.

use chrono::TimeDelta;

use crate::{execution::Next, time::Timestamp};

/// The engine's minute, and a second for what travels at different speed.
pub const WINDOW: TimeDelta = TimeDelta::seconds(61);
/// How long a caller leaves an engine alone that has had enough of them and doesn't say for how long.
pub const USUAL_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// No engine is left alone for longer than this on its word alone: a mistake of its clock is not ours to sit out.
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);

/// How many calls of a class an engine takes within a minute; none is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Sends, and stops.
    pub sends: Option<u16>,
    /// Questions how something stands.
    pub looks: Option<u16>,
}

/// The classes engines count apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// What starts or stops work.
    Send,
    /// What only asks.
    Look,
}

impl Class {
    /// Of which class this step is; none makes no call.
    pub const fn of(next: Next) -> Option<Self> {
        match next {
            Next::Send | Next::Cancel => Some(Self::Send),
            Next::Look => Some(Self::Look),
            Next::GiveUp => None,
        }
    }
}

impl Limits {
    /// The limit of a class.
    pub fn of(self, class: Class) -> Option<usize> {
        match class {
            Class::Send => self.sends,
            Class::Look => self.looks,
        }
        .map(usize::from)
    }
}

/// What a caller's calls were, as far as that still counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Sends, oldest first.
    pub sends: Vec<Timestamp>,
    /// Looks, oldest first.
    pub looks: Vec<Timestamp>,
    /// The engine wants to hear nothing of this caller before.
    pub quiet_until: Option<Timestamp>,
}

impl Calls {
    /// Until when the engine has asked to be left alone.
    pub fn quiet(&self, now: Timestamp) -> Option<Timestamp> {
        self.quiet_until.filter(|until| *until > now)
    }

    /// Counts a call that is about to be made, or says when there will be a place.
    pub fn take(mut self, class: Class, limits: Limits, now: Timestamp) -> Result<Self, Timestamp> {
        if let Some(until) = self.quiet(now) {
            return Err(until);
        }
        let Some(limit) = limits.of(class) else { return Ok(self) };
        for calls in [&mut self.sends, &mut self.looks] {
            calls.retain(|at| *at > now.minus(WINDOW));
        }
        let calls = match class {
            Class::Send => &mut self.sends,
            Class::Look => &mut self.looks,
        };
        if calls.len() >= limit {
            let oldest = calls.get(calls.len() - limit.max(1)).copied().unwrap_or(now);
            return Err(oldest.plus(WINDOW));
        }
        calls.push(now);
        // Workers' clocks differ a little.
        calls.sort_unstable();
        Ok(self)
    }
}

/// Until when to leave an engine alone that has had enough of a caller.
pub fn pause(retry_after: Option<TimeDelta>, now: Timestamp) -> Timestamp {
    now.plus(retry_after.unwrap_or(USUAL_PAUSE).clamp(TimeDelta::seconds(1), LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::facts;

    const LIMITS: Limits = Limits { sends: Some(3), looks: None };

    fn at(seconds: i64) -> Timestamp {
        facts().now.plus(TimeDelta::seconds(seconds))
    }

    #[test]
    fn a_full_minute_says_when_there_is_a_place_and_the_classes_are_counted_apart() {
        let mut calls = Calls::default();
        for second in [0, 10, 20] {
            calls = calls.take(Class::Send, LIMITS, at(second)).unwrap();
        }
        assert_eq!(calls.clone().take(Class::Send, LIMITS, at(30)), Err(at(61)));
        assert!(calls.clone().take(Class::Look, LIMITS, at(30)).is_ok());
        let next = calls.take(Class::Send, LIMITS, at(61)).unwrap();
        assert_eq!(next.sends, [at(10), at(20), at(61)]);
    }

    #[test]
    fn an_engine_that_has_had_enough_hears_nothing_of_any_class() {
        let calls = Calls { quiet_until: Some(pause(Some(TimeDelta::seconds(7)), at(0))), ..Calls::default() };
        for class in [Class::Send, Class::Look] {
            assert_eq!(calls.clone().take(class, Limits::default(), at(6)), Err(at(7)));
            assert!(calls.clone().take(class, Limits::default(), at(7)).is_ok());
        }
        assert_eq!(pause(None, at(0)), at(5));
        assert_eq!(pause(Some(TimeDelta::days(9)), at(0)), at(15 * 60));
        assert_eq!(pause(Some(TimeDelta::seconds(-9)), at(0)), at(1));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let calls = Calls::default().take(Class::Send, Limits::default(), at(0)).unwrap();
        assert_eq!(calls, Calls::default());
    }

    proptest! {
        #[test]
        fn no_minute_ever_holds_more_calls_than_the_limit(pauses in proptest::collection::vec(0_i64..40, 1..80)) {
            let (mut calls, mut seconds, mut made) = (Calls::default(), 0, Vec::new());
            for pause in pauses {
                seconds += pause;
                match calls.clone().take(Class::Send, LIMITS, at(seconds)) {
                    Ok(taken) => {
                        made.push(at(seconds));
                        calls = taken;
                    }
                    Err(free) => {
                        prop_assert!(free > at(seconds));
                        prop_assert!(calls.clone().take(Class::Send, LIMITS, free).is_ok(), "the place is there when promised");
                    }
                }
            }
            for (n, at) in made.iter().enumerate() {
                prop_assert!(made[n..].iter().filter(|other| other.since(*at) < WINDOW).count() <= 3);
            }
        }
    }
}
