//! The approval machine: the numbered cases and its laws.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;

use super::{Answer, Answered, Approval, Kind, Phase, Refusal, ResolvedBy, Ripened, State, Terms};
use crate::{
    action::{Action, Cost, Verb},
    approval::Alternative,
    decision::{Candidate, Decision, Outcome},
    explain::Explanation,
    facts::Facts,
    feedback,
    fixtures::{action, at, context, costing, facts, id, with},
    job::Job,
    ledger::SpendView,
    policy::{self, Effect, Moment},
    risk,
    settings::QuietHours,
    signal::{Domain, Urgency},
    tier::{Confidence, TrustTier},
    time::Timestamp,
};

fn candidate(ordinal: u16, action: Action, facts: &Facts) -> Candidate {
    let risk = risk::assess(&action, &context());
    let verdict = policy::review(&action, &risk, &context(), facts, Moment::Decide).verdict;
    let summary = action.verb.to_string();
    Candidate {
        ordinal,
        action,
        summary,
        confidence: Confidence::High,
        support: Vec::new(),
        score: 0,
        risk,
        missing: Vec::new(),
        verdict,
    }
}

fn decision(urgency: Urgency, candidates: Vec<Candidate>, facts: &Facts) -> Decision {
    Decision {
        id: id(10),
        user: facts.settings.user,
        signal: id(11),
        domain: Domain::Subscriptions,
        context: crate::facts::Context { urgency, ..context() },
        tier: facts.settings.tier,
        outcome: Outcome::Ask,
        candidates,
        chosen: Some(0),
        explanation: Explanation {
            headline: "h".into(),
            understood: "u".into(),
            why: vec![],
            rules: vec![],
            next: "n".into(),
        },
        decided_at: facts.now,
    }
}

fn renewal(cents: i64) -> Action {
    let parameters = json!({ "subscription_id": "sub_1", "cost_cents": cents });
    Action { cost: costing(Verb::RenewSubscription, cents).cost, ..with(Verb::RenewSubscription, &parameters) }
}

fn opened(kind: Kind, urgency: Urgency, action: Action, facts: &Facts) -> Approval {
    let decision = decision(urgency, vec![candidate(0, action, facts)], facts);
    Approval::open(kind, &decision, &decision.candidates[0], facts).0
}

fn asked(facts: &Facts) -> Approval {
    opened(Kind::Ask, Urgency::Medium, renewal(1_000), facts)
}

fn approve() -> Answer {
    Answer::Approve { terms: Terms::default() }
}

fn answered(approval: &Approval, answer: Answer, facts: &Facts) -> Result<Answered, Refusal> {
    approval.clone().answer(answer, &context(), facts)
}

fn later(facts: &Facts, by: TimeDelta) -> Facts {
    Facts { now: facts.now.plus(by), ..facts.clone() }
}

#[test]
fn ax_01_to_ax_04_the_life_of_an_approval_goes_by_urgency() {
    for (case, urgency, minutes) in [
        ("ax-01", Urgency::Critical, 15),
        ("ax-02", Urgency::High, 60),
        ("ax-03", Urgency::Medium, 60),
        ("ax-04", Urgency::Low, 1_440),
    ] {
        let approval = opened(Kind::Ask, urgency, renewal(1_000), &facts());
        assert_eq!(approval.expires_at.since(approval.created_at).num_minutes(), minutes, "{case}");
        assert_eq!(approval.remind_at.unwrap().since(approval.created_at).num_minutes(), minutes * 4 / 5, "{case}");
    }
}

#[test]
fn ax_05_at_its_expiry_it_is_expired_and_a_microsecond_before_it_is_not() {
    let facts = facts();
    let approval = asked(&facts);
    let life = approval.expires_at.since(facts.now);
    let Ripened::Changed(expired, outbox) = approval.clone().ripen(&later(&facts, life)) else { panic!("it is due") };
    assert_eq!(expired.state.phase(), Phase::Expired);
    assert_eq!(outbox.notifications.len(), 1);
    assert!(matches!(answered(&approval, approve(), &later(&facts, life)), Err(Refusal::Expired(_))));
    assert!(answered(&approval, approve(), &later(&facts, life - TimeDelta::microseconds(1))).is_ok());
}

#[test]
fn ax_06_an_approval_answered_after_its_expiry_and_before_the_sweep_is_refused() {
    let facts = facts();
    let approval = asked(&facts);
    assert_eq!(approval.state, State::Pending, "no sweep has seen it");
    for answer in [approve(), Answer::Reject { reason: None }] {
        assert_eq!(
            answered(&approval, answer, &later(&facts, TimeDelta::hours(2))),
            Err(Refusal::Expired(approval.expires_at))
        );
    }
}

