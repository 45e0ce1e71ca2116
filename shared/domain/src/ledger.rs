//! The spend ledger: append-only entries; what counts in the window is derived from them (`domain.md` §8).
//!
//! Invariant: an execution counts once. While its reservation is open it counts at its estimate, however old; settled,
//! it counts at its actual cost less refunds (never below 0) for 24 h from settlement; released, it counts nothing.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{
    action::Verb,
    id::{ApprovalId, DecisionId, ExecutionId, OverrideId, UserId},
    money::{Currency, Money},
    time::Timestamp,
    wire::wire_enum,
};

/// How long a settled amount counts (`domain.md` §8).
pub const WINDOW: TimeDelta = TimeDelta::hours(24);
/// Differences between estimate and actual above this are flagged, in per cent (`domain.md` §8).
pub const FLAG_ABOVE_PERCENT: i64 = 20;
/// From this share of a limit on, in per cent, the person is told that it is near (`domain.md` §12).
pub const NEAR_PERCENT: i64 = 80;

wire_enum! {
    /// What an entry does to its execution's amount.
    EntryKind, "ledger entry" { Reserve = "reserve", Settle = "settle", Release = "release", Refund = "refund" }
}

/// One entry of the ledger. Entries are never changed or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose money: of which execution.
    pub execution: ExecutionId,
    /// What it does.
    pub kind: EntryKind,
    /// How much, in cents; 0 for a release. Never negative.
    pub cents: i64,
    /// Of which currency.
    pub currency: Currency,
    /// When.
    pub at: Timestamp,
}

/// What counts against the daily limit at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpendView {
    /// The currency of everything here.
    pub currency: Currency,
    /// Open reservations, however old, in cents.
    pub reserved_cents: i64,
    /// Settled less refunded within the last 24 h, in cents.
    pub settled_cents: i64,
}

impl SpendView {
    /// Everything that counts, in cents.
    pub const fn window_cents(&self) -> i64 {
        self.reserved_cents.saturating_add(self.settled_cents)
    }
}

/// The spend could not be read: the evaluator fails closed (`domain.md` §6 rule 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the spend so far could not be read")]
pub struct Unreadable;

/// An amount that can't be in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cents} cents is no cost: money that comes in is not spent")]
pub struct Negative {
    /// The amount as given.
    pub cents: i64,
}

/// Whether `cost_cents` fits into what `limit_cents` leaves: equal fits, one cent more does not; free always fits.
pub const fn fits(window_cents: i64, cost_cents: i64, limit_cents: i64) -> Result<bool, Negative> {
    if cost_cents < 0 {
        return Err(Negative { cents: cost_cents });
    }
    Ok(cost_cents == 0 || window_cents.saturating_add(cost_cents) <= limit_cents)
}

/// What counts at `now`, in `currency`. The order of the entries does not matter. Fails closed on an amount that can't be.
pub fn window(entries: &[Entry], currency: Currency, now: Timestamp) -> Result<SpendView, Unreadable> {
    let mut view = SpendView { currency, reserved_cents: 0, settled_cents: 0 };
    for account in accounts(entries, currency)?.values() {
        match account.counts(now) {
            Counts::Reserved(cents) => {
                view.reserved_cents = view.reserved_cents.checked_add(cents).ok_or(Unreadable)?;
            }
            Counts::Settled { cents, .. } => {
                view.settled_cents = view.settled_cents.checked_add(cents).ok_or(Unreadable)?;
            }
            Counts::Nothing => {}
        }
    }
    Ok(view)
}

/// When the next settled cents leave the window, and how many; none while only reservations count.
pub fn next_free(
    entries: &[Entry],
    currency: Currency,
    now: Timestamp,
) -> Result<Option<(Timestamp, i64)>, Unreadable> {
    let mut next: Option<(Timestamp, i64)> = None;
    for account in accounts(entries, currency)?.values() {
        if let Counts::Settled { cents, until } = account.counts(now)
            && cents > 0
        {
            next = Some(match next {
                Some((at, sum)) if at == until => (at, sum.saturating_add(cents)),
                Some(sooner) if sooner.0 < until => sooner,
                Some(_) | None => (until, cents),
            });
        }
    }
    Ok(next)
}

