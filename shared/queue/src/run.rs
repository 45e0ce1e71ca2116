//! The outermost layer around a handler: isolate, limit, judge, settle.
//!
//! Every job runs in a task of its own: a panic ends the job and nothing else, handlers use all cores, and no
//! handler can starve the worker. (One that blocks a thread belongs on the blocking pool all the same.) The outcome is
//! handed to the ack writer before the layer answers, so apalis never forgets a job the table still counts as ours.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering::SeqCst},
    task::{Context, Poll},
    time::Duration,
};

use apalis_core::{error::BoxDynError, task::Task};
use futures::{FutureExt, future::BoxFuture};
use observe::metrics;
use tokio::{task::JoinSet, time::sleep};
use tower_layer::Layer;
use tower_service::Service;
use tracing::Instrument;

use crate::{
    Lease,
    clock::monotonic,
    failure::{Verdict, judge},
    station::{Claim, Phase, Station},
    stats::add,
};

/// What [`crate::PgQueue`] puts around every handler.
#[derive(Clone, Debug)]
pub struct RunLayer {
    station: Arc<Station>,
}

impl RunLayer {
    pub(crate) fn new(station: Arc<Station>) -> Self {
        Self { station }
    }
}

impl<S> Layer<S> for RunLayer {
    type Service = Run<S>;

    fn layer(&self, inner: S) -> Run<S> {
        Run { inner, station: self.station.clone() }
    }
}

/// A handler with the layer around it.
#[derive(Clone, Debug)]
pub struct Run<S> {
    inner: S,
    station: Arc<Station>,
}

impl<S, T> Service<Task<T>> for Run<S>
where
    S: Service<Task<T>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxDynError>,
{
    type Response = ();
    type Error = BoxDynError;
    type Future = BoxFuture<'static, Result<(), BoxDynError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, task: Task<T>) -> Self::Future {
        let (claim, lease) = (task.data().get::<Claim>().cloned(), task.data().get::<Lease>().cloned());
        let (Some(claim), Some(lease)) = (claim, lease) else {
            return async { Err("this task did not come from this queue".into()) }.boxed();
        };
        let station = self.station.clone();
        // a plain function may do its work, and panic, before it returns a future
        let handler = catch_unwind(AssertUnwindSafe(|| self.inner.call(task)));
        async move {
            let started = monotonic();
            let end = match handler {
                Ok(handler) => isolated(handler.map(|ran| ran.map(drop).map_err(Into::into)), &station).await,
                Err(panic) => {
                    station.miscounted.store(true, SeqCst);
                    End::Panicked(said(&*panic))
                }
            };
            metrics::JOB_RUN.took([station.config.queue.clone()], started.elapsed());
            // whatever code of this run is still about has no claim any more
            lease.revoke();
            let verdict = station.verdict(end, &claim);
            let answer = answer(&verdict);
            station.settle(claim, verdict);
            answer
        }
        .boxed()
    }
}

/// How a run ended.
enum End {
    Ran(Result<(), BoxDynError>),
    Panicked(String),
    TimedOut(Duration),
    Cut,
}

async fn isolated(handler: impl Future<Output = Result<(), BoxDynError>> + Send + 'static, station: &Station) -> End {
    let limit = station.config.job_timeout;
    // dropped with this future, and the handler with it
    let mut alone = JoinSet::new();
    alone.spawn(handler.in_current_span());
    tokio::select! {
        ended = alone.join_next() => match ended {
            Some(Ok(ran)) => End::Ran(ran),
            Some(Err(stopped)) if stopped.is_panic() => End::Panicked(said(&*stopped.into_panic())),
            // only a runtime that shuts down cancels it
            Some(Err(_)) | None => End::Cut,
        },
        () = sleep(limit.unwrap_or_default()), if limit.is_some() => End::TimedOut(limit.unwrap_or_default()),
        () = station.reached(Phase::Cut) => End::Cut,
    }
}

impl Station {
    fn verdict(&self, end: End, claim: &Claim) -> Verdict {
        let run = match end {
            End::Ran(run) => run,
            End::Panicked(said) => {
                add(&self.stats.panicked, 1);
                Err(format!("panicked: {said}").into())
            }
            End::TimedOut(limit) => {
                add(&self.stats.timed_out, 1);
                Err(format!("timed out after {limit:?}").into())
            }
            End::Cut => {
                let why = "cut: the worker stopped before the job was through".to_owned();
                return Verdict::Snooze { delay: Duration::ZERO, why };
            }
        };
        judge(run, claim.attempt, claim.max_attempts, &self.config.backoff, fastrand::f64())
    }
}

/// What apalis's own layers and events get to see.
fn answer(verdict: &Verdict) -> Result<(), BoxDynError> {
    match verdict {
        Verdict::Done | Verdict::GiveBack => Ok(()),
        Verdict::Killed { why } | Verdict::Dead { why } | Verdict::Retry { why, .. } | Verdict::Snooze { why, .. } => {
            Err(why.clone().into())
        }
    }
}

/// The words of a panic.
fn said(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(ToString::to_string);
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".to_owned())
}
