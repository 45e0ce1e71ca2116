//! Trust: the numbered cases, and what overall's rise does to the domains.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::{Cause, Change, Raise, Record, Refused, Scope, Standing, Standings, announce, change_by_person, evaluate};
use crate::{
    feedback::{Feedback, Kind, Severity},
    fixtures::{at, facts, id},
    settings::Settings,
    signal::Domain,
    tier::TrustTier,
    time::Timestamp,
};

fn now() -> Timestamp {
    at("2026-03-30T12:00:00Z")
}

fn settings(tier: TrustTier) -> Settings {
    Settings { tier, ..facts().settings }
}

/// An answer so many days ago; later numbers are later within the day.
fn answer(number: u32, kind: Kind, domain: Domain, days_ago: i64) -> Feedback {
    Feedback {
        id: id(number.into()),
        user: id(2),
        decision: id(number.into()),
        approval: None,
        domain,
        verb: None,
        kind,
        severity: None,
        comment: None,
        at: now().minus(TimeDelta::days(days_ago)).minus(TimeDelta::hours(1)).plus(TimeDelta::seconds(number.into())),
    }
}

/// Rejections long ago, then approvals of which the last `consecutive` come after the last rejection.
fn history(approvals: u32, rejections: u32, consecutive: u32, recent_rejections: u32) -> Vec<Feedback> {
    let mut answers: Vec<_> =
        (0..approvals - consecutive).map(|n| answer(n, Kind::Approve, Domain::Email, 30)).collect();
    answers.extend((0..rejections).map(|n| answer(1_000 + n, Kind::Reject, Domain::Email, 20)));
    answers.extend((0..recent_rejections).map(|n| answer(2_000 + n, Kind::Reject, Domain::Email, 2)));
    answers.extend((0..consecutive).map(|n| answer(3_000 + n, Kind::Approve, Domain::Email, 1)));
    answers
}

fn overall(tier: TrustTier, answers: &[Feedback]) -> TrustTier {
    changes(tier, answers).into_iter().find(|change| change.scope == Scope::Overall).map_or(tier, |change| change.to)
}

fn changes(tier: TrustTier, answers: &[Feedback]) -> Vec<Change> {
    evaluate(&settings(tier), &Standings::new(), answers, now())
}

/// One test per record: tier, approvals, rejections, in a row, recent rejections, and the tier after.
macro_rules! record_cases {
    ($($name:ident: $tier:ident, $approvals:literal, $rejections:literal, $consecutive:literal, $recent:literal => $after:ident;)+) => {
        $(#[test] fn $name() {
            assert_eq!(overall(TrustTier::$tier, &history($approvals, $rejections, $consecutive, $recent)), TrustTier::$after);
        })+
    };
}

record_cases! {
    tp_01: Observer, 10, 0, 10, 0 => Suggest;
    tp_02: Observer, 9, 0, 9, 0 => Observer;
    tp_03: Observer, 12, 10, 10, 0 => Observer;
    tp_04: Suggest, 25, 3, 20, 0 => LowAutonomy;
    tp_05: LowAutonomy, 55, 2, 50, 0 => ModerateAutonomy;
    tp_06: ModerateAutonomy, 200, 0, 200, 0 => ModerateAutonomy;
    tp_07: HighAutonomy, 500, 0, 500, 0 => HighAutonomy;
    tr_02: LowAutonomy, 0, 0, 0, 4 => Suggest;
    tr_03: HighAutonomy, 5, 6, 0, 0 => ModerateAutonomy;
    tr_04: ModerateAutonomy, 3, 3, 0, 0 => ModerateAutonomy;
    tr_05: Observer, 0, 0, 0, 9 => Observer;
    tr_06: Suggest, 25, 0, 20, 3 => Observer;
    exactly_thirty_per_cent_rejections_cost_nothing: HighAutonomy, 7, 3, 0, 0 => HighAutonomy;
    two_recent_rejections_cost_nothing: LowAutonomy, 30, 0, 10, 2 => LowAutonomy;
}

fn critical(mut answers: Vec<Feedback>) -> Vec<Feedback> {
    answers.push(Feedback { severity: Some(Severity::Critical), ..answer(3_500, Kind::Undo, Domain::Email, 0) });
    answers
}

