//! The policies a person writes: a condition, an effect and a reason each (`domain.md` §7; rule 9 of §6).
//!
//! Invariant: a policy only ever tightens. Its `allow` is recorded and loosens nothing; a deny wins whatever the
//! priority; a rule that can't be read asks.

use serde::{Deserialize, Serialize};

use super::{Case, Effect, Reason, Rule, condition::Condition};
use crate::{
    catalogue::Invalid,
    id::PolicyId,
    signal::{Domain, Object},
};

/// Most rules one policy may have.
const MAX_RULES: usize = 32;

/// A policy the person wrote (`domain.md` §7). The shell loads the owner's own and nobody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    /// What it is for, in the person's words.
    #[serde(default)]
    pub description: String,
    /// Only in this domain, if set.
    #[serde(default)]
    pub domain: Option<Domain>,
    /// Higher is listed first; a deny wins whatever the priority.
    #[serde(default)]
    pub priority: i32,
    /// Off means not applied.
    pub enabled: bool,
    /// What it demands, and when.
    #[serde(default)]
    pub rules: Vec<OwnRule>,
}

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRule {
    /// When it applies.
    pub when: Condition,
    /// What it demands then.
    pub effect: Effect,
    /// Why, in the person's words; quoted where it applies.
    pub reason: String,
}

impl OwnRule {
    /// Reads the rules a person writes; every fault with its JSON pointer, below `/rules`.
    pub fn parse_all(given: &serde_json::Value) -> Result<Vec<Self>, Vec<Invalid>> {
        let fault = |path: String, reason: &str| Invalid { path, reason: reason.to_owned() };
        let Some(list) = given.as_array().filter(|list| !list.is_empty()) else {
            return Err(vec![fault("/rules".into(), "give a list of at least one rule")]);
        };
        if list.len() > MAX_RULES {
            return Err(vec![fault("/rules".into(), "a policy has at most 32 rules; write another policy")]);
        }
        let mut faults = Vec::new();
        let mut rules = Vec::new();
        for (index, rule) in list.iter().enumerate() {
            let at = format!("/rules/{index}");
            let Some(rule) = rule.as_object() else {
                faults.push(fault(at, "a rule is an object with `when`, `effect` and `reason`"));
                continue;
            };
            for key in rule.keys().filter(|key| !["when", "effect", "reason"].contains(&key.as_str())) {
                faults.push(fault(format!("{at}/{key}"), "a rule has only `when`, `effect` and `reason`"));
            }
            let effect = rule.get("effect").and_then(serde_json::Value::as_str).unwrap_or_default().parse::<Effect>();
            let reason = rule
                .get("reason")
                .and_then(serde_json::Value::as_str)
                .filter(|words| !words.trim().is_empty() && words.len() <= 500);
            if let Err(unknown) = &effect {
                faults.push(fault(format!("{at}/effect"), &unknown.to_string()));
            }
            if reason.is_none() {
                faults.push(fault(format!("{at}/reason"), "say why, in at most 500 bytes"));
            }
            match Condition::parse(rule.get("when").unwrap_or(&serde_json::Value::Null), &format!("{at}/when")) {
                Ok(when) => {
                    if let (Ok(effect), Some(reason)) = (effect, reason) {
                        rules.push(Self { when, effect, reason: reason.to_owned() });
                    }
                }
                Err(more) => faults.extend(more),
            }
        }
        if faults.is_empty() { Ok(rules) } else { Err(faults) }
    }
}

/// Rule 9: what the person's policies say, highest priority first.
pub(super) fn reasons(case: &Case<'_>) -> Vec<Reason> {
    let mut policies: Vec<_> = case
        .facts
        .policies
        .iter()
        .filter(|policy| policy.enabled && policy.domain.is_none_or(|domain| domain == case.action.domain))
        .collect();
    policies.sort_by_key(|policy| (std::cmp::Reverse(policy.priority), policy.id));
    policies
        .into_iter()
        .flat_map(|policy| policy.rules.iter().filter_map(move |rule| reason(policy, rule, case)))
        .collect()
}

fn reason(policy: &Policy, rule: &OwnRule, case: &Case<'_>) -> Option<Reason> {
    let applies = rule.when.applies(case);
    let (effect, text) = if rule.when.is_readable() {
        (applies.then_some(rule.effect)?, format!("Your policy “{}”: {}", policy.name, rule.reason))
    } else {
        let effect = if applies { rule.effect.max(Effect::RequireApproval) } else { Effect::RequireApproval };
        (effect, format!("Your policy “{}” has a rule that can't be read, so you are asked.", policy.name))
    };
    let mut numbers = Object::new();
    numbers.insert("policy".into(), policy.id.to_string().into());
    numbers.insert("priority".into(), policy.priority.into());
    Some(Reason { rule: Rule::OwnPolicy, effect, text, numbers })
}
