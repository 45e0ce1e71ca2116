//! Escalation triggers: thresholds the person sets beyond which the twin asks (`domain.md` §6 rule 10).
//!
//! Invariant: a stored trigger that can't be read fires. Strict where it is written ([`When::parse`]), safe where it is read.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{catalogue::Invalid, id::TriggerId, risk::RiskTier, signal::Object, tier::Confidence, wire::UnknownWord};

/// An escalation trigger of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its id.
    pub id: TriggerId,
    /// Off means not applied.
    pub enabled: bool,
    /// What makes it fire.
    #[serde(flatten)]
    pub when: When,
}

/// What makes a trigger fire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum When {
    /// The action costs at least this, or nobody knows what it costs.
    AmountThreshold {
        /// Cents of the limits' currency.
        threshold_cents: i64,
    },
    /// The overall risk is at least this.
    RiskTierThreshold {
        /// The tier.
        min_risk_tier: RiskTier,
    },
    /// The twin is less sure than this.
    LowConfidence {
        /// The least confidence that does not fire.
        min_confidence: Confidence,
    },
    /// No preference is known in the action's domain.
    NovelSituation,
    /// At least so many rejections in a row in the action's domain.
    ConsecutiveRejections {
        /// How many.
        count: u32,
    },
    /// Stored by another release or damaged: fires always.
    #[serde(untagged)]
    Unreadable(Object),
}

impl When {
    /// The kinds that can be written.
    pub const KINDS: &'static [&'static str] =
        &["amount_threshold", "risk_tier_threshold", "low_confidence", "novel_situation", "consecutive_rejections"];

    /// Reads what a person writes; every fault with its JSON pointer.
    pub fn parse(given: &Object) -> Result<Self, Vec<Invalid>> {
        let kind = given.get("kind").or_else(|| given.get("type")).and_then(Value::as_str).unwrap_or_default();
        let allowed: &[&str] = match kind {
            "amount_threshold" => &["threshold_cents", "thresholdCents"],
            "risk_tier_threshold" => &["min_risk_tier", "minRiskTier"],
            "low_confidence" => &["min_confidence", "minConfidence"],
            "novel_situation" => &[],
            "consecutive_rejections" => &["count"],
            other => {
                return Err(vec![fault(
                    "/kind",
                    format!("`{other}` is no kind of trigger; use one of: {}", Self::KINDS.join(", ")),
                )]);
            }
        };
        let unknown: Vec<_> = given
            .keys()
            .filter(|key| {
                !["kind", "type", "id", "enabled"].contains(&key.as_str()) && !allowed.contains(&key.as_str())
            })
            .map(|key| fault(&format!("/{key}"), format!("a trigger of kind {kind} has no such field")))
            .collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let found = allowed.iter().find_map(|key| given.get(*key));
        let path = format!("/{}", allowed.first().copied().unwrap_or("kind"));
        match kind {
            "amount_threshold" => {
                let cents = found.and_then(Value::as_i64).filter(|cents| *cents > 0);
                cents
                    .map(|threshold_cents| Self::AmountThreshold { threshold_cents })
                    .ok_or("give a whole number of cents above 0".to_owned())
            }
            "risk_tier_threshold" => word(found).map(|min_risk_tier| Self::RiskTierThreshold { min_risk_tier }),
            "low_confidence" => word(found).map(|min_confidence| Self::LowConfidence { min_confidence }),
            "consecutive_rejections" => {
                let count = found
                    .and_then(Value::as_u64)
                    .and_then(|count| u32::try_from(count).ok())
                    .filter(|count| *count > 0);
                count.map(|count| Self::ConsecutiveRejections { count }).ok_or("give a whole number above 0".to_owned())
            }
            _ => Ok(Self::NovelSituation),
        }
        .map_err(|reason| vec![fault(&path, reason)])
    }

    /// Reads what is stored: never fails, what can't be read fires.
    pub fn stored(given: Object) -> Self {
        Self::parse(&given).unwrap_or(Self::Unreadable(given))
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Object::deserialize(d).map(Self::stored)
    }
}

fn word<T: std::str::FromStr<Err = UnknownWord>>(found: Option<&Value>) -> Result<T, String> {
    let text = found.and_then(Value::as_str).unwrap_or_default();
    text.parse().map_err(|unknown: UnknownWord| unknown.to_string())
}

fn fault(path: &str, reason: String) -> Invalid {
    Invalid { path: path.to_owned(), reason }
}
