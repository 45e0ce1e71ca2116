//! Approvals: pending, then resolved exactly once. The guard stands in the UPDATE, so that of an answer, another
//! answer and the expiry exactly one wins (`domain.md` §9).

use chrono::{DateTime, Utc};
use domain::{
    approval::{Approval, State},
    digest::Digest,
    id::{ApprovalId, DecisionId, ExecutionId, UserId},
    time::Timestamp,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Cursor, Error, Page, Result, Source, Tx, UserLock,
    counted::Counted,
    learning,
    page::one_more,
    row::{self, Row},
};

/// Which approvals to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Still to be answered at this instant, most pressing first.
    Pending {
        /// The instant.
        now: Timestamp,
    },
    /// Resolved, newest first.
    History,
}

struct ApprovalRow {
    id: Uuid,
    user_id: Uuid,
    decision_id: Uuid,
    kind: String,
    action: Value,
    digest: String,
    summary: String,
    risk: Value,
    reasons: Value,
    policy_hash: String,
    alternatives: Value,
    urgency: String,
    expires_at: DateTime<Utc>,
    remind_at: Option<DateTime<Utc>>,
    reminded: bool,
    state: String,
    resolved_at: Option<DateTime<Utc>>,
    resolved_by: Option<String>,
    answer: Option<Value>,
    reasons_no: Option<Vec<String>>,
    why: Option<String>,
    execution_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl ApprovalRow {
    fn read(self) -> Result<Approval> {
        let row = Row::of("approvals", self.id);
        let resolved_at = || row.filled("resolved_at", self.resolved_at).map(Timestamp::from);
        let state = match self.state.as_str() {
            "pending" => State::Pending,
            "approved" => State::Approved {
                at: resolved_at()?,
                answer: row.json("answer", row.filled("answer", self.answer)?)?,
                execution: ExecutionId::new(row.filled("execution_id", self.execution_id)?),
            },
            "rejected" => State::Rejected {
                at: resolved_at()?,
                by: row.word("resolved_by", &row.filled("resolved_by", self.resolved_by)?)?,
                reasons: row.filled("reasons_no", self.reasons_no)?,
            },
            "expired" => State::Expired { at: resolved_at()? },
            "cancelled" => State::Cancelled { at: resolved_at()?, why: row.filled("why", self.why)? },
            _ => return Err(row.corrupt("state")),
        };
        Ok(Approval {
            id: ApprovalId::new(self.id),
            user: UserId::new(self.user_id),
            decision: DecisionId::new(self.decision_id),
            kind: row.word("kind", &self.kind)?,
            action: row.json("action", self.action)?,
            digest: Digest::stored(self.digest),
            summary: self.summary,
            risk: row.json("risk", self.risk)?,
            reasons: row.json("reasons", self.reasons)?,
            policy_hash: Digest::stored(self.policy_hash),
            alternatives: row.json("alternatives", self.alternatives)?,
            urgency: row.word("urgency", &self.urgency)?,
            expires_at: self.expires_at.into(),
            remind_at: self.remind_at.map(Into::into),
            reminded: self.reminded,
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
            state,
        })
    }
}

/// The columns that depend on the state: exactly those of the state are filled.
#[derive(Default)]
struct Standing {
    due_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    resolved_by: Option<&'static str>,
    answer: Option<Value>,
    reasons_no: Option<Vec<String>>,
    why: Option<String>,
    execution_id: Option<Uuid>,
}

impl Standing {
    fn of(approval: &Approval) -> Result<Self> {
        let empty = Self::default();
        Ok(match &approval.state {
            State::Pending => {
                let next = approval.remind_at.filter(|_| !approval.reminded).unwrap_or(approval.expires_at);
                Self { due_at: Some(next.utc()), ..empty }
            }
            State::Approved { at, answer, execution } => Self {
                resolved_at: Some(at.utc()),
                answer: Some(row::json(answer)?),
                execution_id: Some(execution.uuid()),
                ..empty
            },
            State::Rejected { at, by, reasons } => Self {
                resolved_at: Some(at.utc()),
                resolved_by: Some(by.as_str()),
                reasons_no: Some(row::texts(reasons)),
                ..empty
            },
            State::Expired { at } => Self { resolved_at: Some(at.utc()), ..empty },
            State::Cancelled { at, why } => {
                Self { resolved_at: Some(at.utc()), why: Some(row::text(why).into_owned()), ..empty }
            }
        })
    }
}

/// The columns of [`ApprovalRow`], for the rest of a query.
macro_rules! find {
    ($rest:tt, $($arg:expr),* $(,)?) => {
        sqlx::query_as!(
            ApprovalRow,
            "SELECT id, user_id, decision_id, kind, action, digest, summary, risk, reasons, policy_hash, alternatives, urgency,
                    expires_at, remind_at, reminded, state, resolved_at, resolved_by, answer, reasons_no, why, execution_id,
                    created_at, updated_at
               FROM approvals " + $rest,
            $($arg),*
        )
    };
}

/// Writes a new approval. A verb that owes asks has one less to go.
pub async fn insert(tx: &mut Tx, lock: &UserLock, approval: &Approval) -> Result<()> {
    lock.covers(approval.user)?;
    let standing = Standing::of(approval)?;
    sqlx::query!(
        "INSERT INTO approvals (id, user_id, decision_id, kind, action, digest, summary, risk, reasons, policy_hash, alternatives,
                                urgency, expires_at, remind_at, reminded, due_at, state, resolved_at, resolved_by, answer,
                                reasons_no, why, execution_id, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)",
        approval.id.uuid(),
        approval.user.uuid(),
        approval.decision.uuid(),
        approval.kind.as_str(),
        row::json(&approval.action)?,
        approval.digest.as_str(),
        &*row::text(&approval.summary),
        row::json(&approval.risk)?,
        row::json(&approval.reasons)?,
        approval.policy_hash.as_str(),
        row::json(&approval.alternatives)?,
        approval.urgency.as_str(),
        approval.expires_at.utc(),
        approval.remind_at.map(Timestamp::utc),
        approval.reminded,
        standing.due_at,
        approval.state.phase().as_str(),
        standing.resolved_at,
        standing.resolved_by,
        standing.answer,
        standing.reasons_no.as_deref(),
        standing.why,
        standing.execution_id,
        approval.created_at.utc(),
        approval.updated_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    learning::asked(tx, lock, approval.action.verb).await?;
    tx.count([Counted::approval(approval, None)]);
    Ok(())
}

/// One approval of a user.
pub async fn get(db: impl Source, user: UserId, id: ApprovalId) -> Result<Approval> {
    find!("WHERE id = $1 AND user_id = $2", id.uuid(), user.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?
        .ok_or(Error::NotFound)?
        .read()
}

/// One approval of the locked user.
pub async fn load(tx: &mut Tx, lock: &UserLock, id: ApprovalId) -> Result<Approval> {
    get(tx, lock.user(), id).await
}

/// Writes what became of a pending approval (reminded or resolved). [`crate::Error::Stale`] if it is no longer
/// pending, or if a yes comes at or after its expiry.
pub async fn save(tx: &mut Tx, lock: &UserLock, approval: &Approval) -> Result<()> {
    lock.covers(approval.user)?;
    let standing = Standing::of(approval)?;
    let saved = sqlx::query!(
        "UPDATE approvals
            SET reminded = $3, due_at = $4, state = $5, resolved_at = $6, resolved_by = $7, answer = $8, reasons_no = $9, why = $10,
                execution_id = $11, updated_at = $12
          WHERE id = $1 AND user_id = $2 AND state = 'pending' AND ($5 <> 'approved' OR expires_at > $6)",
        approval.id.uuid(),
        approval.user.uuid(),
        approval.reminded,
        standing.due_at,
        approval.state.phase().as_str(),
        standing.resolved_at,
        standing.resolved_by,
        standing.answer,
        standing.reasons_no.as_deref(),
        standing.why,
        standing.execution_id,
        approval.updated_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    if saved.rows_affected() != 1 {
        return Err(Error::Stale);
    }
    // a reminder is no end
    tx.count(standing.resolved_at.map(|at| Counted::approval(approval, Some(at.into()))));
    Ok(())
}

/// A user's approvals.
pub async fn list(
    db: impl Source,
    user: UserId,
    which: Which,
    cursor: Option<Cursor>,
    limit: u32,
) -> Result<Page<Approval>> {
    let (at, id) = (cursor.map(|(at, _)| at.utc()), cursor.map(|(_, id)| id));
    match which {
        Which::Pending { now } => {
            let found = find!(
                "WHERE user_id = $1 AND state = 'pending' AND expires_at > $2
                   AND (expires_at, id) > (coalesce($3::timestamptz, '-infinity'), coalesce($4::uuid, '00000000-0000-0000-0000-000000000000'))
                 ORDER BY expires_at, id LIMIT $5",
                user.uuid(),
                now.utc(),
                at,
                id,
                one_more(limit),
            )
            .fetch_all(&mut *db.conn().await?)
            .await?;
            let items = found.into_iter().map(ApprovalRow::read).collect::<Result<Vec<_>>>()?;
            Ok(Page::of(items, limit, |item| (item.expires_at, item.id.uuid())))
        }
        Which::History => {
            let found = find!(
                "WHERE user_id = $1 AND state <> 'pending'
                   AND (created_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
                 ORDER BY created_at DESC, id DESC LIMIT $4",
                user.uuid(),
                at,
                id,
                one_more(limit),
            )
            .fetch_all(&mut *db.conn().await?)
            .await?;
            let items = found.into_iter().map(ApprovalRow::read).collect::<Result<Vec<_>>>()?;
            Ok(Page::of(items, limit, |item| (item.created_at, item.id.uuid())))
        }
    }
}

/// Whose approval it is: for a job, which names the approval only.
pub async fn user_of(db: impl Source, id: ApprovalId) -> Result<UserId> {
    let user = sqlx::query_scalar!("SELECT user_id FROM approvals WHERE id = $1", id.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?;
    user.map(UserId::new).ok_or(Error::NotFound)
}

/// A decision's approvals, newest first (asked again means more than one).
pub async fn of_decision(db: impl Source, user: UserId, decision: DecisionId) -> Result<Vec<Approval>> {
    let found = find!(
        "WHERE decision_id = $1 AND user_id = $2 ORDER BY created_at DESC, id DESC",
        decision.uuid(),
        user.uuid()
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found.into_iter().map(ApprovalRow::read).collect()
}
