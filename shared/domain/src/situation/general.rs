//! Anything else: nothing is done about what is not understood, except keep it where somebody waits for an answer.

use super::{Draft, Reading, Understood};
use crate::action::Verb;

pub(super) fn drafts(reading: &Reading<'_>, understood: &Understood) -> Vec<Draft> {
    if reading.wishes(&["remind", "reminder"]) {
        vec![Draft::asked(Verb::SetReminder)]
    } else if reading.wishes(&["note", "memo"]) || understood.wants_answer || understood.flagged() {
        vec![Draft::asked(Verb::CreateNote)]
    } else {
        Vec::new()
    }
}
