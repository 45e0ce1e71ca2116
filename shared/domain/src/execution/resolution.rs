//! The person's word on an execution: what came of it where nobody can tell, and that it is to stop (`domain.md` §10).
//!
//! Invariant: each word counts once, and only where it is the person's to say: an outcome is theirs while the state is
//! unknown, and a stop is a command to the engine, never a verdict. Another try is an execution of its own, under a key
//! of its own; it carries the old warrant and consent and nothing more, so its dispatch reviews it like any other.

use serde_json::{Value, json};

use super::{ErrorClass, Execution, Kind, Phase, State, Step, StepState};
use crate::{
    event,
    job::Job,
    money::{Currency, Money},
    outbox::Outbox,
    signal::Object,
    time::Timestamp,
};

/// What the person says of an execution whose outcome nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It happened.
    Happened {
        /// What it really cost, in cents, if they know; else what was reserved counts.
        actual_cents: Option<i64>,
    },
    /// It did not.
    DidNotHappen,
    /// It did not, and it is to be tried again.
    TryAgain,
}

/// An execution the person has spoken on, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Settled by their word.
    pub execution: Execution,
    /// The other try, to be stored with it.
    pub retry: Option<Execution>,
    /// What follows.
    pub outbox: Outbox,
}

/// An execution the person called off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledOff {
    /// Cancelled, or still running and to be stopped.
    pub execution: Execution,
    /// What follows.
    pub outbox: Outbox,
}

/// A word that does not fit the state it met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfPlace {
    /// Its outcome is not in question.
    #[error("Only an outcome that nobody knows is yours to say; this one is {0}.")]
    Known(Phase),
    /// Nothing of it is left to stop.
    #[error("There is nothing left to call off: it is {0}.")]
    Over(Phase),
}

impl OutOfPlace {
    /// The state it met.
    pub const fn found(self) -> Phase {
        match self {
            Self::Known(phase) | Self::Over(phase) => phase,
        }
    }
}

impl Execution {
    /// Settles what nobody could tell, by the person's word. `currency` is theirs, for a cost where none was expected.
    pub fn resolved(mut self, word: Word, currency: Currency, now: Timestamp) -> Result<Resolved, OutOfPlace> {
        if !matches!(self.state, State::Unknown { .. }) {
            return Err(OutOfPlace::Known(self.state.phase()));
        }
        let retry = matches!(word, Word::TryAgain).then(|| self.another_try(now));
        self.updated_at = now;
        match word {
            Word::Happened { actual_cents } => {
                let currency = self.reserved.map_or(currency, |reserved| reserved.currency);
                let actual = actual_cents.map(|cents| Money::new(cents, currency));
                self.nobody_knew(StepState::Succeeded);
                self.state = State::Succeeded { at: now, result: object(&json!({ "said_by": "person" })), actual };
            }
            Word::DidNotHappen | Word::TryAgain => {
                self.nobody_knew(StepState::Failed);
                let error = match &retry {
                    Some(_) => "You said that it did not happen, and to try it again.",
                    None => "You said that it did not happen.",
                };
                self.state = State::Failed { at: now, class: ErrorClass::ByPerson, error: error.to_owned() };
            }
        }
        let mut outbox = self.told_by_person(&json!({ "retried_by": retry.as_ref().map(|retry| retry.id) }));
        if let Some(retry) = &retry {
            outbox = outbox.ring(Job::ExecuteAction { execution: retry.id }, format!("{}:0", retry.id));
        }
        Ok(Resolved { execution: self, retry, outbox })
    }

    /// Calls it off: at once while nothing was sent; else the engine is asked to stop it and has the last word. Said
    /// twice is said once.
    pub fn called_off(mut self, now: Timestamp) -> Result<CalledOff, OutOfPlace> {
        match self.state {
            State::Planned { .. } => {
                let execution = self.cancelled(ErrorClass::ByPerson, "You called it off.".to_owned(), now);
                let outbox = execution.told_by_person(&json!({}));
                Ok(CalledOff { execution, outbox })
            }
            State::Running { .. } if self.cancel_asked.is_some() => {
                Ok(CalledOff { execution: self, outbox: Outbox::nothing() })
            }
            State::Running { due } => {
                self.cancel_asked = Some(now);
                if due != self.updated_at {
                    // Nobody has it in hands: this need not wait for the next look.
                    self.state = State::Running { due: due.min(now) };
                }
                let facts = json!({ "execution": self.id, "decision": self.decision, "verb": self.action.verb });
                let outbox = Outbox::nothing()
                    .event(self.user, event::Name::ExecutionCancelAsked, object(&facts))
                    .ring(Job::ExecuteAction { execution: self.id }, format!("{}:cancel", self.id));
                Ok(CalledOff { execution: self, outbox })
            }
            State::Succeeded { .. } | State::Failed { .. } | State::Unknown { .. } | State::Cancelled { .. } => {
                Err(OutOfPlace::Over(self.state.phase()))
            }
        }
    }

    /// The same again for what is not done, under a key of its own.
    fn another_try(&self, now: Timestamp) -> Self {
        let left = self.steps.iter().filter(|step| step.state != StepState::Succeeded);
        let steps = (0..).zip(left).map(|(ordinal, step)| Step {
            ordinal,
            action: step.action.clone(),
            state: StepState::Pending,
            output: None,
        });
        Self {
            id: self.id.child("retry"),
            retry_of: Some(self.id),
            steps: steps.collect(),
            engine: None,
            engine_ref: None,
            request: None,
            attempt: 0,
            sends: 0,
            in_doubt_since: None,
            cancel_asked: None,
            created_at: now,
            updated_at: now,
            state: State::Planned { due: now },
            ..self.clone()
        }
    }

    fn nobody_knew(&mut self, now_known: StepState) {
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Unknown) {
            step.state = now_known;
        }
    }

    /// The events of an end that the person set.
    fn told_by_person(&self, more: &Value) -> Outbox {
        let (class, actual) = match &self.state {
            State::Failed { class, .. } | State::Cancelled { class, .. } => (Some(*class), None),
            State::Succeeded { actual, .. } => (None, *actual),
            State::Planned { .. } | State::Running { .. } | State::Unknown { .. } => (None, None),
        };
        let mut facts = object(&json!({ "execution": self.id, "decision": self.decision, "kind": self.kind,
            "verb": self.action.verb, "state": self.state.phase(), "error_class": class, "said_by": "person" }));
        facts.extend(object(more));
        let mut outbox = Outbox::nothing().event(self.user, event::Name::ExecutionSettled, facts);
        if self.kind == Kind::Undo {
            let facts = json!({ "execution": self.id, "reverses": self.reverses, "state": self.state.phase() });
            outbox = outbox.event(self.user, event::Name::UndoSettled, object(&facts));
        }
        if let Some(money) = actual.or(self.reserved) {
            let facts = json!({ "execution": self.id, "currency": money.currency, "state": self.state.phase(),
                "reserved_cents": self.reserved.map(|money| money.cents), "actual_cents": actual.map(|money| money.cents) });
            outbox = outbox.event(self.user, event::Name::SpendChanged, object(&facts));
        }
        outbox
    }
}

fn object(value: &Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests;
