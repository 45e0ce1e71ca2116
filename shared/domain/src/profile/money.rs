//! Spend norms: what the person usually agrees to spend, in whole cents, per domain and currency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Answered, Found, Grounds, case::Case, grounds::percent};
use crate::{money::Currency, signal::Domain};

/// What they agree to spend in a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendNorm {
    /// In which currency.
    pub currency: Currency,
    /// Half of what was agreed to cost no more than this; between two, their middle rounded down.
    pub median_cents: i64,
    /// Nine in ten cost no more than this (nearest rank).
    pub p90_cents: i64,
}

impl SpendNorm {
    /// Of costs in ascending order; none without any.
    fn of(currency: Currency, costs: &[i64]) -> Option<Self> {
        let half = costs.len() / 2;
        let upper = *costs.get(half)?;
        let lower = if costs.len().is_multiple_of(2) { *costs.get(half.checked_sub(1)?)? } else { upper };
        // Costs are positive, so the distance can't overflow.
        let median_cents = lower + (upper - lower) / 2;
        let p90_cents = *costs.get((costs.len() * 9).div_ceil(10).checked_sub(1)?)?;
        Some(Self { currency, median_cents, p90_cents })
    }

    /// From half to twice the median.
    const fn is_usual(self, cents: i64) -> bool {
        cents >= self.median_cents / 2 && cents <= self.median_cents.saturating_mul(2)
    }
}

/// How much of it lies from half to twice the median is how consistent this is.
pub(super) fn found(cases: &[Case<'_>]) -> Vec<Found<SpendNorm>> {
    let mut scopes: BTreeMap<(Domain, Currency), Vec<(i64, &Answered)>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.agreed()) {
        if let Some(cost) = case.answer.cost.known() {
            scopes.entry((case.answer.domain, cost.currency)).or_default().push((cost.cents, case.answer));
        }
    }
    let norm = |((domain, currency), spent): ((Domain, Currency), Vec<(i64, &Answered)>)| {
        let mut costs: Vec<_> = spent.iter().map(|(cents, _)| *cents).collect();
        costs.sort_unstable();
        let says = SpendNorm::of(currency, &costs)?;
        let usual = costs.iter().filter(|cents| says.is_usual(**cents)).count();
        let answers = spent.into_iter().map(|(_, answer)| answer).collect();
        let grounds = Grounds::of(answers, costs.len(), percent(usual, costs.len()))?;
        Some(Found { domain: Some(domain), says, grounds })
    };
    scopes.into_iter().filter_map(norm).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_ninth_decile_are_whole_cents_of_what_was_spent() {
        let norm = |costs: &[i64]| SpendNorm::of(Currency::USD, costs).map(|norm| (norm.median_cents, norm.p90_cents));
        assert_eq!(norm(&[]), None);
        assert_eq!(norm(&[999]), Some((999, 999)));
        assert_eq!(norm(&[100, 201]), Some((150, 201)));
        assert_eq!(norm(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 1_000]), Some((5, 9)));
        assert_eq!(norm(&[i64::MAX - 1, i64::MAX]), Some((i64::MAX - 1, i64::MAX)));
    }
}
