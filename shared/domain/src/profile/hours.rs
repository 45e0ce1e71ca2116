//! Active hours: when the person answers, on their own wall clock.
//!
//! Sittings are counted, not answers: whoever answers twenty things at once was there once.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Timelike};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Answered, Found, Grounds, grounds::percent};

/// From so many sittings on an hour is one they are active in.
const SITTINGS: usize = 3;

/// When they answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveHours {
    /// Hours of the day, ascending.
    pub hours: Vec<Hour>,
}

/// An hour in which they answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// Of the wall clock, 0 to 23.
    pub hour: u32,
    /// On how many days.
    pub days: u32,
}

/// The share of all sittings that lies in these hours is how consistent this is.
pub(super) fn found<'a>(answers: impl Iterator<Item = &'a Answered>, zone: Tz) -> Vec<Found<ActiveHours>> {
    let mut hours: BTreeMap<u32, BTreeMap<NaiveDate, &Answered>> = BTreeMap::new();
    for answer in answers {
        let local = answer.at.utc().with_timezone(&zone);
        let sitting = hours.entry(local.hour()).or_default().entry(local.date_naive()).or_insert(answer);
        if (answer.at, answer.id) > (sitting.at, sitting.id) {
            *sitting = answer;
        }
    }
    let all: usize = hours.values().map(BTreeMap::len).sum();
    hours.retain(|_, days| days.len() >= SITTINGS);
    let active: Vec<&Answered> = hours.values().flat_map(BTreeMap::values).copied().collect();
    let says = ActiveHours {
        hours: hours
            .iter()
            .map(|(hour, days)| Hour { hour: *hour, days: u32::try_from(days.len()).unwrap_or(u32::MAX) })
            .collect(),
    };
    let (count, consistency) = (active.len(), percent(active.len(), all));
    Grounds::of(active, count, consistency).map(|grounds| Found { domain: None, says, grounds }).into_iter().collect()
}
