//! Learning: what an answer does to the one preference behind a decision (`domain.md` §11).
//!
//! Invariant: an answer moves the preference or inference of its own domain and nothing else; inference alone never
//! passes high; what the person stated is never turned into its opposite by what they do.

mod lesson;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use lesson::{Said, lesson};

use crate::{
    catalogue::Verb,
    feedback::{Feedback, Kind, Severity},
    id::FeedbackId,
    tier::Confidence,
    time::Timestamp,
    twin::{Preference, Source},
};

/// Half steps of one level.
const LEVEL: i16 = 2;
/// Most half steps without a statement of the person: the top of high.
const UNSTATED_MOST: i16 = 7;
/// All the half steps there are.
const MOST: i16 = 8;
/// So many times a punished verb asks (`domain.md` §11).
pub const ASKS_AFTER_PUNISHMENT: u32 = 10;

/// A preference with the half steps it is stored in; its `confidence` is their level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The preference.
    pub preference: Preference,
    /// 0 to 8.
    pub half_steps: i16,
}

impl Held {
    /// A preference at that many half steps, kept within what its source allows.
    pub fn new(mut preference: Preference, half_steps: i16) -> Self {
        let half_steps = half_steps.clamp(0, MOST);
        preference.confidence = Confidence::from_half_steps(half_steps);
        Self { preference, half_steps }
    }

    fn moved(&self, by: i16) -> Self {
        // What stands above the cap by the person's statement is not pulled down by an approval.
        let most = UNSTATED_MOST.max(self.half_steps);
        Self::new(self.preference.clone(), (self.half_steps + by).clamp(0, most))
    }
}

/// What the decision proposed, and what it rested on.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The verb that was proposed.
    pub verb: Verb,
    /// The preference or inference that spoke about it, if there was one.
    pub behind: Option<&'a Held>,
    /// It spoke for the verb, not against it.
    pub speaks_for: bool,
}

/// What the person chose or stated instead: becomes a preference of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// What about, such as `auto_archive`.
    pub key: String,
    /// What they prefer.
    pub value: Value,
}

/// One preference changed, with its history row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// As it was; none when it is new.
    pub before: Option<Held>,
    /// As it is; none when it is removed.
    pub after: Option<Held>,
    /// Which answer did it.
    pub feedback: FeedbackId,
    /// What the answer was.
    pub cause: Kind,
    /// When.
    pub at: Timestamp,
}

impl Change {
    /// What it is about: as it is, or as it was where it is removed.
    pub fn named(&self) -> Option<&Held> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

/// Everything an answer teaches: at most one new version of the twin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lesson {
    /// The preferences that change.
    pub changes: Vec<Change>,
    /// A verb that has to ask for so many times.
    pub asks_owed: Option<(Verb, u32)>,
}

/// The key under which an inference about a verb is kept where there was no preference.
pub fn key_of(verb: Verb) -> String {
    format!("auto_{verb}")
}

/// What an answer teaches about its subject. `stated` is what an edit, an undo or a restatement puts in its place.
pub fn learn(feedback: &Feedback, subject: Subject<'_>, stated: Option<&Stated>) -> Lesson {
    let behind = subject.behind.filter(|held| held.preference.domain == feedback.domain);
    let change = |before: Option<&Held>, after: Option<Held>| Change {
        before: before.cloned(),
        after,
        feedback: feedback.id,
        cause: feedback.kind,
        at: feedback.at,
    };
    let mut lesson = Lesson::default();
    if feedback.kind == Kind::RestatePreference {
        // A restatement without a new value confirms the one there was.
        let said = stated.cloned().or_else(|| {
            behind.map(|held| Stated { key: held.preference.key.clone(), value: held.preference.value.clone() })
        });
        if let Some(said) = said {
            let same = behind.filter(|held| held.preference.key == said.key);
            lesson.changes.push(change(same, Some(said.held(feedback, same, Source::Explicit, MOST))));
        }
        return lesson;
    }
    if feedback.kind == Kind::Punish {
        lesson.asks_owed = Some((subject.verb, ASKS_AFTER_PUNISHMENT));
    }
    let removed = feedback.kind == Kind::Undo && feedback.severity >= Some(Severity::Severe) && subject.speaks_for;
    let after = match behind {
        Some(_) | None if removed => None,
        Some(held) => Some(moved(held, subject.speaks_for, feedback.kind)),
        None => Some(inferred(feedback, subject.verb)),
    };
    if behind != after.as_ref() {
        lesson.changes.push(change(behind, after));
    }
    if let (Kind::Edit | Kind::Undo, Some(said)) = (feedback.kind, stated) {
        // Where the correction is about the very same key, it takes the place of what was moved or removed.
        let same = behind.filter(|held| held.preference.key == said.key);
        let corrected = said.held(feedback, same, Source::Corrected, Confidence::Moderate.half_steps());
        lesson.changes.retain(|change| change.named().is_none_or(|held| held.preference.key != said.key));
        lesson.changes.push(change(same, Some(corrected)));
    }
    lesson
}

/// How far an answer moves what spoke for its verb, in half steps.
const fn steps(kind: Kind) -> i16 {
    match kind {
        Kind::Approve => LEVEL,
        Kind::Reject | Kind::Punish => -LEVEL,
        Kind::Edit => -1,
        Kind::Undo => -2 * LEVEL,
        Kind::Reward => 1,
        Kind::RestatePreference => 0,
    }
}

/// What spoke against the verb is moved the other way. An inference that is contradicted at its lowest turns around:
/// that is how the twin learns a habit's opposite. What the person said never does.
fn moved(held: &Held, speaks_for: bool, kind: Kind) -> Held {
    let by = if speaks_for { steps(kind) } else { -steps(kind) };
    if by <= -LEVEL
        && held.half_steps == 0
        && held.preference.source == Source::Inferred
        && held.preference.value.is_boolean()
    {
        let value = Value::Bool(held.preference.value == Value::Bool(false));
        return counted(Held::new(Preference { value, ..held.preference.clone() }, Confidence::Low.half_steps()));
    }
    counted(held.moved(by))
}

fn counted(mut held: Held) -> Held {
    held.preference.evidence_count = held.preference.evidence_count.saturating_add(1);
    held
}

/// A first inference: low after a yes; after a no it begins at nothing, and turns around at the next.
fn inferred(feedback: &Feedback, verb: Verb) -> Held {
    let low = Confidence::Low.half_steps();
    let half_steps = match feedback.kind {
        Kind::Approve | Kind::Reward => low,
        Kind::Reject | Kind::Edit | Kind::Undo | Kind::Punish | Kind::RestatePreference => {
            (low + steps(feedback.kind)).max(0)
        }
    };
    Stated { key: key_of(verb), value: Value::Bool(true) }.held(feedback, None, Source::Inferred, half_steps)
}

impl Stated {
    /// As a preference; takes the place of `instead` where there was one of the same key.
    fn held(&self, feedback: &Feedback, instead: Option<&Held>, source: Source, half_steps: i16) -> Held {
        let preference = Preference {
            id: instead.map_or_else(|| feedback.id.child(&self.key), |held| held.preference.id),
            domain: feedback.domain,
            key: self.key.clone(),
            value: self.value.clone(),
            confidence: Confidence::from_half_steps(half_steps),
            source,
            evidence_count: instead.map_or(0, |held| held.preference.evidence_count).saturating_add(1),
        };
        Held::new(preference, half_steps)
    }
}

#[cfg(test)]
mod tests;
