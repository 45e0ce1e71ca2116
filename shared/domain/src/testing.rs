//! What the domain's own tests share: a signal and facts to start from.

use serde_json::Value;
use uuid::Uuid;

use crate::{
    facts::Facts,
    id::Id,
    ledger::SpendView,
    settings::{Autonomy, Settings},
    signal::{Domain, Signal},
    tier::{Confidence, TrustTier},
    time::Timestamp,
    twin::{History, Preference, Source},
};

/// The instant at which tests happen: a Monday noon.
pub(crate) fn now() -> Timestamp {
    "2026-03-30T12:00:00Z".parse().unwrap()
}

/// A signal of this source, type and payload, with an id of its source's.
#[expect(clippy::needless_pass_by_value, reason = "payloads are written where they are used")]
pub(crate) fn signal(source: &str, kind: &str, payload: Value) -> Signal {
    Signal {
        id: Id::new(Uuid::from_u128(1)),
        user: Id::new(Uuid::from_u128(2)),
        source: source.into(),
        kind: kind.into(),
        external_id: Some("ext-1".into()),
        occurred_at: None,
        received_at: now(),
        urgency: None,
        domain: None,
        payload: payload.as_object().unwrap().clone(),
    }
}

/// A person at `tier` with the usual limits, no history and nothing spent.
pub(crate) fn facts(tier: TrustTier) -> Facts {
    let autonomy = Autonomy {
        max_spend_per_action_cents: Some(10_000),
        max_daily_spend_cents: Some(50_000),
        ..Autonomy::default()
    };
    Facts {
        now: now(),
        settings: Settings {
            user: Id::new(Uuid::from_u128(2)),
            timezone: chrono_tz::UTC,
            tier,
            domain_tiers: std::collections::BTreeMap::new(),
            autonomy,
            stopped: false,
            revision: 1,
        },
        preferences: Vec::new(),
        history: History::default(),
        policies: Vec::new(),
        triggers: Vec::new(),
        spend: Ok(SpendView::default()),
    }
}

/// A preference as the person stated it.
pub(crate) fn stated(domain: Domain, key: &str, value: Value) -> Preference {
    prefers(domain, key, value, Confidence::High, Source::Explicit)
}

/// Any preference.
pub(crate) fn prefers(domain: Domain, key: &str, value: Value, confidence: Confidence, source: Source) -> Preference {
    let id = Id::new(Uuid::new_v5(&Uuid::from_u128(3), key.as_bytes()));
    Preference { id, domain, key: key.into(), value, confidence, source, evidence_count: 3 }
}
