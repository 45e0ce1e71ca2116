//! The shape of a scenario file, and how one scenario becomes a signal and facts.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use domain::{
    decision::Outcome,
    facts::Facts,
    id::{SignalId, UserId},
    ledger::SpendView,
    policy::{Policy, Trigger},
    risk::RiskTier,
    settings::{Autonomy, Settings},
    signal::{Domain, Object, Signal, Urgency},
    tier::{Confidence, TrustTier},
    time::Timestamp,
    twin::{History, Preference, Source},
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// A file of scenarios.
#[derive(Deserialize)]
pub struct File {
    /// The instant at which every scenario happens.
    pub clock: Timestamp,
    /// In the order of the file.
    pub scenarios: Vec<Scenario>,
}

/// One person, what they prefer, one signal, and what may come of it.
#[derive(Deserialize)]
pub struct Scenario {
    pub(super) id: String,
    pub(super) suite: String,
    pub(super) title: String,
    user: Person,
    #[serde(default)]
    preferences: Vec<Stated>,
    #[serde(default)]
    policies: Vec<Value>,
    #[serde(default)]
    triggers: Vec<Value>,
    signal: Incoming,
    pub(super) expect: Expect,
}

#[derive(Deserialize)]
struct Person {
    trust_tier: TrustTier,
    #[serde(default)]
    domain_tiers: BTreeMap<Domain, TrustTier>,
    timezone: Tz,
    autonomy: Autonomy,
    #[serde(default)]
    spent_today_cents: i64,
    /// Actions executed before, by domain; a scenario that says nothing starts without a record.
    #[serde(default)]
    executed: BTreeMap<Domain, u32>,
}

#[derive(Deserialize)]
struct Stated {
    domain: Domain,
    key: String,
    value: Value,
    confidence: Confidence,
    source: Source,
    #[serde(default)]
    evidence_count: u32,
}

#[derive(Deserialize)]
struct Incoming {
    external_id: Option<String>,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    occurred_at: Option<Timestamp>,
    #[serde(default)]
    urgency: Option<Urgency>,
    #[serde(default)]
    domain: Option<Domain>,
    payload: Object,
}

/// What a scenario allows.
#[derive(Deserialize)]
pub(super) struct Expect {
    pub(super) must_auto_execute: bool,
    pub(super) allowed_outcomes: Vec<Outcome>,
    #[serde(default)]
    pub(super) also_accepted: Vec<Outcome>,
    #[serde(default)]
    pub(super) action_type_any_of: Vec<String>,
    pub(super) max_risk_tier_of_chosen_action: Option<RiskTier>,
    pub(super) min_urgency: Option<Urgency>,
}

impl Scenario {
    /// The signal, and what is known of the person when it comes in. Ids derive from the place in the file, so that
    /// no rule can lean on a scenario's own id.
    pub fn parts(&self, index: usize, now: Timestamp) -> Result<(Signal, Facts), String> {
        let root: UserId = UserId::new(Uuid::nil()).child(&format!("scenario {index}"));
        let id: SignalId = root.child("signal");
        let incoming = &self.signal;
        let signal = Signal {
            id,
            user: root,
            source: incoming.source.clone(),
            kind: incoming.kind.clone(),
            external_id: incoming.external_id.clone(),
            occurred_at: incoming.occurred_at,
            received_at: now,
            urgency: incoming.urgency,
            domain: incoming.domain,
            payload: incoming.payload.clone(),
        };
        let person = &self.user;
        let settings = Settings {
            user: root,
            timezone: person.timezone,
            tier: person.trust_tier,
            domain_tiers: person.domain_tiers.clone(),
            autonomy: person.autonomy.clone(),
            stopped: false,
            revision: 1,
        };
        let preferences = self.preferences.iter().enumerate().map(|(number, stated)| Preference {
            id: root.child(&format!("preference {number}")),
            domain: stated.domain,
            key: stated.key.clone(),
            value: stated.value.clone(),
            confidence: stated.confidence,
            source: stated.source,
            evidence_count: stated.evidence_count,
        });
        let spend = SpendView {
            currency: person.autonomy.currency,
            reserved_cents: 0,
            settled_cents: person.spent_today_cents,
        };
        let facts = Facts {
            now,
            preferences: preferences.collect(),
            history: History { executed: person.executed.clone(), ..History::default() },
            policies: read::<Policy>(&self.policies, root, "policies")?,
            triggers: read::<Trigger>(&self.triggers, root, "triggers")?,
            spend: Ok(spend),
            settings,
        };
        Ok((signal, facts))
    }
}

/// Policies and triggers as a person writes them: an id and `enabled` are added where the file leaves them out.
fn read<T: serde::de::DeserializeOwned>(given: &[Value], root: UserId, what: &str) -> Result<Vec<T>, String> {
    let read = given.iter().enumerate().map(|(number, value)| {
        let mut value = value.clone();
        if let Some(object) = value.as_object_mut() {
            let id: UserId = root.child(&format!("{what} {number}"));
            object.insert("id".into(), Value::from(id.to_string()));
            object.entry("enabled").or_insert(Value::Bool(true));
        }
        serde_json::from_value(value).map_err(|error| format!("{what}[{number}]: {error}"))
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A whole scenario, to be damaged.
    fn good() -> String {
        let scenario = json!({
            "id": "s-1", "suite": "mail", "title": "A newsletter",
            "user": { "trust_tier": "moderate_autonomy", "timezone": "Europe/Berlin", "autonomy": {}, "spent_today_cents": 100 },
            "preferences": [{ "domain": "email", "key": "auto_archive", "value": true, "confidence": "high", "source": "explicit" }],
            "policies": [{ "name": "p", "priority": 1, "rules": [] }],
            "triggers": [{ "kind": "amount_threshold", "threshold_cents": 500 }],
            "signal": { "external_id": "e", "source": "gmail", "type": "email_received", "payload": { "subject": "News", "category": "newsletter" } },
            "expect": { "must_auto_execute": false, "allowed_outcomes": ["auto"], "max_risk_tier_of_chosen_action": null, "min_urgency": null },
        });
        scenario.to_string()
    }

    #[test]
    fn the_scenario_that_is_damaged_below_is_a_whole_one() {
        assert!(serde_json::from_str::<Scenario>(&good()).is_ok());
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn a_damaged_scenario_is_refused_or_decided(bytes in fuzz::spoilt(good()), index: usize) {
            let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
            if let Ok((signal, facts)) = serde_json::from_slice::<Scenario>(&bytes).map_err(|_| ()).and_then(|one| one.parts(index, now).map_err(|_| ())) {
                prop_assert_eq!(domain::decide::decide(&signal, &facts).decision.user, facts.settings.user);
            }
        }
    }
}
