//! Cases: what a person finally said about each decision, whatever the number of answers it took.
//!
//! A decision counts once. What was agreed to and later taken back or punished was not wanted.

use std::collections::BTreeMap;

use crate::{
    action::Cost,
    catalogue::Verb,
    feedback::Kind,
    id::{DecisionId, FeedbackId},
    risk::RiskTier,
    signal::Domain,
    time::Timestamp,
};

/// One answer, with what it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Which answer.
    pub id: FeedbackId,
    /// About which decision.
    pub decision: DecisionId,
    /// In which domain it counts.
    pub domain: Domain,
    /// What was agreed to, refused or taken back.
    pub verb: Option<Verb>,
    /// Another verb than that was proposed, and this one chosen instead.
    pub instead: bool,
    /// What they said.
    pub kind: Kind,
    /// How risky it was.
    pub risk: Option<RiskTier>,
    /// For how much.
    pub cost: Cost,
    /// Whom it was about: who sent the signal, or whom the action pays or buys from.
    pub who: Option<String>,
    /// How long the text was that it would send or publish, in characters.
    pub letters: Option<u32>,
    /// When the question arose.
    pub asked_at: Timestamp,
    /// When they answered.
    pub at: Timestamp,
}

/// What they finally said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Yes, as it was proposed.
    Yes,
    /// Yes, but with other words or values.
    Edited,
    /// Yes, to this instead of what was proposed.
    Instead,
    /// Yes, after the twin did it by itself.
    Praised,
    /// No, when asked.
    No,
    /// No, after it was done.
    TakenBack,
}

/// A decision and what they finally said about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    /// The answer that settled it.
    pub(super) answer: &'a Answered,
    pub(super) verb: Verb,
    pub(super) verdict: Verdict,
}

impl Case<'_> {
    pub(super) const fn agreed(&self) -> bool {
        match self.verdict {
            Verdict::Yes | Verdict::Edited | Verdict::Instead | Verdict::Praised => true,
            Verdict::No | Verdict::TakenBack => false,
        }
    }
}

/// Every case among these answers, the oldest first.
pub(super) fn all<'a>(answers: impl Iterator<Item = &'a Answered>) -> Vec<Case<'a>> {
    let mut decisions: BTreeMap<DecisionId, Vec<&Answered>> = BTreeMap::new();
    for answer in answers {
        decisions.entry(answer.decision).or_default().push(answer);
    }
    let mut cases: Vec<_> = decisions.into_values().filter_map(settled).collect();
    cases.sort_by_key(|case| (case.answer.at, case.answer.id));
    cases
}

fn settled(mut answers: Vec<&Answered>) -> Option<Case<'_>> {
    answers.sort_by_key(|answer| (answer.at, answer.id));
    let last = |verdict: fn(&Answered) -> Option<Verdict>| {
        answers.iter().rev().find_map(|answer| verdict(answer).map(|verdict| (*answer, verdict)))
    };
    let (answer, verdict) = last(taken_back).or_else(|| last(said)).or_else(|| last(praised))?;
    Some(Case { answer, verb: answer.verb?, verdict })
}

fn taken_back(answer: &Answered) -> Option<Verdict> {
    matches!(answer.kind, Kind::Undo | Kind::Punish).then_some(Verdict::TakenBack)
}

const fn said(answer: &Answered) -> Option<Verdict> {
    match answer.kind {
        Kind::Approve => Some(Verdict::Yes),
        Kind::Edit if answer.instead => Some(Verdict::Instead),
        Kind::Edit => Some(Verdict::Edited),
        Kind::Reject => Some(Verdict::No),
        Kind::Undo | Kind::Punish | Kind::Reward | Kind::RestatePreference => None,
    }
}

/// What the twin did by itself and was praised for was wanted.
fn praised(answer: &Answered) -> Option<Verdict> {
    (answer.kind == Kind::Reward).then_some(Verdict::Praised)
}
