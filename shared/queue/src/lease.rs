//! Whether this worker may still believe in its claims.
//!
//! A worker owns its jobs as long as its signs of life arrive. It measures that with a clock that only grows, from
//! the moment a sign was *sent*, and stops believing at four fifths of the lease: before anybody else may take over.
//! A belief once lost never comes back for the jobs of that time, even when the worker itself recovers: somebody
//! may have taken them meanwhile. This saves needless work; safety is the fence in the ack and in the job's own row.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{bell::lock, clock::monotonic};

/// Given to every job as `Data<Lease>`; ask it before each side effect.
#[derive(Clone, Debug)]
pub struct Lease {
    pulse: Arc<Pulse>,
    age: u64,
    revoked: Arc<AtomicBool>,
}

impl Lease {
    /// False once another worker may own this job, or it ran into its time limit: then stop, the outcome will be
    /// refused anyway.
    pub fn is_valid(&self) -> bool {
        !self.revoked.load(SeqCst) && self.pulse.age_at(monotonic()) == Some(self.age)
    }

    /// The same belief for another job.
    pub(crate) fn anew(&self) -> Self {
        Self { revoked: Arc::default(), ..self.clone() }
    }

    /// The run is over for the queue, whatever its code still does.
    pub(crate) fn revoke(&self) {
        self.revoked.store(true, SeqCst);
    }
}

/// One worker's signs of life, as it knows them.
#[derive(Debug)]
pub(crate) struct Pulse {
    beats: Mutex<Beats>,
    limit: Duration,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Beats {
    last: Option<Instant>,
    /// Grows whenever the worker was silent for too long.
    age: u64,
}

impl Pulse {
    pub(crate) fn new(lease: Duration) -> Self {
        Self { beats: Mutex::default(), limit: lease.mul_f64(0.8), changed: Notify::new() }
    }

    /// A sign of life sent at `sent` has arrived.
    pub(crate) fn beat(&self, sent: Instant) {
        let mut beats = lock(&self.beats);
        if beats.last.is_none_or(|last| sent.saturating_duration_since(last) >= self.limit) {
            beats.age += 1;
        }
        beats.last = Some(sent);
        drop(beats);
        self.changed.notify_one();
    }

    /// The unbroken spell `at` belongs to; `None` while silent.
    fn age_at(&self, at: Instant) -> Option<u64> {
        let beats = lock(&self.beats);
        let last = beats.last?;
        (at.saturating_duration_since(last) < self.limit).then_some(beats.age)
    }

    /// What a claim made now may be believed on; waits while there is nothing to believe.
    pub(crate) async fn lease(self: &Arc<Self>) -> Lease {
        loop {
            if let Some(age) = self.age_at(monotonic()) {
                return Lease { pulse: self.clone(), age, revoked: Arc::default() };
            }
            self.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(pulse: &Arc<Pulse>, age: u64, now: Instant) -> bool {
        pulse.age_at(now) == Some(age)
    }

    #[test]
    fn a_worker_without_a_beat_owns_nothing() {
        let pulse = Arc::new(Pulse::new(10 * SECOND));
        assert_eq!(pulse.age_at(monotonic()), None);
    }

    #[test]
    fn belief_ends_before_the_lease_does() {
        let (pulse, start) = (Arc::new(Pulse::new(10 * SECOND)), monotonic());
        pulse.beat(start);
        assert!(at(&pulse, 1, start + 7 * SECOND));
        assert!(!at(&pulse, 1, start + 8 * SECOND));
    }

    #[test]
    fn steady_beats_keep_it() {
        let (pulse, start) = (Arc::new(Pulse::new(10 * SECOND)), monotonic());
        for n in 0..20 {
            pulse.beat(start + n * 2 * SECOND);
        }
        assert!(at(&pulse, 1, start + 39 * SECOND));
    }

    #[test]
    fn a_recovered_worker_does_not_recover_its_old_jobs() {
        let (pulse, start) = (Arc::new(Pulse::new(10 * SECOND)), monotonic());
        pulse.beat(start);
        pulse.beat(start + 30 * SECOND);
        assert!(!at(&pulse, 1, start + 31 * SECOND), "a job of before the silence");
        assert!(at(&pulse, 2, start + 31 * SECOND), "a job of after it");
    }
}
