//! Quiet hours: wall clock in the person's zone, right across daylight saving (`domain.md` §12).
//!
//! Start inclusive, end exclusive, may wrap midnight; equal start and end mean no quiet hours (never a whole day of
//! silence by a slip). What is quiet is read off the wall clock alone, so it holds in every zone: in a skipped hour
//! there are no instants, in a repeated hour both passes are judged by what the clock shows.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::{
    notify::Severity,
    settings::{QuietHours, Settings},
    time::Timestamp,
};

/// Longest a zone's clock is searched for the end of a skipped stretch; real ones skip up to a day.
const LONGEST_GAP_MINUTES: i64 = 26 * 60;

/// Whether a local wall-clock time is quiet.
pub fn is_quiet_at(hours: QuietHours, clock: NaiveTime) -> bool {
    if hours.start <= hours.end {
        hours.start <= clock && clock < hours.end
    } else {
        clock >= hours.start || clock < hours.end
    }
}

/// Whether `at` is quiet in `zone`.
pub fn is_quiet(hours: QuietHours, zone: Tz, at: Timestamp) -> bool {
    is_quiet_at(hours, at.utc().with_timezone(&zone).time())
}

/// When the quiet hours that `at` lies in end; none outside them.
///
/// When the clock skips the end, they end with the skip. When it shows the end twice, they end at the first pass that is
/// still to come, and begin again if the clock then falls back into them. A clock that falls back to before their start
/// does not end them early.
pub fn ends_at(hours: QuietHours, zone: Tz, at: Timestamp) -> Option<Timestamp> {
    let local = at.utc().with_timezone(&zone).naive_local();
    if !is_quiet_at(hours, local.time()) {
        return None;
    }
    let wraps = local.time() >= hours.end;
    let end = if wraps { local.date().succ_opt()? } else { local.date() }.and_time(hours.end);
    first_instant(zone, end, at).map(|end| Timestamp::new(end.to_utc()))
}

/// When a notification may be shown: at once when critical or outside quiet hours, else at their end.
pub fn deliver_at(severity: Severity, settings: &Settings, now: Timestamp) -> Timestamp {
    if severity == Severity::Critical {
        return now;
    }
    settings.autonomy.quiet_hours.and_then(|hours| ends_at(hours, settings.timezone, now)).unwrap_or(now)
}

/// An instant as the person reads it: local date and time with the zone's abbreviation.
pub fn local(at: Timestamp, zone: Tz) -> String {
    at.utc().with_timezone(&zone).format("%a %-d %b %Y, %H:%M %Z").to_string()
}

/// The first instant after `after` at which the clock of `zone` shows `wanted` or, where it skips `wanted`, something later.
fn first_instant(zone: Tz, wanted: NaiveDateTime, after: Timestamp) -> Option<DateTime<Tz>> {
    match zone.from_local_datetime(&wanted) {
        MappedLocalTime::Single(instant) => Some(instant),
        MappedLocalTime::Ambiguous(first, second) => Some(if first.to_utc() > after.utc() { first } else { second }),
        // The skip ends on a whole minute: offsets in use differ by minutes.
        MappedLocalTime::None => (1..=LONGEST_GAP_MINUTES).find_map(|minutes| {
            let later = wanted.checked_add_signed(TimeDelta::minutes(minutes))?;
            zone.from_local_datetime(&later).earliest()
        }),
    }
}

#[cfg(test)]
mod tests;
