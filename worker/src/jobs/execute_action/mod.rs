//! Runs one execution a step further: review, claim, dispatch, settle (`domain.md` §10).
//!
//! Two transactions around one call. The first reviews a planned execution over current settings and claims it, which
//! raises its `attempt`; the second writes what came of it, and only if no later attempt has claimed it since. The
//! request's bytes and the idempotency key never change, so whoever dies in between, the next claim sends the same
//! again and the engine recognises it. The row says when to look next; the job merely sleeps until then.

mod account;
mod passage;
mod review;
#[cfg(test)]
mod samples;
mod standing;
mod telling;

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    breaker::{Breaker, Sign},
    execution::{Answer, Execution, Next, Phase},
    id::{ExecutionId, UserId},
    outbox::Outbox,
    settings::Settings,
    time::Timestamp,
};
use observe::metrics;
use queue::Backoff;
use runtime::clock::Stopwatch;
use store::{
    Tx, UserLock, approvals, decisions,
    engines::{self, Approach, Caller},
    executions, facts, ledger, users,
};
use tokio::time::timeout;
use tracing::Instrument;

use self::{
    account::Hand,
    passage::Gate,
    review::review,
    standing::{Standing, stand},
};
pub(crate) use self::{standing::may_be_in_hands, telling::settled as told_of};
use super::{Halt, Turn, noted};
use crate::{
    State,
    ports::{Heard, Identity},
};

/// How long to leave an execution alone while the stop switch is on.
const PARKED: Duration = Duration::from_secs(15);
/// How long to leave an execution to processes that know its engine.
const ELSEWHERE: Duration = Duration::from_mins(1);
/// The shortest wait for another look or send.
const BREATH: TimeDelta = TimeDelta::milliseconds(250);

pub(super) async fn run(state: &State, turn: &Turn, id: ExecutionId) -> Result<(), Halt> {
    let Claim { execution: claimed, next, by } = claim(state, turn, id).await?;
    let user = claimed.user;
    tracing::Span::current().record("execution_attempt", claimed.attempt);
    state.faults.point("execute.after_claim").await;
    turn.still_ours()?;
    let (answered, now) = match by {
        By::Engine { identity, known } => by_engine(state, claimed, next, &identity, known).await,
        By::Account(hand) => {
            let answer = account::carry_out(state, hand, &claimed).await?;
            state.faults.point("execute.after_send").await;
            let now = state.clock.now();
            let wait = backoff(&claimed, next, state.entropy.fraction());
            (claimed.answered(answer, wait, now), now)
        }
    };
    settle(state, user, &answered, now).await?;
    state.faults.point("execute.after_settle").await;
    match answered.due() {
        Some(due) => Err(Halt::until(due, now, "the engine is not through with it")),
        None => Ok(()),
    }
}

/// Lets the configured engine have it, and hears what came of it, and when.
async fn by_engine(
    state: &State,
    claimed: Execution,
    next: Next,
    identity: &Identity,
    known: Breaker,
) -> (Execution, Timestamp) {
    let Heard { answer, sign } = ask(state, identity, &claimed, next).await;
    state.faults.point("execute.after_send").await;
    // An engine may take its time: what came of it is written with the time at which it came.
    let now = state.clock.now();
    let wait = backoff(&claimed, next, state.entropy.fraction());
    // In doubt it is no longer only about being sent: the machine has its own time for that.
    let only_probed = known.is_probed_by(claimed.id) && claimed.in_doubt_since.is_none();
    let breaker = passage::tell(state, Caller(identity.user), &claimed, (known, &sign), now).await;
    state.faults.point("execute.after_tell").await;
    let answered = match (answer, breaker.open) {
        (Answer::NotTaken { .. }, Some(open)) if only_probed => claimed.turned_away(open.until, now),
        (answer, _) => claimed.answered(answer, wait, now),
    };
    (answered, now)
}

/// An execution claimed for one attempt.
struct Claim {
    execution: Execution,
    next: Next,
    by: By,
}

