//! The built-in rules of `domain.md` §6 but the never-list: each looks at the case and says what it demands, and why,
//! with the numbers.
//!
//! Invariant: rules don't know of each other and none ends the evaluation; a rule that has nothing to say stays silent.
//! A reason that allows is there for the explanation only.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Case, Effect, Reason, Rule, never, own, trigger::When};
use crate::{
    action::Cost,
    catalogue,
    facts::Facts,
    ledger::{self, Excess, SpendView, Unreadable},
    money::Money,
    quiet,
    risk::{self, RiskTier},
    signal::{Object, Urgency},
    tier::TrustTier,
};

/// From so many executed actions in a domain on, the twin is experienced there (`domain.md` §6 rule 11).
pub const EXPERIENCED_AFTER: u32 = 10;
/// From this share of the per-action limit on, in per cent, the person is asked (`domain.md` §6 rule 5).
const NEAR_LIMIT_PERCENT: i128 = 90;

/// One of the built-in rules, for the read-only list beside the person's own policies (`domain.md` §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BuiltIn {
    /// Which.
    pub rule: Rule,
    /// The most it demands.
    pub effect: Effect,
    /// When it does, in a sentence.
    pub summary: &'static str,
}

const fn built_in(rule: Rule, effect: Effect, summary: &'static str) -> BuiltIn {
    BuiltIn { rule, effect, summary }
}

/// Every rule that is always in force, in the order of the table.
pub const BUILT_IN: &[BuiltIn] = &[
    built_in(Rule::Stop, Effect::Deny, "While the stop switch is on nothing runs; everything waits."),
    built_in(Rule::BlockedDomain, Effect::Deny, "Nothing is done in a blocked domain, or outside the allowed ones."),
    built_in(
        Rule::NeverAlone,
        Effect::RequireApproval,
        "Some things are never done without your approval, at no tier.",
    ),
    built_in(
        Rule::TierRisk,
        Effect::Deny,
        "The trust tier says which risk the twin may take alone; an observer does nothing.",
    ),
    built_in(
        Rule::ActionLimit,
        Effect::RequireApproval,
        "Costs above or near the per-action limit, unknown costs and costs without a limit are asked about.",
    ),
    built_in(
        Rule::DailyLimit,
        Effect::RequireApproval,
        "Whatever goes above the daily limit needs your explicit override.",
    ),
    built_in(
        Rule::Irreversible,
        Effect::RequireApproval,
        "What can't be taken back is asked about, unless you switched that off.",
    ),
    built_in(Rule::QuietHours, Effect::RequireApproval, "In quiet hours only the critical is done without asking."),
    built_in(Rule::OwnPolicy, Effect::Deny, "Your own policies, by priority; a deny wins."),
    built_in(Rule::Trigger, Effect::RequireApproval, "Your escalation triggers."),
    built_in(
        Rule::Inexperience,
        Effect::RequireApproval,
        "The first ten actions in a domain are asked about, unless you stated that you want this.",
    ),
    built_in(Rule::Unreadable, Effect::Deny, "When the spend or the settings can't be read, nothing runs."),
    built_in(Rule::AsksOwed, Effect::RequireApproval, "After a punishment the next ten of the kind are asked about."),
];

/// Everything every rule says about the case.
pub(super) fn all(case: &Case<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    reasons.extend(stop(case));
    reasons.extend(domain_lists(case));
    reasons.extend(never::reasons(case));
    reasons.push(tier_risk(case));
    reasons.extend(action_limit(case));
    reasons.extend(daily_limit(case));
    reasons.extend(irreversible(case));
    reasons.extend(quiet_hours(case));
    reasons.extend(own::reasons(case));
    reasons.extend(triggers(case));
    reasons.extend(inexperience(case));
    reasons.extend(unreadable(case));
    reasons.extend(asks_owed(case));
    reasons
}

