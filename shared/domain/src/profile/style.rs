//! Communication style: what becomes of what is written for the person, and how long the texts are they agree to.
//!
//! Only what answers show: how a text reads is not known here, and texts are not kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Answered, Found, Grounds,
    case::{Case, Verdict},
    grounds::percent,
};
use crate::{catalogue::Verb, signal::Domain};

/// What becomes of what is written for them in a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunicationStyle {
    /// Of the texts they were shown, how many went out as they were, in hundredths.
    pub unedited_percent: u8,
    /// How many they changed first.
    pub edited_percent: u8,
    /// How many they refused or took back.
    pub refused_percent: u8,
    /// How long the texts are they agree to, in characters: the median; none where no length is known.
    pub typical_letters: Option<u32>,
}

/// Verbs that say something in the person's name, or prepare to.
const fn writes(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::SendReply
            | Verb::DraftReply
            | Verb::DraftPost
            | Verb::PublishPost
            | Verb::SchedulePost
            | Verb::RespondToMention
    )
}

/// How far the most frequent of the three prevails is how consistent this is.
pub(super) fn found(cases: &[Case<'_>]) -> Vec<Found<CommunicationStyle>> {
    let mut domains: BTreeMap<Domain, Vec<&Case<'_>>> = BTreeMap::new();
    // What was chosen instead of something else says nothing about how texts are received.
    for case in cases.iter().filter(|case| writes(case.verb) && case.verdict != Verdict::Instead) {
        domains.entry(case.answer.domain).or_default().push(case);
    }
    domains.into_iter().filter_map(|(domain, cases)| in_domain(domain, &cases)).collect()
}

fn in_domain(domain: Domain, cases: &[&Case<'_>]) -> Option<Found<CommunicationStyle>> {
    let all = cases.len();
    let unedited = cases.iter().filter(|case| matches!(case.verdict, Verdict::Yes | Verdict::Praised)).count();
    let edited = cases.iter().filter(|case| case.verdict == Verdict::Edited).count();
    let refused = all - unedited - edited;
    let mut letters: Vec<_> =
        cases.iter().filter(|case| case.agreed()).filter_map(|case| case.answer.letters).collect();
    letters.sort_unstable();
    let says = CommunicationStyle {
        unedited_percent: percent(unedited, all),
        edited_percent: percent(edited, all),
        refused_percent: percent(refused, all),
        typical_letters: letters.get(letters.len().saturating_sub(1) / 2).copied(),
    };
    let answers: Vec<&Answered> = cases.iter().map(|case| case.answer).collect();
    let consistency = percent(unedited.max(edited).max(refused), all);
    Some(Found { domain: Some(domain), says, grounds: Grounds::of(answers, all, consistency)? })
}
