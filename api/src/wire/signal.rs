//! A signal as it is given, and as it is shown.

use domain::{
    id::{SignalId, UserId},
    signal::{self, Domain, Object, Urgency},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::signals::{self, Identity, SignalRow};
use utoipa::ToSchema;
use uuid::Uuid;

use super::words;
use crate::{check::Checks, problem::Problem};

/// Longest source and type, in characters.
const LONGEST_WORD: usize = 200;
/// Longest id of a source's own, in characters.
const LONGEST_ID: usize = 512;

/// What happened. Whose it is comes from the token; tier, risk and cost can't be said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSignal {
    /// Where it comes from, such as `gmail` or `billing`.
    #[schema(example = "gmail", min_length = 1, max_length = 200)]
    source: String,
    /// What it is there, such as `email_received`.
    #[serde(rename = "type")]
    #[schema(example = "email_received", min_length = 1, max_length = 200)]
    kind: String,
    /// The source's own id of it: the same id is the same signal. Without it the Idempotency-Key says what is the
    /// same, and without both the content, within 24 h.
    external_id: Option<String>,
    /// When it happened.
    #[schema(value_type = Option<words::Instant>)]
    occurred_at: Option<Timestamp>,
    /// How soon.
    #[schema(value_type = Option<words::Urgency>)]
    urgency: Option<Urgency>,
    /// Which part of life.
    #[schema(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    /// Everything else, as the source has it.
    #[serde(default)]
    #[schema(value_type = Object)]
    payload: Object,
}

impl NewSignal {
    /// Checks what no type can.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let mut checks = Checks::default();
        checks.text(&self.source, "/source", LONGEST_WORD);
        checks.text(&self.kind, "/type", LONGEST_WORD);
        if let Some(id) = &self.external_id {
            checks.text(id, "/external_id", LONGEST_ID);
        }
        checks.done()
    }

    /// What makes it the same signal as another (`domain.md` §3). Keys of two callers never meet.
    pub(crate) fn identity(&self, key: Option<&str>) -> Identity {
        match (&self.external_id, key) {
            (Some(id), _) => Identity::External(id.clone()),
            (None, Some(key)) => Identity::Key(key.to_owned()),
            (None, None) => Identity::Content,
        }
    }

    /// As the domain has it.
    pub(crate) fn signal(self, id: SignalId, user: UserId, now: Timestamp) -> signal::Signal {
        signal::Signal {
            id,
            user,
            source: self.source,
            kind: self.kind,
            external_id: self.external_id,
            occurred_at: self.occurred_at,
            received_at: now,
            urgency: self.urgency,
            domain: self.domain,
            payload: self.payload,
        }
    }
}

/// A signal, as it was taken, and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Signal {
    id: Uuid,
    /// Where it comes from.
    source: String,
    /// What it is there.
    #[serde(rename = "type")]
    kind: String,
    /// The source's own id of it.
    external_id: Option<String>,
    /// When it happened, by the source's account.
    #[schema(value_type = Option<words::Instant>)]
    occurred_at: Option<Timestamp>,
    /// When it was taken.
    #[schema(value_type = words::Instant)]
    received_at: Timestamp,
    #[schema(value_type = Option<words::Urgency>)]
    urgency: Option<Urgency>,
    #[schema(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    #[schema(value_type = Object)]
    payload: Object,
    /// Where it stands.
    state: Standing,
    /// Why it could not be decided, if so.
    dead_reason: Option<String>,
    /// What came of it.
    decision: Option<Uuid>,
}

/// Where a signal stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// To be decided.
    Accepted,
    /// Decided.
    Decided,
    /// Could not be decided; the operator can try again.
    Dead,
}

impl From<SignalRow> for Signal {
    fn from(row: SignalRow) -> Self {
        let (state, dead_reason) = match row.state {
            signals::State::Accepted => (Standing::Accepted, None),
            signals::State::Decided => (Standing::Decided, None),
            signals::State::Dead { reason } => (Standing::Dead, Some(reason)),
        };
        let signal = row.signal;
        Self {
            id: signal.id.uuid(),
            source: signal.source,
            kind: signal.kind,
            external_id: signal.external_id,
            occurred_at: signal.occurred_at,
            received_at: signal.received_at,
            urgency: signal.urgency,
            domain: signal.domain,
            payload: signal.payload,
            state,
            dead_reason,
            decision: row.decision.map(domain::id::Id::uuid),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::body;

    const KNOWN: [&str; 7] = ["source", "type", "external_id", "occurred_at", "urgency", "domain", "payload"];

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn a_signal_has_the_members_it_may_have_and_no_other(
            more in fuzz::object_of(&[
                "source", "type", "external_id", "occurred_at", "urgency", "domain", "payload", "user", "tier", "risk", "cost_cents",
                "high", "email", "2026-03-01T09:00:00Z",
            ]),
        ) {
            let mut given = json!({ "source": "gmail", "type": "email_received", "payload": {} }).as_object().unwrap().clone();
            given.extend(more);
            let known = given.keys().all(|name| KNOWN.contains(&name.as_str()));
            if let Ok(read) = body::typed::<NewSignal>(Value::Object(given.clone())) {
                prop_assert!(known, "{given:?}");
                if read.check().is_ok() {
                    let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
                    let (id, user) = (domain::id::Id::new(Uuid::from_u128(1)), domain::id::Id::new(Uuid::from_u128(2)));
                    let signal = read.signal(id, user, now);
                    prop_assert_eq!((signal.id, signal.user, signal.received_at), (id, user, now));
                    prop_assert_eq!(given.get("payload"), Some(&Value::Object(signal.payload)));
                }
            }
        }
    }
}
