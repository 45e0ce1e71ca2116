//! The decision: from a signal and the facts to an outcome with everything that follows, pure (`domain.md` §6).
//!
//! Classify, think of what could be done, rate and judge every candidate, rank, choose how to reach the person, explain.
//! The same input gives the same output, so a decision made twice writes the same rows.

mod outcome;
mod score;
mod weigh;

#[cfg(test)]
mod tests;

use serde_json::json;

pub(crate) use self::{
    outcome::{Cause, raised},
    score::CAUTIOUS_ABOVE_CENTS,
    weigh::{Against, Weighed},
};
use crate::{
    approval::{self, Approval},
    decision::{Candidate, Decision, Outcome},
    event,
    execution::{Execution, Warrant},
    explain,
    facts::Facts,
    id::{DecisionId, ExecutionId},
    job::Job,
    notify,
    outbox::Outbox,
    quiet,
    signal::{Signal, Urgency},
    situation::{self, Reading, Understood},
};

/// Everything a decided signal leads to, to be written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The decision with candidates, verdicts and explanation.
    pub decision: Decision,
    /// What waits for the person (ask or suggest, and alerts with something to do).
    pub approval: Option<Approval>,
    /// What runs (auto).
    pub execution: Option<Execution>,
    /// What follows.
    pub outbox: Outbox,
}

/// Decides what a signal means and what comes of it. The same input gives the same output.
pub fn decide(signal: &Signal, facts: &Facts) -> Decided {
    let reading = Reading::of(signal);
    let understood = situation::understand(&reading, facts);
    let weighed = weigh::all(&reading, &understood, facts);
    let hears = weigh::wants_to_hear(&reading, &understood, facts);
    let (mut outcome, mut causes) = outcome::of(&weighed, &understood, facts, hears);
    let id: DecisionId = signal.id.child("decision");

    // Of a refusal the person sees what would have been done, not what is left.
    let chosen = match outcome {
        Outcome::Inform => None,
        Outcome::Block => weighed.iter().find(|weighed| weighed.permit.is_none()),
        Outcome::Auto | Outcome::Ask | Outcome::Alert | Outcome::Suggest => weighed.first(),
    };
    let execution = match (outcome, chosen) {
        (Outcome::Auto, Some(best)) => {
            let planned = run(id, best, signal, facts);
            if planned.is_none() {
                // The permit did not hold for acting alone: then the person decides.
                outcome = Outcome::Ask;
                causes.push(Cause::NoWarrant);
            }
            planned
        }
        (Outcome::Auto | Outcome::Ask | Outcome::Alert | Outcome::Suggest | Outcome::Inform | Outcome::Block, _) => {
            None
        }
    };
    // An alert without anything the person could say yes to proposes nothing.
    let chosen = chosen.filter(|best| outcome != Outcome::Alert || best.permit.is_some());
    let decision = Decision {
        id,
        user: signal.user,
        signal: signal.id,
        domain: understood.domain,
        context: chosen.or(weighed.first()).map_or_else(|| understood.context(), |best| best.context.clone()),
        tier: facts.settings.tier_in(understood.domain),
        outcome,
        explanation: explain::compose(&explain::Account {
            reading: &reading,
            understood: &understood,
            weighed: &weighed,
            chosen,
            outcome,
            causes: &causes,
            facts,
        }),
        chosen: chosen.map(|best| best.candidate.ordinal),
        candidates: weighed.iter().map(|weighed| weighed.candidate.clone()).collect(),
        decided_at: facts.now,
    };
    let outbox = Outbox::nothing().event(signal.user, event::Name::DecisionMade, short_facts(&decision));
    let (approval, outbox) = match (outcome, decision.chosen()) {
        (Outcome::Ask, Some(chosen)) => open(approval::Kind::Ask, &decision, chosen, facts, outbox),
        (Outcome::Suggest, Some(chosen)) => open(approval::Kind::Suggest, &decision, chosen, facts, outbox),
        (Outcome::Alert, chosen) => {
            let outbox = outbox.notify(alarm(&decision, &understood, facts));
            chosen.map_or((None, outbox.clone()), |chosen| open(approval::Kind::Ask, &decision, chosen, facts, outbox))
        }
        (Outcome::Auto | Outcome::Ask | Outcome::Suggest | Outcome::Inform | Outcome::Block, _) => (None, outbox),
    };
    let outbox = match &execution {
        Some(execution) => outbox.ring(Job::ExecuteAction { execution: execution.id }, format!("{}:0", execution.id)),
        None => outbox,
    };
    Decided { decision, approval, execution, outbox }
}

fn open(
    kind: approval::Kind,
    decision: &Decision,
    chosen: &Candidate,
    facts: &Facts,
    outbox: Outbox,
) -> (Option<Approval>, Outbox) {
    let (approval, follows) = Approval::open(kind, decision, chosen, facts);
    (Some(approval), outbox.and(follows))
}

/// Plans what the twin may do alone. The warrant asks the permit itself, so nothing here can talk it into running.
fn run(decision: DecisionId, best: &Weighed, signal: &Signal, facts: &Facts) -> Option<Execution> {
    let warrant = Warrant::auto(best.permit.clone()?).ok()?;
    let id: ExecutionId = decision.child("execution");
    Execution::plan(id, signal.user, decision, best.candidate.action.clone(), &warrant, None, facts.now).ok()
}

/// Ids and short facts, nothing anybody wrote.
fn short_facts(decision: &Decision) -> crate::signal::Object {
    let facts = json!({
        "decision": decision.id,
        "signal": decision.signal,
        "outcome": decision.outcome,
        "situation": decision.context.situation,
        "domain": decision.domain,
        "urgency": decision.context.urgency,
        "verb": decision.chosen().map(|chosen| chosen.action.verb),
    });
    facts.as_object().cloned().unwrap_or_default()
}

/// Interrupts the person; a danger passes quiet hours.
fn alarm(decision: &Decision, understood: &Understood, facts: &Facts) -> notify::New {
    let loud = understood.hazard.is_some() || understood.urgency == Urgency::Critical;
    let severity = if loud { notify::Severity::Critical } else { notify::Severity::Warning };
    notify::New {
        user: decision.user,
        kind: notify::Kind::Alert,
        severity,
        title: decision.explanation.headline.clone(),
        body: format!("{} {}", decision.explanation.understood, decision.explanation.next),
        link: Some(format!("/api/v1/decisions/{}", decision.id)),
        dedupe_key: format!("alert:{}", decision.id),
        deliver_at: quiet::deliver_at(severity, &facts.settings, facts.now),
    }
}
