//! The profile: each field from the answers it needs, nothing from too few, and nothing across domains.

use chrono::TimeDelta;
use chrono_tz::{Europe::Berlin, Tz, UTC};
use proptest::{prelude::*, sample::select};

use super::{Answered, Field, Forgotten, Profile};
use crate::{
    action::{Cost, Verb},
    feedback::Kind,
    fixtures::{at, id},
    money::Money,
    policy::Weekday,
    risk::RiskTier,
    signal::Domain,
    tier::Confidence,
    time::Timestamp,
    twin::Trait,
};

/// The `number`th answer: about a decision of its own, a day after the one before, on a Monday noon at first.
fn answer(number: u128, kind: Kind, domain: Domain, verb: Verb) -> Answered {
    let day = TimeDelta::days(i64::try_from(number).unwrap());
    let at = at("2026-03-30T12:00:00Z").plus(day);
    Answered {
        id: id(1_000 + number),
        decision: id(number),
        domain,
        verb: Some(verb),
        instead: false,
        kind,
        risk: Some(RiskTier::Low),
        cost: Cost::Free,
        who: None,
        letters: None,
        asked_at: at,
        at,
    }
}

fn archived(number: u128, kind: Kind) -> Answered {
    answer(number, kind, Domain::Email, Verb::ArchiveEmail)
}

fn ordered(number: u128, kind: Kind, cents: i64) -> Answered {
    Answered { cost: Cost::of(Money::usd(cents)), ..answer(number, kind, Domain::Shopping, Verb::PlaceOrder) }
}

fn profile(answers: &[Answered]) -> Profile {
    Profile::derive(answers, UTC, &Forgotten::default())
}

#[test]
fn one_answer_is_no_evidence_of_anything() {
    assert_eq!(profile(&[Answered { who: Some("bob".into()), ..ordered(1, Kind::Approve, 900) }]), Profile::default());
    let again = Answered { decision: id(1), ..ordered(2, Kind::Reward, 900) };
    assert_eq!(profile(&[ordered(1, Kind::Approve, 900), again]), Profile::default(), "nor are two about one decision");
}

#[test]
fn risk_tolerance_is_how_often_each_tier_was_agreed_to() {
    let risky = |number, kind| Answered { risk: Some(RiskTier::High), ..archived(number, kind) };
    let mut answers: Vec<_> = (1..=4).map(|number| archived(number, Kind::Approve)).collect();
    answers.extend([risky(5, Kind::Reject), risky(6, Kind::Approve), risky(7, Kind::Reject), risky(8, Kind::Reject)]);
    let found = &profile(&answers).risk_tolerance;
    assert_eq!((found.len(), found[0].domain), (1, Some(Domain::Email)));
    let tiers: Vec<_> = found[0]
        .says
        .by_risk
        .iter()
        .map(|tier| (tier.risk, tier.agreed, tier.refused, tier.approval_percent))
        .collect();
    assert_eq!(tiers, [(RiskTier::Low, 4, 0, 100), (RiskTier::High, 1, 3, 25)]);
    let grounds = &found[0].grounds;
    assert_eq!((grounds.count, grounds.consistency_percent, grounds.confidence), (8, 87, Confidence::High));
    assert_eq!((grounds.since, grounds.until), (answers[0].at, answers[7].at));
    assert_eq!(grounds.answers, [answers[7].id, answers[6].id, answers[5].id]);
}

#[test]
fn what_was_agreed_to_and_then_taken_back_was_not_wanted() {
    let undone = |number, of| Answered { decision: id(of), ..ordered(number, Kind::Undo, 90_000) };
    let answers =
        [ordered(1, Kind::Approve, 1_000), ordered(2, Kind::Approve, 2_001), ordered(3, Kind::Approve, 90_000)];
    let regretted = [answers.as_slice(), &[undone(4, 3)]].concat();
    let norm = |answers: &[Answered]| {
        profile(answers)
            .spend_norms
            .iter()
            .map(|found| (found.says.median_cents, found.grounds.count))
            .collect::<Vec<_>>()
    };
    assert_eq!((norm(&answers), norm(&regretted)), (vec![(2_001, 3)], vec![(1_500, 2)]));
    assert_eq!(profile(&regretted).risk_tolerance[0].says.by_risk[0].refused, 1);
}

