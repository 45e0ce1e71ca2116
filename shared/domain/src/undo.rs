//! Undo: whether what a decision did can still be taken back, by which steps, and the plan to do so (`domain.md` §10).
//!
//! Invariant: what is offered comes from the catalogue alone, one undo is in flight at a time, and after one that failed
//! in part only what is left is tried again. An undo is the person's command: rules 1 and 12 alone stop it (§6).

use serde_json::{Value, json};

use crate::{
    action::{Action, Verb},
    catalogue::{self, Reversibility},
    event,
    execution::{Execution, Kind, NoWarrant, Phase, State, StepState, Warrant},
    facts::{Context, Facts},
    feedback::{self, Feedback, Severity},
    id::ExecutionId,
    job::Job,
    outbox::Outbox,
    policy::{self, Moment, Verdict},
    risk,
    signal::Object,
    time::Timestamp,
    twin,
    wire::wire_enum,
};

wire_enum! {
    /// Why something can't be undone now.
    Obstacle, "obstacle" {
        /// Nothing was done.
        NotExecuted = "not_executed",
        /// It is not certain yet what was done.
        NotSettled = "not_settled",
        /// There is no way back.
        Irreversible = "irreversible",
        /// Its window has passed.
        TooLate = "too_late",
        /// It was undone before.
        Undone = "undone",
        /// It is being undone.
        BeingUndone = "being_undone",
        /// Nobody knows what became of an undo.
        UndoInDoubt = "undo_in_doubt",
        /// The twin is stopped.
        Stopped = "stopped",
        /// Policy denies it.
        Denied = "denied",
    }
}

/// Why something can't be undone, in a word and in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// The word.
    pub obstacle: Obstacle,
    /// The sentence.
    pub text: String,
}

impl Refusal {
    fn new(obstacle: Obstacle, text: impl Into<String>) -> Self {
        Self { obstacle, text: text.into() }
    }

    /// The twin is stopped: nothing runs, not even an undo.
    pub fn stopped() -> Self {
        Self::new(Obstacle::Stopped, "The twin is stopped; resume it, then undo.")
    }

    fn denied(verdict: &Verdict) -> Self {
        let words: Vec<_> = verdict.deciding().map(|reason| reason.text.as_str()).collect();
        Self::new(Obstacle::Denied, words.join(" "))
    }
}

/// What an undo would do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer<'e> {
    /// What it takes back.
    pub reverses: &'e Execution,
    /// It is too late from then on; none means never.
    pub until: Option<Timestamp>,
    /// What it does, in order.
    pub steps: Vec<Action>,
    id: ExecutionId,
}

impl Offer<'_> {
    /// What it would do, in a sentence.
    pub fn sentence(&self) -> String {
        let phrases: Vec<_> = self.steps.iter().map(|action| catalogue::spec(action.verb).phrase).collect();
        format!("This will {}.", phrases.join(", then "))
    }
}

/// What can be undone of a decision, given all its executions, oldest first.
pub fn offer(executions: &[Execution], now: Timestamp) -> Result<Offer<'_>, Refusal> {
    let acts = || executions.iter().filter(|execution| execution.kind == Kind::Act);
    let open = |act: &&Execution| matches!(act.state.phase(), Phase::Planned | Phase::Running | Phase::Unknown);
    let done = acts().rfind(|act| !open(act) && act.succeeded_steps().next().is_some());
    let reverses = done.ok_or_else(|| {
        if acts().any(|act| open(&act)) {
            Refusal::new(Obstacle::NotSettled, "It is not certain yet what was done; undo it once it is settled.")
        } else {
            Refusal::new(Obstacle::NotExecuted, "Nothing was done, so there is nothing to undo.")
        }
    })?;
    let undos: Vec<_> = executions.iter().filter(|undo| undo.reverses == Some(reverses.id)).collect();
    if let Some(refusal) = undos.iter().find_map(|undo| in_the_way(undo.state.phase())) {
        return Err(refusal);
    }
    // All of them failed: each left less to do than the one before, whatever order they come in.
    let left = |undo: &Execution| undo.steps.iter().filter(|step| step.state != StepState::Succeeded).count();
    let again = undos.iter().copied().min_by_key(|undo| left(undo));
    let steps = ways_back(reverses)?;
    let until = deadline(reverses);
    if let Some(until) = until.filter(|until| now >= *until) {
        return Err(Refusal::new(
            Obstacle::TooLate,
            format!("It could be undone until {until}; that time has passed."),
        ));
    }
    let steps = again.map_or(steps, |failed| {
        let left = failed.steps.iter().filter(|step| step.state != StepState::Succeeded);
        left.map(|step| step.action.clone()).collect()
    });
    let id = reverses.id.child(&format!("undo:{}", undos.len()));
    Ok(Offer { reverses, until, steps, id })
}

