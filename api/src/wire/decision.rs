//! A decision: in a line for lists, and whole, with everything that was weighed and what came of it.

use domain::{
    approval, catalogue, decision as inner,
    decision::Outcome,
    execution,
    flags::Flag,
    signal::{self, Object, SituationKind, Urgency},
    tier::{Confidence, TrustTier},
    time::Timestamp,
};
use serde::Serialize;
use store::{decisions, events};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    action::{Action, Risk, Verdict},
    approval::Approval,
    execution::Execution,
    words,
};

/// A decision in a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summary {
    /// Which.
    pub id: Uuid,
    /// Of which signal.
    pub signal: Uuid,
    /// What the signal was.
    #[schema(value_type = words::Situation)]
    pub situation: SituationKind,
    /// In which domain.
    #[schema(value_type = words::Domain)]
    pub domain: signal::Domain,
    /// How soon.
    #[schema(value_type = words::Urgency)]
    pub urgency: Urgency,
    /// What came of it.
    #[schema(value_type = words::Outcome)]
    pub outcome: Outcome,
    /// What the twin did, and about what.
    pub headline: String,
    /// What runs or is proposed.
    #[schema(value_type = Option<words::Verb>)]
    pub verb: Option<catalogue::Verb>,
    /// The same in a line.
    pub action: Option<String>,
    /// When.
    #[schema(value_type = words::Instant)]
    pub decided_at: Timestamp,
}

impl From<decisions::Summary> for Summary {
    fn from(row: decisions::Summary) -> Self {
        Self {
            id: row.id.uuid(),
            signal: row.signal.uuid(),
            situation: row.situation,
            domain: row.domain,
            urgency: row.urgency,
            outcome: row.outcome,
            headline: row.headline,
            verb: row.verb,
            action: row.action,
            decided_at: row.decided_at,
        }
    }
}

/// A decision, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decision {
    /// Its id.
    pub id: Uuid,
    /// Of which signal.
    pub signal: Uuid,
    /// What the signal was.
    #[schema(value_type = words::Situation)]
    pub situation: SituationKind,
    /// In which domain.
    #[schema(value_type = words::Domain)]
    pub domain: signal::Domain,
    /// How soon.
    #[schema(value_type = words::Urgency)]
    pub urgency: Urgency,
    /// Who sent it, if anybody.
    pub sender: Option<String>,
    /// What was noticed.
    #[schema(value_type = Vec<words::Flag>)]
    pub flags: Vec<Flag>,
    /// The tier it was decided under.
    #[schema(value_type = words::TrustTier)]
    pub tier: TrustTier,
    /// What came of it.
    #[schema(value_type = words::Outcome)]
    pub outcome: Outcome,
    /// Why.
    pub explanation: Explanation,
    /// The ordinal of what runs or is proposed.
    pub chosen: Option<u16>,
    /// Everything weighed, best first.
    pub candidates: Vec<Candidate>,
    /// What was asked, the latest first.
    pub approvals: Vec<Approval>,
    /// What was done, the first first.
    pub executions: Vec<Execution>,
    /// What happened, in order.
    pub timeline: Vec<Event>,
    /// When.
    #[schema(value_type = words::Instant)]
    pub decided_at: Timestamp,
}

/// Why a decision came out as it did.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// What the twin did, and about what.
    pub headline: String,
    /// What it understood the signal to be.
    pub understood: String,
    /// Why this outcome.
    pub why: Vec<String>,
    /// The rules that decided.
    #[schema(value_type = Vec<words::Rule>)]
    pub rules: Vec<domain::policy::Rule>,
    /// What the person can do about it.
    pub next: String,
}

/// One thing the twin could do, rated and judged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Candidate {
    /// Its place, from 0, best first.
    pub ordinal: u16,
    /// What would happen, in a line.
    pub summary: String,
    /// What it would do.
    pub action: Action,
    /// How sure the twin is that the person wants it.
    #[schema(value_type = words::Confidence)]
    pub confidence: Confidence,
    /// What speaks for and against.
    pub support: Vec<Support>,
    /// For ranking.
    pub score: i64,
    /// How bad it could be.
    pub risk: Risk,
    /// Required parameters that are missing.
    pub missing: Vec<String>,
    /// The evaluator's word.
    pub verdict: Verdict,
}

/// A preference that speaks for or against a candidate.
#[derive(Debug, Serialize, ToSchema)]
pub struct Support {
    /// Which preference.
    pub preference: Uuid,
    /// Its key.
    pub key: String,
    /// How sure it is.
    #[schema(value_type = words::Confidence)]
    pub confidence: Confidence,
    /// For (true) or against (false).
    pub speaks_for: bool,
    /// The person said so themselves, or it is confirmed.
    pub stated: bool,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    /// Its number in the person's stream, from 1, without gaps.
    pub seq: i64,
    /// What.
    #[schema(value_type = words::EventName)]
    pub name: domain::event::Name,
    /// Ids and short facts.
    #[schema(value_type = Object)]
    pub facts: Object,
    /// When.
    #[schema(value_type = words::Instant)]
    pub at: Timestamp,
}

impl From<events::Event> for Event {
    fn from(event: events::Event) -> Self {
        Self { seq: event.seq, name: event.name, facts: event.facts, at: event.at }
    }
}

impl From<inner::Candidate> for Candidate {
    fn from(candidate: inner::Candidate) -> Self {
        let support = |support: inner::Support| Support {
            preference: support.preference.uuid(),
            key: support.key,
            confidence: support.confidence,
            speaks_for: support.speaks_for,
            stated: support.stated,
        };
        Self {
            ordinal: candidate.ordinal,
            summary: candidate.summary,
            action: candidate.action.into(),
            confidence: candidate.confidence,
            support: candidate.support.into_iter().map(support).collect(),
            score: candidate.score,
            risk: candidate.risk.into(),
            missing: candidate.missing,
            verdict: candidate.verdict.into(),
        }
    }
}

impl Decision {
    /// A decision with all that came of it, as it stands at `now`.
    pub fn at(
        decision: inner::Decision,
        approvals: Vec<approval::Approval>,
        executions: Vec<execution::Execution>,
        timeline: Vec<events::Event>,
        now: Timestamp,
    ) -> Self {
        let (context, why) = (decision.context, decision.explanation);
        Self {
            id: decision.id.uuid(),
            signal: decision.signal.uuid(),
            situation: context.situation,
            domain: decision.domain,
            urgency: context.urgency,
            sender: context.sender,
            flags: context.flags.into_iter().collect(),
            tier: decision.tier,
            outcome: decision.outcome,
            explanation: Explanation {
                headline: why.headline,
                understood: why.understood,
                why: why.why,
                rules: why.rules,
                next: why.next,
            },
            chosen: decision.chosen,
            candidates: decision.candidates.into_iter().map(Candidate::from).collect(),
            approvals: approvals.into_iter().map(|approval| Approval::at(approval, now)).collect(),
            executions: executions.into_iter().map(Execution::from).collect(),
            timeline: timeline.into_iter().map(Event::from).collect(),
            decided_at: decision.decided_at,
        }
    }
}
