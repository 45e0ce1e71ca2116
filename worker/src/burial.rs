//! Dead jobs become visible on the rows they were about, and the person is told (`house.md` §2).
//!
//! A job can die without a word (a panic, a time-out, a killed process), so nobody can rely on it to say so itself: the
//! sweep reads which jobs are dead and writes it where people look. Every burial may be repeated: a row that has moved
//! on meanwhile is left alone, and a notification is stored once.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    id::{ExecutionId, SignalId, UserId},
    job::Job,
    notify::{self, Severity},
    outbox::Outbox,
    quiet,
    settings::Settings,
    time::Timestamp,
};
use store::{Error, Result, accounts, approvals, executions, jobs::Dead, signals, sources, users};

use crate::{State, jobs};

/// Dead jobs one tick looks at, the latest first.
const BATCH: u32 = 100;

/// The dead jobs this process has seen to.
#[derive(Debug, Default)]
pub(crate) struct Burials {
    done: HashSet<(String, Option<DateTime<Utc>>)>,
}

impl Burials {
    /// Sees to every dead job that was not seen to before.
    pub(crate) async fn tick(&mut self, state: &State, now: Timestamp) -> Result<()> {
        let dead = store::jobs::dead(&state.store, None, None, BATCH).await?;
        let mut done = HashSet::with_capacity(dead.len());
        for job in dead {
            let which = (job.id.clone(), job.died_at);
            if self.done.contains(&which) || bury(state, &job, now).await? {
                done.insert(which);
            }
        }
        self.done = done;
        Ok(())
    }
}

/// Writes it on the row and tells the person; false when it is too early to say.
async fn bury(state: &State, dead: &Dead, now: Timestamp) -> Result<bool> {
    let Ok(job) = serde_json::from_str::<Job>(&dead.payload) else {
        tracing::error!(job = dead.id, queue = dead.queue, why = dead.why, "a job that nobody can read is dead");
        return Ok(true);
    };
    tracing::error!(job = dead.id, ?job, why = dead.why, "a job is dead");
    let buried = match job {
        Job::EvaluateSignal { signal } => bury_signal(state, dead, signal, now).await,
        Job::ExecuteAction { execution } => bury_execution(state, dead, execution, now).await,
        Job::ExpireApproval { approval } => match approvals::user_of(&state.store, approval).await {
            Ok(user) => tell(state, dead, user, format!("/api/v1/approvals/{approval}"), now).await,
            Err(error) => Err(error),
        },
        Job::RefreshToken { account } => match accounts::user_of(&state.store, account).await {
            Ok(user) => tell(state, dead, user, format!("/api/v1/accounts/{account}"), now).await,
            Err(error) => Err(error),
        },
        Job::PollSource { source } => match sources::user_of(&state.store, source).await {
            Ok(user) => tell(state, dead, user, "/api/v1/sources".to_owned(), now).await,
            Err(error) => Err(error),
        },
        Job::EvaluateTrust { user } => tell(state, dead, user, "/api/v1/trust".to_owned(), now).await,
        Job::Notify { user } => tell(state, dead, user, "/api/v1/notifications".to_owned(), now).await,
        // The row has its own account of what went wrong, and its own end.
        Job::Deliver { .. } | Job::Housekeep { .. } => Ok(true),
    };
    match buried {
        // the row is gone, or has moved on: then nothing is wrong with it
        Err(Error::NotFound | Error::Stale) => Ok(true),
        other => other,
    }
}

async fn bury_signal(state: &State, dead: &Dead, id: SignalId, now: Timestamp) -> Result<bool> {
    let mut tx = state.store.begin().await?;
    let lock = signals::lock_owner(&mut tx, id).await?;
    signals::mark_dead(&mut tx, &lock, id, &dead.why, now).await?;
    let settings = users::settings(&mut tx, lock.user()).await?;
    tx.commit(Outbox::nothing().notify(notice(dead, &settings, format!("/api/v1/signals/{id}"), now)), now).await?;
    Ok(true)
}

/// An execution that nobody looks at any more is over: it failed, or nobody can tell and the person decides.
async fn bury_execution(state: &State, dead: &Dead, id: ExecutionId, now: Timestamp) -> Result<bool> {
    let mut tx = state.store.begin().await?;
    let lock = executions::lock_owner(&mut tx, id).await?;
    let execution = executions::load(&mut tx, &lock, id).await?;
    if execution.state.is_settled() {
        return Ok(true);
    }
    if jobs::may_be_in_hands(&execution, now) {
        return Ok(false);
    }
    let why = format!("It was tried {} times and broke off each time ({}).", dead.attempts, dead.why);
    let settings = users::settings(&mut tx, lock.user()).await?;
    let abandoned = execution.abandoned(why, now);
    executions::settle(&mut tx, &lock, &abandoned, now).await?;
    tx.commit(jobs::told_of(&abandoned, &settings, now), now).await?;
    Ok(true)
}

async fn tell(state: &State, dead: &Dead, user: UserId, link: String, now: Timestamp) -> Result<bool> {
    let mut tx = state.store.begin().await?;
    tx.lock(user).await?;
    let settings = users::settings(&mut tx, user).await?;
    tx.commit(Outbox::nothing().notify(notice(dead, &settings, link, now)), now).await?;
    Ok(true)
}

fn notice(dead: &Dead, settings: &Settings, link: String, now: Timestamp) -> notify::New {
    let died = dead.died_at.map(|at| at.timestamp_micros()).unwrap_or_default();
    notify::New {
        user: settings.user,
        kind: notify::Kind::DeadJob,
        severity: Severity::Warning,
        title: format!("Given up: {}", dead.queue.replace('_', " ")),
        body: format!("It was tried {} times: {}. It can be driven again.", dead.attempts, dead.why),
        link: Some(link),
        dedupe_key: format!("dead_job:{}:{died}", dead.id),
        deliver_at: quiet::deliver_at(Severity::Warning, settings, now),
    }
}
