//! Every transition of a connection.

use proptest::prelude::*;

use super::*;
use crate::{
    fixtures::{at, id},
    testing,
    tier::TrustTier,
};

const NOW: &str = "2026-03-02T09:00:00Z";

fn granted(seconds: i64) -> Granted {
    Granted { life: Some(TimeDelta::seconds(seconds)), scopes: Some(vec!["mail".into()]) }
}

fn connected() -> (Account, Outbox) {
    let who = Identity { subject: "1234".into(), label: Some("ann@example.com".into()) };
    Account::connect(id(1), id(2), "google".into(), who, granted(3600), 5_000, at(NOW))
}

fn claimed(account: Account, now: Timestamp) -> Account {
    let looked = account.claim(now);
    let Look::Refresh(account) = looked else { panic!("{looked:?}") };
    *account
}

fn due(account: &Account) -> Timestamp {
    account.state.due().unwrap()
}

fn refreshing() -> Account {
    let (account, _) = connected();
    let now = due(&account);
    claimed(account, now)
}

fn settings() -> Settings {
    testing::facts(TrustTier::Observer).settings
}

fn passing(retry_after: Option<TimeDelta>) -> Trouble {
    Trouble::Passing { retry_after, why: "google does not answer.".into() }
}

#[test]
fn a_connection_starts_active_with_a_timer_at_80_percent_of_its_life_and_is_told_of() {
    let (account, outbox) = connected();
    assert_eq!(account.state, State::Active { refresh_at: Some(at("2026-03-02T09:48:00Z")) });
    assert_eq!((account.version, account.grant), (1, 1));
    assert_eq!(account.expires_at, Some(at("2026-03-02T10:00:00Z")));
    let ring = &outbox.rings[0];
    assert_eq!((ring.job, ring.due), (Job::RefreshToken { account: account.id }, Some(at("2026-03-02T09:48:00Z"))));
    let read: Vec<_> = outbox.rings[1..].iter().map(|ring| (ring.job, ring.due)).collect();
    let source = |kind: Kind| (Job::PollSource { source: account.id.child(kind.as_str()) }, None);
    assert_eq!(read, [source(Kind::Gmail), source(Kind::GoogleCalendar)], "and is read at once");
    assert_eq!(outbox.events[0].name, Name::ConnectionChanged);
}

#[test]
fn a_token_without_a_known_end_is_left_alone_until_it_is_refused() {
    let who = Identity { subject: "1234".into(), label: None };
    let forever = Granted { life: None, scopes: None };
    let (account, outbox) = Account::connect(id(1), id(2), "acme".into(), who, forever, 0, at(NOW));
    assert!(outbox.rings.is_empty());
    assert!(matches!(account.clone().claim(at(NOW)), Look::Nothing(_)));
    let later = at(NOW).plus(TimeDelta::hours(5));
    let (account, _) = account.token_refused(1, later).unwrap();
    assert_eq!(account.state, State::Active { refresh_at: Some(later) });
}

#[test]
fn only_what_is_due_is_claimed_and_a_claim_keeps_others_away_for_its_lease() {
    let (account, _) = connected();
    let planned = due(&account);
    assert!(
        matches!(account.clone().claim(planned.minus(TimeDelta::microseconds(1))), Look::NotYet(when) if when == planned)
    );
    let claimed = claimed(account, planned);
    assert_eq!((claimed.state, claimed.version), (State::Refreshing { until: planned.plus(LEASE) }, 2));
    assert!(matches!(claimed.clone().claim(planned), Look::NotYet(when) if when == planned.plus(LEASE)));
    assert_eq!(self::claimed(claimed, planned.plus(LEASE)).version, 3, "a claim that was lost is taken over");
}

#[test]
fn new_tokens_clear_every_trouble_and_are_planned_for_again() {
    let (failed, _) = refreshing().failed(&passing(None), &settings(), PARTS, at(NOW));
    let now = due(&failed);
    let (account, outbox) = claimed(failed, now).refreshed(granted(3600), 0, now);
    assert_eq!((account.grant, account.failures, account.trouble.as_deref()), (2, 0, None));
    assert_eq!(account.state, State::Active { refresh_at: Some(now.plus(TimeDelta::minutes(45))) });
    assert_eq!((outbox.rings.len(), outbox.events.len()), (1, 1), "the end of the trouble is told");
    let (_, quiet) = refreshing().refreshed(granted(3600), 0, now);
    assert!(quiet.events.is_empty(), "what nobody noticed is not told");
}

