//! Money: append-only entries; what counts in the window is derived from them by `domain::ledger` (`domain.md` §8).
//!
//! Invariant: an entry is written in the transaction of what it tells of, under the user's lock; one reservation, one
//! end and one refund per execution.

use chrono::{DateTime, Utc};
use domain::{
    action::Verb,
    execution::{Execution, Kind, State},
    id::{ExecutionId, LedgerEntryId, UserId},
    ledger::{self, Entry, EntryKind, SpendView, Unreadable, WINDOW},
    money::{Currency, Money},
    time::Timestamp,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{Cursor, Page, Result, Source, Tx, UserLock, page::one_more, row::Row};

/// What counts against the daily limit at `now`: open reservations however old, and what was settled less refunded
/// within the last 24 h. `except` leaves an execution out (at dispatch: its own reservation). Read it in a later
/// statement than the lock.
pub async fn view(
    db: impl Source,
    user: UserId,
    currency: Currency,
    now: Timestamp,
    except: Option<ExecutionId>,
) -> Result<std::result::Result<SpendView, Unreadable>> {
    Ok(ledger::window(&entries(db, user, currency, now, except).await?, currency, now))
}

/// An entry as it is found.
#[derive(Deserialize)]
pub(crate) struct EntryRow {
    id: Uuid,
    execution_id: Uuid,
    kind: String,
    cents: i64,
    currency: String,
    at: DateTime<Utc>,
}

impl EntryRow {
    pub(crate) fn read(self) -> Result<Entry> {
        let row = Row::of("daily_spend_ledger", self.id);
        Ok(Entry {
            execution: ExecutionId::new(self.execution_id),
            kind: row.word("kind", &self.kind)?,
            cents: self.cents,
            currency: row.word("currency", &self.currency)?,
            at: self.at.into(),
        })
    }
}

/// The entries of every execution that may count at `now`: those that are open, and those settled within the window.
pub async fn entries(
    db: impl Source,
    user: UserId,
    currency: Currency,
    now: Timestamp,
    except: Option<ExecutionId>,
) -> Result<Vec<Entry>> {
    let found = sqlx::query_as!(
        EntryRow,
        "SELECT l.id, l.execution_id, l.kind, l.cents, l.currency, l.at
           FROM daily_spend_ledger l
          WHERE l.user_id = $1 AND l.currency = $2 AND l.execution_id IS DISTINCT FROM $3
            AND l.execution_id IN (
              SELECT x.id FROM executions x WHERE x.user_id = $1 AND x.state IN ('planned', 'running', 'unknown')
              UNION ALL
              SELECT s.execution_id FROM daily_spend_ledger s
               WHERE s.user_id = $1 AND s.currency = $2 AND s.kind = 'settle' AND s.at > $4)",
        user.uuid(),
        currency.as_str(),
        except.map(ExecutionId::uuid),
        now.minus(WINDOW).utc(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found.into_iter().map(EntryRow::read).collect()
}

/// An entry as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// For doing what.
    pub verb: Verb,
    /// Its id.
    pub id: LedgerEntryId,
    /// What it says.
    pub entry: Entry,
    /// Far from the estimate (`domain.md` §8).
    pub flagged: bool,
}

/// Every entry of a currency, newest first.
pub async fn list(
    db: impl Source,
    user: UserId,
    currency: Currency,
    cursor: Option<Cursor>,
    limit: u32,
) -> Result<Page<Told>> {
    let found = sqlx::query!(
        "SELECT l.id, l.execution_id, x.verb, l.kind, l.cents, l.currency, l.flagged, l.at
           FROM daily_spend_ledger l JOIN executions x ON x.id = l.execution_id
          WHERE l.user_id = $1 AND l.currency = $2
            AND (l.at, l.id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
          ORDER BY l.at DESC, l.id DESC LIMIT $5",
        user.uuid(),
        currency.as_str(),
        cursor.map(|(at, _)| at.utc()),
        cursor.map(|(_, id)| id),
        one_more(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let items = found
        .into_iter()
        .map(|found| {
            let row = Row::of("daily_spend_ledger", found.id);
            let entry = Entry {
                execution: ExecutionId::new(found.execution_id),
                kind: row.word("kind", &found.kind)?,
                cents: found.cents,
                currency: row.word("currency", &found.currency)?,
                at: found.at.into(),
            };
            let verb = row.word("verb", &found.verb)?;
            Ok(Told { id: LedgerEntryId::new(found.id), verb, entry, flagged: found.flagged })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Page::of(items, limit, |told| (told.entry.at, told.id.uuid())))
}

/// Sets aside what a new execution may spend.
pub(crate) async fn reserve(tx: &mut Tx, lock: &UserLock, execution: &Execution, now: Timestamp) -> Result<()> {
    match execution.reserved {
        Some(reserved) => {
            write(tx, lock, execution.id, execution.id.child("reserve"), EntryKind::Reserve, reserved, false, now).await
        }
        None => Ok(()),
    }
}

/// Writes what a settled execution makes of its reservation, and of the money of what it undid.
pub(crate) async fn end(tx: &mut Tx, lock: &UserLock, execution: &Execution, now: Timestamp) -> Result<()> {
    if let Some((kind, amount, flagged)) = ending(execution.reserved, &execution.state) {
        write(tx, lock, execution.id, execution.id.child("end"), kind, amount, flagged, now).await?;
    }
    if let (Kind::Undo, State::Succeeded { .. }, Some(undone)) = (execution.kind, &execution.state, execution.reverses)
    {
        let id: LedgerEntryId = execution.id.child("refund");
        sqlx::query!(
            "INSERT INTO daily_spend_ledger (id, user_id, execution_id, kind, cents, currency, at)
             SELECT $1, user_id, execution_id, 'refund', cents, currency, $4
               FROM daily_spend_ledger WHERE execution_id = $2 AND user_id = $3 AND kind = 'settle'",
            id.uuid(),
            undone.uuid(),
            lock.user().uuid(),
            now.utc(),
        )
        .execute(tx.connection())
        .await?;
    }
    Ok(())
}

/// The last entry of an execution: what it cost, flagged when that is far from the estimate (`domain.md` §8).
///
/// Where the engine names no cost, or none that can be compared (another currency, a negative amount), the reservation
/// stands in for it: never less counts than was set aside.
fn ending(reserved: Option<Money>, state: &State) -> Option<(EntryKind, Money, bool)> {
    match (state, reserved) {
        (State::Succeeded { actual: None, .. }, Some(reserved)) => Some((EntryKind::Settle, reserved, false)),
        (State::Succeeded { actual: Some(actual), .. }, Some(reserved)) => {
            let variance = ledger::reconcile(reserved.cents, actual.cents);
            match variance {
                Ok(variance) if actual.currency == reserved.currency => {
                    Some((EntryKind::Settle, *actual, variance.flagged))
                }
                Ok(_) | Err(_) => Some((EntryKind::Settle, reserved, true)),
            }
        }
        // nothing was expected to be spent, and something was
        (State::Succeeded { actual: Some(actual), .. }, None) if actual.cents > 0 => {
            Some((EntryKind::Settle, *actual, true))
        }
        (State::Failed { .. } | State::Cancelled { .. }, Some(reserved)) => {
            Some((EntryKind::Release, Money::new(0, reserved.currency), false))
        }
        (State::Succeeded { .. } | State::Failed { .. } | State::Cancelled { .. }, None)
        | (State::Planned { .. } | State::Running { .. } | State::Unknown { .. }, _) => None,
    }
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
async fn write(
    tx: &mut Tx,
    lock: &UserLock,
    execution: ExecutionId,
    id: LedgerEntryId,
    kind: EntryKind,
    amount: Money,
    flagged: bool,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO daily_spend_ledger (id, user_id, execution_id, kind, cents, currency, flagged, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.uuid(),
        lock.user().uuid(),
        execution.uuid(),
        kind.as_str(),
        amount.cents,
        amount.currency.as_str(),
        flagged,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::{execution::ErrorClass, signal::Object};

    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T09:00:00Z".parse().unwrap()
    }

    fn succeeded(actual: Option<Money>) -> State {
        State::Succeeded { at: now(), result: Object::new(), actual }
    }

    #[test]
    fn the_actual_cost_counts_in_full_and_is_flagged_when_far_from_the_estimate() {
        let ends = |reserved: Option<i64>, actual: Option<i64>| {
            ending(reserved.map(Money::usd), &succeeded(actual.map(Money::usd)))
        };
        let settle = |cents, flagged| Some((EntryKind::Settle, Money::usd(cents), flagged));
        assert_eq!(ends(Some(1000), Some(1200)), settle(1200, false));
        assert_eq!(ends(Some(1000), Some(1201)), settle(1201, true));
        assert_eq!(ends(Some(1000), Some(0)), settle(0, true));
        assert_eq!(ends(Some(1000), None), settle(1000, false));
        assert_eq!(ends(Some(1000), Some(-5)), settle(1000, true));
        assert_eq!(ends(None, Some(700)), settle(700, true));
        assert_eq!(ends(None, Some(0)), None);
        assert_eq!(ends(None, None), None);
    }

    #[test]
    fn a_cost_in_another_currency_counts_as_what_was_set_aside() {
        let euros = Money::new(5, "EUR".parse().unwrap());
        assert_eq!(
            ending(Some(Money::usd(1000)), &succeeded(Some(euros))),
            Some((EntryKind::Settle, Money::usd(1000), true))
        );
    }

    #[test]
    fn what_did_not_happen_is_released_and_what_nobody_knows_stays_reserved() {
        let failed = State::Failed { at: now(), class: ErrorClass::Refused, error: "no".into() };
        assert_eq!(ending(Some(Money::usd(9)), &failed), Some((EntryKind::Release, Money::usd(0), false)));
        let unknown = State::Unknown { at: now(), error: "silence".into() };
        assert_eq!(ending(Some(Money::usd(9)), &unknown), None);
    }
}
