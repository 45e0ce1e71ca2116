//! The fields of the twin's profile, as they are shown: what was found, how sure that is, and what it rests on.

use domain::{
    catalogue,
    money::Currency,
    policy,
    profile::{self, Found},
    risk,
    signal::Domain,
    tier::Confidence,
    time::Timestamp,
    twin,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::words;

/// What the person's answers add up to, each finding with its confidence and its provenance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Fields {
    /// What the person agrees to, by domain and risk.
    risk_tolerance: Vec<RiskTolerance>,
    /// What they agree to spend, by domain and currency.
    spend_norms: Vec<SpendNorm>,
    /// What they want done at the same hour of the same weekday, on three days or more.
    routines: Vec<Routine>,
    /// What becomes of what is written for them, by domain.
    communication_style: Vec<CommunicationStyle>,
    /// What they want done about whom.
    domain_heuristics: Vec<Heuristic>,
    /// When they answer; one or none.
    active_hours: Vec<ActiveHours>,
    /// What they are like in two domains at least.
    traits: Vec<HeldTrait>,
}

impl From<profile::Profile> for Fields {
    fn from(found: profile::Profile) -> Self {
        Self {
            risk_tolerance: all(found.risk_tolerance),
            spend_norms: all(found.spend_norms),
            routines: all(found.routines),
            communication_style: all(found.communication_style),
            domain_heuristics: all(found.domain_heuristics),
            active_hours: all(found.active_hours),
            traits: all(found.traits),
        }
    }
}

fn all<T, U: From<T>>(found: Vec<T>) -> Vec<U> {
    found.into_iter().map(U::from).collect()
}

/// How sure, and resting on what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Grounds {
    /// How sure the twin is; answers alone never make it confirmed.
    #[schema(value_type = words::Confidence)]
    confidence: Confidence,
    /// How much evidence supports it.
    count: u32,
    /// How much of all there is supports it, in hundredths.
    consistency_percent: u8,
    /// The oldest answer it rests on.
    #[schema(value_type = words::Instant)]
    since: Timestamp,
    /// The newest.
    #[schema(value_type = words::Instant)]
    until: Timestamp,
    /// The newest answers it rests on.
    answers: Vec<Uuid>,
}

impl From<profile::Grounds> for Grounds {
    fn from(grounds: profile::Grounds) -> Self {
        let profile::Grounds { confidence, count, consistency_percent, since, until, answers } = grounds;
        let answers = answers.into_iter().map(domain::id::Id::uuid).collect();
        Self { confidence, count, consistency_percent, since, until, answers }
    }
}

/// How often the person agrees in a domain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskTolerance {
    #[schema(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    /// By overall risk, ascending; tiers nobody was asked about are left out.
    by_risk: Vec<Tolerated>,
    #[serde(flatten)]
    grounds: Grounds,
}

/// How often something of that risk was agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tolerated {
    #[schema(value_type = words::RiskTier)]
    risk: risk::RiskTier,
    /// How many were agreed to.
    agreed: u32,
    /// How many were refused or taken back.
    refused: u32,
    /// The share agreed to, in hundredths.
    approval_percent: u8,
}

impl From<profile::Tolerated> for Tolerated {
    fn from(found: profile::Tolerated) -> Self {
        let profile::Tolerated { risk, agreed, refused, approval_percent } = found;
        Self { risk, agreed, refused, approval_percent }
    }
}

impl From<Found<profile::RiskTolerance>> for RiskTolerance {
    fn from(found: Found<profile::RiskTolerance>) -> Self {
        Self { domain: found.domain, by_risk: all(found.says.by_risk), grounds: found.grounds.into() }
    }
}

/// What the person agrees to spend in a domain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpendNorm {
    #[schema(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    #[schema(value_type = words::Currency)]
    currency: Currency,
    /// Half of what was agreed to cost no more than this.
    median_cents: i64,
    /// Nine in ten cost no more than this.
    p90_cents: i64,
    #[serde(flatten)]
    grounds: Grounds,
}

impl From<Found<profile::SpendNorm>> for SpendNorm {
    fn from(found: Found<profile::SpendNorm>) -> Self {
        let profile::SpendNorm { currency, median_cents, p90_cents } = found.says;
        Self { domain: found.domain, currency, median_cents, p90_cents, grounds: found.grounds.into() }
    }
}

/// Something the person wants done at that time of the week, on their own wall clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Routine {
    #[schema(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    #[schema(value_type = words::Verb)]
    verb: catalogue::Verb,
    #[schema(value_type = words::Weekday)]
    weekday: policy::Weekday,
    /// 0 to 23.
    hour: u32,
    #[serde(flatten)]
    grounds: Grounds,
}

impl From<Found<profile::Routine>> for Routine {
    fn from(found: Found<profile::Routine>) -> Self {
        let profile::Routine { verb, weekday, hour } = found.says;
        Self { domain: found.domain, verb, weekday, hour, grounds: found.grounds.into() }
    }
}

/// What becomes of what is written for the person in a domain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommunicationStyle {
    #[schema(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    /// Of the texts they were shown, how many went out as they were, in hundredths.
    unedited_percent: u8,
    /// How many they changed first.
    edited_percent: u8,
    /// How many they refused or took back.
    refused_percent: u8,
    /// How long the texts are they agree to, in characters: the median; null where no length is known.
    typical_letters: Option<u32>,
    #[serde(flatten)]
    grounds: Grounds,
}

impl From<Found<profile::CommunicationStyle>> for CommunicationStyle {
    fn from(found: Found<profile::CommunicationStyle>) -> Self {
        let profile::CommunicationStyle { unedited_percent, edited_percent, refused_percent, typical_letters } =
            found.says;
        let grounds = found.grounds.into();
        Self { domain: found.domain, unedited_percent, edited_percent, refused_percent, typical_letters, grounds }
    }
}

/// What the person wants done about what one sender or vendor sends.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Heuristic {
    #[schema(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    /// The sender or vendor, case-folded.
    who: String,
    #[schema(value_type = words::Verb)]
    verb: catalogue::Verb,
    #[serde(flatten)]
    grounds: Grounds,
}

impl From<Found<profile::Heuristic>> for Heuristic {
    fn from(found: Found<profile::Heuristic>) -> Self {
        let profile::Heuristic { who, verb } = found.says;
        Self { domain: found.domain, who, verb, grounds: found.grounds.into() }
    }
}

/// When the person answers, on their own wall clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActiveHours {
    /// Ascending.
    hours: Vec<Hour>,
    #[serde(flatten)]
    grounds: Grounds,
}

/// An hour in which the person answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hour {
    /// 0 to 23.
    hour: u32,
    /// On how many days.
    days: u32,
}

impl From<profile::Hour> for Hour {
    fn from(found: profile::Hour) -> Self {
        let profile::Hour { hour, days } = found;
        Self { hour, days }
    }
}

impl From<Found<profile::ActiveHours>> for ActiveHours {
    fn from(found: Found<profile::ActiveHours>) -> Self {
        Self { hours: all(found.says.hours), grounds: found.grounds.into() }
    }
}

/// What the person is like wherever one looks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldTrait {
    #[schema(value_type = words::Trait)]
    name: twin::Trait,
    /// The domains that agree.
    #[schema(value_type = Vec<words::Domain>)]
    domains: Vec<Domain>,
    #[serde(flatten)]
    grounds: Grounds,
}

impl From<Found<profile::HeldTrait>> for HeldTrait {
    fn from(found: Found<profile::HeldTrait>) -> Self {
        let profile::HeldTrait { name, domains } = found.says;
        Self { name, domains, grounds: found.grounds.into() }
    }
}
