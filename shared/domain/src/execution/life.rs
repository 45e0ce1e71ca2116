//! The life of an execution from its claim on: what an attempt does, and what an engine's word makes of it.
//!
//! Invariants: settled stays settled; only an engine's explicit word succeeds; what may have happened is never planned,
//! failed or called off without one; the request's bytes never change (`domain.md` §1 laws 7 and 8).

use chrono::TimeDelta;

use super::{Answer, Carrier, ErrorClass, Execution, MAX_SENDS, Next, RECONCILE_FOR, State, StepState};
use crate::time::Timestamp;

impl Execution {
    /// Takes it for one attempt: only this attempt may settle. `request` is kept from the first claim on, whatever is
    /// given later. Gives what to do now. What is settled stays as it is: there is only to look.
    ///
    /// In doubt the same bytes are sent again under the same key, which an engine that dedupes answers with what became
    /// of them; to one that does not dedupe nothing is sent twice. What the engine is known to have is only looked at,
    /// and called off once its time is up.
    #[must_use]
    pub fn claim(
        mut self,
        engine: Carrier<'_>,
        request: impl FnOnce(&Self) -> Vec<u8>,
        now: Timestamp,
    ) -> (Self, Next) {
        if self.state.is_settled() {
            return (self, Next::Look);
        }
        if self.request.is_none() {
            self.request = Some(request(&self));
            self.engine = Some(engine.name().to_owned());
        }
        // What was not taken is planned again; so here the attempt before never reported back, or in doubt.
        let may_have_arrived =
            matches!(self.state, State::Running { .. }) && self.sends > 0 && self.engine_ref.is_none();
        if may_have_arrived {
            self.in_doubt_since.get_or_insert(now);
        }
        let next = match &self.engine_ref {
            Some(_) if self.stopping_since() <= now => Next::Cancel,
            Some(_) => Next::Look,
            None if may_have_arrived && !engine.dedupes() => Next::GiveUp,
            None => Next::Send,
        };
        if next == Next::Send {
            self.sends += 1;
        }
        self.attempt += 1;
        self.steps_to(StepState::Running);
        self.updated_at = now;
        self.state = State::Running { due: now };
        (self, next)
    }

    /// From when on the engine is told to stop: the person asked for it, or its time is up.
    fn stopping_since(&self) -> Timestamp {
        self.cancel_asked.map_or(self.deadline(), |asked| asked.min(self.deadline()))
    }

    /// What an engine's answer makes of a running execution; of any other, nothing. `backoff` is the wait before another send.
    #[must_use]
    pub fn answered(mut self, answer: Answer, backoff: TimeDelta, now: Timestamp) -> Self {
        if !matches!(self.state, State::Running { .. }) {
            return self;
        }
        self.updated_at = now;
        match answer {
            Answer::Succeeded { output, actual, engine_ref } => {
                self.engine_ref = engine_ref.or(self.engine_ref);
                self.in_doubt_since = None;
                self.steps_to(StepState::Succeeded);
                if let Some(last) = self.steps.last_mut() {
                    last.output = Some(output.clone());
                }
                self.state = State::Succeeded { at: now, result: output, actual };
            }
            Answer::Failed { error, engine_ref } => {
                self.engine_ref = engine_ref.or(self.engine_ref);
                self.in_doubt_since = None;
                let class = if self.cancel_asked.is_some() { ErrorClass::ByPerson } else { ErrorClass::EngineFailed };
                self.fail(class, error, now);
            }
            Answer::Stepwise(told) => self.answered_by_steps(told, backoff, now),
            Answer::Refused { why } => {
                if self.in_doubt_since.is_some() || self.engine_ref.is_some() {
                    // An earlier send may have gone through, or did: a refusal now doesn't tell what came of it.
                    self.give_up_in_doubt(why, now);
                } else {
                    self.fail(ErrorClass::Refused, why, now);
                }
            }
            Answer::Working { engine_ref, .. } if now.since(self.stopping_since()) >= RECONCILE_FOR => {
                self.engine_ref = Some(engine_ref);
                self.give_up_in_doubt("The engine was told to stop and is still at it.".to_owned(), now);
            }
            Answer::Working { engine_ref, look_after } => {
                self.engine_ref = Some(engine_ref);
                self.in_doubt_since = None;
                self.state = State::Running { due: now.plus(look_after.unwrap_or(backoff)) };
            }
            Answer::NotTaken { retry_after, why } => {
                let wait = retry_after.map_or(backoff, |asked| asked.max(backoff));
                if self.in_doubt_since.is_some() || self.engine_ref.is_some() {
                    // What was not taken is this question, not the work the engine has or may have.
                    self.wait_in_doubt(why, wait, now);
                } else if self.sends >= MAX_SENDS {
                    let tried = self.sends;
                    self.fail(
                        ErrorClass::Exhausted,
                        format!("{why} It was tried {tried} times; try again later."),
                        now,
                    );
                } else {
                    self.steps_to(StepState::Pending);
                    self.state = State::Planned { due: now.plus(wait) };
                }
            }
            Answer::InDoubt { retry_after, why } => {
                self.wait_in_doubt(why, retry_after.map_or(backoff, |asked| asked.max(backoff)), now);
            }
            Answer::Lost { why } => self.give_up_in_doubt(why, now),
        }
        self
    }

