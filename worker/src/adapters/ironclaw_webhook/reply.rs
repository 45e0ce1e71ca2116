//! From the wire to exactly one [`Answer`]: a table, and nothing that reaches out.
//!
//! The question behind every row: could the work have happened? Nobody can ask again, so what can't be excluded is lost.

use domain::{execution::Answer, id::ExecutionId};
use serde::Deserialize;

use crate::adapters::ironclaw::{
    block,
    verdict::declared,
    wire::{Outcome, Reply},
};

/// Why nothing more can be found out here.
pub(super) const CAN_NOT_BE_ASKED: &str =
    "The engine did not say what came of it, and this kind of engine can't be asked. Check whether it was done.";

/// What the webhook answers, to good requests and bad.
#[derive(Deserialize)]
struct Told {
    message_id: String,
    status: String,
    #[serde(default)]
    response: Option<String>,
}

/// What an exchange means for the execution.
pub(super) fn read(id: ExecutionId, outcome: Outcome) -> Answer {
    match outcome {
        Outcome::NotSent { why } => Answer::NotTaken { retry_after: None, why },
        Outcome::Lost { why } => lost(&format!("{why} This kind of engine can't be asked. Check whether it was done.")),
        Outcome::Reply(reply) if (200..300).contains(&reply.status) => told(id, &reply),
        Outcome::Reply(reply) => refusal(&reply),
    }
}

/// A 2xx: a result block of ours, or nothing we can rely on.
fn told(id: ExecutionId, reply: &Reply) -> Answer {
    let Some(words) = serde_json::from_slice::<Told>(&reply.body).ok().and_then(|told| told.response) else {
        return lost(CAN_NOT_BE_ASKED);
    };
    if matches!(words.as_str(), "Response timeout" | "Response cancelled") {
        return lost(
            "The engine took longer than it waits for an answer, and can't be asked later. Check whether it was done.",
        );
    }
    let Some(verdict) = block::read(&words) else {
        return lost("The engine answered without the result that was asked for. Check what it did.");
    };
    if verdict.execution_id != id {
        return lost("The engine's result is for another execution. Check whether this one was done.");
    }
    match declared(verdict, None) {
        Answer::InDoubt { why, .. } => lost(&why),
        settled => settled,
    }
}

/// Anything but 2xx. The server's own word that it took nothing is believed; a proxy's is not.
fn refusal(reply: &Reply) -> Answer {
    let refused = |why: &str| Answer::Refused { why: why.to_owned() };
    let busy = |why: &str| Answer::NotTaken { retry_after: reply.retry_after, why: why.to_owned() };
    match reply.status {
        429 => busy("The engine is busy and asked us to come back later."),
        503 if is_own_word(&reply.body) => busy("The engine's webhook is not ready yet."),
        401 => refused(
            "The engine does not accept our signature (401). Put its webhook secret into the engine's token in the settings.",
        ),
        403 => refused("The engine does not allow this (403). Check what stands before its webhook."),
        404 | 405 | 410 => {
            refused("There is no webhook at the engine's address. Check the address and the engine's version.")
        }
        413 => refused("The request is too large for the engine (413). Shorten the action's texts and try again."),
        400 | 415 | 422 => refused(&format!(
            "The engine does not accept this request ({}). Check the engine's version, or report this.",
            reply.status
        )),
        301 | 307 | 308 => {
            refused("The engine's address leads elsewhere (a redirect). Put the final address in the settings.")
        }
        status => lost(&format!(
            "The engine answered with an error ({status}) and can't be asked again. Check whether it was done."
        )),
    }
}

/// Whether the webhook itself says that it took nothing: an error, under no message's id.
fn is_own_word(body: &[u8]) -> bool {
    serde_json::from_slice::<Told>(body)
        .is_ok_and(|told| told.status == "error" && told.message_id.bytes().all(|byte| matches!(byte, b'0' | b'-')))
}

fn lost(why: &str) -> Answer {
    Answer::Lost { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const OURS: &str = "0198c0de-0000-7000-8000-000000000001";
    const OTHERS: &str = "0198c0de-0000-7000-8000-000000000002";

    fn block(id: &str, status: &str) -> String {
        format!("```json\n{{\"skytwin_result\":{{\"execution_id\":\"{id}\",\"status\":\"{status}\"}}}}\n```")
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn only_last_words_that_name_our_execution_settle_it_and_a_2xx_without_them_is_for_the_person(
            before in fuzz::text_of(&[&block(OURS, "succeeded"), &block(OURS, "failed"), &block(OTHERS, "succeeded"), "Done.", "```", OURS]),
            last in prop::sample::select(vec![String::new(), block(OURS, "succeeded"), block(OURS, "failed"), block(OTHERS, "succeeded")]),
            more in fuzz::object_of(&["message_id", "status", "response", "error", "Response timeout", "00000000-0000"]),
            garbage in fuzz::bytes_of(&["message_id", "status", "response", "error", OTHERS, "succeeded"]),
            status in prop_oneof![3 => Just(200), 1 => 200..600_u16],
        ) {
            let (id, words): (ExecutionId, _) = (OURS.parse().unwrap(), before + &last);
            let mut told = json!({ "message_id": "m", "status": "accepted", "response": words }).as_object().unwrap().clone();
            told.extend(more);
            let told = json!(told).to_string().into_bytes();
            let answer = |body| read(id, Outcome::Reply(Reply { status, retry_after: None, body }));
            let ends_with = |status: &str| words.trim_end().ends_with(&block(OURS, status));
            for (answer, may_settle) in [(answer(told), status < 300), (answer(garbage), false)] {
                match answer {
                    Answer::Succeeded { .. } => prop_assert!(may_settle && ends_with("succeeded"), "{words}"),
                    Answer::Failed { .. } => prop_assert!(may_settle && ends_with("failed"), "{words}"),
                    Answer::Lost { .. } => {}
                    other => prop_assert!(status >= 300 && matches!(other, Answer::Refused { .. } | Answer::NotTaken { .. }), "{other:?}"),
                }
            }
        }
    }
}
