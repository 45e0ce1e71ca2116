//! An action and how it was judged: cost, risk in six dimensions, the verdict with its reasons.

use domain::{
    action, catalogue,
    money::{Currency, Money},
    policy, risk,
    signal::{self, Object},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::words;

/// Something the twin could do, with everything needed to run it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Action {
    /// What.
    #[schema(value_type = words::Verb)]
    pub verb: catalogue::Verb,
    /// In which domain it counts.
    #[schema(value_type = words::Domain)]
    pub domain: signal::Domain,
    /// With what.
    #[schema(value_type = Object)]
    pub parameters: Object,
    /// For how much.
    pub cost: Cost,
}

impl From<action::Action> for Action {
    fn from(action: action::Action) -> Self {
        Self { verb: action.verb, domain: action.domain, parameters: action.parameters, cost: action.cost.into() }
    }
}

/// What an action costs the person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cost {
    /// Nothing.
    Free,
    /// This much.
    Known {
        /// Cents.
        cents: i64,
        /// Of which currency.
        #[schema(value_type = words::Currency)]
        currency: Currency,
    },
    /// Nobody knows; counts as above every limit.
    Unknown,
}

impl From<action::Cost> for Cost {
    fn from(cost: action::Cost) -> Self {
        match cost {
            action::Cost::Free => Self::Free,
            action::Cost::Known { cents, currency } => Self::Known { cents, currency },
            action::Cost::Unknown => Self::Unknown,
        }
    }
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
pub struct Amount {
    /// Cents.
    pub cents: i64,
    /// Of which currency.
    #[schema(value_type = words::Currency)]
    pub currency: Currency,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { cents: money.cents, currency: money.currency }
    }
}

/// How bad an action could be.
#[derive(Debug, Serialize, ToSchema)]
pub struct Risk {
    /// The tier that counts: the highest, or one more where several meet.
    #[schema(value_type = words::RiskTier)]
    pub overall: risk::RiskTier,
    /// One rating per dimension.
    pub ratings: Vec<Rating>,
}

/// One dimension of the risk.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rating {
    /// Which.
    #[schema(value_type = words::RiskDimension)]
    pub dimension: risk::Dimension,
    /// How bad.
    #[schema(value_type = words::RiskTier)]
    pub tier: risk::RiskTier,
    /// The same as a number from 0 to 1.
    pub score: f64,
    /// Why.
    pub reason: String,
}

impl From<risk::Risk> for Risk {
    fn from(risk: risk::Risk) -> Self {
        let rating = |rating: risk::Rating| Rating {
            dimension: rating.dimension,
            tier: rating.tier,
            score: f64::from(rating.score_hundredths) / 100.0,
            reason: rating.reason,
        };
        Self { overall: risk.overall, ratings: risk.ratings.into_iter().map(rating).collect() }
    }
}

/// The evaluator's word on an action.
#[derive(Debug, Serialize, ToSchema)]
pub struct Verdict {
    /// The most restrictive of all rules.
    #[schema(value_type = words::Effect)]
    pub effect: policy::Effect,
    /// Every rule that spoke.
    pub reasons: Vec<Reason>,
    /// Of the limits, tiers, policies and triggers that were in force.
    pub policy_hash: String,
    /// The settings' revision that was in force.
    pub revision: i64,
    /// When.
    #[schema(value_type = words::Instant)]
    pub at: Timestamp,
}

/// Why a rule said what it said.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reason {
    /// Which rule.
    #[schema(value_type = words::Rule)]
    pub rule: policy::Rule,
    /// What it demands.
    #[schema(value_type = words::Effect)]
    pub effect: policy::Effect,
    /// A sentence for the person.
    pub text: String,
    /// The numbers behind it.
    #[schema(value_type = Object)]
    pub numbers: Object,
}

impl From<policy::Reason> for Reason {
    fn from(reason: policy::Reason) -> Self {
        Self { rule: reason.rule, effect: reason.effect, text: reason.text, numbers: reason.numbers }
    }
}

impl From<policy::Verdict> for Verdict {
    fn from(verdict: policy::Verdict) -> Self {
        Self {
            effect: verdict.effect,
            reasons: verdict.reasons.into_iter().map(Reason::from).collect(),
            policy_hash: verdict.policy_hash.to_string(),
            revision: verdict.revision,
            at: verdict.at,
        }
    }
}
