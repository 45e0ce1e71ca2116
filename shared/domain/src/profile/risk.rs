//! Risk tolerance: how often the person agrees, by domain and by how risky it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Found, Grounds, case::Case, grounds::percent};
use crate::{risk::RiskTier, signal::Domain};

/// What the person agrees to in a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskTolerance {
    /// By overall risk, ascending; tiers nobody was asked about are left out.
    pub by_risk: Vec<Tolerated>,
}

/// How often something of that risk was agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerated {
    /// How risky.
    pub risk: RiskTier,
    /// How many were agreed to.
    pub agreed: u32,
    /// How many were refused or taken back.
    pub refused: u32,
    /// The share agreed to, in hundredths.
    pub approval_percent: u8,
}

/// How predictable the answers are, given the risk, is how consistent this is.
pub(super) fn found(cases: &[Case<'_>]) -> Vec<Found<RiskTolerance>> {
    let mut domains: BTreeMap<Domain, BTreeMap<RiskTier, Vec<&Case<'_>>>> = BTreeMap::new();
    for case in cases {
        if let Some(risk) = case.answer.risk {
            domains.entry(case.answer.domain).or_default().entry(risk).or_default().push(case);
        }
    }
    domains.into_iter().filter_map(|(domain, tiers)| in_domain(domain, &tiers)).collect()
}

fn in_domain(domain: Domain, tiers: &BTreeMap<RiskTier, Vec<&Case<'_>>>) -> Option<Found<RiskTolerance>> {
    let agreed = |cases: &[&Case<'_>]| cases.iter().filter(|case| case.agreed()).count();
    let all: Vec<_> = tiers.values().flatten().map(|case| case.answer).collect();
    let expected = tiers.values().map(|cases| agreed(cases).max(cases.len() - agreed(cases))).sum();
    let (count, consistency) = (all.len(), percent(expected, all.len()));
    let by_risk = tiers.iter().map(|(risk, cases)| Tolerated {
        risk: *risk,
        agreed: u32::try_from(agreed(cases)).unwrap_or(u32::MAX),
        refused: u32::try_from(cases.len() - agreed(cases)).unwrap_or(u32::MAX),
        approval_percent: percent(agreed(cases), cases.len()),
    });
    let says = RiskTolerance { by_risk: by_risk.collect() };
    Some(Found { domain: Some(domain), says, grounds: Grounds::of(all, count, consistency)? })
}
