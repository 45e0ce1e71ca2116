//! From the wire to what an answer of the responses API says: a table, and nothing that reaches out.
//!
//! The question behind every row: could the work have happened? If nobody can exclude it, the answer is in doubt.

use chrono::TimeDelta;
use domain::{execution::Answer, id::ExecutionId};
use serde::Deserialize;
use serde_json::Value;

use crate::adapters::ironclaw::{
    block::{self, Status},
    clipped, is_plain_name, said,
    verdict::declared,
    wire::{Outcome, Reply},
};

const BAD_TOKEN: &str = "The engine does not accept our access token (401). Renew the engine's token in the settings.";
const WEAK_TOKEN: &str =
    "The engine does not allow this with our access token (403). Give the token the right to run actions.";

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// To do the work.
    Send,
    /// How the work stands that the engine knows by this name.
    Look(&'a str),
}

/// What the reply says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// All there is to know.
    Answer(Answer),
    /// It is being worked on, or waits at a gate, which this API does not show.
    Working {
        /// The engine's own id.
        engine_ref: String,
        /// When the engine wants to be asked again.
        look_after: Option<TimeDelta>,
    },
    /// The run is over, and left no word on what it did before that.
    Mute {
        /// The engine's own id.
        engine_ref: String,
        /// How it ended, in a sentence.
        how: String,
    },
}

/// What an exchange says of the execution.
pub(super) fn read(id: ExecutionId, asked: Asked<'_>, outcome: Outcome) -> Said {
    match outcome {
        Outcome::Reply(reply) if (200..300).contains(&reply.status) => told(id, asked, &reply),
        Outcome::Reply(reply) => refusal(asked, &reply),
        Outcome::Lost { why } => in_doubt(&format!("{why} It may or may not have done the work.")),
        Outcome::NotSent { why } => match asked {
            Asked::Send => Said::Answer(Answer::NotTaken { retry_after: None, why }),
            Asked::Look(_) => in_doubt(&format!("{why} How the work stands is not known.")),
        },
    }
}

