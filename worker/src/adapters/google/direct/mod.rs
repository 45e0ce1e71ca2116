//! Gmail and Calendar as an executor: the few verbs they can do themselves, done at the provider and nowhere else.
//!
//! Invariant: the same order twice has the effect of one. Labels, answers and deletions are so by nature; what is written
//! (a draft, a reply) carries a Message-ID made of the execution's id and is looked for before it is written. A reply that
//! may have left and can't be found is never sent again (`domain.md` §1 law 8).

mod answers;
mod letter;
mod mail;
mod order;

use std::{fmt, sync::Arc};

use domain::{
    action::Verb,
    execution::{Answer, Execution, StepEnd, StepReport, Stepped},
    signal::Object,
};
use runtime::Secret;
use serde_json::Value;

pub use self::order::prepare;
use self::order::{Order, Step};
use super::client::{Client, Meaning, Trouble};

/// What it is called, in the database and to the person.
pub const NAME: &str = "google";

/// Does things in a person's Google account.
#[derive(Debug)]
pub struct Direct {
    pub(super) mail: Arc<Client>,
    pub(super) calendar: Arc<Client>,
}

/// The access token is no good: with a fresh one it may work. What that makes of the execution so far comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRefused(pub Answer);

/// What came of a step that was answered: done, or certainly not.
type Told = Result<Object, String>;

impl Direct {
    /// Whether it is one of the verbs that can be done here.
    pub const fn can(verb: Verb) -> bool {
        matches!(
            verb,
            Verb::ArchiveEmail
                | Verb::LabelEmail
                | Verb::DraftReply
                | Verb::SendReply
                | Verb::DeleteEmail
                | Verb::AcceptInvite
                | Verb::TentativeAccept
                | Verb::DeclineInvite
                | Verb::ProposeAlternative
                | Verb::CancelEvent
        )
    }

    /// Carries out the order that is stored with the execution.
    pub async fn carry_out(&self, token: &Secret, execution: &Execution) -> Result<Answer, TokenRefused> {
        let Some(order) = Order::stored(execution) else {
            return Ok(Answer::Refused { why: "The stored order can't be read, so nothing was done.".to_owned() });
        };
        let in_doubt = execution.in_doubt_since.is_some();
        let hand = Hand { mail: &self.mail, calendar: &self.calendar, token, order: &order, in_doubt };
        let mut told =
            Stepped { steps: Vec::new(), output: Object::new(), error: None, actual: None, engine_ref: None };
        for step in &order.steps {
            let report = |end, output| StepReport { ordinal: step.ordinal, end, output };
            if told.error.is_some() {
                told.steps.push(report(StepEnd::Skipped, Object::new()));
                continue;
            }
            match hand.take(step).await {
                Ok(Ok(output)) => {
                    told.output.clone_from(&output);
                    told.steps.push(report(StepEnd::Succeeded, output));
                }
                Ok(Err(why)) => {
                    told.steps.push(report(StepEnd::Failed, Object::new()));
                    told.error = Some(why);
                }
                Err(trouble) => return interrupted(&trouble, !told.steps.is_empty()),
            }
        }
        tracing::debug!(execution = %execution.id, steps = told.steps.len(), failed = told.error.is_some(), "done at google");
        Ok(Answer::Stepwise(told))
    }
}

/// What it means for the whole that a step got no verdict. Once a step is done, the whole has begun.
fn interrupted(trouble: &Trouble, begun: bool) -> Result<Answer, TokenRefused> {
    let (retry_after, why, arrived) = match trouble {
        Trouble::NotSent => (None, "Google can't be reached.", false),
        Trouble::Lost => (None, "Google did not answer.", true),
        Trouble::Unreadable => (None, "What Google answered can't be read.", true),
        Trouble::Refused(refused) => match refused.meaning() {
            Meaning::Token => (None, "The account's access has to be renewed first.", false),
            Meaning::Busy => (refused.retry_after, "Google wants fewer calls.", false),
            Meaning::Gone | Meaning::Changed | Meaning::Exists | Meaning::No | Meaning::Unwell => {
                (refused.retry_after, "Google has trouble of its own.", true)
            }
        },
    };
    let why = why.to_owned();
    let answer =
        if begun || arrived { Answer::InDoubt { retry_after, why } } else { Answer::NotTaken { retry_after, why } };
    match trouble {
        Trouble::Refused(refused) if refused.meaning() == Meaning::Token => Err(TokenRefused(answer)),
        Trouble::NotSent | Trouble::Lost | Trouble::Unreadable | Trouble::Refused(_) => Ok(answer),
    }
}

/// One order being carried out.
struct Hand<'a> {
    mail: &'a Client,
    calendar: &'a Client,
    token: &'a Secret,
    order: &'a Order,
    /// An earlier try may have had an effect.
    in_doubt: bool,
}

impl fmt::Debug for Hand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hand").field("execution", &self.order.execution_id).finish_non_exhaustive()
    }
}

impl Hand<'_> {
    /// Takes one step. Trouble is what leaves the outcome open; a plain no is a verdict.
    async fn take(&self, step: &Step) -> Result<Told, Trouble> {
        match self.attempt(step).await {
            Err(Trouble::Refused(refused)) => match refused.meaning() {
                Meaning::Gone => Ok(Err("It is no longer there.".to_owned())),
                Meaning::No | Meaning::Exists => {
                    Ok(Err(format!("Google refuses it ({} {}).", refused.status, refused.reason)))
                }
                Meaning::Changed => Err(Trouble::Lost),
                Meaning::Token | Meaning::Busy | Meaning::Unwell => Err(Trouble::Refused(refused)),
            },
            taken => taken,
        }
    }

    async fn attempt(&self, step: &Step) -> Result<Told, Trouble> {
        match step.verb {
            Verb::ArchiveEmail => self.relabel(step, &[], &["INBOX"]).await,
            Verb::MoveToInbox => self.relabel(step, &["INBOX"], &[]).await,
            Verb::LabelEmail => self.label(step).await,
            Verb::UnlabelEmail => self.unlabel(step).await,
            Verb::DraftReply => self.draft(step).await,
            Verb::DiscardDraft => self.discard(step).await,
            Verb::SendReply => self.reply(step).await,
            Verb::RecallReply => Ok(Err("A mail that was sent can't be called back.".to_owned())),
            Verb::DeleteEmail => self.trash(step).await,
            Verb::RestoreEmail => self.restore(step).await,
            Verb::AcceptInvite => self.respond(step, "accepted", None).await,
            Verb::TentativeAccept => self.respond(step, "tentative", None).await,
            Verb::DeclineInvite => self.respond(step, "declined", None).await,
            Verb::ProposeAlternative => self.propose(step).await,
            Verb::WithdrawProposal => self.respond(step, "needsAction", Some(String::new())).await,
            Verb::CancelEvent => self.cancel(step).await,
            Verb::RestoreEvent => self.revive(step).await,
            other => Ok(Err(format!("Google can't do this: {other}."))),
        }
    }
}

/// The ids a parameter names: one, or a list.
fn ids(step: &Step, name: &str) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match step.parameters.get(name) {
        Some(Value::Array(many)) => many.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// A parameter that is a text with something in it.
fn text<'s>(step: &'s Step, name: &str) -> Option<&'s str> {
    step.parameters.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}
