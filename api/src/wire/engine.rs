//! An engine as operators see it: whether its breaker lets work pass, and what it last said.

use domain::time::Timestamp;
use serde::Serialize;
use store::engines;
use utoipa::ToSchema;
use uuid::Uuid;

use super::words;

/// Whether work reaches an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// It does.
    Closed,
    /// The engine is in trouble: its work waits.
    Open,
    /// One execution is finding out whether the engine is back; the rest waits.
    HalfOpen,
}

/// An engine that was in trouble at some time. One that never was is not listed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Engine {
    /// Its name.
    pub name: String,
    /// Whether work reaches it.
    pub state: Breaker,
    /// While its work waits: since when.
    #[schema(value_type = Option<words::Instant>)]
    pub open_since: Option<Timestamp>,
    /// While its work waits: until when, before it is tried again.
    #[schema(value_type = Option<words::Instant>)]
    pub until: Option<Timestamp>,
    /// Which execution is finding out.
    pub probe: Option<Uuid>,
    /// How many failures count against it.
    pub failures: usize,
    /// The latest failure.
    pub last_failure: Option<String>,
    /// Since when it turns us away: its settings need an operator.
    #[schema(value_type = Option<words::Instant>)]
    pub misconfigured_since: Option<Timestamp>,
    /// How it says so.
    pub misconfigured: Option<String>,
    /// When any of this last changed.
    #[schema(value_type = words::Instant)]
    pub updated_at: Timestamp,
}

impl Engine {
    /// The engine as it is at `now`.
    pub fn at(engine: engines::Engine, now: Timestamp) -> Self {
        let engines::Engine { name, breaker, updated_at } = engine;
        let open = breaker.open;
        let probe = open.as_ref().and_then(|open| open.probe).filter(|probe| probe.until > now);
        let (misconfigured_since, misconfigured) = breaker.misconfigured.unzip();
        Self {
            name,
            state: match (&open, probe) {
                (None, _) => Breaker::Closed,
                (Some(_), None) => Breaker::Open,
                (Some(_), Some(_)) => Breaker::HalfOpen,
            },
            open_since: open.as_ref().map(|open| open.since),
            until: open.as_ref().map(|open| open.until),
            probe: probe.map(|probe| probe.execution.uuid()),
            failures: breaker.failures.len(),
            last_failure: breaker.last_failure,
            misconfigured_since,
            misconfigured,
            updated_at,
        }
    }
}