#[test]
fn spend_norms_keep_currencies_and_refusals_apart() {
    let euros = |number, cents| {
        let euro = Money::new(cents, "EUR".parse().unwrap());
        Answered { cost: Cost::of(euro), ..ordered(number, Kind::Approve, 1) }
    };
    let answers = [
        ordered(1, Kind::Approve, 1_000),
        ordered(2, Kind::Edit, 1_200),
        ordered(3, Kind::Reject, 99_000),
        euros(4, 50),
        euros(5, 70),
        Answered { cost: Cost::Unknown, ..ordered(6, Kind::Approve, 1) },
    ];
    let found = profile(&answers).spend_norms;
    let norms: Vec<_> =
        found.iter().map(|one| (one.says.currency.to_string(), one.says.median_cents, one.says.p90_cents)).collect();
    assert_eq!(norms, [("EUR".to_owned(), 60, 70), ("USD".to_owned(), 1_100, 1_200)]);
}

#[test]
fn a_routine_is_three_days_at_the_same_local_hour_of_the_week_and_not_three_mails_of_one_morning() {
    let weekly = |number: u128, kind| {
        let arose = at("2026-03-16T12:30:00Z").plus(TimeDelta::weeks(i64::try_from(number).unwrap()));
        Answered { asked_at: arose, ..archived(number, kind) }
    };
    let routines = |answers: &[Answered], zone: Tz| {
        let found = Profile::derive(answers, zone, &Forgotten::default()).routines;
        found.iter().map(|one| (one.says.weekday, one.says.hour, one.grounds.confidence)).collect::<Vec<_>>()
    };
    let three = [weekly(1, Kind::Approve), weekly(2, Kind::Approve), weekly(3, Kind::Approve)];
    assert_eq!(routines(&three, UTC), [(Weekday::Monday, 12, Confidence::Low)]);
    assert_eq!(routines(&three, Berlin), [], "the clock went forward in between: it was never the same hour");
    let morning: Vec<_> =
        (1..=9).map(|number| Answered { asked_at: three[0].asked_at, ..archived(number, Kind::Approve) }).collect();
    assert_eq!(routines(&morning, UTC), []);
    let ten: Vec<_> = (1..=10).map(|number| weekly(number, Kind::Approve)).collect();
    assert_eq!(routines(&ten, UTC), [(Weekday::Monday, 12, Confidence::High)]);
    let torn: Vec<_> = ten.iter().cloned().chain((11..=16).map(|number| weekly(number, Kind::Reject))).collect();
    assert_eq!(routines(&torn, UTC), [(Weekday::Monday, 12, Confidence::Moderate)]);
}

#[test]
fn communication_style_is_what_became_of_the_drafts() {
    let draft = |number, kind, letters| Answered {
        letters: Some(letters),
        ..answer(number, kind, Domain::Email, Verb::SendReply)
    };
    let answers = [
        draft(1, Kind::Approve, 300),
        draft(2, Kind::Edit, 100),
        draft(3, Kind::Edit, 120),
        draft(4, Kind::Reject, 9_000),
        Answered { instead: true, ..draft(5, Kind::Edit, 5) },
        archived(6, Kind::Approve),
    ];
    let found = &profile(&answers).communication_style[0];
    let says = found.says;
    assert_eq!((says.unedited_percent, says.edited_percent, says.refused_percent), (25, 50, 25));
    assert_eq!((says.typical_letters, found.grounds.count), (Some(120), 4));
}

