//! How long a failed job waits: exponential, bounded, and spread over the whole span (full jitter), so that jobs
//! which failed together do not come back together. The wait is stored with the ack, so it survives a crash.

use std::time::Duration;

/// `base · factor^(attempt-1)`, at most `cap`, of which a random part is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The ceiling after the first failure.
    pub base: Duration,
    /// By how much each further failure raises the ceiling.
    pub factor: f64,
    /// The ceiling of ceilings.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), factor: 4.0, cap: Duration::from_mins(5) }
    }
}

impl Backoff {
    /// The longest wait after failed attempt number `attempt` (from 1).
    pub fn ceiling(&self, attempt: i32) -> Duration {
        // bounded so that no configuration overflows; the rescue's SQL does the same
        let raised = self.factor.clamp(1.0, 1e6).powi(attempt.clamp(1, 31) - 1);
        let seconds = self.base.as_secs_f64() * raised;
        Duration::try_from_secs_f64(seconds).map_or(self.cap, |wait| wait.min(self.cap))
    }

    /// The wait after failed attempt `attempt`, given a random number in `0.0..=1.0`.
    pub fn wait(&self, attempt: i32, random: f64) -> Duration {
        self.ceiling(attempt).mul_f64(random.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_grows_by_the_factor_and_stops_at_the_cap() {
        let backoff = Backoff::default();
        let ceilings: Vec<u64> = (1..=6).map(|n| backoff.ceiling(n).as_secs()).collect();
        assert_eq!(ceilings, [1, 4, 16, 64, 256, 300]);
        assert_eq!(backoff.ceiling(i32::MAX), Duration::from_mins(5));
        assert_eq!(backoff.ceiling(i32::MIN), Duration::from_secs(1));
    }

    #[test]
    fn the_wait_takes_any_part_of_the_ceiling() {
        let backoff = Backoff::default();
        assert_eq!(backoff.wait(2, 0.0), Duration::ZERO);
        assert_eq!(backoff.wait(2, 0.5), Duration::from_secs(2));
        assert_eq!(backoff.wait(2, 1.0), Duration::from_secs(4));
    }
}
