//! Whose time it is. In production the database's (`now()`), so that hosts with clocks of their own agree on what
//! is due; in tests a clock they turn. Every statement says `coalesce($now, now())`.
//!
//! Only *due* times follow this clock. Signs of life (`last_seen`, `lock_at`) are always the database's: a test that
//! leaps two hours must not make every worker look dead.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// What "now" is for due times.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>>);

impl Clock {
    /// The database's own clock: what production uses.
    pub fn database() -> Self {
        Self(None)
    }

    /// A clock somebody else turns: what tests use.
    pub fn given(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    /// `None` stands for the database's `now()`.
    pub fn now(&self) -> Option<DateTime<Utc>> {
        self.0.as_ref().map(|now| now())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(given)" } else { "Clock(database)" })
    }
}

/// A reading that only ever grows: for measuring how long this process has been silent, never for dates.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