#[test]
fn a_heuristic_is_what_is_wanted_of_one_sender_more_often_than_not() {
    let bob = |number, kind, verb| Answered {
        who: Some(if number % 2 == 0 { " Bob@Example.org" } else { "bob@example.ORG " }.into()),
        ..answer(number, kind, Domain::Email, verb)
    };
    let mut answers = vec![
        bob(1, Kind::Approve, Verb::ArchiveEmail),
        bob(2, Kind::Approve, Verb::ArchiveEmail),
        bob(3, Kind::Edit, Verb::ArchiveEmail),
        bob(4, Kind::Approve, Verb::LabelEmail),
    ];
    let heuristics = |answers: &[Answered]| {
        let found = profile(answers).domain_heuristics;
        found.into_iter().map(|one| (one.says.who, one.says.verb, one.grounds.confidence)).collect::<Vec<_>>()
    };
    let bobs = || "bob@example.org".to_owned();
    assert_eq!(heuristics(&answers), [(bobs(), Verb::ArchiveEmail, Confidence::Moderate)]);
    answers.extend((5..=9).map(|number| bob(number, Kind::Reject, Verb::ArchiveEmail)));
    assert_eq!(heuristics(&answers), [], "what is mostly refused is no rule");
}

#[test]
fn active_hours_are_sittings_on_the_persons_own_clock() {
    let answers: Vec<_> = (1..=4).map(|number| archived(number, Kind::Approve)).collect();
    let found = Profile::derive(&answers, Berlin, &Forgotten::default()).active_hours;
    let hours: Vec<_> = found[0].says.hours.iter().map(|hour| (hour.hour, hour.days)).collect();
    assert_eq!((hours, found[0].domain), (vec![(14, 4)], None));
    let sitting: Vec<_> =
        (1..=9).map(|number| Answered { at: answers[0].at, ..archived(number, Kind::Reject) }).collect();
    assert_eq!(profile(&sitting).active_hours, [], "nine answers at one sitting");
}

#[test]
fn a_trait_takes_two_domains_and_each_of_them_three_times() {
    let refused = |from: u128, domain| {
        (from..from + 3).map(move |number| Answered { domain, ..ordered(number, Kind::Reject, 5_000) })
    };
    let shopping: Vec<_> = refused(1, Domain::Shopping).collect();
    let both: Vec<_> = shopping.iter().cloned().chain(refused(4, Domain::Travel)).collect();
    let cautious = |answers: &[Answered]| profile(answers).held_traits().contains(&Trait::CautiousSpender);
    assert_eq!((cautious(&shopping), cautious(&both), cautious(&both[..5])), (false, true, false));
    let found = profile(&both).traits;
    let found = found.iter().find(|found| found.says.name == Trait::CautiousSpender).unwrap();
    assert_eq!(found.says.domains, [Domain::Shopping, Domain::Travel]);
    assert_eq!((found.grounds.confidence, found.grounds.count), (Confidence::Moderate, 6));
    assert!(!profile(&both).held_traits().contains(&Trait::DelegationAverse), "refused for the money");
}

#[test]
fn who_answers_within_minutes_in_two_domains_is_quick_and_praise_answers_nothing() {
    let after = |number: u128, minutes, kind| {
        let domain = if number.is_multiple_of(2) { Domain::Email } else { Domain::Calendar };
        let answer = answer(number, kind, domain, Verb::ArchiveEmail);
        Answered { asked_at: answer.at.minus(TimeDelta::minutes(minutes)), ..answer }
    };
    let quick = |minutes, kind| {
        let answers: Vec<_> = (1..=6).map(|number| after(number, minutes, kind)).collect();
        profile(&answers).held_traits().contains(&Trait::QuickResponder)
    };
    assert_eq!((quick(10, Kind::Reject), quick(11, Kind::Approve), quick(1, Kind::Reward)), (true, false, false));
}

#[test]
fn what_is_forgotten_is_not_found_again_from_the_same_answers() {
    let answers: Vec<_> = (1..=4)
        .map(|number| archived(number, Kind::Approve))
        .chain((5..=8).map(|number| ordered(number, Kind::Approve, 700)))
        .collect();
    let before = profile(&answers);
    let mut forgotten = Forgotten::default();
    forgotten.forget(Field::RiskTolerance, Some(Domain::Email), answers[7].at);
    forgotten.forget(Field::ActiveHours, None, answers[7].at);
    let after = Profile::derive(&answers, UTC, &forgotten);
    assert_eq!(before.changes(&after), ["active_hours", "risk_tolerance/email"].map(str::to_owned).into());
    assert!(after.names().contains("risk_tolerance/shopping") && !after.names().contains("active_hours"));
    let next: Vec<_> = (9..=10).map(|number| archived(number, Kind::Reject)).collect();
    let again = Profile::derive(&[answers, next].concat(), UTC, &forgotten);
    assert_eq!(again.risk_tolerance[0].grounds.count, 2, "only what was answered since");
}

