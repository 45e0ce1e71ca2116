//! An approval as it is shown, and an answer as it is given.

use domain::{
    approval::{self, Answer as Given, Kind, Phase, ResolvedBy, State, Terms},
    catalogue::Invalid,
    signal::{Object, Urgency},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    action::{Action, Reason, Risk},
    words,
};
use crate::problem::Problem;

/// Longest text a person gives with an answer, in characters.
const LONGEST: usize = 2000;

/// Something that waits, or waited, for the person's word.
#[derive(Debug, Serialize, ToSchema)]
pub struct Approval {
    /// Its id.
    pub id: Uuid,
    /// Of which decision.
    pub decision: Uuid,
    /// How it reaches the person.
    #[schema(value_type = words::ApprovalKind)]
    pub kind: Kind,
    /// Where it stands.
    #[schema(value_type = words::ApprovalState)]
    pub state: Phase,
    /// What it is about.
    pub summary: String,
    /// What is asked, parameters included.
    pub action: Action,
    /// Of the action: what a yes is a yes to.
    pub digest: String,
    /// How bad it could be.
    pub risk: Risk,
    /// Why it is asked.
    pub reasons: Vec<Reason>,
    /// Of the policies in force when asked.
    pub policy_hash: String,
    /// What else can be chosen.
    pub alternatives: Vec<Alternative>,
    /// How soon.
    #[schema(value_type = words::Urgency)]
    pub urgency: Urgency,
    /// From then on it is expired.
    #[schema(value_type = words::Instant)]
    pub expires_at: Timestamp,
    /// The reminder is due then.
    #[schema(value_type = Option<words::Instant>)]
    pub remind_at: Option<Timestamp>,
    /// The reminder was sent.
    pub reminded: bool,
    /// When it was asked.
    #[schema(value_type = words::Instant)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = words::Instant)]
    pub updated_at: Timestamp,
    /// How it was resolved, once it is.
    pub resolution: Option<Resolution>,
}

/// How an approval ended.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Resolution {
    /// When.
    #[schema(value_type = Option<words::Instant>)]
    pub at: Option<Timestamp>,
    /// By whom, for a no.
    #[schema(value_type = Option<words::ResolvedBy>)]
    pub by: Option<ResolvedBy>,
    /// The person's words, the rules that denied, or why it was withdrawn.
    pub reasons: Vec<String>,
    /// The yes as it was given: with terms, parameters or the choice.
    #[schema(value_type = Option<Object>)]
    pub answer: Option<Given>,
    /// What runs.
    pub execution: Option<Uuid>,
}

/// Something else that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alternative {
    /// What to answer to choose it.
    pub ordinal: u16,
    /// In one line.
    pub summary: String,
    /// What it would do.
    pub action: Action,
}

impl Approval {
    /// As it stands at `now`: what nobody answered in time is expired, whether or not the timer has rung.
    pub fn at(approval: approval::Approval, now: Timestamp) -> Self {
        let overdue = approval.state == State::Pending && now >= approval.expires_at;
        let state = if overdue { Phase::Expired } else { approval.state.phase() };
        let resolution = match approval.state {
            State::Pending => overdue.then(|| Resolution { at: Some(approval.expires_at), ..Resolution::default() }),
            State::Approved { at, answer, execution } => Some(Resolution {
                at: Some(at),
                by: Some(ResolvedBy::Person),
                answer: Some(answer),
                execution: Some(execution.uuid()),
                ..Resolution::default()
            }),
            State::Rejected { at, by, reasons } => {
                Some(Resolution { at: Some(at), by: Some(by), reasons, ..Resolution::default() })
            }
            State::Expired { at } => Some(Resolution { at: Some(at), ..Resolution::default() }),
            State::Cancelled { at, why } => {
                Some(Resolution { at: Some(at), reasons: vec![why], ..Resolution::default() })
            }
        };
        let alternative = |other: approval::Alternative| Alternative {
            ordinal: other.ordinal,
            summary: other.summary,
            action: other.action.into(),
        };
        Self {
            id: approval.id.uuid(),
            decision: approval.decision.uuid(),
            kind: approval.kind,
            state,
            summary: approval.summary,
            action: approval.action.into(),
            digest: approval.digest.to_string(),
            risk: approval.risk.into(),
            reasons: approval.reasons.into_iter().map(Reason::from).collect(),
            policy_hash: approval.policy_hash.to_string(),
            alternatives: approval.alternatives.into_iter().map(alternative).collect(),
            urgency: approval.urgency,
            expires_at: approval.expires_at,
            remind_at: approval.remind_at,
            reminded: approval.reminded,
            created_at: approval.created_at,
            updated_at: approval.updated_at,
            resolution,
        }
    }
}