/// Anything but 2xx.
fn refusal(asked: Asked<'_>, reply: &Reply) -> Said {
    let refused = |why: &str| Said::Answer(Answer::Refused { why: format!("{why}{}", said(&reply.body)) });
    let doubtful = |why: String| Said::Answer(Answer::InDoubt { retry_after: reply.retry_after, why });
    match (reply.status, asked) {
        (429, Asked::Send) => Said::Answer(Answer::NotTaken {
            retry_after: reply.retry_after,
            why: "The engine is busy and asked us to come back later.".to_owned(),
        }),
        (429, Asked::Look(engine_ref)) => {
            Said::Working { engine_ref: engine_ref.to_owned(), look_after: reply.retry_after }
        }
        (401, Asked::Send) => refused(BAD_TOKEN),
        (403, Asked::Send) => refused(WEAK_TOKEN),
        // The engine has the work: a token that is renewed in time finds out what came of it.
        (401, Asked::Look(_)) => doubtful(BAD_TOKEN.to_owned()),
        (403, Asked::Look(_)) => doubtful(WEAK_TOKEN.to_owned()),
        (404 | 410, Asked::Send) => Said::Answer(Answer::Refused {
            why: format!(
                "There is no responses API at the engine's address, or it no longer knows what is to be continued (404). \
                 Check the address and the engine's version.{}",
                said(&reply.body)
            ),
        }),
        (404 | 410, Asked::Look(_)) => Said::Answer(Answer::Refused {
            why: "The engine no longer knows this work (404). Check what it did before trying again.".to_owned(),
        }),
        // Other bytes were taken under this key once (a database restored from a backup, say): they may have been done.
        (409, _) => in_doubt(
            "The engine knows another request under this execution's key (409). Check what it did before trying again.",
        ),
        (413, _) => refused("The request is too large for the engine (413). Shorten the action's texts and try again."),
        // 408: the server gave up waiting for us; 425: it fears a replay. Neither says what became of the request.
        (408 | 425, _) => in_doubt("The engine gave up on the request half way. It may or may not have done the work."),
        (400..=499 | 501, _) => refused(&format!(
            "The engine does not accept this request ({}). Check the engine's version, or report this.",
            reply.status
        )),
        // Whoever redirects like this did not do the work; 303 and the rest might have.
        (301 | 307 | 308, Asked::Send) => {
            refused("The engine's address leads elsewhere (a redirect). Put the final address in the settings.")
        }
        (503, Asked::Send) => {
            doubtful("The engine did not finish in time or is overloaded (503). It may be working on it.".to_owned())
        }
        (status, _) => {
            doubtful(format!("The engine answered with an error ({status}). It may or may not have done the work."))
        }
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
fn told(id: ExecutionId, asked: Asked<'_>, reply: &Reply) -> Said {
    let Ok(response) = serde_json::from_slice::<Response>(&reply.body) else {
        return in_doubt("The engine's answer can't be read. It may or may not have done the work.");
    };
    if response.kind != "response" || !is_engine_ref(&response.id) {
        return in_doubt("The engine's answer is not about a piece of work. It may or may not have done the work.");
    }
    if matches!(asked, Asked::Look(wanted) if wanted != response.id) {
        return in_doubt("The engine answered about another piece of work. It may or may not have done this one.");
    }
    let verdict = block::read(&response.last_words());
    if verdict.as_ref().is_some_and(|verdict| verdict.execution_id != id) {
        return in_doubt("The engine's result is for another execution. Check whether this one was done.");
    }
    match (response.status.as_str(), verdict) {
        ("queued" | "in_progress", _) => Said::Working { engine_ref: response.id, look_after: reply.retry_after },
        ("completed", None) => {
            in_doubt("The engine says that it is finished, without the result that was asked for. Check what it did.")
        }
        ("failed" | "cancelled", Some(verdict)) if verdict.status == Status::Succeeded => {
            in_doubt("The engine contradicts itself: its run failed, its result says success. Check what it did.")
        }
        ("completed" | "failed" | "cancelled", Some(verdict)) => Said::Answer(declared(verdict, Some(response.id))),
        ("failed", None) => {
            let reason = response.error.map(|error| clipped(&error.message)).filter(|reason| !reason.is_empty());
            let how = reason.map_or_else(
                || "The engine's run failed.".to_owned(),
                |reason| format!("The engine's run failed: {reason}"),
            );
            Said::Mute { engine_ref: response.id, how }
        }
        ("cancelled", None) => Said::Mute { engine_ref: response.id, how: "The engine cancelled it.".to_owned() },
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

fn in_doubt(why: &str) -> Said {
    Said::Answer(Answer::InDoubt { retry_after: None, why: why.to_owned() })
}

/// A name that is safe to store and to put into a path.
fn is_engine_ref(id: &str) -> bool {
    id.strip_prefix("resp_").is_some_and(|rest| is_plain_name(rest, 200))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const OURS: &str = "0198c0de-0000-7000-8000-000000000001";
    const OTHERS: &str = "0198c0de-0000-7000-8000-000000000002";

    fn fenced(id: &str, status: &str) -> String {
        format!("\n```json\n{{\"skytwin_result\":{{\"execution_id\":\"{id}\",\"status\":\"{status}\"}}}}\n```\n")
    }

    fn is_settled(said: &Said) -> bool {
        matches!(said, Said::Answer(Answer::Succeeded { .. } | Answer::Failed { .. } | Answer::Stepwise(_)))
    }

    fn asked() -> impl Strategy<Value = Asked<'static>> {
        prop_oneof![Just(Asked::Send), Just(Asked::Look("resp_1"))]
    }

    /// A response whose last message says these words.
    fn response() -> impl Strategy<Value = (Value, String)> {
        let blocks = [fenced(OURS, "succeeded"), fenced(OURS, "failed"), fenced(OTHERS, "succeeded")];
        let [done, failed, others] = blocks.each_ref().map(String::as_str);
        let words = fuzz::text_of(&[done, failed, others, "It is done.", "```", OURS, "succeeded"]);
        let words = (
            words,
            prop::sample::select(vec!["", done, failed, others].into_iter().map(str::to_owned).collect::<Vec<_>>()),
        )
            .prop_map(|(words, last)| words + &last);
        let status =
            prop_oneof![3 => Just("completed"), 1 => Just("failed"), 1 => Just("queued"), 1 => Just("incomplete")];
        let id = prop_oneof![4 => Just("resp_1"), 1 => Just("resp_2"), 1 => Just("thing")];
        let kind = prop_oneof![6 => Just("response"), 1 => Just("list")];
        let more =
            fuzz::object_of(&["object", "id", "status", "output", "error", "message", "type", "role", "content"]);
        (words, status, id, kind, prop_oneof![4 => Just(serde_json::Map::new()), 1 => more]).prop_map(|(words, status, id, kind, more)| {
            let said = json!([{ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": words }] }]);
            let mut response = json!({ "object": kind, "id": id, "status": status, "output": said });
            response.as_object_mut().unwrap().extend(more);
            (response, words)
        })
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn only_a_completed_run_whose_last_words_name_our_execution_has_succeeded(
            (response, words) in response(), asked in asked(), status in prop_oneof![3 => Just(200), 1 => 200..600_u16]
        ) {
            let id: ExecutionId = OURS.parse().unwrap();
            let reply = Reply { status, retry_after: None, body: response.to_string().into_bytes() };
            let said = read(id, asked, Outcome::Reply(reply));
            let ends_with = |status: &str| words.trim_end().ends_with(fenced(OURS, status).trim());
            if let Said::Answer(Answer::Succeeded { .. } | Answer::Stepwise(_)) = said {
                prop_assert!((200..300).contains(&status) && response["status"] == "completed" && response["object"] == "response");
                prop_assert!(ends_with("succeeded"), "{words}");
            }
            if let Said::Answer(Answer::Failed { .. }) = said {
                prop_assert!((200..300).contains(&status) && ends_with("failed"), "{words}");
            }
            if let Said::Working { engine_ref, .. } | Said::Mute { engine_ref, .. } = &said {
                prop_assert!(is_engine_ref(engine_ref));
            }
        }

        #[test]
        fn what_does_not_name_our_execution_settles_nothing_and_a_2xx_of_it_is_never_sent_again(
            body in fuzz::bytes_of(&[
                "object", "response", "id", "resp_1", "status", "completed", "output", "type", "message", "role", "assistant", "content",
                "output_text", "text", "skytwin_result", "execution_id", OTHERS, "succeeded",
            ]),
            asked in asked(),
            status in prop_oneof![Just(200), 200..600_u16],
        ) {
            let reply = Reply { status, retry_after: None, body };
            let said = read(OURS.parse().unwrap(), asked, Outcome::Reply(reply));
            prop_assert!(!is_settled(&said), "{said:?}");
            if status < 300 {
                prop_assert!(matches!(said, Said::Answer(Answer::InDoubt { .. }) | Said::Working { .. } | Said::Mute { .. }), "{said:?}");
            }
        }
    }
}
