//! Whom a reply to a mail goes to, and when that is somebody else than who wrote it.
//!
//! Invariant: whoever is answered stands in the action, so that the person sees it, agrees to it, and nothing else is sent
//! (`domain.md` §1 law 1). A mail says itself where it wants its answers; anybody can write that, so an answer that goes
//! to somebody else than the one who wrote is pointed out, and never sent alone.

use serde_json::Value;

use super::{
    Reading,
    reading::{affirms, strings},
};
use crate::{action::Action, mailbox, words::shortened};

/// Fields that name who wrote a mail.
const WROTE: &[&str] = &["from", "sender", "email_from", "from_email", "from_address"];
/// Fields that name who is to be answered instead.
const WANTS: &[&str] = &["reply_to", "reply_to_email", "reply_to_address"];

/// Whom an answer goes to by the mail's own word, else who wrote it. Nobody where that can't be told for certain.
pub(super) fn addressees(reading: &Reading<'_>) -> Vec<String> {
    named(reading, WANTS).or_else(|| named(reading, WROTE)).unwrap_or_default()
}

/// What is to be said where an action answers somebody else than who wrote, or nobody knows who that was.
pub(crate) fn elsewhere(action: &Action, reading: &Reading<'_>) -> Option<String> {
    let to = action.addressees();
    let read: Option<Vec<_>> = to.iter().map(|one| mailbox::read(one)).collect();
    let wrote = named(reading, WROTE).unwrap_or_default();
    if read.is_some_and(|read| mailbox::within(&read.concat(), &wrote)) {
        return None;
    }
    let to = action.direction();
    Some(match reading.sender() {
        Some(sender) => format!("It is from {}, but the answer would go{to}.", shortened(sender)),
        None => format!("The answer would go{to}, and nobody knows whether that is who wrote."),
    })
}

/// The addresses in the first of these fields that says anything; nobody where it can't be read as a whole.
fn named(reading: &Reading<'_>, names: &[&str]) -> Option<Vec<String>> {
    let value = names.iter().filter_map(|name| reading.field(name)).find(|value| affirms(value))?;
    let read = match value {
        Value::String(_) | Value::Array(_) => strings(value).map(mailbox::read).collect::<Option<Vec<_>>>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    };
    Some(read.unwrap_or_default().concat())
}
