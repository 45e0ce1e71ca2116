//! Quiet hours: the numbered cases, both changes of daylight saving in two zones, and a zone that knows none.

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::{America::New_York, Asia::Tokyo, Europe::Berlin, Tz};
use proptest::prelude::*;

use super::{deliver_at, ends_at, is_quiet, is_quiet_at, local};
use crate::{
    fixtures::{at, facts},
    notify::Severity,
    settings::QuietHours,
    time::Timestamp,
};

fn clock(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn hours(start: &str, end: &str) -> QuietHours {
    QuietHours { start: clock(start), end: clock(end) }
}

/// One test per wall-clock time.
macro_rules! quiet_cases {
    ($($name:ident: $start:literal to $end:literal at $time:literal => $quiet:literal;)+) => {
        $(#[test] fn $name() { assert_eq!(is_quiet_at(hours($start, $end), clock($time)), $quiet); })+
    };
}

quiet_cases! {
    qh_01: "22:00" to "07:00" at "12:00" => false;
    qh_02: "22:00" to "07:00" at "23:00" => true;
    qh_03: "22:00" to "07:00" at "06:59" => true;
    qh_04: "22:00" to "07:00" at "07:00" => false;
    qh_05: "22:00" to "07:00" at "22:00" => true;
    qh_06: "22:00" to "07:00" at "21:59" => false;
    qh_07: "09:00" to "17:00" at "12:00" => true;
    qh_08: "09:00" to "17:00" at "08:00" => false;
    qh_09: "09:00" to "17:00" at "17:00" => false;
    equal_start_and_end_mean_no_quiet_hours: "08:00" to "08:00" at "08:00" => false;
}

fn ends(hours: QuietHours, zone: Tz, now: &str) -> Option<String> {
    ends_at(hours, zone, at(now)).map(|end| end.to_string())
}

#[test]
fn tokyo_keeps_its_hours_all_year() {
    let night = hours("22:00", "07:00");
    assert_eq!(
        ends(night, Tokyo, "2026-03-29T13:00:00Z").as_deref(),
        Some("2026-03-29T22:00:00Z"),
        "22:00 is the first quiet minute"
    );
    assert_eq!(ends(night, Tokyo, "2026-10-24T21:59:59Z").as_deref(), Some("2026-10-24T22:00:00Z"));
    assert_eq!(ends(night, Tokyo, "2026-10-24T22:00:00Z"), None, "07:00 is no longer quiet");
    assert_eq!(ends(night, Tokyo, "2026-10-24T12:59:59Z"), None);
}

#[test]
fn the_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() {
    let night = hours("22:00", "07:00");
    for (zone, start, end, length) in [
        (Berlin, "2026-03-28T21:00:00Z", "2026-03-29T05:00:00Z", 8),
        (Berlin, "2026-10-24T20:00:00Z", "2026-10-25T06:00:00Z", 10),
        (New_York, "2026-03-08T03:00:00Z", "2026-03-08T11:00:00Z", 8),
        (New_York, "2026-11-01T02:00:00Z", "2026-11-01T12:00:00Z", 10),
    ] {
        assert!(!is_quiet(night, zone, at(start).minus(TimeDelta::microseconds(1))));
        assert_eq!(ends(night, zone, start).as_deref(), Some(end), "{zone} {start}");
        assert_eq!(at(end).since(at(start)).num_hours(), length);
        assert!(!is_quiet(night, zone, at(end)));
    }
}

#[test]
fn an_end_that_the_clock_skips_is_where_the_skip_ends() {
    // Berlin goes from 02:00 to 03:00 at 01:00 UTC, New York at 07:00 UTC.
    assert_eq!(ends(hours("22:00", "02:30"), Berlin, "2026-03-29T00:59:00Z").as_deref(), Some("2026-03-29T01:00:00Z"));
    assert!(!is_quiet(hours("22:00", "02:30"), Berlin, at("2026-03-29T01:00:00Z")));
    assert_eq!(
        ends(hours("22:00", "02:30"), New_York, "2026-03-08T06:59:00Z").as_deref(),
        Some("2026-03-08T07:00:00Z")
    );
}

#[test]
fn a_start_that_the_clock_skips_is_where_the_skip_ends() {
    let early = hours("02:30", "07:00");
    assert!(!is_quiet(early, Berlin, at("2026-03-29T00:59:59Z")));
    assert_eq!(ends(early, Berlin, "2026-03-29T01:00:00Z").as_deref(), Some("2026-03-29T05:00:00Z"));
}

#[test]
fn quiet_hours_within_the_skip_do_not_happen_that_night() {
    for minute in 0..240 {
        assert!(!is_quiet(
            hours("02:10", "02:50"),
            Berlin,
            at("2026-03-28T23:00:00Z").plus(TimeDelta::minutes(minute))
        ));
    }
}

#[test]
fn an_end_that_the_clock_shows_twice_ends_them_at_the_pass_that_is_still_to_come() {
    // Berlin shows 02:00 to 03:00 twice: from 00:00 UTC in summer time, from 01:00 UTC in winter time.
    let night = hours("22:00", "02:30");
    assert_eq!(ends(night, Berlin, "2026-10-24T23:00:00Z").as_deref(), Some("2026-10-25T00:30:00Z"), "the first pass");
    assert_eq!(ends(night, Berlin, "2026-10-25T00:45:00Z"), None, "02:45 in the first pass");
    assert_eq!(
        ends(night, Berlin, "2026-10-25T01:15:00Z").as_deref(),
        Some("2026-10-25T01:30:00Z"),
        "the clock fell back into them"
    );
    assert_eq!(ends(night, Berlin, "2026-10-25T01:30:00Z"), None);
    // New York shows 01:00 to 02:00 twice: from 05:00 UTC and from 06:00 UTC.
    assert_eq!(
        ends(hours("22:00", "01:30"), New_York, "2026-11-01T05:10:00Z").as_deref(),
        Some("2026-11-01T05:30:00Z")
    );
    assert_eq!(
        ends(hours("22:00", "01:30"), New_York, "2026-11-01T06:10:00Z").as_deref(),
        Some("2026-11-01T06:30:00Z")
    );
}

#[test]
fn a_start_that_the_clock_shows_twice_begins_twice_and_ends_once() {
    let early = hours("02:30", "07:00");
    assert_eq!(ends(early, Berlin, "2026-10-25T00:45:00Z").as_deref(), Some("2026-10-25T06:00:00Z"));
    assert_eq!(ends(early, Berlin, "2026-10-25T01:15:00Z"), None, "02:15 in the second pass");
    assert_eq!(ends(early, Berlin, "2026-10-25T01:45:00Z").as_deref(), Some("2026-10-25T06:00:00Z"));
}

#[test]
fn only_the_critical_is_delivered_inside_quiet_hours() {
    let mut settings = facts().settings;
    settings.timezone = Berlin;
    settings.autonomy.quiet_hours = Some(hours("22:00", "07:00"));
    let night = at("2026-07-01T21:00:00Z");
    assert_eq!(deliver_at(Severity::Critical, &settings, night), night);
    assert_eq!(deliver_at(Severity::Warning, &settings, night), at("2026-07-02T05:00:00Z"));
    let day = at("2026-07-01T12:00:00Z");
    assert_eq!(deliver_at(Severity::Info, &settings, day), day);
    settings.autonomy.quiet_hours = None;
    assert_eq!(deliver_at(Severity::Info, &settings, night), night);
}

#[test]
fn an_instant_reads_as_the_persons_own_clock_shows_it() {
    assert_eq!(local(at("2026-03-29T00:59:00Z"), Berlin), "Sun 29 Mar 2026, 01:59 CET");
    assert_eq!(local(at("2026-03-29T01:00:00Z"), Berlin), "Sun 29 Mar 2026, 03:00 CEST");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn quiet_hours_end_later_within_a_day_and_an_hour_and_are_over_then(
        zone in proptest::sample::select(vec![Tz::UTC, Berlin, New_York, Tokyo, chrono_tz::Australia::Lord_Howe, chrono_tz::Asia::Kathmandu, chrono_tz::America::Havana]),
        minute in 0_i64..(2 * 366 * 24 * 60), start in 0_u32..1440, end in 0_u32..1440,
    ) {
        let face = |minute: u32| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap();
        let hours = QuietHours { start: face(start), end: face(end) };
        let now: Timestamp = at("2026-01-01T00:00:00Z").plus(TimeDelta::minutes(minute));
        match ends_at(hours, zone, now) {
            None => prop_assert!(!is_quiet(hours, zone, now)),
            Some(end) => {
                prop_assert!(is_quiet(hours, zone, now));
                prop_assert!(end > now && end.since(now) <= TimeDelta::hours(25));
                prop_assert!(!is_quiet(hours, zone, end));
            }
        }
    }
}
