//! A source that is polled: one mailbox or calendar of one account, when it is read next, and what came of the last time
//! (`domain.md` §13).
//!
//! Invariant: a claim makes it due only after a lease and raises `attempt`, and only that attempt may keep what it read:
//! one reader at a time in a whole fleet, and a reader that was taken for dead keeps nothing.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{AccountId, SourceId, UserId},
    retry,
    time::Timestamp,
    wire::wire_enum,
};

/// How soon it is read again after it had something new.
pub const SOONEST: TimeDelta = TimeDelta::seconds(10);
/// How late it is read again however long it has had nothing new.
pub const LATEST: TimeDelta = TimeDelta::minutes(5);
/// The longest that its own word (`Retry-After`) or trouble keeps it from being read.
pub const LONGEST: TimeDelta = TimeDelta::hours(1);
/// How long a claim is good for: longer than a run may take.
pub const LEASE: TimeDelta = TimeDelta::minutes(3);

wire_enum! {
    /// What is read, and so by which adapter; also what its signals say they come from.
    Kind, "source kind" { Gmail = "gmail", GoogleCalendar = "google_calendar" }
}

impl Kind {
    /// What is read of an account at this provider.
    pub fn of_provider(provider: &str) -> &'static [Self] {
        if provider == "google" { Self::ALL } else { &[] }
    }
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// Whose.
    pub user: UserId,
    /// Of which account.
    pub account: AccountId,
    /// What is read.
    pub kind: Kind,
    /// Where the next page starts; none before the first.
    pub cursor: Option<Value>,
    /// The fence: how often it was claimed.
    pub attempt: i64,
    /// How long it is left alone, in whole seconds.
    pub pause: TimeDelta,
    /// Failures in a row.
    pub failures: i32,
    /// What is wrong, in a sentence for the person; none when it was read well.
    pub trouble: Option<String>,
    /// When it was last read well.
    pub read_at: Option<Timestamp>,
    /// When it is to be read next.
    pub due: Timestamp,
    /// What of it could not be read, if anything ever was.
    pub left_out: Option<LeftOut>,
}

/// What could not be read and was left out, so that one bad mail or event holds up no other and is still seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// How often that was, since the account was connected.
    pub count: i64,
    /// When it was last.
    pub at: Timestamp,
    /// Which that was, and what was wrong with it, in a sentence.
    pub why: String,
}

/// What reading a page found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// More to read right now.
    More,
    /// Something new, and nothing more.
    News,
    /// Nothing new.
    Nothing,
}

impl Source {
    /// One that was never read, to be read at once. The same for the same account and kind.
    pub fn new(user: UserId, account: AccountId, kind: Kind, now: Timestamp) -> Self {
        Self {
            id: account.child(kind.as_str()),
            user,
            account,
            kind,
            cursor: None,
            attempt: 0,
            pause: SOONEST,
            failures: 0,
            trouble: None,
            read_at: None,
            due: now,
            left_out: None,
        }
    }

    /// Takes it for one page; none when it is not due, which it is not while somebody else reads it.
    #[must_use]
    pub fn claim(self, now: Timestamp) -> Option<Self> {
        (self.due <= now).then(|| Self { attempt: self.attempt + 1, due: now.plus(LEASE), ..self })
    }

    /// A page was read: the next one starts at `cursor`, sooner where there is something new, ever later where there is
    /// not. `draw` in 0..=[`retry::PARTS`] spreads a fleet's reads.
    #[must_use]
    pub fn read(self, cursor: Value, found: Found, draw: u32, now: Timestamp) -> Self {
        let pause = match found {
            Found::More | Found::News => SOONEST,
            Found::Nothing => (self.pause * 3 / 2).clamp(SOONEST, LATEST),
        };
        let due = match found {
            Found::More => now,
            Found::News | Found::Nothing => now.plus(pause - part(pause / 10, draw)),
        };
        Self { cursor: Some(cursor), pause, failures: 0, trouble: None, read_at: Some(now), due, ..self }
    }

    /// So many things of a page that was read could not be; `why` says it of the last.
    #[must_use]
    pub fn without(self, count: usize, why: String, now: Timestamp) -> Self {
        let before = self.left_out.map_or(0, |before| before.count);
        let count = before.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        Self { left_out: Some(LeftOut { count, at: now, why }), ..self }
    }

    /// It could not be read: ever later, and not before the far side wants.
    #[must_use]
    pub fn failed(self, why: String, retry_after: Option<TimeDelta>, draw: u32, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        let wait = SOONEST + part(retry::longest(failures + 1), draw);
        let wait = wait.max(retry_after.unwrap_or_default()).min(LONGEST);
        Self { failures, trouble: Some(why), due: now.plus(wait), ..self }
    }
}

fn part(of: TimeDelta, draw: u32) -> TimeDelta {
    TimeDelta::milliseconds(of.num_milliseconds() * i64::from(draw.min(retry::PARTS)) / i64::from(retry::PARTS))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::id;

    fn now() -> Timestamp {
        "2026-03-02T09:00:00Z".parse().unwrap()
    }

    fn source() -> Source {
        Source::new(id(1), id(2), Kind::Gmail, now())
    }

    #[test]
    fn who_claims_it_has_it_alone_until_the_lease_is_over() {
        let claimed = source().claim(now()).unwrap();
        assert_eq!(claimed.attempt, 1);
        assert_eq!(claimed.clone().claim(now().plus(LEASE).minus(TimeDelta::seconds(1))), None);
        assert_eq!(claimed.claim(now().plus(LEASE)).unwrap().attempt, 2);
    }

    #[test]
    fn it_is_read_at_once_while_there_is_more_soon_while_there_is_news_and_ever_later_otherwise() {
        let waits = |source: &Source| source.due.since(now());
        let read = |source: Source, found| source.read(json!(1), found, 0, now());
        assert_eq!(waits(&read(source(), Found::More)), TimeDelta::zero());
        assert_eq!(waits(&read(source(), Found::News)), SOONEST);
        let mut quiet = source();
        for _ in 0..20 {
            let later = read(quiet.clone(), Found::Nothing);
            assert!(waits(&later) >= waits(&quiet) && waits(&later) <= LATEST);
            quiet = later;
        }
        assert_eq!(waits(&quiet), LATEST);
        assert_eq!(waits(&read(quiet, Found::News)), SOONEST);
    }

    #[test]
    fn trouble_waits_longer_each_time_and_as_long_as_the_far_side_wants_and_is_forgotten_when_it_works_again() {
        let fail = |source: Source, after| source.failed("It is down.".into(), after, retry::PARTS, now());
        let first = fail(source(), None);
        let second = fail(first.clone(), None);
        assert!(second.due > first.due);
        assert_eq!(fail(first, Some(TimeDelta::minutes(30))).due, now().plus(TimeDelta::minutes(30)));
        assert_eq!(fail(source(), Some(TimeDelta::days(2))).due, now().plus(LONGEST));
        let well = second.read(json!(1), Found::News, 0, now());
        assert_eq!((well.failures, well.trouble), (0, None));
    }

    #[test]
    fn what_is_left_out_adds_up_and_stays_whatever_comes_of_later_pages() {
        let one = source().without(1, "The first.".into(), now());
        let two = one.without(2, "The last.".into(), now().plus(LATEST)).read(json!(1), Found::Nothing, 0, now());
        let wanted = LeftOut { count: 3, at: now().plus(LATEST), why: "The last.".into() };
        assert_eq!(two.failed("It is down.".into(), None, 0, now()).left_out, Some(wanted));
    }
}