#[test]
fn tr_01_a_critical_undo_leads_to_observer_in_the_domain_and_overall() {
    let changes = changes(TrustTier::ModerateAutonomy, &critical(Vec::new()));
    let told: Vec<_> = changes.iter().map(|change| (change.scope, change.to, change.cause)).collect();
    assert_eq!(
        told,
        [
            (Scope::Overall, TrustTier::Observer, Cause::CriticalUndo),
            (Scope::Domain(Domain::Email), TrustTier::Observer, Cause::CriticalUndo)
        ]
    );
    let severe = Feedback { severity: Some(Severity::Severe), ..answer(1, Kind::Undo, Domain::Email, 0) };
    assert_eq!(overall(TrustTier::ModerateAutonomy, &[severe]), TrustTier::ModerateAutonomy);
}

#[test]
fn tr_07_a_critical_undo_freezes_promotion_for_seven_days() {
    let answers = critical(history(15, 0, 15, 0));
    let change = changes(TrustTier::Observer, &answers).remove(0);
    assert_eq!((change.to, change.standing.frozen_until), (TrustTier::Observer, Some(now().plus(TimeDelta::days(7)))));
    // Ten more approvals after it: they wait for the thaw.
    let standings =
        BTreeMap::from([(Scope::Overall, change.standing), (Scope::Domain(Domain::Email), change.standing)]);
    let later: Vec<_> = (0..10)
        .map(|n| Feedback {
            at: now().plus(TimeDelta::hours(n.into())).plus(TimeDelta::seconds(1)),
            ..answer(n, Kind::Approve, Domain::Email, 0)
        })
        .collect();
    let after =
        |days: i64| evaluate(&settings(TrustTier::Observer), &standings, &later, now().plus(TimeDelta::days(days)));
    assert!(after(6).is_empty());
    assert_eq!(after(7).first().map(|change| change.to), Some(TrustTier::Suggest));
}

#[test]
fn edits_and_rewards_count_in_part_and_break_nothing() {
    let mut answers: Vec<_> = (0..8).map(|n| answer(n, Kind::Approve, Domain::Email, 1)).collect();
    answers.extend((10..13).map(|n| answer(n, Kind::Edit, Domain::Email, 1)));
    answers.push(answer(20, Kind::Reward, Domain::Email, 1));
    assert_eq!(overall(TrustTier::Observer, &answers), TrustTier::Observer, "8 + 1.5 + 0.25");
    answers.push(answer(21, Kind::Reward, Domain::Email, 1));
    assert_eq!(overall(TrustTier::Observer, &answers), TrustTier::Suggest, "10");
    answers.push(answer(22, Kind::RestatePreference, Domain::Email, 1));
    assert_eq!(overall(TrustTier::Observer, &answers), TrustTier::Suggest, "a statement is no answer");
    answers.push(answer(23, Kind::Punish, Domain::Email, 1));
    assert_eq!(overall(TrustTier::Observer, &answers), TrustTier::Observer, "a punishment breaks the streak");
}

#[test]
fn evidence_starts_after_the_last_tier_change() {
    let answers = history(0, 0, 0, 3);
    assert_eq!(overall(TrustTier::LowAutonomy, &answers), TrustTier::Suggest);
    let since =
        Standing { since: Some(now().minus(TimeDelta::days(1))), frozen_until: None, earned: TrustTier::Suggest };
    let standings = BTreeMap::from([(Scope::Overall, since), (Scope::Domain(Domain::Email), since)]);
    assert!(
        evaluate(&settings(TrustTier::Suggest), &standings, &answers, now()).is_empty(),
        "the same rejections cost one tier once"
    );
}

#[test]
fn trust_earned_in_mail_never_raises_finance() {
    let changes = changes(TrustTier::Observer, &history(10, 0, 10, 0));
    let of = |domain| changes.iter().find(|change| change.scope == Scope::Domain(domain)).unwrap();
    assert_eq!((of(Domain::Email).cause, of(Domain::Email).to), (Cause::Followed, TrustTier::Suggest));
    let finance = of(Domain::Finance);
    assert_eq!(
        (finance.cause, finance.to, finance.own_tier),
        (Cause::Pinned, TrustTier::Observer, Some(TrustTier::Observer))
    );
    assert_eq!(finance.standing.since, None, "a pin leaves its evidence alone");
    assert_eq!(changes.len(), 1 + Domain::ALL.len());
}

