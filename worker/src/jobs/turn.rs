//! One run of one job: which time it is, which try, and whether it is still ours.

use std::{fmt, sync::Arc};

use domain::time::Timestamp;
use queue::Origin;

use super::Halt;

/// One run of a job.
#[derive(Clone)]
pub struct Turn {
    /// The time, read once at the start.
    pub now: Timestamp,
    /// From 1; above it an earlier run of this very job failed, or its worker was lost.
    pub attempt: i32,
    /// Which job this is a run of, and whose trace it goes on.
    pub origin: Origin,
    is_ours: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Turn {
    /// A run; `is_ours` says whether the queue still counts the job as this worker's.
    pub fn new(now: Timestamp, attempt: i32, is_ours: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { now, attempt, origin: Origin::default(), is_ours: Arc::new(is_ours) }
    }

    /// The same, knowing where the job comes from.
    #[must_use]
    pub fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Whether an earlier run of this very job is over, well or not.
    pub const fn is_rerun(&self) -> bool {
        self.attempt > 1
    }

    /// Asked before each effect on the world outside: a job that was taken for lost may be somebody else's by now.
    pub(super) fn still_ours(&self) -> Result<(), Halt> {
        if (self.is_ours)() { Ok(()) } else { Err(Halt::Again("this worker may have lost the job".to_owned())) }
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("now", &self.now).field("attempt", &self.attempt).finish_non_exhaustive()
    }
}