pub(super) fn reason(rule: Rule, effect: Effect, text: impl Into<String>, numbers: Value) -> Reason {
    let numbers = if let Value::Object(numbers) = numbers { numbers } else { Object::new() };
    Reason { rule, effect, text: text.into(), numbers }
}

fn stop(case: &Case<'_>) -> Option<Reason> {
    let text = "The twin is stopped; everything waits until it is resumed.";
    case.facts.settings.stopped.then(|| reason(Rule::Stop, Effect::Deny, text, json!({})))
}

fn domain_lists(case: &Case<'_>) -> Option<Reason> {
    let domain = case.action.domain;
    let autonomy = &case.facts.settings.autonomy;
    let text = if autonomy.blocked_domains.contains(&domain) {
        format!("You have blocked the domain {domain}.")
    } else if !autonomy.allowed_domains.is_empty() && !autonomy.allowed_domains.contains(&domain) {
        format!("The domain {domain} is not among those you allow.")
    } else {
        return None;
    };
    Some(reason(Rule::BlockedDomain, Effect::Deny, text, json!({ "domain": domain })))
}

/// The matrix of `domain.md` §6: what a tier may do alone at a risk.
pub(super) fn matrix(tier: TrustTier, risk: RiskTier) -> Effect {
    let alone_up_to = match tier {
        TrustTier::Observer => return Effect::Deny,
        TrustTier::Suggest => return Effect::RequireApproval,
        TrustTier::LowAutonomy => RiskTier::Low,
        TrustTier::ModerateAutonomy => RiskTier::Moderate,
        TrustTier::HighAutonomy => RiskTier::High,
    };
    if risk <= alone_up_to { Effect::Allow } else { Effect::RequireApproval }
}

fn tier_risk(case: &Case<'_>) -> Reason {
    let tier = case.facts.settings.tier_in(case.action.domain);
    let risk = case.risk.overall;
    let effect = matrix(tier, risk);
    let domain = case.action.domain;
    let text = match effect {
        Effect::Allow => format!("At tier {tier} in {domain} the twin may take {risk} risk alone."),
        Effect::RequireApproval => format!("At tier {tier} in {domain} the twin asks before taking {risk} risk."),
        Effect::Deny => format!("At tier {tier} in {domain} the twin only watches."),
    };
    reason(Rule::TierRisk, effect, text, json!({ "tier": tier, "risk": risk }))
}

fn action_limit(case: &Case<'_>) -> Option<Reason> {
    let autonomy = &case.facts.settings.autonomy;
    let ask = |text: String, numbers| Some(reason(Rule::ActionLimit, Effect::RequireApproval, text, numbers));
    let (cents, currency) = match case.action.cost {
        Cost::Free => return None,
        Cost::Unknown => {
            let numbers = json!({ "cost_cents": null, "limit_cents": autonomy.max_spend_per_action_cents });
            return ask("Nobody knows what this costs, so it counts as above every limit.".into(), numbers);
        }
        Cost::Known { cents, currency } => (cents, currency),
    };
    let cost = Money::new(cents, currency);
    if currency != autonomy.currency {
        let text = format!("It costs {cost}, and you have limits in {} only.", autonomy.currency);
        return ask(text, json!({ "cost_cents": cents, "currency": currency, "limits_currency": autonomy.currency }));
    }
    let Some(limit_cents) = autonomy.max_spend_per_action_cents else {
        return ask(
            format!("It costs {cost}, and you have set no limit per action."),
            json!({ "cost_cents": cents, "limit_cents": null }),
        );
    };
    let limit = Money::new(limit_cents, currency);
    let numbers = json!({ "cost_cents": cents, "limit_cents": limit_cents });
    if cents > limit_cents {
        ask(format!("It costs {cost}, above your limit of {limit} per action."), numbers)
    } else if i128::from(cents) * 100 >= i128::from(limit_cents) * NEAR_LIMIT_PERCENT {
        ask(format!("It costs {cost}, close to your limit of {limit} per action."), numbers)
    } else if autonomy.max_daily_spend_cents.is_none() {
        ask(
            format!("It costs {cost}, and you have set no daily limit."),
            json!({ "cost_cents": cents, "daily_limit_cents": null }),
        )
    } else {
        Some(reason(
            Rule::ActionLimit,
            Effect::Allow,
            format!("It costs {cost}, within your limit of {limit} per action."),
            numbers,
        ))
    }
}

