//! Conditions: a typed tree of all/any/not over comparisons on a closed set of fields (`domain.md` §7).
//!
//! Invariant: what [`Condition::parse`] takes is fully typed, at most [`MAX_DEPTH`] deep and [`MAX_NODES`] large, so that
//! evaluating it can't fail. What was stored and can't be read any more is kept as it is and makes its rule ask.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::Case;
use crate::{
    catalogue::{Invalid, Verb},
    flags::Flag,
    risk::{Dimension, RiskTier},
    signal::{Domain, Urgency},
    tier::{Confidence, TrustTier},
    wire::wire_enum,
};

mod facts;
mod reader;

/// Deepest a condition may nest (`domain.md` §7).
pub const MAX_DEPTH: usize = 8;
/// Most nodes a condition may have (`domain.md` §7).
pub const MAX_NODES: usize = 64;

wire_enum! {
    /// What can be compared.
    Field, "field" {
        Verb = "verb", Domain = "domain", CostCents = "cost_cents", Reversible = "reversible", Risk = "risk",
        Reversibility = "risk.reversibility", FinancialImpact = "risk.financial_impact",
        LegalSensitivity = "risk.legal_sensitivity", PrivacySensitivity = "risk.privacy_sensitivity",
        RelationshipSensitivity = "risk.relationship_sensitivity", OperationalRisk = "risk.operational_risk",
        Tier = "tier", Confidence = "confidence", Urgency = "urgency", Flags = "flags", Sender = "sender",
        LocalHour = "local_hour", Weekday = "weekday",
    }
}

wire_enum! {
    /// How it is compared.
    Op, "operator" {
        Eq = "eq", Neq = "neq", Gt = "gt", Gte = "gte", Lt = "lt", Lte = "lte", In = "in", NotIn = "not_in",
        Contains = "contains",
    }
}

wire_enum! {
    /// Days of the week, in the person's zone.
    Weekday, "weekday" {
        Monday = "monday", Tuesday = "tuesday", Wednesday = "wednesday", Thursday = "thursday", Friday = "friday",
        Saturday = "saturday", Sunday = "sunday",
    }
}

impl From<chrono::Weekday> for Weekday {
    fn from(day: chrono::Weekday) -> Self {
        match day {
            chrono::Weekday::Mon => Self::Monday,
            chrono::Weekday::Tue => Self::Tuesday,
            chrono::Weekday::Wed => Self::Wednesday,
            chrono::Weekday::Thu => Self::Thursday,
            chrono::Weekday::Fri => Self::Friday,
            chrono::Weekday::Sat => Self::Saturday,
            chrono::Weekday::Sun => Self::Sunday,
        }
    }
}

/// A value of a field, typed. Only values of the same field are ever compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Word {
    /// A verb of the catalogue.
    Verb(Verb),
    /// A domain.
    Domain(Domain),
    /// Cents, or an hour.
    Number(i64),
    /// More than every number: a cost nobody knows (`domain.md` §1 law 5).
    Unknown,
    /// Yes or no.
    Truth(bool),
    /// A risk tier.
    Risk(RiskTier),
    /// A trust tier.
    Tier(TrustTier),
    /// How sure.
    Confidence(Confidence),
    /// How soon.
    Urgency(Urgency),
    /// A flag.
    Flag(Flag),
    /// Text, case-folded.
    Text(String),
    /// A day.
    Weekday(Weekday),
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Operand {
    /// One value.
    One(Word),
    /// A set, never empty.
    Many(Vec<Word>),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Of what.
    pub field: Field,
    /// How.
    pub op: Op,
    /// With what.
    pub value: Operand,
}

/// When a rule applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Every one holds.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A field compares so.
    Compare(Comparison),
    /// Stored by another release or damaged.
    Unreadable(Value),
}

wire_enum! {
    /// What a field is compared with.
    Type, "type of field" {
        Verb = "verb", Domain = "domain", Cents = "cents", Hour = "hour", Truth = "truth", Risk = "risk", Tier = "tier",
        Confidence = "confidence", Urgency = "urgency", Flag = "flag", Text = "text", Weekday = "weekday",
    }
}

