//! One orderly end: a signal is heard once, told to everybody, and every task is waited for.
//!
//! Invariant: a task started here is never lost unseen. If it panics, or ends although it was to run for
//! ever, the whole process stops in order and exits non-zero, so that its supervisor starts a whole one.

use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// Tells everybody to stop, and waits for them. Clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

/// Why the end was not a good one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Tasks were still running when the grace period was over.
    #[error("{0} tasks were still running when the grace period was over")]
    Unfinished(usize),
    /// A task panicked or ended by itself.
    #[error("a part of the process ended by itself; the log says which and why")]
    Failed,
}

impl Shutdown {
    /// One that nobody has asked for yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hears SIGTERM and SIGINT: the first asks for an orderly end, the second ends the process at once. Called before
    /// anything else of the process: what nobody hears ends it by the signal.
    pub fn listen(&self) -> io::Result<()> {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let token = self.token.clone();
        detach(async move {
            let mut heard = async || {
                tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                }
            };
            let signal = heard().await;
            tracing::info!(signal, "stopping in order; once more to stop at once");
            token.cancel();
            let signal = heard().await;
            tracing::warn!(signal, "stopping at once");
            std::process::exit(130);
        });
        Ok(())
    }

    /// Asks for the end.
    pub fn request(&self) {
        self.token.cancel();
    }

    /// Asks for the end because something failed: [`Shutdown::finish`] will say so.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
        self.token.cancel();
    }

    /// Was the end asked for?
    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Completes when the end is asked for.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// Does this unless the end is asked for before it is done: None.
    pub async fn unless_requested<F: Future>(&self, task: F) -> Option<F::Output> {
        // Boxed: all that a start goes through would lie on the stack of whoever waits.
        self.token.run_until_cancelled(Box::pin(task)).await
    }

    /// A token for those who do not know this type.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Runs a task that may end whenever it is done; a panic in it ends the process in order.
    pub fn spawn<F>(&self, name: &'static str, task: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let this = self.clone();
        let running = detach(task.instrument(tracing::info_span!("task", name)));
        detach(self.tasks.track_future(async move {
            match running.await {
                Ok(output) => Some(output),
                Err(error) => {
                    tracing::error!(name, %error, "a task panicked");
                    this.fail();
                    None
                }
            }
        }))
    }

    /// Runs a task that is to run until the end is asked for; if it ends before, the process ends in order.
    pub fn spawn_for_ever<F>(&self, name: &'static str, task: F) -> JoinHandle<Option<()>>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let this = self.clone();
        self.spawn(name, async move {
            task.await;
            if !this.is_requested() {
                tracing::error!(name, "a task that was to run for ever has ended");
                this.fail();
            }
        })
    }

    /// Waits until the end is asked for, then at most `grace` for all tasks.
    pub async fn finish(&self, grace: Duration) -> Result<(), Error> {
        self.requested().await;
        self.tasks.close();
        if timeout(grace, self.tasks.wait()).await.is_err() {
            return Err(Error::Unfinished(self.tasks.len()));
        }
        if self.failed.load(Ordering::SeqCst) { Err(Error::Failed) } else { Ok(()) }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door that the ban on bare spawns leads to")]
fn detach<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(task)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn the_end_waits_for_every_task() {
        let shutdown = Shutdown::new();
        let done = Arc::new(AtomicBool::new(false));
        let (heard, told) = (shutdown.clone(), Arc::clone(&done));
        shutdown.spawn("slow", async move {
            heard.requested().await;
            tokio::task::yield_now().await;
            told.store(true, Ordering::SeqCst);
        });
        shutdown.request();
        assert_eq!(shutdown.finish(LONG).await, Ok(()));
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_panicking_task_ends_the_process_in_order_and_not_well() {
        let shutdown = Shutdown::new();
        shutdown.spawn("broken", async { panic!("on purpose") });
        assert_eq!(shutdown.finish(LONG).await, Err(Error::Failed));
    }

    #[tokio::test]
    async fn a_task_that_was_to_run_for_ever_must_not_end() {
        let shutdown = Shutdown::new();
        shutdown.spawn_for_ever("worker", async {});
        assert_eq!(shutdown.finish(LONG).await, Err(Error::Failed));
    }

    #[tokio::test]
    async fn tasks_that_ignore_the_end_are_counted_when_the_grace_is_over() {
        let shutdown = Shutdown::new();
        shutdown.spawn("deaf", std::future::pending::<()>());
        shutdown.request();
        assert_eq!(shutdown.finish(Duration::from_millis(1)).await, Err(Error::Unfinished(1)));
    }
}
