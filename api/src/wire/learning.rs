//! What was learned, as it is shown: preferences, their changes, and the versions of the twin.

use domain::{
    learning::Held,
    signal::Domain,
    tier::Confidence,
    time::Timestamp,
    twin::{self, Source},
};
use serde::Serialize;
use serde_json::Value;
use store::learning::{self, Moved, Past};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{profile::Fields, words};

/// Something the person prefers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preference {
    id: Uuid,
    /// Where it counts.
    #[schema(value_type = words::Domain)]
    domain: Domain,
    /// What about.
    key: String,
    /// What they prefer; false speaks against.
    value: Value,
    /// How sure the twin is.
    #[schema(value_type = words::Confidence)]
    confidence: Confidence,
    /// Where it comes from.
    #[schema(value_type = words::PreferenceSource)]
    source: Source,
    /// How much evidence there is.
    evidence_count: u32,
}

impl From<twin::Preference> for Preference {
    fn from(preference: twin::Preference) -> Self {
        Self {
            id: preference.id.uuid(),
            domain: preference.domain,
            key: preference.key,
            value: preference.value,
            confidence: preference.confidence,
            source: preference.source,
            evidence_count: preference.evidence_count,
        }
    }
}

impl From<Held> for Preference {
    fn from(held: Held) -> Self {
        held.preference.into()
    }
}

/// A preference before and after.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Change {
    /// As it was; null when it was not there.
    before: Option<Preference>,
    /// As it is; null when it is gone.
    after: Option<Preference>,
}

impl From<Moved> for Change {
    fn from(moved: Moved) -> Self {
        Self { before: moved.before.map(Into::into), after: moved.after.map(Into::into) }
    }
}

/// One change of a preference.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entry {
    #[serde(flatten)]
    change: Change,
    /// The version of the twin it led to.
    version: i64,
    /// What caused it: a kind of answer, `stated`, `withdrawn` or `revert`.
    cause: String,
    /// Which answer, if one did.
    feedback: Option<Uuid>,
    /// When.
    #[schema(value_type = words::Instant)]
    at: Timestamp,
}

impl From<Past> for Entry {
    fn from(past: Past) -> Self {
        let Past { moved, version, cause, feedback, at } = past;
        Self { change: moved.into(), version, cause, feedback: feedback.map(domain::id::Id::uuid), at }
    }
}

/// A version of the twin, in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Summary {
    /// Its number.
    version: i64,
    /// What became different with it: preferences as `domain/key`, fields as `field/domain` or `field`.
    changed: Vec<String>,
    /// What caused it: a kind of answer, `stated`, `withdrawn`, `forgotten` or `revert`; `start` is what there was before anything was learned.
    cause: String,
    /// Which answer, if one did.
    feedback: Option<Uuid>,
    /// When.
    #[schema(value_type = words::Instant)]
    at: Timestamp,
}

/// A version of the twin, whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Version {
    #[serde(flatten)]
    summary: Summary,
    /// All that was held, by domain and key.
    preferences: Vec<Preference>,
    /// What the person's answers added up to.
    fields: Fields,
}

impl From<learning::Version> for Version {
    fn from(found: learning::Version) -> Self {
        let learning::Version { version, snapshot, fields, changed, cause, feedback, at } = found;
        let summary = Summary { version, changed, cause, feedback: feedback.map(domain::id::Id::uuid), at };
        Self { summary, preferences: snapshot.into_iter().map(Into::into).collect(), fields: fields.into() }
    }
}

impl From<learning::Version> for Summary {
    fn from(found: learning::Version) -> Self {
        Version::from(found).summary
    }
}