fn some_answers() -> impl Strategy<Value = Vec<Answered>> {
    let one = (
        select(Kind::ALL),
        select(vec![Domain::Email, Domain::Finance, Domain::Shopping]),
        select(vec![Verb::ArchiveEmail, Verb::SendReply, Verb::PayBill, Verb::PlaceOrder, Verb::ShareDocument]),
        select(RiskTier::ALL),
        0_i64..200_000,
        0_i64..50_000,
        0_u128..40,
        select(vec![None, Some("ann"), Some("Bob ")]),
    );
    proptest::collection::vec(one, 0..60).prop_map(|answers| {
        let numbered = (0..).zip(answers);
        numbered
            .map(|(number, (kind, domain, verb, risk, cents, minutes, decision, who))| {
                let at: Timestamp = at("2026-03-01T00:00:00Z").plus(TimeDelta::minutes(minutes));
                Answered {
                    // A decision is of one domain.
                    decision: id(decision * 100 + u128::try_from(domain.as_str().len()).unwrap()),
                    risk: Some(risk),
                    cost: Cost::of(Money::usd(cents)),
                    who: who.map(str::to_owned),
                    letters: u32::try_from(cents).ok(),
                    asked_at: at.minus(TimeDelta::minutes(cents % 30)),
                    at,
                    ..answer(number, kind, domain, verb)
                }
            })
            .collect()
    })
}

/// What is found in one domain.
fn in_domain(profile: &Profile, domain: Domain) -> serde_json::Value {
    let lists = serde_json::to_value(profile).unwrap();
    let here = |list: &serde_json::Value| -> Vec<serde_json::Value> {
        list.as_array().unwrap().iter().filter(|one| one["domain"] == domain.as_str()).cloned().collect()
    };
    lists.as_object().unwrap().iter().map(|(name, list)| (name.clone(), serde_json::Value::from(here(list)))).collect()
}

proptest! {
    // Each case derives several whole profiles.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_the_answers_does_not_matter(
        (answers, shuffled) in some_answers().prop_flat_map(|answers| (Just(answers.clone()), Just(answers).prop_shuffle())),
    ) {
        prop_assert_eq!(profile(&answers), profile(&shuffled));
    }

    #[test]
    fn an_answer_in_mail_changes_nothing_found_about_money(answers in some_answers(), more in some_answers()) {
        let mails = more.into_iter().zip(5_000..).map(|(more, number)| Answered {
            domain: Domain::Email, decision: id(number), id: id(number), ..more
        });
        let after = profile(&answers.iter().cloned().chain(mails).collect::<Vec<_>>());
        let before = profile(&answers);
        for domain in [Domain::Finance, Domain::Shopping] {
            prop_assert_eq!(in_domain(&before, domain), in_domain(&after, domain));
        }
    }

    #[test]
    fn nothing_is_surer_than_its_evidence_and_what_is_kept_reads_back(answers in some_answers()) {
        let found = profile(&answers);
        let json = serde_json::to_value(&found).unwrap();
        for one in json.as_object().unwrap().values().flat_map(|list| list.as_array().unwrap()) {
            let confidence: Confidence = serde_json::from_value(one["confidence"].clone()).unwrap();
            let least = match confidence {
                Confidence::Speculative | Confidence::Low => 2,
                Confidence::Moderate => 3,
                Confidence::High => 5,
                Confidence::Confirmed => panic!("evidence confirms nothing: {one}"),
            };
            prop_assert!(one["count"].as_u64().unwrap() >= least, "{}", one);
            prop_assert!(one["consistency_percent"].as_u64().unwrap() <= 100, "{}", one);
        }
        for norm in &found.spend_norms {
            prop_assert!(norm.says.median_cents <= norm.says.p90_cents);
        }
        prop_assert_eq!(serde_json::from_value::<Profile>(json).unwrap(), found.clone());
        prop_assert_eq!(found.changes(&found.clone()).len(), 0);
        prop_assert_eq!(Profile::default().changes(&found), found.names());
    }
}