/// What the person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Do it.
    Approve,
    /// Don't.
    Reject,
    /// Do it with these parameters instead.
    Edit,
    /// Do that alternative instead.
    Choose,
}

/// A person's answer to an approval.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the person says.
    pub answer: Word,
    /// Why, in the person's words; needed with `override_daily_limit`.
    pub reason: Option<String>,
    /// With `edit`: all parameters, as they shall be.
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Object>,
    /// With `choose`: the alternative's ordinal.
    pub ordinal: Option<u16>,
    /// Yes, also above the daily limit.
    #[serde(default)]
    pub override_daily_limit: bool,
    /// For an action of unknown cost: the most it may cost, in cents.
    #[schema(minimum = 0)]
    pub max_cost_cents: Option<i64>,
}

impl Answer {
    /// The answer as the domain takes it, or everything that does not fit together.
    pub fn read(self) -> Result<Given, Problem> {
        let mut errors = Vec::new();
        let mut fault = |path: &str, reason: &str| errors.push(Invalid { path: path.into(), reason: reason.into() });
        if self.parameters.is_some() != (self.answer == Word::Edit) {
            fault("/parameters", "goes with `edit`, and only with it: all parameters, as they shall be");
        }
        if self.ordinal.is_some() != (self.answer == Word::Choose) {
            fault("/ordinal", "goes with `choose`, and only with it: the alternative's ordinal");
        }
        if self.answer == Word::Reject && self.override_daily_limit {
            fault("/override_daily_limit", "a no overrides nothing");
        }
        if self.answer == Word::Reject && self.max_cost_cents.is_some() {
            fault("/max_cost_cents", "a no costs nothing");
        }
        if self.max_cost_cents.is_some_and(|cents| cents < 0) {
            fault("/max_cost_cents", "must not be negative");
        }
        if self.reason.as_deref().is_some_and(|reason| reason.chars().count() > LONGEST) {
            fault("/reason", "at most 2000 characters");
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let terms = Terms {
            override_daily_limit: self.override_daily_limit,
            reason: self.reason.clone(),
            max_cost_cents: self.max_cost_cents,
        };
        Ok(match self.answer {
            Word::Approve => Given::Approve { terms },
            Word::Reject => Given::Reject { reason: self.reason },
            Word::Edit => Given::Edit { parameters: self.parameters.unwrap_or_default(), terms },
            Word::Choose => Given::Choose { ordinal: self.ordinal.unwrap_or_default(), terms },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Given, Vec<String>> {
        let answer: Answer = serde_json::from_str(text).unwrap();
        answer.read().map_err(|problem| {
            let body = serde_json::to_value(problem.body()).unwrap();
            body["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap().to_owned()).collect()
        })
    }

    #[test]
    fn an_answer_carries_what_belongs_to_it_and_nothing_else() {
        assert_eq!(read(r#"{"answer":"reject","reason":"no"}"#), Ok(Given::Reject { reason: Some("no".into()) }));
        assert!(matches!(read(r#"{"answer":"edit","parameters":{"a":1}}"#), Ok(Given::Edit { .. })));
        assert!(matches!(
            read(r#"{"answer":"choose","ordinal":1,"max_cost_cents":5}"#),
            Ok(Given::Choose { ordinal: 1, .. })
        ));
        assert_eq!(read(r#"{"answer":"edit"}"#), Err(vec!["/parameters".into()]));
        assert_eq!(
            read(r#"{"answer":"approve","ordinal":1,"max_cost_cents":-1}"#),
            Err(vec!["/ordinal".into(), "/max_cost_cents".into()])
        );
        assert_eq!(
            read(r#"{"answer":"reject","override_daily_limit":true}"#),
            Err(vec!["/override_daily_limit".into()])
        );
        assert!(serde_json::from_str::<Answer>(r#"{"answer":"approve","tier":"high_autonomy"}"#).is_err());
    }
}
