//! The thread of the work at hand: one request or one run of a job, whose statements are summed and whose trace goes on
//! with whatever follows from it (a job, a call to an engine).
//!
//! It is bound to the task. What a handler spawns on the side is not counted, and no decision may ever depend on it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::Traceparent;

tokio::task_local! {
    static CURRENT: Arc<Thread>;
}

/// One request or one run of a job.
#[derive(Debug)]
pub struct Thread {
    /// What is handed on: the trace, and this step as the cause of what follows.
    pub traceparent: Traceparent,
    statements: AtomicU64,
    micros: AtomicU64,
}

impl Thread {
    /// A new one.
    pub fn new(traceparent: Traceparent) -> Arc<Self> {
        Arc::new(Self { traceparent, statements: AtomicU64::new(0), micros: AtomicU64::new(0) })
    }

    /// Runs `work` on this thread.
    pub async fn follow<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Statements it has sent to the database.
    pub fn statements(&self) -> u64 {
        self.statements.load(Relaxed)
    }

    /// How many milliseconds the database took for them, the way there and back included.
    pub fn database_ms(&self) -> u64 {
        self.micros.load(Relaxed) / 1000
    }
}

/// The thread of the work at hand, if it has one.
pub fn current() -> Option<Arc<Thread>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// What to hand on with whatever follows from the work at hand.
pub fn traceparent() -> Option<Traceparent> {
    CURRENT.try_with(|thread| thread.traceparent).ok()
}

/// Notes a statement of the work at hand.
pub fn statement(took: Duration) {
    // outside of any thread there is nobody to tell
    CURRENT
        .try_with(|thread| {
            thread.statements.fetch_add(1, Relaxed);
            thread.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        })
        .ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn statements_are_summed_for_the_work_at_hand_and_for_nobody_else() {
        let thread = Thread::new(Traceparent { trace: 1, parent: 2, flags: 1 });
        statement(Duration::from_secs(1));
        thread.clone().follow(async { statement(Duration::from_millis(3)) }).await;
        assert_eq!((thread.statements(), thread.database_ms()), (1, 3));
        assert!(current().is_none() && traceparent().is_none());
    }
}