impl Type {
    /// Every word there is, where they are a closed list.
    pub fn words(self) -> Option<Vec<&'static str>> {
        macro_rules! all {
            ($name:ty) => {
                Some(<$name>::ALL.iter().map(|word| word.as_str()).collect())
            };
        }
        match self {
            Self::Verb => all!(Verb),
            Self::Domain => all!(Domain),
            Self::Risk => all!(RiskTier),
            Self::Tier => all!(TrustTier),
            Self::Confidence => all!(Confidence),
            Self::Urgency => all!(Urgency),
            Self::Flag => all!(Flag),
            Self::Weekday => all!(Weekday),
            Self::Cents | Self::Hour | Self::Truth | Self::Text => None,
        }
    }
}

impl Field {
    /// What it is compared with.
    pub const fn takes(self) -> Type {
        match self {
            Self::Verb => Type::Verb,
            Self::Domain => Type::Domain,
            Self::CostCents => Type::Cents,
            Self::LocalHour => Type::Hour,
            Self::Reversible => Type::Truth,
            Self::Risk
            | Self::Reversibility
            | Self::FinancialImpact
            | Self::LegalSensitivity
            | Self::PrivacySensitivity
            | Self::RelationshipSensitivity
            | Self::OperationalRisk => Type::Risk,
            Self::Tier => Type::Tier,
            Self::Confidence => Type::Confidence,
            Self::Urgency => Type::Urgency,
            Self::Flags => Type::Flag,
            Self::Sender => Type::Text,
            Self::Weekday => Type::Weekday,
        }
    }

    /// The risk dimension a field reads, if it reads one.
    const fn dimension(self) -> Option<Dimension> {
        match self {
            Self::Reversibility => Some(Dimension::Reversibility),
            Self::FinancialImpact => Some(Dimension::FinancialImpact),
            Self::LegalSensitivity => Some(Dimension::LegalSensitivity),
            Self::PrivacySensitivity => Some(Dimension::PrivacySensitivity),
            Self::RelationshipSensitivity => Some(Dimension::RelationshipSensitivity),
            Self::OperationalRisk => Some(Dimension::OperationalRisk),
            Self::Verb
            | Self::Domain
            | Self::CostCents
            | Self::Reversible
            | Self::Risk
            | Self::Tier
            | Self::Confidence
            | Self::Urgency
            | Self::Flags
            | Self::Sender
            | Self::LocalHour
            | Self::Weekday => None,
        }
    }

    /// The operators a field knows.
    pub const fn operators(self) -> &'static [Op] {
        match self.takes() {
            Type::Cents | Type::Hour | Type::Risk | Type::Tier | Type::Confidence | Type::Urgency => {
                &[Op::Eq, Op::Neq, Op::Gt, Op::Gte, Op::Lt, Op::Lte, Op::In, Op::NotIn]
            }
            Type::Verb | Type::Domain | Type::Weekday => &[Op::Eq, Op::Neq, Op::In, Op::NotIn],
            Type::Truth => &[Op::Eq, Op::Neq],
            Type::Flag => &[Op::Contains],
            Type::Text => &[Op::Eq, Op::Neq, Op::In, Op::NotIn, Op::Contains],
        }
    }
}

impl Condition {
    /// Reads what a person writes; every fault with its JSON pointer, below `at`.
    pub fn parse(given: &Value, at: &str) -> Result<Self, Vec<Invalid>> {
        let (condition, faults) = reader::read(given, at);
        if faults.is_empty() { Ok(condition) } else { Err(faults) }
    }

    /// Reads what is stored: never fails, the parts that can't be read are kept as they are.
    pub fn stored(given: &Value) -> Self {
        reader::read(given, "").0
    }

    /// Every part of it is understood.
    pub fn is_readable(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::is_readable),
            Self::Not(part) => part.is_readable(),
            Self::Compare(_) => true,
            Self::Unreadable(_) => false,
        }
    }

    /// Whether it holds. An unreadable part counts as not holding; its rule asks whatever this says.
    pub(super) fn applies(&self, case: &Case<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.applies(case)),
            Self::Any(parts) => parts.iter().any(|part| part.applies(case)),
            Self::Not(part) => !part.applies(case),
            Self::Compare(comparison) => comparison.holds(case),
            Self::Unreadable(_) => false,
        }
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All(parts) => json!({ "all": parts }).serialize(s),
            Self::Any(parts) => json!({ "any": parts }).serialize(s),
            Self::Not(part) => json!({ "not": part }).serialize(s),
            Self::Compare(comparison) => comparison.serialize(s),
            Self::Unreadable(value) => value.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Value::deserialize(d).map(|value| Self::stored(&value))
    }
}
