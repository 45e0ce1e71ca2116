//! Weighing: every candidate with its support, its risk, its verdict and its place (`domain.md` §4).
//!
//! What the signal asks for, or what the person has said they want, comes before whatever is merely harmless: a helper
//! never takes the place of the thing itself, however many points it has.

use std::{borrow::Cow, cmp::Reverse};

use super::score;
use crate::{
    action::{Action, Cost},
    catalogue,
    decision::{Candidate, Support},
    facts::{Context, Facts},
    policy::{self, Effect, Moment, Permit},
    risk,
    situation::{self, Draft, Reading, Role, Understood},
    tier::Confidence,
    twin::{self, Evidence, Opinion, Preference},
    words::shortened,
};

/// A candidate with what only the decision needs to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Weighed {
    pub(crate) candidate: Candidate,
    pub(crate) context: Context,
    pub(crate) role: Role,
    /// Why it is not done without asking whatever the policies allow: the person's own wish, or what the signal shows.
    pub(crate) against: Option<Against>,
    pub(crate) permit: Option<Permit>,
}

/// What speaks against doing it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Against {
    /// A preference says no; its key.
    Preference(String),
    /// A preference says ask; its key.
    Ask(String),
    /// The signal itself.
    Signal(Cow<'static, str>),
}

/// All candidates, best first.
pub(super) fn all(reading: &Reading<'_>, understood: &Understood, facts: &Facts) -> Vec<Weighed> {
    let topics = reading.topics();
    let evidence = evidence(reading, understood, &topics);
    let drafts = situation::drafts(reading, understood, facts);
    let mut weighed: Vec<Weighed> =
        drafts.iter().map(|draft| one(draft, reading, understood, facts, &evidence)).collect();
    // Stable: what comes to mind first stays first among equals.
    let eyes = understood.flags.iter().any(|flag| flag.wants_eyes());
    weighed.sort_by_key(|weighed| Reverse(place(weighed, eyes)));
    for (ordinal, weighed) in (0..).zip(&mut weighed) {
        weighed.candidate.ordinal = ordinal;
    }
    weighed
}

/// A preference by which the person wants to hear of signals like this, if there is one; its key.
pub(super) fn wants_to_hear(reading: &Reading<'_>, understood: &Understood, facts: &Facts) -> Option<String> {
    let topics = reading.topics();
    let evidence = evidence(reading, understood, &topics);
    facts
        .preferences
        .iter()
        .find(|preference| twin::wants_to_hear(preference, understood.domain, &evidence))
        .map(|preference| preference.key.clone())
}

fn evidence<'a>(reading: &'a Reading<'_>, understood: &'a Understood, topics: &'a [String]) -> Evidence<'a> {
    Evidence { topics, sender: understood.sender.as_deref(), amount: reading.amount().and_then(Result::ok) }
}

fn one(
    draft: &Draft,
    reading: &Reading<'_>,
    understood: &Understood,
    facts: &Facts,
    evidence: &Evidence<'_>,
) -> Weighed {
    let action = draft.action(reading, understood);
    let (support, against) = support(&action, facts, evidence);
    let confidence = support.iter().filter(|support| support.speaks_for).map(|support| support.confidence).max();
    let confidence = confidence.unwrap_or_else(|| facts.history.pattern(action.verb));
    let speaks = |support: &&Support| support.speaks_for;
    let context = Context {
        confidence,
        stated_preference: support.iter().filter(speaks).any(|support| support.stated) && against.is_none(),
        supported: support.iter().filter(speaks).any(|support| support.confidence >= Confidence::Moderate)
            && against.is_none(),
        ..understood.context()
    };
    let risk = risk::assess(&action, &context);
    let review = policy::review(&action, &risk, &context, facts, Moment::Decide);
    let candidate = Candidate {
        ordinal: 0,
        summary: summary(&action, reading),
        confidence,
        score: score::of(&action, confidence, &support, &risk, &facts.history),
        missing: catalogue::absent(&action).into_iter().map(str::to_owned).collect(),
        verdict: review.verdict,
        support,
        risk,
        action,
    };
    let against = against.or_else(|| shown(draft, &candidate.action, reading).map(Against::Signal));
    Weighed { candidate, context, role: draft.role, against, permit: review.permit }
}

