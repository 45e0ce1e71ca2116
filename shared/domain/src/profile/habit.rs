//! Routines: what the person wants done at the same hour of the same weekday, on their own wall clock.
//!
//! Days are counted, not mails: ten newsletters on one Monday morning are one occurrence. The time is when the question
//! arose, which is when the twin would act if it acted alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Timelike};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Answered, Found, Grounds, best, case::Case, grounds::percent};
use crate::{catalogue::Verb, policy::Weekday, signal::Domain, twin};

/// So many occurrences make a routine (`domain.md` §11).
const OCCURRENCES: usize = 3;

/// Something they want done at that time of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routine {
    /// What.
    pub verb: Verb,
    /// On which day.
    pub weekday: Weekday,
    /// In which hour of the wall clock, 0 to 23.
    pub hour: u32,
}

type Slot = (Domain, Verb, Weekday, u32);

/// Where in the week a case lies, and on which day.
pub(super) fn slot(case: &Case<'_>, zone: Tz) -> (Slot, NaiveDate) {
    let local = case.answer.asked_at.utc().with_timezone(&zone);
    ((case.answer.domain, case.verb, local.weekday().into(), local.hour()), local.date_naive())
}

#[derive(Default)]
struct Seen<'a> {
    wanted: BTreeMap<NaiveDate, &'a Answered>,
    days: BTreeSet<NaiveDate>,
}

/// The share of the days they were asked on and agreed is how consistent a routine is. Repetition has a scale of its
/// own (`domain.md` §11 "Patterns"); the lower of the two counts.
pub(super) fn found(cases: &[Case<'_>], zone: Tz) -> Vec<Found<Routine>> {
    let mut slots: BTreeMap<Slot, Seen<'_>> = BTreeMap::new();
    for case in cases {
        let (slot, day) = slot(case, zone);
        let seen = slots.entry(slot).or_default();
        seen.days.insert(day);
        if case.agreed() {
            seen.wanted.insert(day, case.answer);
        }
    }
    let routine = |((domain, verb, weekday, hour), seen): (Slot, Seen<'_>)| {
        let times = seen.wanted.len();
        let consistency = percent(times, seen.days.len());
        let mut grounds = Grounds::of(seen.wanted.into_values().collect(), times, consistency)?;
        grounds.confidence = grounds.confidence.min(twin::confidence_from_repetition(grounds.count));
        (times >= OCCURRENCES).then_some(Found { domain: Some(domain), says: Routine { verb, weekday, hour }, grounds })
    };
    best(slots.into_iter().filter_map(routine).collect())
}
