//! Laws over random actions and facts.

use proptest::prelude::*;

use super::{always, policy};
use crate::{
    action::{Action, Cost, Verb},
    catalogue,
    decision::{Candidate, Decision, Outcome},
    explain::Explanation,
    facts::{Context, Facts},
    fixtures::{context, facts},
    flags::Flag,
    ledger::{SpendView, Unreadable},
    policy::{Effect, Moment, Review, Rule, Trigger, When, review},
    risk::{self, Dimension},
    settings::QuietHours,
    signal::{Domain, Object, Urgency},
    tier::{Confidence, TrustTier},
};

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn cost() -> impl Strategy<Value = Cost> {
    prop_oneof![
        Just(Cost::Free),
        Just(Cost::Unknown),
        (1_i64..60_000, "USD|EUR").prop_map(|(cents, code)| Cost::Known { cents, currency: code.parse().unwrap() }),
    ]
}

fn an_action() -> impl Strategy<Value = Action> {
    (one_of(Verb::ALL), cost(), proptest::option::of("[a-c]")).prop_map(|(verb, cost, payee)| {
        let parameters: Object = payee.into_iter().map(|payee| ("payee".to_owned(), payee.into())).collect();
        Action { verb, domain: catalogue::spec(verb).domain, parameters, cost }
    })
}

fn a_context() -> impl Strategy<Value = Context> {
    let flags = proptest::collection::btree_set(one_of(Flag::ALL), 0..3);
    (flags, one_of(Urgency::ALL), one_of(Confidence::ALL), any::<bool>(), any::<bool>()).prop_map(
        |(flags, urgency, confidence, stated_preference, supported)| Context {
            urgency,
            flags,
            confidence,
            stated_preference,
            supported,
            ..context()
        },
    )
}

