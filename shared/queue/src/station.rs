//! What the parts of one worker share: who it is, what it holds, and how far it is on its way out.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use chrono::{DateTime, Utc};
use observe::metrics;
use tokio::sync::{Notify, mpsc, watch};

use crate::{
    Config,
    ack::Ack,
    bell::lock,
    db::Db,
    failure::Verdict,
    lease::Pulse,
    stats::{Stats, add},
};

/// One start of one worker.
#[derive(Debug)]
pub(crate) struct Station {
    /// Its row in `apalis.workers`; unique per start, so that a restart never inherits the jobs of its former self,
    /// and two workers configured alike never take each other's for their own.
    pub(crate) id: String,
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) stats: Arc<Stats>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) held: Held,
    pub(crate) wake: Arc<Notify>,
    /// The last claim took as many as there was room for: more are due, very likely.
    pub(crate) crowded: AtomicBool,
    /// A handler panicked before apalis had its future: apalis will count that job as running for ever.
    pub(crate) miscounted: AtomicBool,
    acks: mpsc::UnboundedSender<Ack>,
    phase: watch::Sender<Phase>,
}

/// On the way out; only ever forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Claims and runs.
    Serving,
    /// Claims no more.
    Stopping,
    /// Has given back what it had not started.
    Vacated,
    /// The grace period is over: what still runs is given back too.
    Cut,
    /// Nothing runs and every outcome is written, or as good as.
    Leaving,
    /// No further sign of life will come, so signing off is final.
    Silent,
}

impl Station {
    pub(crate) fn new(
        id: String,
        config: Config,
        db: Db,
        stats: Arc<Stats>,
        wake: Arc<Notify>,
        acks: mpsc::UnboundedSender<Ack>,
    ) -> Self {
        Self {
            pulse: Arc::new(Pulse::new(config.lease)),
            held: Held::default(),
            crowded: AtomicBool::new(false),
            miscounted: AtomicBool::new(false),
            phase: watch::Sender::new(Phase::Serving),
            id,
            config,
            db,
            stats,
            wake,
            acks,
        }
    }

    /// Hands an outcome to the ack writer, which keeps it until it is written.
    pub(crate) fn settle(&self, claim: Claim, verdict: Verdict) {
        let counter = match &verdict {
            Verdict::Done => Some(&self.stats.done),
            Verdict::Killed { .. } | Verdict::Dead { .. } => Some(&self.stats.dead),
            Verdict::Retry { .. } => Some(&self.stats.retried),
            Verdict::Snooze { .. } => Some(&self.stats.snoozed),
            Verdict::GiveBack => None,
        };
        if let Some(counter) = counter {
            add(counter, 1);
        }
        let outcome = match &verdict {
            Verdict::Done => "done",
            Verdict::Killed { .. } => "abandoned",
            Verdict::Dead { .. } => "dead",
            Verdict::Retry { .. } => "retried",
            Verdict::Snooze { .. } => "snoozed",
            Verdict::GiveBack => "given_back",
        };
        metrics::JOBS.one([self.config.queue.clone(), outcome.to_owned()]);
        // fails only when the writer is gone, and then the lease gives the job back
        drop(self.acks.send(Ack { claim, verdict }));
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    pub(crate) fn advance(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let forwards = to > *phase;
            *phase = to.max(*phase);
            forwards
        });
    }

    pub(crate) async fn reached(&self, phase: Phase) {
        // fails only when the sender is gone, and we hold it
        drop(self.phase.subscribe().wait_for(|now| *now >= phase).await);
    }
}

/// The proof of a claim: with `Station::id` it is the fence every outcome has to pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) id: String,
    /// From 1.
    pub(crate) attempt: i32,
    pub(crate) max_attempts: i32,
    pub(crate) lock_at: DateTime<Utc>,
}

/// The claims this worker knows of: what it runs, is about to run, or has not yet reported. The table may know more
/// (a claim whose answer got lost), which is how such rows are found.
#[derive(Debug, Default)]
pub(crate) struct Held {
    // with the attempt: a job can come back to the worker that lost it while its old run still unwinds
    claims: Mutex<HashSet<(String, i32)>>,
    freed: Notify,
}

impl Held {
    pub(crate) fn take(&self, claim: &Claim) {
        lock(&self.claims).insert((claim.id.clone(), claim.attempt));
    }

    pub(crate) fn free<'a>(&self, claims: impl IntoIterator<Item = &'a Claim>) {
        let mut held = lock(&self.claims);
        for claim in claims {
            held.remove(&(claim.id.clone(), claim.attempt));
        }
        drop(held);
        self.freed.notify_waiters();
        self.freed.notify_one();
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.claims).len()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        lock(&self.claims).iter().map(|(id, _)| id.clone()).collect()
    }

    /// Returns once something was freed since the last call.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }
}
