//! What a person has set: tier, limits, domains, quiet hours. The evaluator reads it, `PUT /settings` writes it.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{
    id::UserId,
    money::Currency,
    signal::{Domain, Urgency},
    tier::{self, TrustTier},
};

/// Local wall-clock hours in which the twin keeps quiet: start inclusive, end exclusive, may wrap midnight (`domain.md` §12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// First quiet minute.
    #[serde(with = "clock_face")]
    pub start: NaiveTime,
    /// First minute that is no longer quiet.
    #[serde(with = "clock_face")]
    pub end: NaiveTime,
}

/// How long an approval stays open, in minutes, by urgency (`domain.md` §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalMinutes {
    /// Critical signals.
    pub critical: u32,
    /// High urgency.
    pub high: u32,
    /// Medium urgency.
    pub medium: u32,
    /// Low urgency.
    pub low: u32,
}

impl Default for ApprovalMinutes {
    fn default() -> Self {
        Self { critical: 15, high: 60, medium: 60, low: 24 * 60 }
    }
}

impl ApprovalMinutes {
    /// The life of an approval of this urgency, in minutes.
    pub const fn of(&self, urgency: Urgency) -> u32 {
        match urgency {
            Urgency::Critical => self.critical,
            Urgency::High => self.high,
            Urgency::Medium => self.medium,
            Urgency::Low => self.low,
        }
    }
}

/// The person's limits on the twin (`domain.md` §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Autonomy {
    /// Most one action may cost, in cents; none configured means every cost is asked about.
    pub max_spend_per_action_cents: Option<i64>,
    /// Most that may be spent within 24 h, in cents.
    pub max_daily_spend_cents: Option<i64>,
    /// The currency of both limits.
    pub currency: Currency,
    /// If not empty, only these domains are allowed.
    pub allowed_domains: Vec<Domain>,
    /// Never act in these.
    pub blocked_domains: Vec<Domain>,
    /// Ask before anything irreversible.
    pub require_approval_for_irreversible: bool,
    /// When to keep quiet.
    pub quiet_hours: Option<QuietHours>,
    /// How long approvals stay open.
    pub approval_minutes: ApprovalMinutes,
}

impl Default for Autonomy {
    fn default() -> Self {
        Self {
            max_spend_per_action_cents: None,
            max_daily_spend_cents: None,
            currency: Currency::USD,
            allowed_domains: Vec::new(),
            blocked_domains: Vec::new(),
            require_approval_for_irreversible: true,
            quiet_hours: None,
            approval_minutes: ApprovalMinutes::default(),
        }
    }
}

/// A person, as far as deciding needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who.
    pub user: UserId,
    /// The zone of their wall clock.
    pub timezone: Tz,
    /// The overall tier. New users start at observer.
    pub tier: TrustTier,
    /// Tiers of single domains.
    pub domain_tiers: BTreeMap<Domain, TrustTier>,
    /// The limits.
    pub autonomy: Autonomy,
    /// The stop switch of this user or of the whole system is on.
    pub stopped: bool,
    /// Grows with every change of tier, limits, policies or triggers; recorded in every permit.
    pub revision: i64,
}

impl Settings {
    /// The tier that counts in `domain`.
    pub fn tier_in(&self, domain: Domain) -> TrustTier {
        tier::effective(self.tier, self.domain_tiers.get(&domain).copied())
    }
}

/// `HH:MM` on the wire.
mod clock_face {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over by reference")]
    pub(super) fn serialize<S: Serializer>(time: &NaiveTime, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&time.format("%H:%M"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<NaiveTime, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        NaiveTime::parse_from_str(&text, "%H:%M")
            .map_err(|_| serde::de::Error::custom(format!("`{text}` is no time of day; write HH:MM")))
    }
}
