//! Heuristics: what the person wants done about what one sender or vendor sends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Answered, Found, Grounds, best, case::Case};
use crate::{catalogue::Verb, signal::Domain, tier::Confidence};

/// Longest name or address that is kept, in characters.
const LONGEST: usize = 120;

/// What they want done about somebody's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heuristic {
    /// Whose: a sender or vendor, case-folded.
    pub who: String,
    /// What.
    pub verb: Verb,
}

/// The share of everything they were asked about somebody's is how consistent this is; what is no better than a guess
/// is not told.
pub(super) fn found(cases: &[Case<'_>]) -> Vec<Found<Heuristic>> {
    let mut people: BTreeMap<(Domain, String), Vec<&Case<'_>>> = BTreeMap::new();
    for case in cases {
        if let Some(who) = case.answer.who.as_deref().and_then(folded) {
            people.entry((case.answer.domain, who)).or_default().push(case);
        }
    }
    let mut all = Vec::new();
    for ((domain, who), cases) in people {
        let mut verbs: BTreeMap<Verb, Vec<&Answered>> = BTreeMap::new();
        for case in cases.iter().filter(|case| case.agreed()) {
            verbs.entry(case.verb).or_default().push(case.answer);
        }
        all.extend(verbs.into_iter().filter_map(|(verb, wanted)| {
            let grounds = Grounds::share(wanted, cases.len())?;
            let says = Heuristic { who: who.clone(), verb };
            (grounds.confidence >= Confidence::Low).then_some(Found { domain: Some(domain), says, grounds })
        }));
    }
    best(all)
}

fn folded(who: &str) -> Option<String> {
    let who = who.trim().to_lowercase();
    (!who.is_empty() && who.chars().count() <= LONGEST).then_some(who)
}
