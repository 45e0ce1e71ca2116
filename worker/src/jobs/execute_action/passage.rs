//! Whether the engine may be called now, and what a call has shown of it: the breaker, the engine's wish to be left
//! alone, and its limits, known to all workers together (`domain.md` §10).
//!
//! Invariant: who may not pass is parked, and nothing of theirs is burnt, no send and no attempt. Being told is advice,
//! not truth: when it can't be written the call has still been made, and the next one will tell the same.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    breaker::{Breaker, PROBE_PAUSE, Passage, Sign},
    execution::{Execution, Next},
    quota::{self, Class},
    time::Timestamp,
};
use store::{Tx, engines, engines::Caller};

use super::Halt;
use crate::State;

/// Whoever waits for the same moment is spread over at most this after it, so that they don't come together.
const SPREAD: Duration = Duration::from_secs(30);

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Go; the breaker as it is known.
    Pass(Breaker),
    /// Come back then.
    Wait(Timestamp, &'static str),
}

/// Asks whether this claim may be carried to the engine, whose breaker is like this and which wants to be left alone until
/// then; a place and the probe's part are taken with the transaction.
pub(super) async fn ask(
    state: &State,
    tx: &mut Tx,
    caller: Caller,
    (breaker, quiet): (Breaker, Option<Timestamp>),
    (claimed, next): (&Execution, Next),
    now: Timestamp,
) -> Result<Gate, Halt> {
    let Some(class) = Class::of(next) else { return Ok(Gate::Pass(Breaker::default())) };
    let wait = |until: Timestamp, why| Ok(Gate::Wait(spread(until, now, state.entropy.fraction()), why));
    let engine = state.engine.name();
    if let Some(until) = quiet.filter(|until| *until > now) {
        return wait(until, "the engine asked to be left alone");
    }
    let doubt = claimed.in_doubt_since;
    let passage = breaker.passage(doubt, now);
    if let Passage::Wait(until) = passage {
        return wait(until, "the engine is in trouble");
    }
    if let Err(free) = engines::count(tx, engine, caller, class, state.engine.limits(), now).await? {
        return wait(free, "the engine's limit is reached");
    }
    if passage == Passage::Free {
        return Ok(Gate::Pass(breaker));
    }
    match breaker.probed_by(claimed.id, doubt, now) {
        Some(probed) if engines::probe(tx, engine, claimed.id, doubt, now).await? => Ok(Gate::Pass(probed)),
        Some(_) | None => wait(now.plus(PROBE_PAUSE), "somebody is finding out whether the engine is back"),
    }
}

/// Tells everybody what a call has shown of the engine, if that is news. Gives the breaker as it is then.
pub(super) async fn tell(
    state: &State,
    caller: Caller,
    claimed: &Execution,
    (known, sign): (Breaker, &Sign),
    now: Timestamp,
) -> Breaker {
    let engine = state.engine.name();
    if let Sign::Busy { retry_after } = sign {
        let until = quota::pause(*retry_after, now);
        if let Err(error) = engines::quiet(&state.store, engine, caller, until).await {
            tracing::warn!(%error, engine, "the others could not be told that the engine wants to be left alone");
        }
    }
    if known.clone().heard(claimed.id, sign, now) == known {
        return known;
    }
    match engines::heard(&state.store, engine, claimed.id, sign, now).await {
        Ok((before, after)) => {
            log(engine, &before, &after);
            after
        }
        Err(error) => {
            tracing::warn!(%error, engine, "the others could not be told how the engine is");
            known
        }
    }
}

fn log(engine: &str, before: &Breaker, after: &Breaker) {
    let why = after.last_failure.as_deref();
    match (&before.open, &after.open) {
        (None, Some(open)) => {
            tracing::error!(engine, until = %open.until, why, "the engine is in trouble: its work waits");
        }
        (Some(was), Some(open)) if was.until != open.until => {
            tracing::error!(engine, until = %open.until, why, "the engine is still in trouble");
        }
        (Some(_), None) => tracing::info!(engine, "the engine is back: its work goes on"),
        (None, None) | (Some(_), Some(_)) => {}
    }
    match (&before.misconfigured, &after.misconfigured) {
        (None, Some((_, why))) => {
            tracing::error!(engine, why, "the engine turns us away: its settings need an operator");
        }
        (Some(_), None) => tracing::info!(engine, "the engine takes us again"),
        (None, None) | (Some(_), Some(_)) => {}
    }
}

/// Somewhat after `until`: as long again as the wait itself at most.
fn spread(until: Timestamp, now: Timestamp, fraction: f64) -> Timestamp {
    let wait = until.since(now).to_std().unwrap_or_default();
    let more = wait.min(SPREAD).max(Duration::from_secs(1)).mul_f64(fraction);
    until.plus(TimeDelta::from_std(more).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::execute_action::samples::at;

    #[test]
    fn who_waits_is_spread_behind_the_moment_and_never_before_it() {
        let now = at("09:00:00");
        assert_eq!(spread(at("09:10:00"), now, 0.0), at("09:10:00"));
        assert_eq!(spread(at("09:10:00"), now, 0.5), at("09:10:15"));
        assert_eq!(spread(at("09:00:04"), now, 0.5), at("09:00:06"));
        assert_eq!(spread(at("08:59:00"), now, 0.5), at("08:59:00.5"));
    }
}
