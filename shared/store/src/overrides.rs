//! Overrides of the daily limit: the audit of every yes above it (`domain.md` §6 rule 6).
//!
//! Invariant: written in the transaction of the answer, so there is no such execution without its row; rows are never
//! changed.

use domain::{
    id::{ApprovalId, DecisionId, ExecutionId, OverrideId, UserId},
    ledger::{Excess, Override, SpendView},
    money::Money,
};

use crate::{
    Cursor, Page, Result, Source, Tx, UserLock,
    page::one_more,
    row::{self, Row},
};

/// An override as the audit has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// What was said.
    pub said: Override,
    /// The id of the token the yes came with.
    pub token: String,
}

/// Records an override; `token` names the credential the yes came with.
pub async fn insert(tx: &mut Tx, lock: &UserLock, said: &Override, token: &str) -> Result<()> {
    lock.covers(said.user)?;
    let Excess { cost, limit_cents, spend } = said.excess;
    let reason = row::text(&said.reason);
    sqlx::query!(
        "INSERT INTO spend_overrides (id, user_id, decision_id, approval_id, execution_id, token, verb, reason, cost_cents,
                                      currency, limit_cents, reserved_cents, settled_cents, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        said.id.uuid(),
        said.user.uuid(),
        said.decision.uuid(),
        said.approval.uuid(),
        said.execution.uuid(),
        token,
        said.verb.as_str(),
        reason.as_ref(),
        cost.cents,
        cost.currency.as_str(),
        limit_cents,
        spend.reserved_cents,
        spend.settled_cents,
        said.at.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Every override, newest first: one person's, or everybody's for an operator.
pub async fn list(db: impl Source, user: Option<UserId>, cursor: Option<Cursor>, limit: u32) -> Result<Page<Audited>> {
    let found = sqlx::query!(
        "SELECT id, user_id, decision_id, approval_id, execution_id, token, verb, reason, cost_cents, currency, limit_cents,
                reserved_cents, settled_cents, at
           FROM spend_overrides
          WHERE ($1::uuid IS NULL OR user_id = $1)
            AND (at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
          ORDER BY at DESC, id DESC LIMIT $4",
        user.map(UserId::uuid),
        cursor.map(|(at, _)| at.utc()),
        cursor.map(|(_, id)| id),
        one_more(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let items = found
        .into_iter()
        .map(|found| {
            let row = Row::of("spend_overrides", found.id);
            let currency = row.word("currency", &found.currency)?;
            let spend =
                SpendView { currency, reserved_cents: found.reserved_cents, settled_cents: found.settled_cents };
            let said = Override {
                id: OverrideId::new(found.id),
                user: UserId::new(found.user_id),
                decision: DecisionId::new(found.decision_id),
                approval: ApprovalId::new(found.approval_id),
                execution: ExecutionId::new(found.execution_id),
                verb: row.word("verb", &found.verb)?,
                reason: found.reason,
                excess: Excess { cost: Money::new(found.cost_cents, currency), limit_cents: found.limit_cents, spend },
                at: found.at.into(),
            };
            Ok(Audited { said, token: found.token })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Page::of(items, limit, |audited| (audited.said.at, audited.said.id.uuid())))
}