#[test]
fn ax_07_an_approval_opened_in_quiet_hours_lives_until_their_end_and_its_window() {
    let mut facts = facts();
    facts.settings.timezone = chrono_tz::Europe::Berlin;
    facts.settings.autonomy.quiet_hours =
        Some(serde_json::from_str::<QuietHours>(r#"{"start":"22:00","end":"07:00"}"#).unwrap());
    facts.now = at("2026-03-28T23:00:00Z");
    assert_eq!(asked(&facts).expires_at, at("2026-03-29T06:00:00Z"), "07:00 in summer time, and an hour");
}

#[test]
fn a_suggestion_expires_silently_and_is_never_reminded_of() {
    let facts = facts();
    let approval = opened(Kind::Suggest, Urgency::Medium, renewal(1_000), &facts);
    assert_eq!(approval.remind_at, None);
    let Ripened::Changed(expired, outbox) = approval.ripen(&later(&facts, TimeDelta::hours(1))) else {
        panic!("it is due")
    };
    assert_eq!((expired.state.phase(), outbox.notifications.len()), (Phase::Expired, 0));
}

#[test]
fn a_question_is_reminded_of_once_at_four_fifths_and_then_expires() {
    let facts = facts();
    let approval = asked(&facts);
    let remind_at = approval.remind_at.unwrap();
    assert_eq!(approval.clone().ripen(&facts), Ripened::Later(remind_at));
    let Ripened::Changed(reminded, outbox) = approval.ripen(&later(&facts, TimeDelta::minutes(48))) else {
        panic!("a reminder is due")
    };
    assert_eq!(outbox.notifications[0].kind, crate::notify::Kind::ApprovalReminder);
    assert_eq!(outbox.rings[0].due, Some(reminded.expires_at), "the timer is wound up again");
    assert_eq!(reminded.clone().ripen(&later(&facts, TimeDelta::minutes(50))), Ripened::Later(reminded.expires_at));
}

#[test]
fn a_yes_plans_exactly_what_was_asked_and_a_second_answer_finds_it_resolved() {
    let facts = facts();
    let approval = asked(&facts);
    let done = answered(&approval, approve(), &facts).unwrap();
    let execution = done.execution.unwrap();
    assert_eq!(
        (&execution.action, &execution.digest, execution.approval),
        (&approval.action, &approval.digest, Some(approval.id))
    );
    assert_eq!(execution.reserved.map(|money| money.cents), Some(1_000));
    assert_eq!(execution.consent_until, Some(facts.now.plus(TimeDelta::hours(24))));
    assert!(done.outbox.rings.iter().any(|ring| ring.job == Job::ExecuteAction { execution: execution.id }));
    for answer in [approve(), Answer::Reject { reason: None }] {
        assert_eq!(answered(&done.approval, answer, &facts), Err(Refusal::Resolved(Phase::Approved)));
    }
}

#[test]
fn a_deny_at_approval_leaves_it_rejected_by_policy_and_nothing_planned() {
    let mut facts = facts();
    let approval = asked(&facts);
    facts.settings.domain_tiers = BTreeMap::from([(Domain::Subscriptions, TrustTier::Observer)]);
    let done = answered(&approval, approve(), &facts).unwrap();
    let State::Rejected { by, reasons, .. } = &done.approval.state else { panic!("rejected") };
    assert_eq!((by, reasons.len(), done.execution), (&ResolvedBy::Policy, 1, None));
    assert_eq!(done.outbox.notifications[0].kind, crate::notify::Kind::Refused, "the person is told");
    assert!(done.outbox.rings.iter().all(|ring| !matches!(ring.job, Job::ExecuteAction { .. })));
}

#[test]
fn above_the_daily_limit_a_yes_needs_an_override_with_a_reason_and_changes_nothing_without() {
    let mut facts = facts();
    let approval = asked(&facts);
    facts.spend = Ok(SpendView { settled_cents: 49_500, ..SpendView::default() });
    let terms = |override_daily_limit, reason: &str| Answer::Approve {
        terms: Terms { override_daily_limit, reason: Some(reason.into()), ..Terms::default() },
    };
    for answer in [approve(), terms(false, "needed"), terms(true, "  ")] {
        let Err(Refusal::NeedsOverride(reason)) = answered(&approval, answer, &facts) else {
            panic!("an override is needed")
        };
        assert_eq!(reason.numbers["remaining_cents"], 500);
    }
    let done = answered(&approval, terms(true, " needed "), &facts).unwrap();
    let (said, runs) = (done.overridden.unwrap(), done.execution.unwrap());
    assert_eq!(
        (said.approval, said.execution, said.reason.as_str()),
        (approval.id, runs.id, "needed"),
        "it is audited"
    );
    assert_eq!(said.excess.spend, facts.spend.unwrap());
    assert_eq!((said.excess.cost.cents, said.excess.limit_cents), (1_000, 50_000));
    facts.spend = Ok(SpendView::default());
    let within = answered(&approval, terms(true, "needed"), &facts).unwrap();
    assert_eq!(within.overridden, None, "what fits overrides nothing, whatever was ticked");
}

#[test]
fn an_unknown_cost_needs_a_cap_that_is_reserved_and_held_against_the_daily_limit() {
    let mut facts = facts();
    let order = Action { cost: Cost::Unknown, ..with(Verb::PlaceOrder, &json!({ "items": ["milk"] })) };
    let approval = opened(Kind::Ask, Urgency::Medium, order, &facts);
    let capped = |cents: i64, override_daily_limit: bool| {
        let reason = override_daily_limit.then(|| "a feast".to_owned());
        Answer::Approve { terms: Terms { max_cost_cents: Some(cents), override_daily_limit, reason } }
    };
    assert_eq!(answered(&approval, approve(), &facts), Err(Refusal::NeedsMaxCost));
    assert_eq!(answered(&approval, capped(-1, false), &facts), Err(Refusal::NeedsMaxCost));
    let execution = answered(&approval, capped(700, false), &facts).unwrap().execution.unwrap();
    assert_eq!((execution.reserved.map(|money| money.cents), execution.max_cost_cents), (Some(700), Some(700)));
    facts.spend = Ok(SpendView { reserved_cents: 49_500, ..SpendView::default() });
    assert!(answered(&approval, capped(500, false), &facts).is_ok(), "equal fits");
    assert!(matches!(answered(&approval, capped(501, false), &facts), Err(Refusal::NeedsOverride(_))));
    assert!(answered(&approval, capped(501, true), &facts).is_ok());
}

#[test]
fn while_stopped_a_yes_waits_and_a_no_is_taken() {
    let mut facts = facts();
    let approval = asked(&facts);
    facts.settings.stopped = true;
    assert_eq!(answered(&approval, approve(), &facts), Err(Refusal::Stopped));
    assert_eq!(
        answered(&approval, Answer::Reject { reason: Some("no".into()) }, &facts).unwrap().approval.state.phase(),
        Phase::Rejected
    );
    assert!(matches!(approval.ripen(&later(&facts, TimeDelta::hours(1))), Ripened::Changed(..)), "expiry still runs");
}

#[test]
fn an_edit_is_checked_rated_and_reviewed_anew() {
    let facts = facts();
    let approval = asked(&facts);
    let edit = |parameters: serde_json::Value| Answer::Edit {
        parameters: parameters.as_object().unwrap().clone(),
        terms: Terms::default(),
    };
    let done = answered(&approval, edit(json!({ "subscription_id": "sub_1", "cost_cents": 700 })), &facts).unwrap();
    let execution = done.execution.unwrap();
    assert_eq!(execution.action.cost, renewal(700).cost);
    assert_ne!(execution.digest, approval.digest);
    assert_eq!(done.feedback.kind, feedback::Kind::Edit);
    for wrong in [
        json!({ "subscription_id": "sub_2", "cost_cents": 700 }),
        json!({ "cost_cents": 700 }),
        json!({ "subscription_id": "sub_1", "colour": "red" }),
    ] {
        assert!(matches!(answered(&approval, edit(wrong), &facts), Err(Refusal::Invalid(_))));
    }
}

#[test]
fn an_alternative_is_chosen_from_those_offered() {
    let facts = facts();
    let reminder = with(Verb::SnoozeReminder, &json!({ "about": "the renewal" }));
    let decision = decision(
        Urgency::Medium,
        vec![candidate(0, renewal(1_000), &facts), candidate(1, reminder.clone(), &facts)],
        &facts,
    );
    let (approval, _) = Approval::open(Kind::Ask, &decision, &decision.candidates[0], &facts);
    assert_eq!(
        approval.alternatives,
        [Alternative { ordinal: 1, action: reminder.clone(), summary: "snooze_reminder".into() }]
    );
    let choose = |ordinal| Answer::Choose { ordinal, terms: Terms::default() };
    assert_eq!(answered(&approval, choose(1), &facts).unwrap().execution.unwrap().action, reminder);
    assert!(matches!(answered(&approval, choose(2), &facts), Err(Refusal::Invalid(_))));
}

#[test]
fn a_yes_to_what_lacks_a_parameter_is_refused_with_its_path() {
    let facts = facts();
    let approval = opened(Kind::Ask, Urgency::Medium, action(Verb::ArchiveEmail), &facts);
    let Err(Refusal::Invalid(lacks)) = answered(&approval, approve(), &facts) else { panic!("it can't run") };
    assert_eq!(lacks[0].path, "/parameters/message_id");
}

/// What may happen to an approval, and when.
#[derive(Clone, Debug)]
enum Happening {
    Answer(Answer),
    Look,
}

fn happenings() -> impl Strategy<Value = Vec<(i64, Happening)>> {
    let terms = (any::<bool>(), proptest::option::of(Just("because".to_owned())), proptest::option::of(-5_i64..2_000))
        .prop_map(|(override_daily_limit, reason, max_cost_cents)| Terms {
            override_daily_limit,
            reason,
            max_cost_cents,
        });
    let one = prop_oneof![
        Just(Happening::Look),
        terms.prop_map(|terms| Happening::Answer(Answer::Approve { terms })),
        Just(Happening::Answer(Answer::Reject { reason: None })),
        Just(Happening::Answer(Answer::Choose { ordinal: 3, terms: Terms::default() })),
        Just(Happening::Answer(Answer::Edit { parameters: serde_json::Map::new(), terms: Terms::default() })),
    ];
    proptest::collection::vec((0_i64..90, one), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn it_resolves_once_never_after_its_expiry_and_plans_only_when_approved(
        mut happenings in happenings(), spent in 0_i64..60_000, stopped in any::<bool>(), denied in any::<bool>(), cost in prop_oneof![Just(None), (0_i64..5_000).prop_map(Some)],
    ) {
        happenings.sort_by_key(|(minute, _)| *minute);
        let start = facts();
        let action = Action { cost: cost.map_or(Cost::Unknown, |cents| costing(Verb::RenewSubscription, cents).cost), ..renewal(1_000) };
        let mut approval = opened(Kind::Ask, Urgency::Medium, action, &start);
        let mut facts = Facts { spend: Ok(SpendView { settled_cents: spent, ..SpendView::default() }), ..start.clone() };
        facts.settings.stopped = stopped;
        if denied {
            facts.settings.autonomy.blocked_domains = vec![Domain::Subscriptions];
        }
        let mut executions = 0;
        for (minute, happening) in happenings {
            let now: Timestamp = start.now.plus(TimeDelta::minutes(minute));
            let facts = Facts { now, ..facts.clone() };
            let before = approval.clone();
            match happening {
                Happening::Look => {
                    if let Ripened::Changed(changed, _) = approval.clone().ripen(&facts) {
                        prop_assert_eq!(before.state.phase(), Phase::Pending, "terminal states absorb");
                        approval = *changed;
                    }
                }
                Happening::Answer(answer) => {
                    let no = matches!(answer, Answer::Reject { .. });
                    if let Ok(done) = answered(&approval, answer, &facts) {
                        prop_assert_eq!(before.state.phase(), Phase::Pending, "answered once");
                        prop_assert!(now < before.expires_at, "an expired approval never executes");
                        prop_assert!(no || !stopped);
                        prop_assert_eq!(done.execution.is_some(), done.approval.state.phase() == Phase::Approved);
                        prop_assert!(!(denied && done.execution.is_some()), "a deny never executes");
                        if let Some(execution) = &done.execution {
                            let reserved = execution.reserved.map_or(0, |money| money.cents);
                            let overridden = matches!(&done.approval.state, State::Approved { answer: Answer::Approve { terms }, .. } if terms.override_daily_limit);
                            prop_assert!(overridden || reserved == 0 || spent + reserved <= 50_000, "above the limit only by override");
                            executions += 1;
                        }
                        prop_assert_eq!(done.feedback.id, before.id.child("feedback"));
                        approval = done.approval;
                    }
                }
            }
        }
        prop_assert!(executions <= 1);
        let json = serde_json::to_string(&approval.state).unwrap();
        prop_assert_eq!(&approval.state, &serde_json::from_str(&json).unwrap());
    }
}

#[test]
fn an_answer_is_reviewed_as_policy_stands_then_and_the_effect_is_kept_apart_from_consent() {
    let facts = facts();
    let approval = asked(&facts);
    assert!(approval.reasons.iter().any(|reason| reason.effect == Effect::RequireApproval));
    let execution = answered(&approval, approve(), &facts).unwrap().execution.unwrap();
    assert_eq!(execution.permitted_revision, facts.settings.revision);
}