/// What the signal itself shows against doing it alone: what its builder saw, or that it would answer somebody else than
/// who wrote.
fn shown(draft: &Draft, action: &Action, reading: &Reading<'_>) -> Option<Cow<'static, str>> {
    let sent = || catalogue::spec(action.verb).moves_data().then(|| situation::elsewhere(action, reading)).flatten();
    draft.against().map(Cow::Borrowed).or_else(|| sent().map(Cow::Owned))
}

/// What the preferences say about an action. What speaks against it holds, unless something stated speaks for it more
/// closely: `never archive` yields to `archive newsletters` when it is one.
fn support(action: &Action, facts: &Facts, evidence: &Evidence<'_>) -> (Vec<Support>, Option<Against>) {
    let said: Vec<(&Preference, Opinion)> = facts
        .preferences
        .iter()
        .filter_map(|preference| twin::opinion(preference, action, evidence).map(|opinion| (preference, opinion)))
        .collect();
    let mut support = Vec::new();
    let mut against = None;
    for (preference, opinion) in &said {
        match opinion {
            Opinion::For { .. } => support.push(twin::support(preference, true)),
            Opinion::Against { conditions } => {
                let closer = |(other, opinion): &(&Preference, Opinion)| match opinion {
                    Opinion::For { conditions: nearer } => nearer > conditions && twin::support(other, true).stated,
                    Opinion::Against { .. } | Opinion::Ask => false,
                };
                support.push(twin::support(preference, false));
                if !said.iter().any(closer) {
                    against = Some(Against::Preference(preference.key.clone()));
                }
            }
            Opinion::Ask => against = against.or_else(|| Some(Against::Ask(preference.key.clone()))),
        }
    }
    (support, against)
}

/// Where a candidate stands: greater is better.
fn place(weighed: &Weighed, eyes: bool) -> (bool, u8, bool, bool, bool, i64) {
    let candidate = &weighed.candidate;
    let effect = candidate.verdict.effect;
    let complete = catalogue::missing(&candidate.action).is_empty();
    (
        effect != Effect::Deny,
        class(weighed, complete, eyes),
        weighed.context.stated_preference,
        effect == Effect::Allow,
        complete,
        candidate.score,
    )
}

/// What the person stated, then what the signal asks for, then ways to deal with it, then the rest, then helpers, and at
/// last what something speaks against.
///
/// Where something is off, a rule for the routine does not come before what the signal asks for.
fn class(weighed: &Weighed, complete: bool, eyes: bool) -> u8 {
    let helper = catalogue::spec(weighed.candidate.action.verb).stand_in && weighed.role != Role::Asked;
    let stated = weighed.context.stated_preference && complete;
    let opposed = matches!(weighed.against, Some(Against::Preference(_) | Against::Signal(_)));
    match weighed.role {
        Role::Asked | Role::Way | Role::Other if stated && !helper && !eyes => 5,
        Role::Asked => 4,
        Role::Way | Role::Other if opposed => 0,
        Role::Way => 3,
        Role::Other if helper && stated => 3,
        Role::Other if helper => 1,
        Role::Other => 2,
    }
}

/// One line for the person: what would happen, to whom, to what, for how much.
fn summary(action: &Action, reading: &Reading<'_>) -> String {
    let phrase = catalogue::spec(action.verb).phrase;
    let mut letters = phrase.chars();
    let capital: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    let about = reading.text(&[
        "subject",
        "title",
        "task_name",
        "document_name",
        "folder_name",
        "service",
        "vendor",
        "destination",
        "metric",
        "device",
        "description",
    ]);
    let about = about.map(|about| format!(": {}", shortened(about))).unwrap_or_default();
    let cost = match action.cost {
        Cost::Free => String::new(),
        Cost::Known { .. } => action.cost.known().map(|money| format!(" ({money})")).unwrap_or_default(),
        Cost::Unknown => " (cost unknown)".into(),
    };
    format!("{capital}{}{about}{cost}", action.direction())
}
