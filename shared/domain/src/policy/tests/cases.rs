//! The numbered unit cases of the evaluator.

use std::collections::BTreeMap;

use serde_json::json;

use super::{always, decide, objections, policy};
use crate::{
    action::{Cost, Verb},
    fixtures::{action, context, costing, facts, with},
    flags::Flag,
    ledger::{SpendView, Unreadable},
    money::Money,
    policy::{Effect, Moment, Rule, review, rules::matrix},
    risk::{self, RiskTier},
    settings::QuietHours,
    signal::{Domain, Urgency},
    tier::{self, Confidence, TrustTier},
};

/// One test per cell of the matrix.
macro_rules! matrix_cases {
    ($($name:ident: $tier:ident, $risk:ident => $effect:ident;)+) => {
        $(#[test] fn $name() { assert_eq!(matrix(TrustTier::$tier, RiskTier::$risk), Effect::$effect); })+
    };
}

matrix_cases! {
    tm_observer_negligible: Observer, Negligible => Deny;
    tm_observer_low: Observer, Low => Deny;
    tm_observer_moderate: Observer, Moderate => Deny;
    tm_observer_high: Observer, High => Deny;
    tm_observer_critical: Observer, Critical => Deny;
    tm_suggest_negligible: Suggest, Negligible => RequireApproval;
    tm_suggest_low: Suggest, Low => RequireApproval;
    tm_suggest_moderate: Suggest, Moderate => RequireApproval;
    tm_suggest_high: Suggest, High => RequireApproval;
    tm_suggest_critical: Suggest, Critical => RequireApproval;
    tm_low_autonomy_negligible: LowAutonomy, Negligible => Allow;
    tm_low_autonomy_low: LowAutonomy, Low => Allow;
    tm_low_autonomy_moderate: LowAutonomy, Moderate => RequireApproval;
    tm_low_autonomy_high: LowAutonomy, High => RequireApproval;
    tm_low_autonomy_critical: LowAutonomy, Critical => RequireApproval;
    tm_moderate_autonomy_negligible: ModerateAutonomy, Negligible => Allow;
    tm_moderate_autonomy_low: ModerateAutonomy, Low => Allow;
    tm_moderate_autonomy_moderate: ModerateAutonomy, Moderate => Allow;
    tm_moderate_autonomy_high: ModerateAutonomy, High => RequireApproval;
    tm_moderate_autonomy_critical: ModerateAutonomy, Critical => RequireApproval;
    tm_high_autonomy_negligible: HighAutonomy, Negligible => Allow;
    tm_high_autonomy_low: HighAutonomy, Low => Allow;
    tm_high_autonomy_moderate: HighAutonomy, Moderate => Allow;
    tm_high_autonomy_high: HighAutonomy, High => Allow;
    tm_high_autonomy_critical: HighAutonomy, Critical => RequireApproval;
}

#[test]
fn tm_unknown_a_tier_that_does_not_exist_is_no_tier() {
    let unknown = "root".parse::<TrustTier>();
    assert!(unknown.is_err(), "an unknown tier can't reach the evaluator: reading the settings fails, and that denies");
}

#[test]
fn dt_01_to_dt_04_the_more_restrictive_tier_counts() {
    use TrustTier::{HighAutonomy, LowAutonomy, ModerateAutonomy, Suggest};
    assert_eq!(tier::effective(HighAutonomy, Some(LowAutonomy)), LowAutonomy, "dt-01");
    assert_eq!(tier::effective(Suggest, Some(HighAutonomy)), Suggest, "dt-02");
    assert_eq!(tier::effective(LowAutonomy, Some(LowAutonomy)), LowAutonomy, "dt-03");
    assert_eq!(tier::effective(ModerateAutonomy, None), ModerateAutonomy, "dt-04");
}

#[test]
fn po_01_a_blocked_domain_blocks_whatever_else_asks() {
    let mut facts = facts();
    facts.settings.autonomy.blocked_domains = vec![Domain::Email];
    facts.policies = vec![policy(1, 0, &always(), Effect::RequireApproval)];
    let review = decide(&action(Verb::ArchiveEmail), &context(), &facts);
    assert_eq!(review.verdict.effect, Effect::Deny);
    assert_eq!(objections(&review), [Rule::BlockedDomain, Rule::OwnPolicy], "nothing is cut short by the deny");
    assert!(review.permit.is_none());
}

#[test]
fn po_02_a_deny_wins_whatever_the_priority() {
    let mut facts = facts();
    facts.policies = vec![policy(1, 1, &always(), Effect::Deny), policy(2, 100, &always(), Effect::RequireApproval)];
    let review = decide(&action(Verb::ArchiveEmail), &context(), &facts);
    assert_eq!(review.verdict.effect, Effect::Deny);
    let effects: Vec<_> = review
        .verdict
        .reasons
        .iter()
        .filter(|reason| reason.rule == Rule::OwnPolicy)
        .map(|reason| reason.effect)
        .collect();
    assert_eq!(effects, [Effect::RequireApproval, Effect::Deny], "the higher priority is listed first");
}

fn quiet_now() -> QuietHours {
    serde_json::from_value(json!({ "start": "11:00", "end": "13:00" })).unwrap()
}

#[test]
fn po_03_a_deny_wins_over_quiet_hours() {
    let mut facts = facts();
    facts.settings.autonomy.quiet_hours = Some(quiet_now());
    facts.policies = vec![policy(1, 0, &always(), Effect::Deny)];
    assert_eq!(decide(&action(Verb::ArchiveEmail), &context(), &facts).verdict.effect, Effect::Deny);
}

#[test]
fn po_04_quiet_hours_ask_about_what_would_be_allowed_and_let_the_critical_pass() {
    let mut facts = facts();
    facts.settings.autonomy.quiet_hours = Some(quiet_now());
    let mut context = context();
    let review = decide(&action(Verb::ArchiveEmail), &context, &facts);
    assert_eq!(objections(&review), [Rule::QuietHours]);
    assert_eq!(
        review.verdict.reasons.iter().find(|reason| reason.rule == Rule::QuietHours).unwrap().numbers["until"],
        "2026-03-30T13:00:00Z"
    );
    context.urgency = Urgency::Critical;
    assert_eq!(decide(&action(Verb::ArchiveEmail), &context, &facts).verdict.effect, Effect::Allow);
}

#[test]
fn po_05_a_cost_within_the_limits_is_allowed_by_them_and_may_still_be_asked_as_irreversible() {
    let mut facts = facts();
    facts.settings.autonomy.max_spend_per_action_cents = Some(5_000);
    let review = decide(&costing(Verb::RenewSubscription, 100), &context(), &facts);
    assert_eq!(objections(&review), [Rule::Irreversible]);
    facts.settings.autonomy.require_approval_for_irreversible = false;
    assert_eq!(decide(&costing(Verb::RenewSubscription, 100), &context(), &facts).verdict.effect, Effect::Allow);
}

#[test]
fn po_06_irreversible_is_asked_about_even_at_the_highest_tier() {
    let mut facts = facts();
    facts.settings.tier = TrustTier::HighAutonomy;
    let review = decide(&with(Verb::SendReply, &json!({ "message_id": "m", "text": "yes" })), &context(), &facts);
    assert_eq!(objections(&review), [Rule::Irreversible]);
    assert!(review.permit.unwrap().needs_consent());
}

#[test]
fn po_07_a_privacy_risk_from_moderate_on_is_never_taken_alone() {
    let mut facts = facts();
    facts.settings.tier = TrustTier::HighAutonomy;
    let mut context = context();
    context.flags.insert(Flag::ContainsPii);
    let review = decide(&with(Verb::SendReply, &json!({ "message_id": "m", "text": "yes" })), &context, &facts);
    assert!(review.verdict.asking(Rule::NeverAlone).unwrap().text.contains("privacy"));
}

#[test]
fn po_08_a_high_legal_risk_is_never_taken_alone() {
    let mut facts = facts();
    facts.settings.tier = TrustTier::HighAutonomy;
    let mut context = context();
    context.flags.insert(Flag::Legal);
    let review = decide(&action(Verb::ArchiveEmail), &context, &facts);
    assert_eq!(objections(&review), [Rule::NeverAlone]);
    assert_eq!(review.verdict.effect, Effect::RequireApproval);
}

#[test]
fn po_09_a_domain_outside_the_allow_list_is_blocked() {
    let mut facts = facts();
    facts.settings.autonomy.allowed_domains = vec![Domain::Email];
    let review = decide(&action(Verb::AcknowledgeUpdate), &context(), &facts);
    assert_eq!((review.verdict.effect, objections(&review)), (Effect::Deny, vec![Rule::BlockedDomain]));
    assert_eq!(decide(&action(Verb::ArchiveEmail), &context(), &facts).verdict.effect, Effect::Allow);
}

#[test]
fn po_10_empty_lists_permit_every_domain() {
    for &verb in Verb::ALL {
        assert!(!objections(&decide(&action(verb), &context(), &facts())).contains(&Rule::BlockedDomain), "{verb}");
    }
}

#[test]
fn po_11_a_verdict_knows_only_the_policies_it_is_given() {
    // The shell loads the owner's own; a policy of somebody else is not among the facts and leaves no trace.
    let review = decide(&action(Verb::ArchiveEmail), &context(), &facts());
    assert!(review.verdict.reasons.iter().all(|reason| reason.rule != Rule::OwnPolicy));
}

#[test]
fn po_12_a_policy_of_another_domain_does_not_apply() {
    let mut facts = facts();
    facts.policies =
        vec![crate::policy::Policy { domain: Some(Domain::Finance), ..policy(1, 0, &always(), Effect::Deny) }];
    assert_eq!(decide(&action(Verb::ArchiveEmail), &context(), &facts).verdict.effect, Effect::Allow);
    assert_eq!(decide(&action(Verb::CategorizeTransaction), &context(), &facts).verdict.effect, Effect::Deny);
}

#[test]
fn po_13_a_policy_that_is_off_does_not_apply() {
    let mut facts = facts();
    facts.policies = vec![crate::policy::Policy { enabled: false, ..policy(1, 0, &always(), Effect::Deny) }];
    assert_eq!(decide(&action(Verb::ArchiveEmail), &context(), &facts).verdict.effect, Effect::Allow);
}

#[test]
fn po_14_an_unknown_field_is_refused_when_written_and_asks_when_found_in_store() {
    let unknown = json!({ "field": "moon_phase", "op": "eq", "value": "full" });
    let faults = crate::policy::OwnRule::parse_all(
        &json!([{ "when": { "all": [always(), unknown] }, "effect": "allow", "reason": "r" }]),
    )
    .unwrap_err();
    assert_eq!(faults.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(), ["/rules/0/when/all/1/field"]);
    for effect in [Effect::Allow, Effect::RequireApproval, Effect::Deny] {
        let mut facts = facts();
        facts.policies = vec![policy(1, 0, &unknown, effect)];
        assert_eq!(
            decide(&action(Verb::ArchiveEmail), &context(), &facts).verdict.effect,
            Effect::RequireApproval,
            "{effect}"
        );
        // What is understood of a deny still denies.
        facts.policies = vec![policy(1, 0, &json!({ "any": [always(), unknown] }), effect)];
        let expected = effect.max(Effect::RequireApproval);
        assert_eq!(decide(&action(Verb::ArchiveEmail), &context(), &facts).verdict.effect, expected, "{effect}");
    }
}

#[test]
fn po_15_a_domain_tier_holds_a_higher_overall_tier_back() {
    let mut facts = facts();
    facts.settings.tier = TrustTier::HighAutonomy;
    facts.settings.domain_tiers = BTreeMap::from([(Domain::Tasks, TrustTier::ModerateAutonomy)]);
    let mut action = costing(Verb::CreateTask, 3_000);
    assert_eq!(risk::assess(&action, &context()).overall, RiskTier::High);
    assert_eq!(objections(&decide(&action, &context(), &facts)), [Rule::TierRisk]);
    action.domain = Domain::Email;
    assert_eq!(decide(&action, &context(), &facts).verdict.effect, Effect::Allow);
}

#[test]
fn po_16_a_cost_near_the_per_action_limit_is_asked_about_with_the_numbers() {
    let mut facts = facts();
    facts.settings.autonomy.require_approval_for_irreversible = false;
    facts.settings.autonomy.max_spend_per_action_cents = Some(1_000);
    for (cents, asks) in [(899, false), (900, true), (1_000, true), (1_001, true)] {
        let review = decide(&costing(Verb::RenewSubscription, cents), &context(), &facts);
        assert_eq!(review.verdict.asking(Rule::ActionLimit).is_some(), asks, "{cents}");
    }
    let review = decide(&costing(Verb::RenewSubscription, 900), &context(), &facts);
    let reason = review.verdict.asking(Rule::ActionLimit).unwrap();
    assert_eq!(serde_json::to_value(&reason.numbers).unwrap(), json!({ "cost_cents": 900, "limit_cents": 1_000 }));
    assert!(reason.text.contains("9.00 USD") && reason.text.contains("10.00 USD"), "{}", reason.text);
    facts.settings.autonomy.max_spend_per_action_cents = Some(0);
    assert_eq!(
        decide(&action(Verb::ArchiveEmail), &context(), &facts).verdict.effect,
        Effect::Allow,
        "free is never near a limit"
    );
}

#[test]
fn po_17_the_first_ten_in_a_domain_are_asked_about_unless_the_person_said_so() {
    let mut facts = facts();
    facts.history.executed = BTreeMap::from([(Domain::Email, 9), (Domain::Documents, 0)]);
    let mut context = context();
    assert_eq!(objections(&decide(&action(Verb::ArchiveEmail), &context, &facts)), [Rule::Inexperience]);
    context.supported = true;
    assert_eq!(objections(&decide(&action(Verb::ArchiveEmail), &context, &facts)), [Rule::Inexperience]);
    assert!(
        objections(&decide(&action(Verb::SummarizeDocument), &context, &facts)).is_empty(),
        "reading only, and some preference for it"
    );
    context.supported = false;
    assert_eq!(objections(&decide(&action(Verb::SummarizeDocument), &context, &facts)), [Rule::Inexperience]);
    context.stated_preference = true;
    assert!(objections(&decide(&action(Verb::ArchiveEmail), &context, &facts)).is_empty());
    context.stated_preference = false;
    facts.history.executed.insert(Domain::Email, 10);
    assert!(objections(&decide(&action(Verb::ArchiveEmail), &context, &facts)).is_empty());
}

#[test]
fn po_18_a_message_to_more_than_ten_people_is_always_asked_about() {
    let mut facts = facts();
    facts.settings.tier = TrustTier::HighAutonomy;
    facts.settings.autonomy.require_approval_for_irreversible = false;
    let people = |count: usize| json!({ "message_id": "m", "text": "hello", "recipients": (0..count).map(|n| format!("p{n}@work.example")).collect::<Vec<_>>() });
    assert!(objections(&decide(&with(Verb::SendReply, &people(10)), &context(), &facts)).is_empty());
    let review = decide(&with(Verb::SendReply, &people(11)), &context(), &facts);
    assert_eq!(objections(&review), [Rule::NeverAlone]);
    assert_eq!(review.verdict.asking(Rule::NeverAlone).unwrap().numbers["recipients"], 11);
}

#[test]
fn sp_17_a_spend_that_cannot_be_read_denies() {
    let mut facts = facts();
    facts.spend = Err(Unreadable);
    let review = decide(&costing(Verb::RenewSubscription, 100), &context(), &facts);
    assert_eq!(review.verdict.effect, Effect::Deny);
    assert!(review.permit.is_none() && objections(&review).contains(&Rule::Unreadable));
    facts.spend = Ok(SpendView { currency: "EUR".parse().unwrap(), ..SpendView::default() });
    assert_eq!(
        decide(&action(Verb::ArchiveEmail), &context(), &facts).verdict.effect,
        Effect::Deny,
        "a view in another currency says nothing"
    );
}

fn cents(cents: i64) -> Cost {
    Cost::of(Money::usd(cents))
}

#[test]
fn the_daily_limit_asks_with_the_numbers_once_the_window_is_full() {
    let mut facts = facts();
    facts.spend = Ok(SpendView { reserved_cents: 40_000, settled_cents: 9_000, ..SpendView::default() });
    let review = |cents| decide(&costing(Verb::RenewSubscription, cents), &context(), &facts).verdict;
    assert!(review(1_000).asking(Rule::DailyLimit).is_none(), "equal fits");
    let verdict = review(1_001);
    let reason = verdict.asking(Rule::DailyLimit).unwrap();
    let expected = json!({ "cost_cents": 1_001, "limit_cents": 50_000, "reserved_cents": 40_000, "settled_cents": 9_000, "remaining_cents": 1_000 });
    assert_eq!(serde_json::to_value(&reason.numbers).unwrap(), expected);
    assert!(
        decide(&action(Verb::ArchiveEmail), &context(), &facts).verdict.asking(Rule::DailyLimit).is_none(),
        "free always fits"
    );
}

#[test]
fn costs_without_a_limit_to_hold_them_against_are_asked_about() {
    let asks = |cost: Cost, change: fn(&mut crate::settings::Autonomy)| {
        let mut facts = facts();
        change(&mut facts.settings.autonomy);
        let action = crate::action::Action { cost, ..action(Verb::CreateTask) };
        decide(&action, &context(), &facts).verdict.asking(Rule::ActionLimit).map(|reason| reason.text.clone())
    };
    assert_eq!(asks(cents(100), |_| {}), None);
    assert!(asks(Cost::Unknown, |_| {}).unwrap().contains("Nobody knows"));
    assert!(asks(Cost::of(Money::new(100, "EUR".parse().unwrap())), |_| {}).unwrap().contains("limits in USD"));
    assert!(
        asks(cents(1), |autonomy| autonomy.max_spend_per_action_cents = None).unwrap().contains("no limit per action")
    );
    assert!(asks(cents(1), |autonomy| autonomy.max_daily_spend_cents = None).unwrap().contains("no daily limit"));
    assert_eq!(asks(Cost::Free, |autonomy| autonomy.max_spend_per_action_cents = None), None);
}

#[test]
fn a_punishment_leaves_asks_behind() {
    let mut facts = facts();
    facts.history.asks_owed.insert(Verb::ArchiveEmail, 10);
    assert_eq!(objections(&decide(&action(Verb::ArchiveEmail), &context(), &facts)), [Rule::AsksOwed]);
    assert!(objections(&decide(&action(Verb::LabelEmail), &context(), &facts)).is_empty());
}

#[test]
fn stop_denies_everything_and_everything_else_is_still_said() {
    let mut facts = facts();
    facts.settings.stopped = true;
    facts.settings.tier = TrustTier::Observer;
    let review = decide(&action(Verb::ArchiveEmail), &context(), &facts);
    assert_eq!(objections(&review), [Rule::Stop, Rule::TierRisk]);
}

#[test]
fn an_undo_is_stopped_by_the_stop_switch_and_by_what_cannot_be_read_only() {
    let undo = |facts: &crate::facts::Facts| {
        let action = action(Verb::RevokeRenewal);
        review(&action, &risk::assess(&action, &context()), &context(), facts, Moment::Undo)
    };
    let mut facts = facts();
    facts.settings.tier = TrustTier::Observer;
    facts.settings.autonomy.blocked_domains = vec![Domain::Subscriptions];
    facts.policies = vec![policy(1, 0, &always(), Effect::Deny)];
    let allowed = undo(&facts);
    assert_eq!(allowed.verdict.effect, Effect::Allow);
    let tier = allowed.verdict.reasons.iter().find(|reason| reason.rule == Rule::TierRisk).unwrap();
    assert_eq!(tier.numbers["otherwise"], "deny", "the rest is recorded");
    facts.settings.stopped = true;
    assert_eq!(undo(&facts).verdict.effect, Effect::Deny);
    facts.settings.stopped = false;
    facts.spend = Err(Unreadable);
    assert_eq!(undo(&facts).verdict.effect, Effect::Deny);
}

#[test]
fn ac_01_to_ac_03_the_verdict_does_not_look_at_confidence_and_asks_at_tier_suggest() {
    // What confidence makes of an allowed verdict (suggest below moderate, auto from there on) is `decide`'s to say.
    let mut context = context();
    for confidence in [Confidence::Low, Confidence::Moderate] {
        context.confidence = confidence;
        assert_eq!(
            decide(&action(Verb::ArchiveEmail), &context, &facts()).verdict.effect,
            Effect::Allow,
            "ac-01, ac-02"
        );
    }
    let mut facts = facts();
    facts.settings.tier = TrustTier::Suggest;
    context.confidence = Confidence::Confirmed;
    assert_eq!(decide(&action(Verb::ArchiveEmail), &context, &facts).verdict.effect, Effect::RequireApproval, "ac-03");
}
