//! The lesson of an answer: which preference was behind the decision, and what was said instead (`domain.md` §11).
//!
//! Invariant: one answer, one subject. What spoke loudest for or against the proposal is what moves, in the answer's
//! own domain only; a statement of the person is never overwritten by what they do.

use std::cmp::Reverse;

use serde_json::Value;

use super::{Change, Held, Lesson, Stated, Subject, key_of, learn};
use crate::{
    action::Action,
    catalogue::Verb,
    decision::{Candidate, Decision},
    feedback::{Feedback, Kind},
    signal::{Domain, Object},
    twin::Source,
};

/// Longest text that is worth keeping as what somebody prefers, in characters.
const LONGEST: usize = 120;

/// What the person said beyond yes or no.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// Nothing more.
    Nothing,
    /// Do that instead.
    Instead {
        /// What was proposed.
        proposed: &'a Action,
        /// What they chose.
        chosen: &'a Action,
    },
    /// That verb would have been right, said when something was taken back.
    Rather(Verb),
    /// This is what I prefer.
    Preference {
        /// What about; what was behind the decision unless told.
        key: Option<&'a str>,
        /// What they prefer.
        value: &'a Value,
    },
}

/// Everything an answer about a decision teaches, given all that is held of the person.
pub fn lesson(feedback: &Feedback, decision: &Decision, said: Said<'_>, held: &[Held]) -> Lesson {
    let proposed = match said {
        Said::Instead { proposed, .. } => Some(proposed.verb),
        Said::Nothing | Said::Rather(_) | Said::Preference { .. } => feedback.verb,
    };
    let candidate = candidate(decision, proposed);
    let Some(verb) = proposed.or_else(|| candidate.map(|candidate| candidate.action.verb)) else {
        return without_subject(feedback, said, held);
    };
    let (behind, speaks_for) = behind(candidate, verb, feedback.domain, held);
    let subject = Subject { verb, behind, speaks_for };
    let stated = match said {
        Said::Nothing => None,
        Said::Instead { proposed, chosen } => instead(proposed, chosen),
        Said::Rather(verb) => Some(preferred(verb)),
        Said::Preference { key, value } => {
            let usual = || behind.map_or_else(|| key_of(verb), |held| held.preference.key.clone());
            Some(Stated { key: key.map_or_else(usual, str::to_owned), value: value.clone() })
        }
    };
    in_place(learn(feedback, subject, stated.as_ref()), held)
}

/// What was proposed: the chosen candidate, where it is the verb that was answered; else the first of that verb.
fn candidate(decision: &Decision, verb: Option<Verb>) -> Option<&Candidate> {
    let fits = |candidate: &&Candidate| verb.is_none_or(|verb| candidate.action.verb == verb);
    decision.chosen().filter(fits).or_else(|| decision.candidates.iter().find(fits))
}

/// What spoke loudest about the proposal and is still held; else what was inferred about its verb in the meantime.
fn behind<'a>(candidate: Option<&Candidate>, verb: Verb, domain: Domain, held: &'a [Held]) -> (Option<&'a Held>, bool) {
    let in_domain = || held.iter().filter(|held| held.preference.domain == domain);
    let spoke = candidate
        .iter()
        .flat_map(|candidate| &candidate.support)
        .filter_map(|support| {
            in_domain().find(|held| held.preference.id == support.preference).map(|held| (held, support))
        })
        .min_by_key(|(_, support)| (Reverse(support.confidence), !support.stated, !support.speaks_for));
    if let Some((held, support)) = spoke {
        return (Some(held), support.speaks_for);
    }
    let inferred = in_domain().find(|held| held.preference.key == key_of(verb));
    (inferred, inferred.is_none_or(|held| held.preference.value != Value::Bool(false)))
}

/// That a verb is preferred.
fn preferred(verb: Verb) -> Stated {
    Stated { key: key_of(verb), value: Value::Bool(true) }
}

/// What an edit says: another verb is preferred, or other values of the same.
fn instead(proposed: &Action, chosen: &Action) -> Option<Stated> {
    if proposed.verb != chosen.verb {
        return Some(preferred(chosen.verb));
    }
    let changed: Object = chosen
        .parameters
        .iter()
        .filter(|(name, value)| proposed.parameters.get(*name) != Some(*value) && telling(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let value = Value::Object(changed);
    (value != Value::Object(Object::new())).then(|| Stated { key: format!("preferred_{}", chosen.verb), value })
}

/// Whether a parameter says something about the next time: ids and long texts are of this time only.
fn telling(name: &str, value: &Value) -> bool {
    let id = name == "id" || name.ends_with("_id") || name.ends_with("_ids");
    !id && match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.chars().count() <= LONGEST,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Nothing was proposed: only a statement with a key teaches anything.
fn without_subject(feedback: &Feedback, said: Said<'_>, held: &[Held]) -> Lesson {
    let (Kind::RestatePreference, Said::Preference { key: Some(key), value }) = (feedback.kind, said) else {
        return Lesson::default();
    };
    let stated = Stated { key: key.to_owned(), value: value.clone() };
    // The verb of a restatement is not looked at.
    let subject = Subject { verb: Verb::CreateNote, behind: None, speaks_for: true };
    in_place(learn(feedback, subject, Some(&stated)), held)
}

/// What is new takes the place of what is held under the same key, unless that is the person's own statement.
fn in_place(lesson: Lesson, held: &[Held]) -> Lesson {
    let changes = lesson.changes.into_iter().filter_map(|change| placed(change, held)).collect();
    Lesson { changes, ..lesson }
}

fn placed(mut change: Change, held: &[Held]) -> Option<Change> {
    let (None, Some(after)) = (&change.before, &mut change.after) else { return Some(change) };
    let same =
        |held: &&Held| held.preference.domain == after.preference.domain && held.preference.key == after.preference.key;
    let Some(found) = held.iter().find(same) else { return Some(change) };
    if found.preference.source == Source::Explicit && after.preference.source != Source::Explicit {
        return None;
    }
    if found.preference.value == after.preference.value {
        // The same once more: it is not surer of it than before, and never less.
        after.half_steps = after.half_steps.max(found.half_steps);
    }
    after.preference.id = found.preference.id;
    after.preference.evidence_count = found.preference.evidence_count.saturating_add(1);
    *after = Held::new(after.preference.clone(), after.half_steps);
    change.before = Some(found.clone());
    Some(change)
}

#[cfg(test)]
mod tests;
