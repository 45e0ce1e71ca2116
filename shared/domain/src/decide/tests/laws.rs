//! The laws of deciding, over signals and people made up at random.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    decide::decide,
    decision::Outcome,
    facts::Facts,
    flags::Flag,
    policy::Effect,
    signal::{Domain, Signal},
    testing::{facts, prefers, signal},
    tier::{Confidence, TrustTier},
    twin::Source,
};

const KINDS: &[(&str, &str)] = &[
    ("gmail", "email_received"),
    ("google_calendar", "meeting_invite"),
    ("google_calendar", "calendar_conflict"),
    ("billing", "subscription_renewal"),
    ("shopping", "grocery_reorder"),
    ("travel", "travel_booking"),
    ("finance", "transaction"),
    ("finance", "bill_due"),
    ("bank", "wire_transfer"),
    ("smart_home", "routine_trigger"),
    ("smart_home", "security_alert"),
    ("tasks", "task_create"),
    ("tasks", "task_assign"),
    ("social_media", "brand_mention"),
    ("social_media", "schedule_post"),
    ("documents", "document_share"),
    ("documents", "document_file"),
    ("health", "metric_log"),
    ("webhook", "ping"),
];
const KEYS: &[&str] = &[
    "auto_archive",
    "auto_accept",
    "auto_renew_under_20",
    "auto_reorder",
    "auto_book",
    "auto_categorize",
    "auto_pay",
    "routine",
    "auto_create",
    "auto_assign",
    "allow_scheduling",
    "auto_share",
    "auto_file",
    "auto_log",
    "never_archive",
    "escalate_everything",
    "draft_replies",
    "",
];

fn payload() -> impl Strategy<Value = Value> {
    let flags = proptest::collection::vec(proptest::sample::select(Flag::ALL), 0..3);
    (flags, -500_i64..60_000, any::<bool>(), "[a-z ]{0,20}", proptest::option::of(proptest::sample::select(vec!["newsletter", "client", "legal", "lock", "unlock"]))).prop_map(|(flags, cents, priced, subject, word)| {
        let mut payload = json!({ "subject": subject, "items": ["milk"], "flags": flags, "category": word, "action": word, "vendor": "V", "metric": "weight", "value": 1,
            "documentId": "d", "recipients": ["a@b.example"], "targetFolder": "f", "platform": "x", "content": "c", "scheduledDate": "2026-05-01T00:00:00Z", "assignee": "jo", "trigger": "morning" });
        if priced {
            payload["costCents"] = cents.into();
        }
        payload
    })
}

fn person() -> impl Strategy<Value = Facts> {
    let preference = (
        proptest::sample::select(Domain::ALL),
        proptest::sample::select(KEYS),
        any::<bool>(),
        proptest::sample::select(Confidence::ALL),
        proptest::sample::select(Source::ALL),
    );
    (proptest::sample::select(TrustTier::ALL), proptest::collection::vec(preference, 0..6), 0_u32..12, any::<bool>())
        .prop_map(|(tier, preferences, executed, asks)| {
            let mut facts = facts(tier);
            facts.preferences = preferences
                .into_iter()
                .map(|(domain, key, value, confidence, source)| prefers(domain, key, value.into(), confidence, source))
                .collect();
            facts.history.executed = Domain::ALL.iter().map(|domain| (*domain, executed)).collect();
            facts.settings.autonomy.require_approval_for_irreversible = asks;
            facts
        })
}

fn incoming() -> impl Strategy<Value = Signal> {
    (proptest::sample::select(KINDS), payload()).prop_map(|((source, kind), payload)| signal(source, kind, payload))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_input_gives_the_same_output(signal in incoming(), facts in person()) {
        prop_assert_eq!(decide(&signal, &facts), decide(&signal, &facts));
    }

    #[test]
    fn nothing_runs_unless_its_own_verdict_allows_it_and_nobody_said_no(signal in incoming(), facts in person()) {
        let decided = decide(&signal, &facts);
        let auto = decided.decision.outcome == Outcome::Auto;
        prop_assert_eq!(decided.execution.is_some(), auto);
        if let Some(execution) = &decided.execution {
            let chosen = decided.decision.chosen().unwrap();
            prop_assert_eq!(&execution.digest, &chosen.action.digest());
            prop_assert_eq!(chosen.verdict.effect, Effect::Allow);
            prop_assert!(chosen.confidence >= Confidence::Moderate && chosen.missing.is_empty());
            prop_assert!(facts.settings.tier_in(chosen.action.domain) >= TrustTier::LowAutonomy);
            prop_assert!(!decided.decision.context.flags.iter().any(|flag| flag.wants_eyes()));
        }
    }

    #[test]
    fn every_outcome_comes_with_exactly_what_belongs_to_it(signal in incoming(), facts in person()) {
        let decided = decide(&signal, &facts);
        let decision = &decided.decision;
        let waits = matches!(decision.outcome, Outcome::Ask | Outcome::Suggest) || (decision.outcome == Outcome::Alert && decision.chosen.is_some());
        prop_assert_eq!(decided.approval.is_some(), waits);
        prop_assert!(!decision.explanation.why.is_empty());
        prop_assert_eq!(decision.chosen.is_none(), decision.outcome == Outcome::Inform || (decision.outcome == Outcome::Alert && decided.approval.is_none()));
        prop_assert_eq!(decided.outbox.events.first().map(|event| event.name), Some(crate::event::Name::DecisionMade));
        if decision.outcome == Outcome::Block {
            prop_assert!(!decision.explanation.rules.is_empty());
        }
        for (ordinal, candidate) in decision.candidates.iter().enumerate() {
            prop_assert_eq!(usize::from(candidate.ordinal), ordinal);
        }
    }

    #[test]
    fn less_trust_never_runs_what_more_trust_would_not(signal in incoming(), facts in person()) {
        let mut lower = facts.clone();
        for tier in TrustTier::ALL {
            lower.settings.tier = *tier;
            let mut higher = lower.clone();
            higher.settings.tier = TrustTier::HighAutonomy;
            let ran = |facts: &Facts| decide(&signal, facts).execution.map(|execution| execution.action);
            if let Some(action) = ran(&lower) {
                prop_assert!(ran(&higher).is_some(), "{:?} runs at {} only", action.verb, tier);
            }
        }
    }

    #[test]
    fn a_raised_flag_never_makes_something_run(signal in incoming(), facts in person(), flag in proptest::sample::select(Flag::ALL)) {
        let mut raised = signal.clone();
        raised.payload.insert(flag.as_str().into(), true.into());
        if let Some(execution) = decide(&raised, &facts).execution {
            let before = decide(&signal, &facts);
            prop_assert_eq!(before.execution.map(|before| before.action.verb), Some(execution.action.verb), "{} made it run", flag);
        }
    }
}