fn applied(mut settings: Settings, changes: &[Change]) -> Settings {
    for change in changes {
        match (change.scope, change.own_tier) {
            (Scope::Overall, Some(tier)) => settings.tier = tier,
            (Scope::Domain(domain), Some(tier)) => settings.domain_tiers.extend([(domain, tier)]),
            (Scope::Overall | Scope::Domain(_), None) => {}
        }
    }
    settings
}

#[test]
fn a_pinned_domain_rises_by_its_own_record_and_never_above_overall() {
    let mut settings = settings(TrustTier::Suggest);
    settings.domain_tiers = BTreeMap::from([(Domain::Finance, TrustTier::Observer)]);
    let standings = Standings::new();
    let approvals: Vec<_> = (0..10).map(|n| answer(n, Kind::Approve, Domain::Finance, 1)).collect();
    let changes = evaluate(&settings, &standings, &approvals, now());
    assert_eq!(
        changes.iter().map(|change| (change.scope, change.to)).collect::<Vec<_>>(),
        [(Scope::Domain(Domain::Finance), TrustTier::Suggest)]
    );
    let settings = applied(settings, &changes);
    // 20 approvals in finance, a rejection elsewhere keeps overall down: finance may not pass it.
    let mut more: Vec<_> = (0..20).map(|n| answer(n, Kind::Approve, Domain::Finance, 1)).collect();
    more.push(answer(99, Kind::Reject, Domain::Travel, 0));
    assert!(evaluate(&settings, &standings, &more, now()).is_empty());
}

#[test]
fn a_regression_in_a_domain_lowers_that_domain_and_overall_by_its_own_record_only() {
    // Old rejections, most of finance's answers, few of overall's.
    let mut answers: Vec<_> = (0..40).map(|n| answer(n, Kind::Approve, Domain::Email, 20)).collect();
    answers.extend((100..106).map(|n| answer(n, Kind::Approve, Domain::Finance, 20)));
    answers.extend((200..204).map(|n| answer(n, Kind::Reject, Domain::Finance, 20)));
    let changes = changes(TrustTier::ModerateAutonomy, &answers);
    let told: Vec<_> = changes.iter().map(|change| (change.scope, change.from, change.to, change.cause)).collect();
    assert_eq!(
        told,
        [(Scope::Domain(Domain::Finance), TrustTier::ModerateAutonomy, TrustTier::LowAutonomy, Cause::RejectionShare)]
    );
}

#[test]
fn a_person_lowers_at_any_time_and_raises_to_what_was_earned() {
    let change = |scope, to, raise, settings: &Settings, standings: &Standings| {
        change_by_person(scope, to, raise, settings, standings, Record::default(), now())
    };
    let moderate = settings(TrustTier::ModerateAutonomy);
    let mail = Scope::Domain(Domain::Email);
    let lowered = change(mail, TrustTier::Observer, Raise::Earned, &moderate, &Standings::new()).unwrap();
    assert_eq!(
        (lowered.cause, lowered.own_tier, lowered.standing.earned),
        (Cause::LoweredByPerson, Some(TrustTier::Observer), TrustTier::ModerateAutonomy)
    );
    let standings = BTreeMap::from([(mail, lowered.standing)]);
    let settings_now = applied(moderate.clone(), &[lowered]);
    assert_eq!(
        change(mail, TrustTier::Observer, Raise::Earned, &settings_now, &standings),
        Err(Refused::Same(TrustTier::Observer))
    );
    assert_eq!(
        change(mail, TrustTier::ModerateAutonomy, Raise::Earned, &settings_now, &standings).unwrap().cause,
        Cause::RaisedByPerson
    );
    assert_eq!(
        change(mail, TrustTier::HighAutonomy, Raise::OptIn, &settings_now, &standings),
        Err(Refused::AboveOverall(TrustTier::ModerateAutonomy))
    );
}

#[test]
fn an_override_is_explicit_confirmed_and_goes_up_to_moderate() {
    let change = |to, raise| {
        change_by_person(
            Scope::Overall,
            to,
            raise,
            &settings(TrustTier::Observer),
            &Standings::new(),
            Record::default(),
            now(),
        )
    };
    let over = |confirmed, reason: &str| Raise::Override { reason: reason.into(), confirmed };
    assert_eq!(change(TrustTier::Suggest, Raise::Earned), Err(Refused::NotEarned(TrustTier::Observer)));
    assert_eq!(change(TrustTier::Suggest, over(false, "I know")), Err(Refused::Unconfirmed));
    assert_eq!(change(TrustTier::Suggest, over(true, " ")), Err(Refused::Unconfirmed));
    assert_eq!(change(TrustTier::HighAutonomy, over(true, "I know")), Err(Refused::TooFar));
    let raised = change(TrustTier::ModerateAutonomy, over(true, "I know")).unwrap();
    assert_eq!(
        (raised.cause, raised.reason.as_deref(), raised.standing.earned),
        (Cause::Override, Some("I know"), TrustTier::Observer)
    );
}