fn daily_limit(case: &Case<'_>) -> Option<Reason> {
    let cost = case.action.cost.known()?;
    over_daily_limit(cost, case.facts).map(exceeded).or_else(|| {
        let limit_cents = case.facts.settings.autonomy.max_daily_spend_cents?;
        let spend = readable(case.facts).ok().filter(|spend| spend.currency == cost.currency)?;
        let text = format!(
            "With it {} of your daily {} are spent.",
            after(spend, cost),
            Money::new(limit_cents, cost.currency)
        );
        Some(reason(Rule::DailyLimit, Effect::Allow, text, daily_numbers(spend, cost, limit_cents)))
    })
}

/// Whether spending `cost` now would go above the daily limit (rule 6). For a cap on an unknown cost as well.
pub fn over_daily_limit(cost: Money, facts: &Facts) -> Option<Excess> {
    let limit_cents = facts.settings.autonomy.max_daily_spend_cents?;
    // What can't be read is denied by rule 12; another currency is asked about by rule 5.
    let spend = readable(facts).ok().filter(|spend| spend.currency == cost.currency)?;
    let fits = ledger::fits(spend.window_cents(), cost.cents, limit_cents) == Ok(true);
    (!fits).then_some(Excess { cost, limit_cents, spend })
}

/// The daily limit's objection, with the numbers.
pub fn exceeded(Excess { cost, limit_cents, spend }: Excess) -> Reason {
    let text = format!(
        "It costs {cost}, and {} of your daily {} are spent or reserved: only {} are left.",
        Money::new(spend.window_cents(), cost.currency),
        Money::new(limit_cents, cost.currency),
        Money::new(limit_cents.saturating_sub(spend.window_cents()).max(0), cost.currency),
    );
    reason(Rule::DailyLimit, Effect::RequireApproval, text, daily_numbers(spend, cost, limit_cents))
}

fn after(spend: SpendView, cost: Money) -> Money {
    Money::new(spend.window_cents().saturating_add(cost.cents), cost.currency)
}

fn daily_numbers(spend: SpendView, cost: Money, limit_cents: i64) -> Value {
    json!({
        "cost_cents": cost.cents,
        "limit_cents": limit_cents,
        "reserved_cents": spend.reserved_cents,
        "settled_cents": spend.settled_cents,
        "remaining_cents": limit_cents.saturating_sub(spend.window_cents()).max(0),
    })
}

fn irreversible(case: &Case<'_>) -> Option<Reason> {
    let asks = case.facts.settings.autonomy.require_approval_for_irreversible
        && risk::is_irreversible(case.action, case.context);
    asks.then(|| {
        reason(
            Rule::Irreversible,
            Effect::RequireApproval,
            "It counts as irreversible, and you want to be asked before that.",
            json!({}),
        )
    })
}

fn quiet_hours(case: &Case<'_>) -> Option<Reason> {
    let settings = &case.facts.settings;
    if case.context.urgency == Urgency::Critical {
        return None;
    }
    let until =
        settings.autonomy.quiet_hours.and_then(|hours| quiet::ends_at(hours, settings.timezone, case.facts.now))?;
    let text = format!("These are your quiet hours, until {}.", quiet::local(until, settings.timezone));
    Some(reason(Rule::QuietHours, Effect::RequireApproval, text, json!({ "until": until })))
}

