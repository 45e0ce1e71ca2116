//! Answering: a person's word on their own approval, held against policy as it stands now (`domain.md` §9).
//!
//! Invariant: a refusal changes nothing; a deny resolves as rejected by policy; only a yes that policy does not deny
//! makes a [`Consent`], and it is for exactly the action that was reviewed here.

use super::{Answer, Answered, Approval, Refusal, ResolvedBy, State, Terms};
use crate::{
    action::{Action, Cost, Verb},
    catalogue::{self, Invalid},
    event,
    execution::{Consent, Execution, Warrant},
    facts::{Context, Facts},
    feedback::{self, Feedback},
    id::ExecutionId,
    job::Job,
    ledger::{Excess, Override},
    money::Money,
    notify,
    outbox::Outbox,
    policy::{self, Effect, Moment},
    risk,
    signal::Object,
    time::Timestamp,
};

impl Approval {
    /// A person answers their own approval. Everything is checked and re-evaluated here; nothing changes on a refusal.
    pub fn answer(self, answer: Answer, context: &Context, facts: &Facts) -> Result<Answered, Refusal> {
        let now = facts.now;
        if self.state != State::Pending {
            return Err(Refusal::Resolved(self.state.phase()));
        }
        if now >= self.expires_at {
            return Err(Refusal::Expired(self.expires_at));
        }
        let (action, terms, learned) = match &answer {
            // A no runs nothing: it is taken even while the twin is stopped.
            Answer::Reject { reason } => return Ok(self.rejected(reason.clone(), now)),
            _ if facts.settings.stopped => return Err(Refusal::Stopped),
            Answer::Approve { terms } => (self.action.clone(), terms.clone(), feedback::Kind::Approve),
            Answer::Edit { parameters, terms } => (self.edited(parameters)?, terms.clone(), feedback::Kind::Edit),
            Answer::Choose { ordinal, terms } => (self.alternative(*ordinal)?, terms.clone(), feedback::Kind::Edit),
        };
        let missing = catalogue::missing(&action);
        if !missing.is_empty() {
            return Err(Refusal::Invalid(missing));
        }
        let risk = risk::assess(&action, context);
        let review = policy::review(&action, &risk, context, facts, Moment::Approve);
        let Some(permit) = review.permit else {
            return Ok(self.denied(&review.verdict, now));
        };
        let cap = match (action.cost, terms.max_cost_cents) {
            (Cost::Unknown, Some(cents)) if cents >= 0 => Some(cents),
            (Cost::Unknown, _) => return Err(Refusal::NeedsMaxCost),
            (Cost::Free | Cost::Known { .. }, _) => None,
        };
        let id: ExecutionId = self.id.child("execution");
        // A cap is what will be reserved: it is held against the daily limit as a cost would be.
        let cost = action.cost.known().or_else(|| Some(Money::new(cap?, permit.currency())));
        let overridden = match cost.and_then(|cost| policy::over_daily_limit(cost, facts)) {
            Some(excess) => Some(self.overridden(id, action.verb, &terms, excess, now)?),
            None => None,
        };
        let consent = Consent { approval: self.id, digest: action.digest(), given_at: now };
        // The permit is for this very digest, so the warrant holds; a refusal here would be a bug and reads as invalid.
        let execution = Warrant::consented(permit, consent)
            .and_then(|warrant| Execution::plan(id, self.user, self.decision, action.clone(), &warrant, cap, now))
            .map_err(|broken| Refusal::Invalid(vec![Invalid { path: "/answer".into(), reason: broken.to_string() }]))?;
        let outbox = Outbox::nothing().ring(Job::ExecuteAction { execution: id }, format!("{id}:0"));
        let state = State::Approved { at: now, answer, execution: id };
        let answered = self.resolved(state, Some(execution), learned, terms.reason, outbox, now);
        Ok(Answered { overridden, ..answered })
    }

    /// What the audit keeps of a yes above the daily limit; without the override and a reason there is none.
    fn overridden(
        &self,
        execution: ExecutionId,
        verb: Verb,
        terms: &Terms,
        excess: Excess,
        now: Timestamp,
    ) -> Result<Override, Refusal> {
        let reason = terms.reason.as_deref().map(str::trim).filter(|words| !words.is_empty());
        match reason {
            Some(reason) if terms.override_daily_limit => Ok(Override {
                id: self.id.child("override"),
                user: self.user,
                decision: self.decision,
                approval: self.id,
                execution,
                verb,
                reason: reason.to_owned(),
                excess,
                at: now,
            }),
            Some(_) | None => Err(Refusal::NeedsOverride(Box::new(policy::exceeded(excess)))),
        }
    }

    fn edited(&self, parameters: &Object) -> Result<Action, Refusal> {
        catalogue::with_parameters(&self.action, parameters).map_err(Refusal::Invalid)
    }

    fn alternative(&self, ordinal: u16) -> Result<Action, Refusal> {
        self.alternatives.iter().find(|other| other.ordinal == ordinal).map(|other| other.action.clone()).ok_or_else(
            || {
                let known: Vec<_> = self.alternatives.iter().map(|other| other.ordinal.to_string()).collect();
                let reason = if known.is_empty() {
                    "this approval has no alternatives".into()
                } else {
                    format!("choose one of {}", known.join(", "))
                };
                Refusal::Invalid(vec![Invalid { path: "/ordinal".into(), reason }])
            },
        )
    }

    fn rejected(self, reason: Option<String>, now: Timestamp) -> Answered {
        let state = State::Rejected { at: now, by: ResolvedBy::Person, reasons: reason.iter().cloned().collect() };
        self.resolved(state, None, feedback::Kind::Reject, reason, Outbox::nothing(), now)
    }

    /// The person said yes and policy says no: rejected, with the reasons, and the person is told.
    fn denied(self, verdict: &policy::Verdict, now: Timestamp) -> Answered {
        let reasons: Vec<String> = verdict
            .reasons
            .iter()
            .filter(|reason| reason.effect == Effect::Deny)
            .map(|reason| reason.text.clone())
            .collect();
        let notice = notify::New {
            user: self.user,
            kind: notify::Kind::Refused,
            severity: notify::Severity::Warning,
            title: format!("Not done, although you agreed: {}", self.summary),
            body: reasons.join(" "),
            link: Some(format!("/api/v1/approvals/{}", self.id)),
            dedupe_key: format!("refused:{}", self.id),
            deliver_at: now,
        };
        let state = State::Rejected { at: now, by: ResolvedBy::Policy, reasons };
        self.resolved(state, None, feedback::Kind::Approve, None, Outbox::nothing().notify(notice), now)
    }

    fn resolved(
        mut self,
        state: State,
        execution: Option<Execution>,
        learned: feedback::Kind,
        comment: Option<String>,
        outbox: Outbox,
        now: Timestamp,
    ) -> Answered {
        self.updated_at = now;
        self.state = state;
        let verb = execution.as_ref().map_or(self.action.verb, |execution| execution.action.verb);
        let feedback = Feedback {
            id: self.id.child("feedback"),
            user: self.user,
            decision: self.decision,
            approval: Some(self.id),
            domain: self.action.domain,
            verb: Some(verb),
            kind: learned,
            severity: None,
            comment,
            at: now,
        };
        let outbox = outbox
            .event(self.user, event::Name::ApprovalResolved, self.facts())
            .ring(Job::EvaluateTrust { user: self.user }, format!("trust:{}", feedback.id));
        Answered { approval: self, execution, feedback, overridden: None, outbox }
    }
}