fn some_facts() -> impl Strategy<Value = Facts> {
    let money =
        (proptest::option::of(0_i64..20_000), proptest::option::of(0_i64..60_000), 0_i64..60_000, any::<bool>());
    let lists =
        (proptest::collection::vec(one_of(Domain::ALL), 0..2), proptest::collection::vec(one_of(Domain::ALL), 0..2));
    let own = proptest::option::of(one_of(Effect::ALL));
    (one_of(TrustTier::ALL), money, lists, own, any::<bool>(), any::<bool>(), 0_u32..12, prop::bool::weighted(0.1))
        .prop_map(
            |(
                tier,
                (per_action, daily, settled_cents, readable),
                (blocked, allowed),
                own,
                irreversible,
                quiet,
                executed,
                stopped,
            )| {
                let mut facts = facts();
                facts.settings.tier = tier;
                facts.settings.stopped = stopped;
                let autonomy = &mut facts.settings.autonomy;
                autonomy.max_spend_per_action_cents = per_action;
                autonomy.max_daily_spend_cents = daily;
                autonomy.blocked_domains = blocked;
                autonomy.allowed_domains = allowed;
                autonomy.require_approval_for_irreversible = irreversible;
                let noon: QuietHours = serde_json::from_str(r#"{"start":"11:00","end":"13:00"}"#).unwrap();
                autonomy.quiet_hours = quiet.then_some(noon);
                facts.history.executed.values_mut().for_each(|count| *count = executed);
                facts.spend =
                    if readable { Ok(SpendView { settled_cents, ..SpendView::default() }) } else { Err(Unreadable) };
                facts.policies = own.into_iter().map(|effect| policy(1, 0, &always(), effect)).collect();
                facts
            },
        )
}

fn reviewed(action: &Action, context: &Context, facts: &Facts, moment: Moment) -> Review {
    review(action, &risk::assess(action, context), context, facts, moment)
}

fn any_moment() -> impl Strategy<Value = Moment> {
    one_of(&[Moment::Decide, Moment::Approve, Moment::Dispatch, Moment::Undo])
}

/// One trigger of every kind, and one that nobody knows.
const WHENS: &[&str] = &[
    r#"{"kind":"amount_threshold","threshold_cents":5}"#,
    r#"{"kind":"risk_tier_threshold","min_risk_tier":"high"}"#,
    r#"{"kind":"low_confidence","min_confidence":"low"}"#,
    r#"{"kind":"novel_situation"}"#,
    r#"{"kind":"consecutive_rejections","count":2}"#,
    r#"{"kind":"full_moon","phase":0.5}"#,
];

fn same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    assert_eq!(value, &serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_lower_tier_never_permits_what_a_higher_one_does_not(
        action in an_action(), context in a_context(), facts in some_facts(), one in one_of(TrustTier::ALL), other in one_of(TrustTier::ALL), moment in any_moment(),
    ) {
        let at = |tier| {
            let mut facts = facts.clone();
            facts.settings.tier = tier;
            reviewed(&action, &context, &facts, moment).verdict.effect
        };
        prop_assert!(at(one.min(other)) >= at(one.max(other)));
    }

    #[test]
    fn the_same_case_gets_the_same_verdict(action in an_action(), context in a_context(), facts in some_facts(), moment in any_moment()) {
        let review = reviewed(&action, &context, &facts, moment);
        prop_assert_eq!(&review, &reviewed(&action, &context, &facts, moment));
        let json = serde_json::to_string(&review.verdict).unwrap();
        prop_assert_eq!(&review.verdict, &serde_json::from_str(&json).unwrap());
    }

    #[test]
    fn everything_that_is_stored_reads_back_equal(action in an_action(), context in a_context(), facts in some_facts(), kind in one_of(WHENS)) {
        let review = reviewed(&action, &context, &facts, Moment::Decide);
        let risk = risk::assess(&action, &context);
        let when = When::stored(serde_json::from_str(kind).unwrap());
        same(&Trigger { id: crate::fixtures::id(1), enabled: true, when });
        facts.policies.iter().for_each(same);
        same(&facts.settings.autonomy);
        let candidate = Candidate {
            ordinal: 0,
            action: action.clone(),
            summary: "s".into(),
            confidence: context.confidence,
            support: Vec::new(),
            score: -3,
            risk,
            missing: vec!["m".into()],
            verdict: review.verdict,
        };
        let explanation = Explanation { headline: "h".into(), understood: "u".into(), why: vec!["w".into()], rules: vec![Rule::Stop], next: "n".into() };
        same(&Decision {
            id: crate::fixtures::id(1),
            user: facts.settings.user,
            signal: crate::fixtures::id(2),
            domain: action.domain,
            context,
            tier: facts.settings.tier,
            outcome: Outcome::Ask,
            candidates: vec![candidate],
            chosen: Some(0),
            explanation,
            decided_at: facts.now,
        });
        prop_assert_eq!(action.digest(), serde_json::from_value::<Action>(serde_json::to_value(&action).unwrap()).unwrap().digest());
    }

    #[test]
    fn the_most_restrictive_reason_wins_in_the_order_of_the_table_and_only_a_deny_has_no_permit(
        action in an_action(), context in a_context(), facts in some_facts(), moment in any_moment(),
    ) {
        let Review { verdict, permit } = reviewed(&action, &context, &facts, moment);
        prop_assert_eq!(Some(verdict.effect), verdict.reasons.iter().map(|reason| reason.effect).max());
        prop_assert!(verdict.reasons.is_sorted_by_key(|reason| reason.rule.number()));
        prop_assert_eq!(permit.is_none(), verdict.effect == Effect::Deny);
        if let Some(permit) = permit {
            prop_assert_eq!(permit.digest(), &action.digest());
            prop_assert_eq!(permit.needs_consent(), verdict.effect == Effect::RequireApproval);
        }
    }

    #[test]
    fn another_policy_never_loosens_a_verdict(action in an_action(), context in a_context(), facts in some_facts(), effect in one_of(Effect::ALL)) {
        let before = reviewed(&action, &context, &facts, Moment::Decide).verdict.effect;
        let mut more = facts;
        more.policies.push(policy(2, 100, &always(), effect));
        prop_assert_eq!(reviewed(&action, &context, &more, Moment::Decide).verdict.effect, before.max(effect));
    }

    #[test]
    fn another_flag_never_lowers_a_risk(action in an_action(), context in a_context(), flag in one_of(Flag::ALL)) {
        let before = risk::assess(&action, &context);
        let mut more = context;
        more.flags.insert(flag);
        let after = risk::assess(&action, &more);
        prop_assert!(after.overall >= before.overall);
        prop_assert!(Dimension::ALL.iter().all(|dimension| after.of(*dimension) >= before.of(*dimension)));
    }

    #[test]
    fn the_policy_hash_moves_with_what_a_verdict_depends_on_and_with_nothing_else(facts in some_facts()) {
        let hash = |change: &dyn Fn(&mut Facts)| {
            let mut facts = facts.clone();
            change(&mut facts);
            crate::policy::policy_hash(&facts)
        };
        let before = hash(&|_| {});
        prop_assert_ne!(&before, &hash(&|facts| facts.settings.autonomy.max_daily_spend_cents = Some(99_999)));
        prop_assert_ne!(&before, &hash(&|facts| facts.settings.domain_tiers.extend([(Domain::Email, TrustTier::Observer)])));
        prop_assert_ne!(&before, &hash(&|facts| facts.policies.push(policy(9, 0, &always(), Effect::Deny))));
        prop_assert_ne!(&before, &hash(&|facts| facts.triggers.push(Trigger { id: crate::fixtures::id(3), enabled: true, when: When::NovelSituation })));
        prop_assert_eq!(&before, &hash(&|facts| facts.triggers.push(Trigger { id: crate::fixtures::id(3), enabled: false, when: When::NovelSituation })));
        prop_assert_eq!(&before, &hash(&|facts| facts.spend = Err(Unreadable)));
    }
}
