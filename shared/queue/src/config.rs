//! How one worker behaves: how much it runs at once, how it waits, when it counts as dead.
//!
//! Invariant: the times fit together (`settled`): a worker beats several times within its lease, and no statement
//! outlives half of it. Otherwise a healthy worker would be taken for dead.

use std::time::Duration;

use crate::{Backoff, Clock};

/// The settings of one [`crate::PgQueue`]. Start from [`Config::new`] and change what differs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The queue it serves: `apalis.jobs.job_type`.
    pub queue: String,
    /// Jobs in flight at once; also the largest claim. At least 1.
    pub concurrency: usize,
    /// The longest wait between two looks at the table (± 25 %); a ring only shortens it.
    pub poll: Duration,
    /// Between two signs of life (± 20 %). At most a fifth of the lease.
    pub heartbeat: Duration,
    /// A worker silent for this long loses its jobs to the others.
    pub lease: Duration,
    /// Between two looks for jobs of lost workers (± 20 %).
    pub rescue_every: Duration,
    /// The limit for one run of a job; `None` for no limit.
    pub job_timeout: Option<Duration>,
    /// The limit for one statement, and for getting a connection. At most half the lease.
    pub db_timeout: Duration,
    /// After being told to stop: how long running jobs may take before they are cut and given back.
    pub grace: Duration,
    /// How long a failed job waits.
    pub backoff: Backoff,
    /// Whose time decides what is due: the database's, except in tests.
    pub clock: Clock,
}

impl Config {
    /// Ten jobs at once, poll 500 ms, heartbeat 2 s, lease 10 s, rescue scan every 2 s, no time limit per job,
    /// 4 s per statement, 30 s of grace.
    pub fn new(queue: impl Into<String>) -> Self {
        Self {
            queue: queue.into(),
            concurrency: 10,
            poll: Duration::from_millis(500),
            heartbeat: Duration::from_secs(2),
            lease: Duration::from_secs(10),
            rescue_every: Duration::from_secs(2),
            job_timeout: None,
            db_timeout: Duration::from_secs(4),
            grace: Duration::from_secs(30),
            backoff: Backoff::default(),
            clock: Clock::database(),
        }
    }

    /// The same settings with times that contradict the lease pulled back into it.
    pub(crate) fn settled(mut self) -> Self {
        self.concurrency = self.concurrency.max(1);
        self.heartbeat = self.heartbeat.min(self.lease / 5);
        self.db_timeout = self.db_timeout.min(self.lease / 2);
        self
    }
}

/// A duration somewhere within ± `part` of `mean`, so that a fleet does not act in step.
pub(crate) fn jittered(mean: Duration, part: f64) -> Duration {
    mean.mul_f64(1.0 - part + 2.0 * part * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_contradict_the_lease_are_pulled_into_it() {
        let config = Config {
            concurrency: 0,
            heartbeat: Duration::from_mins(1),
            db_timeout: Duration::from_mins(1),
            ..Config::new("q")
        }
        .settled();
        assert_eq!(config.concurrency, 1);
        assert_eq!(config.heartbeat, Duration::from_secs(2));
        assert_eq!(config.db_timeout, Duration::from_secs(5));
    }

    #[test]
    fn jitter_stays_within_its_part() {
        for _ in 0..1000 {
            let wait = jittered(Duration::from_secs(1), 0.25);
            assert!(wait >= Duration::from_millis(750) && wait <= Duration::from_millis(1250));
        }
    }
}