/// What does not fit into the daily limit: the numbers a person sees before they override it (`domain.md` §6 rule 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// What it costs, or may cost at most.
    pub cost: Money,
    /// The daily limit, in cents.
    pub limit_cents: i64,
    /// What counts already.
    pub spend: SpendView,
}

/// A person's yes above the daily limit, kept for ever as it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Derives from the approval.
    pub id: OverrideId,
    /// Who said it.
    pub user: UserId,
    /// Of which decision.
    pub decision: DecisionId,
    /// To which approval.
    pub approval: ApprovalId,
    /// What runs by it.
    pub execution: ExecutionId,
    /// What that does.
    pub verb: Verb,
    /// Why, in their words.
    pub reason: String,
    /// The numbers they overrode.
    pub excess: Excess,
    /// When.
    pub at: Timestamp,
}

/// How an actual cost compares with its estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variance {
    /// Actual less estimate.
    pub cents: i64,
    /// Of the estimate, cut to whole per cent; 0 where the estimate was 0.
    pub percent: i64,
    /// More than 20 % off either way, or money spent where none was expected. It counts in full all the same.
    pub flagged: bool,
}

/// Compares an actual cost with its estimate (`domain.md` §8).
pub fn reconcile(estimate_cents: i64, actual_cents: i64) -> Result<Variance, Negative> {
    for cents in [estimate_cents, actual_cents] {
        if cents < 0 {
            return Err(Negative { cents });
        }
    }
    // Both are ≥ 0, so the difference can't overflow; percentages of extremes saturate.
    let cents = actual_cents - estimate_cents;
    let percent = if estimate_cents == 0 { 0 } else { cents.saturating_mul(100) / estimate_cents };
    let far_off = i128::from(cents).abs() * 100 > i128::from(estimate_cents) * i128::from(FLAG_ABOVE_PERCENT);
    Ok(Variance { cents, percent, flagged: if estimate_cents == 0 { actual_cents > 0 } else { far_off } })
}

/// Spent so far compared with a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// Below 80 %.
    Far,
    /// 80 % or more.
    Near,
    /// All of it.
    Reached,
}

/// How near `spent` is to `limit`.
pub fn nearness(spent: Money, limit_cents: i64) -> Nearness {
    if spent.cents >= limit_cents {
        Nearness::Reached
    } else if i128::from(spent.cents) * 100 >= i128::from(limit_cents) * i128::from(NEAR_PERCENT) {
        Nearness::Near
    } else {
        Nearness::Far
    }
}

/// What one execution's entries add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    reserved: i64,
    settled: Option<(Timestamp, i64)>,
    refunded: i64,
    released: bool,
}

enum Counts {
    Reserved(i64),
    Settled { cents: i64, until: Timestamp },
    Nothing,
}

impl Account {
    /// Settlement is the truth, whenever it came: money that was spent counts even where a release was written too.
    fn counts(&self, now: Timestamp) -> Counts {
        match self.settled {
            Some((at, actual)) => {
                let until = at.plus(WINDOW);
                if until > now {
                    Counts::Settled { cents: actual.saturating_sub(self.refunded).max(0), until }
                } else {
                    Counts::Nothing
                }
            }
            None if self.released => Counts::Nothing,
            None => Counts::Reserved(self.reserved.saturating_sub(self.refunded).max(0)),
        }
    }
}

fn accounts(entries: &[Entry], currency: Currency) -> Result<BTreeMap<ExecutionId, Account>, Unreadable> {
    let mut accounts: BTreeMap<ExecutionId, Account> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.currency == currency) {
        if entry.cents < 0 {
            return Err(Unreadable);
        }
        let account = accounts.entry(entry.execution).or_default();
        match entry.kind {
            EntryKind::Reserve => account.reserved = account.reserved.max(entry.cents),
            EntryKind::Settle => account.settled = account.settled.max(Some((entry.at, entry.cents))),
            EntryKind::Release => account.released = true,
            EntryKind::Refund => account.refunded = account.refunded.checked_add(entry.cents).ok_or(Unreadable)?,
        }
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests;
