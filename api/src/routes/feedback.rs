//! Feedback after the fact: what the person thinks of a refusal or of what was done, and what they prefer instead.
//!
//! Invariant: each kind counts once per decision, and yes or no to a refusal once together: ids derive from the
//! decision. Nothing runs. Where an approval is or was open to be answered, yes and no are said there
//! (`domain.md` §6 "From verdict to outcome", §11).

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    decision::{Decision, Outcome},
    event::Name,
    feedback::{Feedback, Kind},
    id::{FeedbackId, UserId, kind},
    job::Job,
    learning::Said,
    outbox::Outbox,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Tx, approvals, decisions, executions, feedback, learning};
use utoipa::ToSchema;
use uuid::Uuid;

use super::preferences;
use crate::{
    State as Api,
    body::Body,
    caller::{Answer, Person},
    check::Checks,
    problem::{Code, Problem},
    query::At,
};

/// Longest comment, in characters.
const LONGEST: usize = 2000;

/// What the person thinks of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opinion {
    /// What they say.
    answer: Word,
    /// In the person's words.
    comment: Option<String>,
    /// What they prefer; false speaks against. With `restate_preference`, and only there.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Value>)]
    value: Option<Value>,
    /// What that is about; what the decision rested on unless told. With `restate_preference` only.
    key: Option<String>,
}

/// What can be said.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// Of what was refused: yes, that is what I'd want.
    Approve,
    /// Of what was refused: no.
    Reject,
    /// That is not what I prefer, this is.
    RestatePreference,
    /// Of what was done: well done.
    Reward,
    /// Of what was done: don't do that without asking.
    Punish,
}

impl Word {
    const fn kind(self) -> Kind {
        match self {
            Self::Approve => Kind::Approve,
            Self::Reject => Kind::Reject,
            Self::RestatePreference => Kind::RestatePreference,
            Self::Reward => Kind::Reward,
            Self::Punish => Kind::Punish,
        }
    }
}

/// It was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recorded {
    /// Under this id.
    id: Uuid,
    /// About which decision.
    decision: Uuid,
}

/// Null is no value, and said is not left out.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

impl Opinion {
    fn check(&self) -> Result<(), Problem> {
        let mut checks = Checks::default();
        if let Some(comment) = &self.comment {
            checks.text(comment, "/comment", LONGEST);
        }
        let restates = matches!(self.answer, Word::RestatePreference);
        match &self.value {
            Some(Value::Null) => checks.wrong("/value", "null prefers nothing"),
            Some(value) if restates => preferences::value(&mut checks, value),
            Some(_) => checks.wrong("/value", "goes with restate_preference only"),
            None => checks.want(!restates, "/value", "say what you prefer"),
        }
        if let Some(key) = &self.key {
            checks.want(restates, "/key", "goes with restate_preference only");
            preferences::key(&mut checks, key, "/key");
        }
        checks.done()
    }

    fn said(&self) -> Said<'_> {
        match &self.value {
            Some(value) => Said::Preference { key: self.key.as_deref(), value },
            None => Said::Nothing,
        }
    }
}

/// What is recorded, and what follows.
fn record(decision: &Decision, kind: Kind, comment: Option<String>, now: Timestamp) -> (Feedback, Outbox) {
    let id: FeedbackId = match kind {
        // Yes or no is one question.
        Kind::Approve | Kind::Reject => decision.id.child("feedback"),
        Kind::Edit | Kind::Undo | Kind::RestatePreference | Kind::Reward | Kind::Punish => {
            decision.id.child(&format!("feedback:{kind}"))
        }
    };
    let about = decision.chosen().or(decision.candidates.first()).map(|candidate| &candidate.action);
    let feedback = Feedback {
        id,
        user: decision.user,
        decision: decision.id,
        approval: None,
        domain: about.map_or(decision.domain, |action| action.domain),
        verb: about.map(|action| action.verb),
        kind,
        severity: None,
        comment,
        at: now,
    };
    let facts = json!({ "feedback": feedback.id, "decision": decision.id, "kind": kind });
    let outbox = Outbox::nothing()
        .event(decision.user, Name::FeedbackRecorded, facts.as_object().cloned().unwrap_or_default())
        .ring(Job::EvaluateTrust { user: decision.user }, format!("trust:{}", feedback.id));
    (feedback, outbox)
}

/// Whether this can be said of this decision.
async fn fits(tx: &mut Tx, user: UserId, decision: &Decision, opinion: &Opinion) -> Result<(), Problem> {
    match opinion.answer {
        Word::Approve | Word::Reject => {
            if let Some(approval) = approvals::of_decision(&mut *tx, user, decision.id).await?.first() {
                let there = format!("/api/v1/approvals/{}/answer", approval.id);
                return Err(Problem::new(
                    Code::AnswerElsewhere,
                    format!("This decision was asked about: POST {there}."),
                )
                .fact("state", approval.state.phase())
                .fact("answer_at", there));
            }
            refuse(decision.outcome != Outcome::Block, "Only what was refused is answered here.", decision)
        }
        Word::Reward | Word::Punish => {
            let done = executions::of_decision(&mut *tx, user, decision.id).await?;
            refuse(done.is_empty(), "Only what was done is rewarded or punished.", decision)
        }
        Word::RestatePreference => refuse(
            decision.candidates.is_empty() && opinion.key.is_none(),
            "There was nothing to do here: say with `key` what the preference is about.",
            decision,
        ),
    }
}

fn refuse(refused: bool, why: &str, decision: &Decision) -> Result<(), Problem> {
    if refused { Err(Problem::new(Code::NothingToAnswer, why).fact("state", decision.outcome)) } else { Ok(()) }
}

/// Say what you think of a decision.
///
/// `approve` or `reject` what was refused (outcome `block`), once; `reward` or `punish` what was done, once each; say
/// with `restate_preference` what you prefer, once. Nothing runs.
#[utoipa::path(post, path = "/decisions/{id}/feedback", tag = "decisions", params(("id" = Uuid, Path)), request_body = Opinion,
    security(("token" = ["answer"])), responses((status = 201, description = "Recorded.", body = Recorded)))]
pub(crate) async fn post(
    State(api): State<Api>,
    caller: Person<Answer>,
    At(id): At<kind::Decision>,
    Body(opinion): Body<Opinion>,
) -> Result<(StatusCode, Json<Recorded>), Problem> {
    opinion.check()?;
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    // After the lock: an answer is never older than the change of a tier that it came too late for.
    let now = api.clock.now();
    let decision = decisions::get(&mut tx, caller.user, id).await?;
    fits(&mut tx, caller.user, &decision, &opinion).await?;
    let (feedback, outbox) = record(&decision, opinion.answer.kind(), opinion.comment.clone(), now);
    if !feedback::insert(&mut tx, &lock, &feedback).await? {
        return Err(Problem::new(Code::Resolved, "You have answered this before.").fact("state", "answered"));
    }
    let taught = learning::teach(&mut tx, &lock, &feedback, &decision, opinion.said()).await?;
    tx.commit(outbox.and(taught), now).await?;
    Ok((StatusCode::CREATED, Json(Recorded { id: feedback.id.uuid(), decision: id.uuid() })))
}
