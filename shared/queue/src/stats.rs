//! What a worker counts, for whoever measures: plain counters, read without stopping anything.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters of one worker since it started. They only grow.
        #[derive(Debug, Default)]
        pub struct Stats { $($(#[$doc])* pub(crate) $name: AtomicU64),* }

        /// [`Stats`] at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
        pub struct Counts { $($(#[$doc])* pub $name: u64),* }

        impl Stats {
            /// All counters as they are now.
            pub fn read(&self) -> Counts {
                Counts { $($name: self.$name.load(Relaxed)),* }
            }
        }
    };
}

counters! {
    /// Claim statements that reached the database.
    claims,
    /// Jobs claimed.
    claimed,
    /// Outcomes written.
    acked,
    /// Outcomes refused because the job was no longer ours.
    stale_acks,
    /// Outcomes no statement could write; the job is rescued later.
    lost_acks,
    /// Statements that failed or took too long.
    db_errors,
    /// Jobs taken back from workers that fell silent.
    rescued,
    /// Jobs that finished.
    done,
    /// Jobs that failed and will run again.
    retried,
    /// Jobs put off without losing an attempt.
    snoozed,
    /// Jobs that are out of attempts or were abandoned.
    dead,
    /// Payloads nobody could read.
    undecodable,
    /// Jobs that panicked.
    panicked,
    /// Jobs that ran into their time limit.
    timed_out,
}

/// Adds `n` to a counter.
pub(crate) fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Relaxed);
}

/// A length as a count.
pub(crate) fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
