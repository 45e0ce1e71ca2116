//! What the drivers of both IronClaw generations share: the wire, the result block, and who is at the other end.
//!
//! The generations have next to nothing else in common: 1.x servers dedupe and can be asked, older ones do neither.

pub(crate) mod block;
pub(crate) mod generation;
mod order;
pub(crate) mod sign;
pub(crate) mod verdict;
pub(crate) mod wire;

pub(crate) use self::order::{Order, instructions};
pub use self::wire::AddressError;

use serde::Deserialize;

/// The longest text taken over from an engine, in characters.
const LONGEST: usize = 500;

/// A text of the engine's, fit to be stored and shown.
pub(crate) fn clipped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>().trim().to_owned()
}

/// What the engine says about an error in its own words, if it says it in the envelope of its APIs.
pub(crate) fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Envelope {
        error: Message,
    }
    #[derive(Deserialize)]
    struct Message {
        #[serde(default)]
        message: String,
    }
    let message =
        serde_json::from_slice::<Envelope>(body).map(|envelope| clipped(&envelope.error.message)).unwrap_or_default();
    if message.is_empty() { String::new() } else { format!(" It says: {message}") }
}

/// A name of the engine's that is safe to store, to compare and to put into a path.
pub(crate) fn is_plain_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        && !name.bytes().all(|byte| byte == b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn what_is_taken_over_of_an_engine_is_a_short_line_and_its_names_are_one_segment_of_a_path(
            body in fuzz::bytes_of(&["error", "message"]),
            name in fuzz::text_of(&["gate", ":", ".", "..", "/", "%2e", "-1", "\\", "#", "?"]),
        ) {
            let said = said(&body);
            prop_assert!(said.chars().count() <= LONGEST + 20 && !said.contains(char::is_control), "{said}");
            if is_plain_name(&name, 40) {
                let mut url: url::Url = "http://engine.example/threads".parse().unwrap();
                url.path_segments_mut().unwrap().push(&name).push("end");
                prop_assert_eq!(url.path(), format!("/threads/{name}/end"));
            }
        }
    }
}