    /// Ends it before anything was sent. Once claimed, only an answer can say that it did not happen.
    #[must_use]
    pub fn cancelled(mut self, class: ErrorClass, why: String, now: Timestamp) -> Self {
        if !matches!(self.state, State::Planned { .. }) {
            return self;
        }
        self.updated_at = now;
        self.steps_to(StepState::Cancelled);
        self.state = State::Cancelled { at: now, class, why };
        self
    }

    /// A probe of an engine in trouble that certainly did nothing: planned again, and as if it had not been sent.
    #[must_use]
    pub fn turned_away(mut self, until: Timestamp, now: Timestamp) -> Self {
        let in_flight = self.in_doubt_since.is_some() || self.engine_ref.is_some();
        if in_flight || !matches!(self.state, State::Running { .. }) {
            return self.parked(until, now);
        }
        self.sends = self.sends.saturating_sub(1).max(0);
        self.steps_to(StepState::Pending);
        self.updated_at = now;
        self.state = State::Planned { due: until };
        self
    }

    /// Parked: nothing is burnt, somebody looks again at `until`.
    #[must_use]
    pub fn parked(mut self, until: Timestamp, now: Timestamp) -> Self {
        if !self.state.is_settled() {
            self.updated_at = now;
        }
        self.state = match self.state {
            State::Planned { .. } => State::Planned { due: until },
            State::Running { .. } => State::Running { due: until },
            settled @ (State::Succeeded { .. }
            | State::Failed { .. }
            | State::Unknown { .. }
            | State::Cancelled { .. }) => settled,
        };
        self
    }

    /// Nobody looks at it any more by themselves: it will not happen if nothing was sent, else nobody can tell.
    #[must_use]
    pub fn abandoned(mut self, why: String, now: Timestamp) -> Self {
        match self.state {
            State::Planned { .. } => return self.cancelled(ErrorClass::Exhausted, why, now),
            State::Running { .. } => self.give_up_in_doubt(why, now),
            State::Succeeded { .. } | State::Failed { .. } | State::Unknown { .. } | State::Cancelled { .. } => {
                return self;
            }
        }
        self.updated_at = now;
        self
    }

    pub(super) fn wait_in_doubt(&mut self, why: String, wait: TimeDelta, now: Timestamp) {
        let since = *self.in_doubt_since.get_or_insert(now);
        if now.since(since) >= RECONCILE_FOR {
            self.give_up_in_doubt(why, now);
        } else {
            self.state = State::Running { due: now.plus(wait) };
        }
    }

    pub(super) fn give_up_in_doubt(&mut self, why: String, now: Timestamp) {
        self.in_doubt_since.get_or_insert(now);
        self.steps_to(StepState::Unknown);
        self.state = State::Unknown { at: now, error: why };
    }

    pub(super) fn fail(&mut self, class: ErrorClass, error: String, now: Timestamp) {
        self.steps_to(StepState::Failed);
        self.state = State::Failed { at: now, class, error };
    }

    /// Moves every step that is not finished.
    fn steps_to(&mut self, state: StepState) {
        for step in &mut self.steps {
            if matches!(step.state, StepState::Pending | StepState::Running) {
                step.state = state;
            }
        }
    }
}