#[test]
fn high_autonomy_is_opted_in_to_and_only_from_moderate_that_was_earned() {
    let opt_in = |tier, earned| {
        let standing = Standing { since: None, frozen_until: None, earned };
        let standings = BTreeMap::from([(Scope::Overall, standing)]);
        change_by_person(
            Scope::Overall,
            TrustTier::HighAutonomy,
            Raise::OptIn,
            &settings(tier),
            &standings,
            Record::default(),
            now(),
        )
    };
    assert_eq!(opt_in(TrustTier::ModerateAutonomy, TrustTier::ModerateAutonomy).unwrap().cause, Cause::OptIn);
    assert_eq!(opt_in(TrustTier::LowAutonomy, TrustTier::ModerateAutonomy), Err(Refused::NotFromModerate));
    assert_eq!(
        opt_in(TrustTier::ModerateAutonomy, TrustTier::Observer),
        Err(Refused::NotFromModerate),
        "moderate by override was not earned"
    );
    let earned = change_by_person(
        Scope::Overall,
        TrustTier::HighAutonomy,
        Raise::Earned,
        &settings(TrustTier::ModerateAutonomy),
        &Standings::new(),
        Record::default(),
        now(),
    );
    assert_eq!(earned, Err(Refused::NotFromModerate));
}

#[test]
fn changes_are_told_once_each_and_pins_only_in_the_stream() {
    let changes = changes(TrustTier::Observer, &history(10, 0, 10, 0));
    let outbox = announce(&changes, &settings(TrustTier::Observer), now());
    assert_eq!(outbox.events.len(), changes.len());
    assert_eq!(outbox.notifications.len(), 2, "overall and mail");
    for change in &changes {
        let json = serde_json::to_string(change).unwrap();
        assert_eq!(change, &serde_json::from_str(&json).unwrap());
    }
}

fn some_answers() -> impl Strategy<Value = Vec<Feedback>> {
    let one = (
        proptest::sample::select(Kind::ALL),
        proptest::sample::select(vec![Domain::Email, Domain::Finance, Domain::Travel]),
        0_i64..12,
        any::<bool>(),
    );
    proptest::collection::vec(one, 0..60).prop_map(|answers| {
        let answers = answers.into_iter().zip(0_u32..);
        answers
            .map(|((kind, domain, days, critical), n)| Feedback {
                severity: critical.then_some(Severity::Critical),
                ..answer(n, kind, domain, days)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn evidence_never_lifts_a_domain_above_overall_nor_by_more_than_a_step_nor_twice(
        tier in proptest::sample::select(TrustTier::ALL), finance in proptest::sample::select(TrustTier::ALL), answers in some_answers(),
    ) {
        let mut before = settings(tier);
        before.domain_tiers.extend([(Domain::Finance, finance)]);
        let changes = evaluate(&before, &Standings::new(), &answers, now());
        let after = applied(before.clone(), &changes);
        prop_assert!(after.tier <= tier || super::Step::from(tier).is_some_and(|step| step.to == after.tier));
        for &domain in Domain::ALL {
            let record = Record::of(answers.iter().filter(|answer| answer.domain == domain), None, now());
            if after.tier_in(domain) > before.tier_in(domain) {
                let step = super::Step::from(before.tier_in(domain)).unwrap();
                prop_assert_eq!(after.tier_in(domain), step.to);
                prop_assert!(record.shortfall(step).is_none(), "{} rose without a record of its own", domain);
            }
        }
        let scopes: std::collections::BTreeSet<_> = changes.iter().map(|change| change.scope).collect();
        prop_assert_eq!(scopes.len(), changes.len(), "at most one change a scope");
        let standings: Standings = changes.iter().map(|change| (change.scope, change.standing)).collect();
        let again = evaluate(&after, &standings, &answers, now());
        prop_assert!(again.iter().all(|change| change.scope != Scope::Overall), "overall moved and its evidence is spent: {:?}", again);
    }
}
