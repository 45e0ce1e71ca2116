//! The verdict: one pure evaluator of all rules; the most restrictive wins and nothing short-circuits a deny (`domain.md` §6).
//!
//! Witness: only [`review`] makes a [`Permit`], and nothing is planned without one. The built-in rules stand in
//! `rules.rs` and `never.rs`; what the person adds stands in `own.rs`, `condition.rs` and `trigger.rs`.

mod condition;
mod never;
mod own;
mod replay;
mod rules;
mod trigger;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use condition::{
    Comparison, Condition, Field, MAX_DEPTH, MAX_NODES, Op, Operand, Type as FieldType, Weekday, Word,
};
pub use own::{OwnRule, Policy};
pub use replay::{Replay, replay};
pub use rules::{BUILT_IN, BuiltIn, EXPERIENCED_AFTER, exceeded, over_daily_limit};
pub use trigger::{Trigger, When};

use crate::{
    action::Action,
    digest::Digest,
    facts::{Context, Facts},
    money::Currency,
    risk::Risk,
    signal::Object,
    time::Timestamp,
    wire::wire_enum,
};

wire_enum! {
    /// What a rule or a verdict says. Ordered: the greatest wins.
    Effect, "effect" { Allow = "allow", RequireApproval = "require_approval", Deny = "deny" }
}

wire_enum! {
    /// The rules of `domain.md` §6, by number.
    Rule, "rule" {
        Stop = "stop", BlockedDomain = "blocked_domain", NeverAlone = "never_without_approval", TierRisk = "tier_risk",
        ActionLimit = "action_limit", DailyLimit = "daily_limit", Irreversible = "irreversible", QuietHours = "quiet_hours",
        OwnPolicy = "own_policy", Trigger = "trigger", Inexperience = "inexperience", Unreadable = "unreadable",
        AsksOwed = "asks_owed",
    }
}

impl Rule {
    /// Its number in the table of `domain.md` §6; the asks a punishment left behind (§11) stand after it as 13.
    pub const fn number(self) -> u8 {
        match self {
            Self::Stop => 1,
            Self::BlockedDomain => 2,
            Self::NeverAlone => 3,
            Self::TierRisk => 4,
            Self::ActionLimit => 5,
            Self::DailyLimit => 6,
            Self::Irreversible => 7,
            Self::QuietHours => 8,
            Self::OwnPolicy => 9,
            Self::Trigger => 10,
            Self::Inexperience => 11,
            Self::Unreadable => 12,
            Self::AsksOwed => 13,
        }
    }
}

/// Why a rule said what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which rule.
    pub rule: Rule,
    /// What it demands.
    pub effect: Effect,
    /// A sentence for the person.
    pub text: String,
    /// The numbers behind it, in cents, counts or tiers.
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    pub numbers: Object,
}

/// The evaluator's word on exactly one action at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The most restrictive of all rules.
    pub effect: Effect,
    /// Every rule that spoke, in the order of the table. Reasons with effect allow say what was found in order.
    pub reasons: Vec<Reason>,
    /// SHA-256 over the limits, tiers, policies and triggers that were in force.
    pub policy_hash: Digest,
    /// The settings' revision that was in force.
    pub revision: i64,
    /// When.
    pub at: Timestamp,
}

impl Verdict {
    /// The reason with which `rule` asks for approval, if it does.
    pub fn asking(&self, rule: Rule) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.rule == rule && reason.effect == Effect::RequireApproval)
    }

    /// The reasons that made the verdict what it is: those with its effect.
    pub fn deciding(&self) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(|reason| reason.effect == self.effect)
    }
}

/// Witness that an action was reviewed and not denied. Only [`review`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    digest: Digest,
    policy_hash: Digest,
    revision: i64,
    needs_consent: bool,
    currency: Currency,
    moment: Moment,
}

impl Permit {
    /// Of the action that was reviewed.
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Of the limits, tiers, policies and triggers it was reviewed under.
    pub const fn policy_hash(&self) -> &Digest {
        &self.policy_hash
    }

    /// The settings' revision it was reviewed under.
    pub const fn revision(&self) -> i64 {
        self.revision
    }

    /// Policy asks for the person's consent.
    pub const fn needs_consent(&self) -> bool {
        self.needs_consent
    }

    /// At which point it was reviewed.
    pub const fn moment(&self) -> Moment {
        self.moment
    }

    /// The currency of the limits it was reviewed under.
    pub const fn currency(&self) -> Currency {
        self.currency
    }
}

/// At which point an action is reviewed. The rules are the same at every point but [`Moment::Undo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The twin decides.
    Decide,
    /// The person answers: the caller takes their consent as the answer to what is asked here.
    Approve,
    /// A worker is about to send.
    Dispatch,
    /// The person takes something back: only rules 1 and 12 can stop it, what the others say is recorded as allowed.
    Undo,
}

/// The evaluator's word, and the permit unless it is deny.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// In full.
    pub verdict: Verdict,
    /// The witness; none when denied.
    pub permit: Option<Permit>,
}

/// Everything a rule may look at.
struct Case<'a> {
    action: &'a Action,
    risk: &'a Risk,
    context: &'a Context,
    facts: &'a Facts,
}

/// Reviews exactly this action over these facts: every rule speaks, the most restrictive wins.
pub fn review(action: &Action, risk: &Risk, context: &Context, facts: &Facts, moment: Moment) -> Review {
    let case = Case { action, risk, context, facts };
    let mut reasons = rules::all(&case);
    if moment == Moment::Undo {
        reasons.iter_mut().for_each(record_only);
    }
    // Stable: within a rule the reasons keep the order in which the rule gave them.
    reasons.sort_by_key(|reason| reason.rule.number());
    let effect = reasons.iter().map(|reason| reason.effect).max().unwrap_or(Effect::Allow);
    let policy_hash = policy_hash(facts);
    let permit = (effect != Effect::Deny).then(|| Permit {
        digest: action.digest(),
        policy_hash: policy_hash.clone(),
        revision: facts.settings.revision,
        needs_consent: effect == Effect::RequireApproval,
        currency: facts.settings.autonomy.currency,
        moment,
    });
    let verdict = Verdict { effect, reasons, policy_hash, revision: facts.settings.revision, at: facts.now };
    Review { verdict, permit }
}

/// An undo is the person's command (`domain.md` §6): what does not stop it is kept for the record.
fn record_only(reason: &mut Reason) {
    if !matches!(reason.rule, Rule::Stop | Rule::Unreadable) && reason.effect != Effect::Allow {
        reason.numbers.insert("otherwise".into(), reason.effect.as_str().into());
        reason.effect = Effect::Allow;
    }
}

/// SHA-256 over everything of the person's making that a verdict depends on: limits, tiers, zone, policies, triggers.
/// What is switched off and the order in which rows were loaded do not count.
pub fn policy_hash(facts: &Facts) -> Digest {
    let settings = &facts.settings;
    let mut policies: Vec<_> = facts.policies.iter().filter(|policy| policy.enabled).collect();
    policies.sort_by_key(|policy| policy.id);
    let mut triggers: Vec<_> = facts.triggers.iter().filter(|trigger| trigger.enabled).collect();
    triggers.sort_by_key(|trigger| trigger.id);
    let timezone = settings.timezone.name();
    Digest::of(&(&settings.autonomy, settings.tier, &settings.domain_tiers, timezone, policies, triggers))
}
