//! Grounds: how sure a finding is, and the answers it rests on.

use serde::{Deserialize, Serialize};

use super::case::Answered;
use crate::{id::FeedbackId, tier::Confidence, time::Timestamp, twin};

/// From so much evidence on something is said at all: one answer is no evidence of anything lasting.
const LEAST: usize = 2;
/// So many of the answers behind a finding are named, the newest first.
const NAMED: usize = 3;

/// How sure a finding is, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounds {
    /// How sure the twin is; evidence alone never passes high.
    pub confidence: Confidence,
    /// How much evidence supports it.
    pub count: u32,
    /// How much of all there is supports it, in hundredths.
    pub consistency_percent: u8,
    /// The oldest answer it rests on.
    pub since: Timestamp,
    /// The newest.
    pub until: Timestamp,
    /// The newest answers it rests on.
    pub answers: Vec<FeedbackId>,
}

impl Grounds {
    /// Of so much evidence, consistent to so many hundredths, on these answers. None where that is too little.
    pub(super) fn of(mut rests_on: Vec<&Answered>, count: usize, consistency_percent: u8) -> Option<Self> {
        if count < LEAST {
            return None;
        }
        rests_on.sort_by_key(|answer| std::cmp::Reverse((answer.at, answer.id)));
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Some(Self {
            confidence: twin::confidence_from_evidence(false, count, consistency_percent),
            count,
            consistency_percent,
            since: rests_on.last()?.at,
            until: rests_on.first()?.at,
            answers: rests_on.into_iter().take(NAMED).map(|answer| answer.id).collect(),
        })
    }

    /// Of answers that support it, out of so many.
    pub(super) fn share(supporting: Vec<&Answered>, all: usize) -> Option<Self> {
        let count = supporting.len();
        Self::of(supporting, count, percent(count, all))
    }
}

/// A share in hundredths, rounded down; of nothing it is nothing.
pub(super) fn percent(part: usize, whole: usize) -> u8 {
    (part * 100).checked_div(whole).and_then(|percent| u8::try_from(percent).ok()).unwrap_or_default()
}