#[test]
fn a_void_grant_ends_it_with_one_notification_and_nothing_is_planned_any_more() {
    let (account, outbox) = refreshing().failed(&Trouble::Refused, &settings(), 0, at(NOW));
    assert_eq!(account.state, State::NeedsReauth);
    assert!(outbox.rings.is_empty());
    assert_eq!(outbox.notifications[0].kind, notify::Kind::AccountNeedsReauth);
    assert!(matches!(account.clone().claim(at("2030-01-01T00:00:00Z")), Look::Nothing(_)));
    assert!(account.clone().token_refused(1, at(NOW)).is_none());
    let (account, again) = account.reconnect(None, granted(3600), 0, at(NOW));
    assert_eq!((account.state.phase(), account.trouble.as_deref(), account.grant), (Phase::Active, None, 2));
    assert_eq!((account.label.as_deref(), again.rings.len()), (Some("ann@example.com"), 3));
}

#[test]
fn the_operators_mistake_costs_the_person_nothing_but_time() {
    let trouble = Trouble::Misconfigured { code: "invalid_client".into() };
    let (account, outbox) = refreshing().failed(&trouble, &settings(), 0, at(NOW));
    assert_eq!(account.state, State::Active { refresh_at: Some(at(NOW).plus(OPERATORS_TIME)) });
    assert!(outbox.notifications.is_empty());
    assert_eq!(outbox.rings.len(), 1);
}

#[test]
fn passing_trouble_is_waited_out_longer_each_time_and_as_long_as_the_provider_asks() {
    let mut account = refreshing();
    let mut waits = Vec::new();
    for _ in 0..8 {
        let now = at(NOW);
        let (failed, _) = account.failed(&passing(None), &settings(), PARTS, now);
        waits.push(due(&failed).since(now).num_seconds());
        account = failed;
    }
    assert_eq!(waits, [1, 4, 16, 64, 256, 300, 300, 300]);
    let (asked, _) = refreshing().failed(&passing(Some(TimeDelta::minutes(7))), &settings(), 0, at(NOW));
    assert_eq!(due(&asked), at(NOW).plus(TimeDelta::minutes(7)));
    let (for_ever, _) = refreshing().failed(&passing(Some(TimeDelta::days(7))), &settings(), 0, at(NOW));
    assert_eq!(due(&for_ever), at(NOW).plus(LONGEST_ASKED));
}

#[test]
fn a_refused_token_is_refreshed_at_once_but_not_an_old_one_and_never_in_a_hot_loop() {
    let (account, _) = connected();
    let later = at(NOW).plus(TimeDelta::minutes(10));
    let (hurried, outbox) = account.clone().token_refused(1, later).unwrap();
    assert_eq!((hurried.state, outbox.rings.len()), (State::Active { refresh_at: Some(later) }, 1));
    assert!(hurried.token_refused(1, later).is_none(), "said twice, done once");
    assert!(account.clone().token_refused(0, later).is_none(), "there is a newer one");
    let (rested, _) = account.token_refused(1, at(NOW)).unwrap();
    assert_eq!(due(&rested), at(NOW).plus(REST), "it was given just now");
    assert!(refreshing().token_refused(1, later).is_none(), "somebody is at it");
}

#[test]
fn a_disconnected_account_stays_so_until_it_is_connected_again() {
    let (account, _) = connected();
    let (gone, outbox) = account.disconnect(at(NOW)).unwrap();
    assert_eq!((gone.state, gone.expires_at, outbox.events.len()), (State::Revoked, None, 1));
    assert!(gone.clone().disconnect(at(NOW)).is_none());
    assert!(!gone.is_usable(at(NOW)));
    assert!(matches!(gone.claim(at("2030-01-01T00:00:00Z")), Look::Nothing(_)));
}

proptest! {
    #[test]
    fn a_refresh_comes_between_75_and_85_percent_of_any_life(seconds in 20i64..10_000_000, draw in 0..=PARTS) {
        let wait = refresh_at(TimeDelta::seconds(seconds), draw, at(NOW)).since(at(NOW)).num_milliseconds();
        prop_assert!(wait >= (seconds * 750).max(10_000) && wait <= (seconds * 850).max(10_000), "{wait}");
    }

    #[test]
    fn no_life_however_short_or_wrong_makes_a_hot_loop(seconds in -100i64..20, draw in 0..=PARTS) {
        prop_assert!(refresh_at(TimeDelta::seconds(seconds), draw, at(NOW)) >= at(NOW).plus(SOONEST));
    }
}