/// Who carries it out.
enum By {
    /// The configured engine.
    Engine {
        /// Whom it is to take us for.
        identity: Identity,
        /// Its breaker, as it was when it let this pass.
        known: Breaker,
    },
    /// The person's own account.
    Account(Hand),
}

/// First transaction: claims the execution for one attempt, or withdraws what no longer may be sent, or parks what has
/// to wait.
async fn claim(state: &State, turn: &Turn, id: ExecutionId) -> Result<Claim, Halt> {
    let now = turn.now;
    let mut tx = state.store.begin().await?;
    let lock = executions::lock_owner(&mut tx, id).await?;
    let user = noted("user", lock.user());
    let execution = executions::load(&mut tx, &lock, id).await?;
    if execution.state.is_settled() {
        return Err(Halt::Nothing("it is settled"));
    }
    let reversed = match execution.reverses {
        Some(reversed) if execution.request.is_none() => Some(executions::load(&mut tx, &lock, reversed).await?),
        Some(_) | None => None,
    };
    let hand = account::hand(state, &mut tx, &execution, reversed.as_ref()).await?;
    if hand.is_none() && execution.engine.as_deref().is_some_and(|engine| engine != state.engine.name()) {
        return Err(Halt::Later {
            delay: ELSEWHERE,
            why: "another engine was given it, which this process does not know",
        });
    }
    noted("decision", execution.decision);
    // what is planned is about to be reviewed, and what that takes tells of the switch as well
    let read = match execution.state.phase() {
        Phase::Planned => Some(facts::review(&mut tx, &lock, now, &execution).await?),
        Phase::Running | Phase::Succeeded | Phase::Failed | Phase::Unknown | Phase::Cancelled => None,
    };
    let stopped = match &read {
        Some((facts, _)) => facts.settings.stopped,
        None => users::settings(&mut tx, user).await?.stopped,
    };
    match stand(&execution, stopped, turn.is_rerun(), now) {
        Standing::Settled => return Err(Halt::Nothing("it is settled")),
        Standing::NotYet(at) => return Err(Halt::until(at, now, "it is not due")),
        Standing::Parked => return Err(Halt::Later { delay: PARKED, why: "the twin is stopped" }),
        Standing::ToSettle => {}
        Standing::ToReview => {
            let (facts, context) = match read {
                Some(read) => read,
                None => facts::review(&mut tx, &lock, now, &execution).await?,
            };
            if let Some(objection) = review(&execution, &context, &facts) {
                let decision = decisions::get(&mut tx, user, execution.decision).await?;
                let withdrawn = objection.withdraw(&execution, &decision, &facts);
                executions::settle(&mut tx, &lock, &withdrawn.execution, now).await?;
                if let Some(approval) = &withdrawn.approval {
                    approvals::insert(&mut tx, &lock, approval).await?;
                }
                state.faults.point("execute.before_withdraw_commit").await;
                tx.commit(withdrawn.outbox, now).await?;
                return Err(Halt::Nothing("it was withdrawn"));
            }
        }
    }
    let (claimed, next, by) = if let Some(hand) = hand {
        let (claimed, next) = execution.claim(Hand::carrier(), Hand::prepare, now);
        (claimed, next, By::Account(hand))
    } else {
        let prepare = |planned: &Execution| state.engine.prepare(planned, reversed.as_ref());
        let (claimed, next) = execution.clone().claim(state.engine.carrier(), prepare, now);
        let Approach { breaker, proof, quiet } = engines::approach(&mut tx, state.engine.name(), user).await?;
        let identity = state.identity(user, proof)?;
        match passage::ask(state, &mut tx, Caller(identity.user), (breaker, quiet), (&claimed, next), now).await? {
            Gate::Pass(known) => (claimed, next, By::Engine { identity, known }),
            Gate::Wait(until, why) => {
                let parked = Execution { in_doubt_since: claimed.in_doubt_since, ..execution.parked(until, now) };
                executions::settle(&mut tx, &lock, &parked, now).await?;
                tx.commit(Outbox::nothing(), now).await?;
                return Err(Halt::until(until, now, why));
            }
        }
    };
    executions::claim(&mut tx, &lock, &claimed).await?;
    let first = claimed.attempt == 1;
    state.faults.point("execute.before_claim_commit").await;
    tx.commit(if first { telling::started(&claimed) } else { Outbox::nothing() }, now).await?;
    Ok(Claim { execution: claimed, next, by })
}

