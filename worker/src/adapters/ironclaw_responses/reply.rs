//! From the wire to exactly one [`Answer`]: a table, and nothing that reaches out.
//!
//! The question behind every row: could the work have happened? If nobody can exclude it, the answer is in doubt.

use chrono::TimeDelta;
use domain::{
    execution::{Answer, StepEnd, StepReport, Stepped},
    id::ExecutionId,
    money::Money,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    block::{self, Status, Verdict},
    exchange::{Outcome, Reply},
};

/// The longest text taken over from an engine, in characters.
const LONGEST: usize = 500;

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// To do the work.
    Send,
    /// How the work stands that the engine knows by this name.
    Look(&'a str),
}

/// What an exchange means for the execution.
pub(super) fn read(id: ExecutionId, asked: Asked<'_>, outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Reply(reply) if (200..300).contains(&reply.status) => told(id, asked, &reply),
        Outcome::Reply(reply) => refusal(asked, &reply),
        Outcome::Lost { why } => in_doubt(&format!("{why} It may or may not have done the work.")),
        Outcome::NotSent { why } => match asked {
            Asked::Send => Answer::NotTaken { retry_after: None, why },
            Asked::Look(_) => in_doubt(&format!("{why} How the work stands is not known.")),
        },
    }
}

/// Anything but 2xx.
fn refusal(asked: Asked<'_>, reply: &Reply) -> Answer {
    let refused = |why: &str| Answer::Refused { why: format!("{why}{}", said(&reply.body)) };
    match (reply.status, asked) {
        (429, Asked::Send) => Answer::NotTaken {
            retry_after: reply.retry_after,
            why: "The engine is busy and asked us to come back later.".to_owned(),
        },
        (429, Asked::Look(engine_ref)) => working(engine_ref, reply.retry_after),
        (401, _) => {
            refused("The engine does not accept our access token (401). Renew the engine's token in the settings.")
        }
        (403, _) => refused(
            "The engine does not allow this with our access token (403). Give the token the right to run actions.",
        ),
        (404 | 410, Asked::Send) => refused(
            "There is no responses API at the engine's address (404). Check the address and the engine's version.",
        ),
        (404 | 410, Asked::Look(_)) => {
            refused("The engine no longer knows this work (404). Check what it did before trying again.")
        }
        // Other bytes were taken under this key once (a database restored from a backup, say): they may have been done.
        (409, _) => in_doubt(
            "The engine knows another request under this execution's key (409). Check what it did before trying again.",
        ),
        (413, _) => refused("The request is too large for the engine (413). Shorten the action's texts and try again."),
        // 408: the server gave up waiting for us; 425: it fears a replay. Neither says what became of the request.
        (408 | 425, _) => in_doubt("The engine gave up on the request half way. It may or may not have done the work."),
        (400..=499 | 501, _) => refused(&format!("The engine does not accept this request ({}).", reply.status)),
        // Whoever redirects like this did not do the work; 303 and the rest might have.
        (301 | 307 | 308, Asked::Send) => {
            refused("The engine's address leads elsewhere (a redirect). Put the final address in the settings.")
        }
        (503, Asked::Send) => Answer::InDoubt {
            retry_after: reply.retry_after,
            why: "The engine did not finish in time or is overloaded (503). It may be working on it.".to_owned(),
        },
        (status, _) => Answer::InDoubt {
            retry_after: reply.retry_after,
            why: format!("The engine answered with an error ({status}). It may or may not have done the work."),
        },
    }
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "object")]
    kind: String,
    id: String,
    status: String,
    #[serde(default)]
    output: Vec<Item>,
    #[serde(default)]
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    role: Option<String>,
    /// A list of parts; servers also write a bare text here, which carries no verdict.
    #[serde(default)]
    content: Value,
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    message: String,
}