/// Why there is nothing to try while another undo stands like this.
fn in_the_way(undo: Phase) -> Option<Refusal> {
    match undo {
        Phase::Failed | Phase::Cancelled => None,
        Phase::Succeeded => Some(Refusal::new(Obstacle::Undone, "It was undone before.")),
        Phase::Planned | Phase::Running => Some(Refusal::new(Obstacle::BeingUndone, "It is being undone.")),
        Phase::Unknown => {
            let text = "Nobody knows whether undoing it worked; look, and say what happened.";
            Some(Refusal::new(Obstacle::UndoInDoubt, text))
        }
    }
}

/// The compensations of what was done, the last first.
fn ways_back(done: &Execution) -> Result<Vec<Action>, Refusal> {
    let back = |action: &Action| {
        catalogue::compensation(action).filter(|back| catalogue::missing(back).is_empty()).ok_or_else(|| {
            let row = catalogue::spec(action.verb);
            let why = if row.is_read_only() { "This changed nothing" } else { "There is no way back from this" };
            Refusal::new(Obstacle::Irreversible, format!("{why}: {}.", row.phrase))
        })
    };
    done.succeeded_steps().rev().map(|step| back(&step.action)).collect()
}

/// Until when it can be undone: the shortest window of what was done; none means without an end.
fn deadline(done: &Execution) -> Option<Timestamp> {
    let at = match &done.state {
        State::Succeeded { at, .. } | State::Failed { at, .. } | State::Cancelled { at, .. } => *at,
        State::Planned { .. } | State::Running { .. } | State::Unknown { .. } => done.updated_at,
    };
    let windows = done.succeeded_steps().filter_map(|step| match catalogue::spec(step.action.verb).reversibility {
        Reversibility::Window(grace) => Some(grace),
        Reversibility::Full | Reversibility::No => None,
    });
    windows.min().map(|grace| at.plus(grace))
}

/// What the person says when they take something back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Why, in their words.
    pub reason: String,
    /// How bad it had been.
    pub severity: Severity,
    /// What they would have wanted instead: a verb, or in their words.
    pub preferred_alternative: Option<String>,
}

impl Command {
    /// The verb they would have wanted instead of this, where they plainly name one of its domain: no more is read into
    /// a sentence than it says.
    fn rather(&self, instead_of: &Action) -> Option<Verb> {
        let named = twin::plain_verb(self.preferred_alternative.as_deref()?, instead_of.domain);
        named.filter(|verb| *verb != instead_of.verb)
    }
}

/// An undo on its way, to be written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What runs.
    pub execution: Execution,
    /// What is learned, once for what was done however often its undo is tried.
    pub feedback: Feedback,
    /// What they would have wanted instead, where that is a verb: it is preferred from now on.
    pub rather: Option<Verb>,
    /// What follows.
    pub outbox: Outbox,
}

/// Plans the undo of what a decision did. `context` is the decision's.
pub fn plan(executions: &[Execution], context: &Context, facts: &Facts, command: Command) -> Result<Planned, Refusal> {
    if facts.settings.stopped {
        return Err(Refusal::stopped());
    }
    let Offer { reverses, steps, id, .. } = offer(executions, facts.now)?;
    let warranted = |action: Action| {
        let review = policy::review(&action, &risk::assess(&action, context), context, facts, Moment::Undo);
        let permit = review.permit.ok_or_else(|| Refusal::denied(&review.verdict))?;
        Ok((action, Warrant::commanded(permit).map_err(|broken| no_warrant(&broken))?))
    };
    let steps = steps.into_iter().map(warranted).collect::<Result<Vec<_>, Refusal>>()?;
    let execution = reverses.reversed(id, steps, facts.now).map_err(|broken| no_warrant(&broken))?;
    let rather = command.rather(&reverses.action);
    let feedback = learned(reverses, command, facts.now);
    let told = json!({ "execution": id, "reverses": reverses.id, "decision": reverses.decision,
        "severity": feedback.severity, "steps": execution.steps.len() });
    let outbox = Outbox::nothing()
        .event(execution.user, event::Name::UndoRequested, object(&told))
        .ring(Job::ExecuteAction { execution: id }, format!("{id}:0"))
        .ring(Job::EvaluateTrust { user: execution.user }, format!("trust:{}", feedback.id));
    Ok(Planned { execution, feedback, rather, outbox })
}

fn learned(reverses: &Execution, command: Command, now: Timestamp) -> Feedback {
    let comment = match command.preferred_alternative {
        Some(instead) => format!("{} Rather: {instead}", command.reason),
        None => command.reason,
    };
    Feedback {
        id: reverses.id.child("undo-feedback"),
        user: reverses.user,
        decision: reverses.decision,
        approval: reverses.approval,
        domain: reverses.action.domain,
        verb: Some(reverses.action.verb),
        kind: feedback::Kind::Undo,
        severity: Some(command.severity),
        comment: Some(comment),
        at: now,
    }
}

/// Every permit here is for an undo of exactly its action: this would be a bug, and reads as a denial.
fn no_warrant(broken: &NoWarrant) -> Refusal {
    Refusal::new(Obstacle::Denied, broken.to_string())
}

fn object(value: &Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests;