/// Between the transactions: no lock is held and no connection kept while the engine thinks.
async fn ask(state: &State, identity: &Identity, claimed: &Execution, next: Next) -> Heard {
    let (call, asked) = match next {
        Next::Send => ("send", state.engine.send(identity, claimed)),
        Next::Look => ("look", state.engine.look(identity, claimed)),
        Next::Cancel => ("cancel", state.engine.cancel(identity, claimed)),
        Next::GiveUp => {
            return Answer::Lost { why: "No answer came, and the engine can't be asked.".to_owned() }.into();
        }
    };
    let engine = state.engine.name();
    let span = tracing::info_span!("engine", engine, call, execution = %claimed.id, attempt = claimed.attempt);
    let watch = Stopwatch::start();
    let heard = timeout(state.pace.engine, asked).instrument(span).await.unwrap_or_else(|_| {
        let why = "The engine did not answer in time.".to_owned();
        Heard { answer: Answer::InDoubt { retry_after: None, why: why.clone() }, sign: Sign::Troubled { why } }
    });
    let labels = [engine.to_owned(), call.to_owned(), sign(&heard.sign).to_owned()];
    metrics::ENGINE_CALLS.took(labels, watch.elapsed());
    heard
}

/// What a call said of the engine, in a word.
const fn sign(sign: &Sign) -> &'static str {
    match sign {
        Sign::Well => "well",
        Sign::Busy { .. } => "busy",
        Sign::Troubled { .. } => "troubled",
        Sign::Misconfigured { .. } => "misconfigured",
    }
}

/// How long to wait before the next send or look: exponential, with full jitter.
fn backoff(claimed: &Execution, next: Next, fraction: f64) -> TimeDelta {
    let tries = match next {
        Next::Send => claimed.sends,
        Next::Look | Next::Cancel | Next::GiveUp => claimed.attempt,
    };
    TimeDelta::from_std(Backoff::default().wait(tries, fraction)).unwrap_or(BREATH).max(BREATH)
}

/// Second transaction: what came of it, with the money, under the fence of the attempt.
async fn settle(state: &State, user: UserId, answered: &Execution, now: Timestamp) -> Result<(), Halt> {
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    executions::settle(&mut tx, &lock, answered, now).await?;
    let outbox =
        if answered.state.is_settled() { told(&mut tx, &lock, answered, now).await? } else { Outbox::nothing() };
    state.faults.point("execute.before_settle_commit").await;
    Ok(tx.commit(outbox, now).await?)
}

async fn told(tx: &mut Tx, lock: &UserLock, settled: &Execution, now: Timestamp) -> Result<Outbox, Halt> {
    let mut outbox = telling::ended(settled);
    if let (Some(reversed), Phase::Succeeded) = (settled.reverses, settled.state.phase()) {
        let reversed = executions::load(tx, lock, reversed).await?;
        outbox = outbox.and(telling::refund(settled, &reversed));
    }
    // most of what the twin does alone costs nothing and goes well: nobody is told, so nobody's settings are asked for
    if settled.reserved.is_none() && !telling::is_news(settled) {
        return Ok(outbox);
    }
    let settings: Settings = users::settings(&mut *tx, lock.user()).await?;
    outbox = telling::notice(settled, &settings, now).into_iter().fold(outbox, Outbox::notify);
    if settled.reserved.is_none() {
        return Ok(outbox);
    }
    let spent = ledger::view(tx, lock.user(), settings.autonomy.currency, now, None).await?;
    let notice = spent.ok().and_then(|spent| telling::limit(spent, &settings, now));
    Ok(notice.into_iter().fold(outbox, Outbox::notify))
}