/// A 2xx: a response object, or nothing we can rely on.
fn told(id: ExecutionId, asked: Asked<'_>, reply: &Reply) -> Answer {
    let Ok(response) = serde_json::from_slice::<Response>(&reply.body) else {
        return in_doubt("The engine's answer can't be read. It may or may not have done the work.");
    };
    if response.kind != "response" || !is_engine_ref(&response.id) {
        return in_doubt("The engine's answer is not about a piece of work.");
    }
    if matches!(asked, Asked::Look(wanted) if wanted != response.id) {
        return in_doubt("The engine answered about another piece of work.");
    }
    let verdict = block::read(&response.last_words());
    if verdict.as_ref().is_some_and(|verdict| verdict.execution_id != id) {
        return in_doubt("The engine's result is for another execution. Whether this one was done is not known.");
    }
    match (response.status.as_str(), verdict) {
        ("queued" | "in_progress", _) => working(&response.id, reply.retry_after),
        ("completed", None) => {
            in_doubt("The engine says that it is finished, without the result that was asked for. Check what it did.")
        }
        ("failed" | "cancelled", Some(verdict)) if verdict.status == Status::Succeeded => {
            in_doubt("The engine contradicts itself: its run failed, its result says success. Check what it did.")
        }
        ("completed" | "failed" | "cancelled", Some(verdict)) => declared(verdict, response.id),
        ("failed", None) => {
            let reason = response.error.map(|error| clipped(&error.message)).filter(|reason| !reason.is_empty());
            let error = reason.map_or_else(
                || "The engine's run failed.".to_owned(),
                |reason| format!("The engine's run failed: {reason}"),
            );
            Answer::Failed { error, engine_ref: Some(response.id) }
        }
        ("cancelled", None) => {
            Answer::Failed { error: "The engine cancelled it.".to_owned(), engine_ref: Some(response.id) }
        }
        _ => in_doubt("The engine stopped before it gave the result that was asked for. Check what it did."),
    }
}

impl Response {
    /// The text of the last message of the assistant.
    fn last_words(&self) -> String {
        let last = self.output.iter().rfind(|item| item.kind == "message" && item.role.as_deref() == Some("assistant"));
        let parts = last.and_then(|item| item.content.as_array()).into_iter().flatten();
        parts
            .filter(|part| part.get("type").is_some_and(|kind| kind == "output_text"))
            .filter_map(|part| part.get("text")?.as_str())
            .collect()
    }
}

fn declared(verdict: Verdict, engine_ref: String) -> Answer {
    if !verdict.steps.is_empty() {
        return declared_by_steps(verdict, engine_ref);
    }
    let engine_ref = Some(engine_ref);
    match verdict.status {
        Status::Succeeded => {
            let actual = verdict.actual_cost_cents.map(|cents| Money::new(cents.into(), verdict.currency));
            Answer::Succeeded { output: verdict.outputs, actual, engine_ref }
        }
        Status::Failed => {
            let reason = verdict.error.map(|error| clipped(&error)).filter(|error| !error.is_empty());
            Answer::Failed {
                error: reason.unwrap_or_else(|| "The engine reports that it failed, without a reason.".to_owned()),
                engine_ref,
            }
        }
    }
}

/// The same with a word on each step. Whether it is a word on every one of ours, the execution knows.
fn declared_by_steps(verdict: Verdict, engine_ref: String) -> Answer {
    let all_done = verdict.steps.iter().all(|part| part.status == StepEnd::Succeeded);
    if all_done != (verdict.status == Status::Succeeded) {
        return in_doubt("The engine contradicts itself: its result is not what its steps are. Check what it did.");
    }
    let first_error = verdict.steps.iter().find_map(|part| part.error.clone());
    let error = verdict.error.or(first_error).map(|error| clipped(&error)).filter(|error| !error.is_empty());
    let actual = verdict.actual_cost_cents.map(|cents| Money::new(cents.into(), verdict.currency));
    let steps = verdict.steps.into_iter().map(|part| {
        let mut output = part.outputs;
        if let Some(error) = part.error {
            output.insert("error".to_owned(), clipped(&error).into());
        }
        StepReport { ordinal: part.ordinal, end: part.status, output }
    });
    Answer::Stepwise(Stepped {
        steps: steps.collect(),
        output: verdict.outputs,
        error,
        actual,
        engine_ref: Some(engine_ref),
    })
}

fn working(engine_ref: &str, look_after: Option<TimeDelta>) -> Answer {
    Answer::Working { engine_ref: engine_ref.to_owned(), look_after }
}

fn in_doubt(why: &str) -> Answer {
    Answer::InDoubt { retry_after: None, why: why.to_owned() }
}

/// A name that is safe to store and to put into a path.
fn is_engine_ref(id: &str) -> bool {
    let rest = id.strip_prefix("resp_").unwrap_or_default();
    (1..=200).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// What the engine says about an error, in its own words, if it says it in its envelope.
fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Envelope {
        error: ErrorBody,
    }
    let message =
        serde_json::from_slice::<Envelope>(body).map(|envelope| clipped(&envelope.error.message)).unwrap_or_default();
    if message.is_empty() { String::new() } else { format!(" It says: {message}") }
}

fn clipped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>().trim().to_owned()
}