fn triggers(case: &Case<'_>) -> Vec<Reason> {
    let domain = case.action.domain;
    let fired = case.facts.triggers.iter().filter(|trigger| trigger.enabled).filter_map(|trigger| {
        let (text, mut numbers) = match &trigger.when {
            When::AmountThreshold { threshold_cents } => {
                let (fires, cents) = match case.action.cost {
                    Cost::Free => (0 >= *threshold_cents, Some(0)),
                    Cost::Known { cents, currency } => {
                        (cents >= *threshold_cents || currency != case.facts.settings.autonomy.currency, Some(cents))
                    }
                    Cost::Unknown => (true, None),
                };
                fires.then(|| {
                    (
                        "You want to be asked from this amount on.".to_owned(),
                        json!({ "cost_cents": cents, "threshold_cents": threshold_cents }),
                    )
                })
            }
            When::RiskTierThreshold { min_risk_tier } => (case.risk.overall >= *min_risk_tier).then(|| {
                let numbers = json!({ "risk": case.risk.overall, "min_risk_tier": min_risk_tier });
                (format!("You want to be asked from {min_risk_tier} risk on."), numbers)
            }),
            When::LowConfidence { min_confidence } => (case.context.confidence < *min_confidence).then(|| {
                let numbers = json!({ "confidence": case.context.confidence, "min_confidence": min_confidence });
                (format!("You want to be asked when the twin is less than {min_confidence} sure."), numbers)
            }),
            When::NovelSituation => {
                let known = case.facts.preferences.iter().any(|preference| preference.domain == domain);
                (!known).then(|| {
                    (format!("Nothing is known yet of what you prefer in {domain}."), json!({ "preferences": 0 }))
                })
            }
            When::ConsecutiveRejections { count } => {
                let actual = case.facts.history.consecutive_rejections.get(&domain).copied().unwrap_or_default();
                (actual >= *count).then(|| {
                    (
                        format!("You said no {actual} times in a row in {domain}."),
                        json!({ "rejections": actual, "count": count }),
                    )
                })
            }
            When::Unreadable(_) => {
                Some(("One of your triggers can't be read, so you are asked.".to_owned(), json!({})))
            }
        }?;
        if let Some(numbers) = numbers.as_object_mut() {
            numbers.insert("trigger".into(), trigger.id.to_string().into());
        }
        Some(reason(Rule::Trigger, Effect::RequireApproval, text, numbers))
    });
    fired.collect()
}

fn inexperience(case: &Case<'_>) -> Option<Reason> {
    let domain = case.action.domain;
    let done = case.facts.history.executed.get(&domain).copied().unwrap_or_default();
    let vouched =
        case.context.stated_preference || (case.context.supported && catalogue::spec(case.action.verb).is_read_only());
    if done >= EXPERIENCED_AFTER || vouched {
        return None;
    }
    let text =
        format!("The twin has done {done} things in {domain} so far and asks for the first {EXPERIENCED_AFTER}.");
    Some(reason(
        Rule::Inexperience,
        Effect::RequireApproval,
        text,
        json!({ "executed": done, "needed": EXPERIENCED_AFTER }),
    ))
}

/// The spend, if it can be read and is in the currency of the limits it is held against.
fn readable(facts: &Facts) -> Result<SpendView, Unreadable> {
    facts
        .spend
        .and_then(|spend| if spend.currency == facts.settings.autonomy.currency { Ok(spend) } else { Err(Unreadable) })
}

fn unreadable(case: &Case<'_>) -> Option<Reason> {
    let text = "What was spent so far can't be read, so nothing runs.";
    readable(case.facts).is_err().then(|| reason(Rule::Unreadable, Effect::Deny, text, json!({})))
}

fn asks_owed(case: &Case<'_>) -> Option<Reason> {
    let owed = case.facts.history.asks_owed.get(&case.action.verb).copied().filter(|owed| *owed > 0)?;
    let text = format!("After your last word on this the twin asks {owed} more times.");
    Some(reason(Rule::AsksOwed, Effect::RequireApproval, text, json!({ "owed": owed })))
}
