//! Executions with their steps: claimed under a fence, settled exactly once, together with the money (`domain.md` §8, §10).

use chrono::{DateTime, Utc};
use domain::{
    digest::Digest,
    execution::{Execution, Phase, State},
    id::{ApprovalId, DecisionId, ExecutionId, UserId},
    money::Money,
    time::Timestamp,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Cursor, Error, Page, Result, Source, Tx, UserLock,
    counted::Counted,
    ledger,
    page::one_more,
    row::{self, Row},
};

struct ExecutionRow {
    id: Uuid,
    user_id: Uuid,
    decision_id: Uuid,
    approval_id: Option<Uuid>,
    kind: String,
    reverses: Option<Uuid>,
    retry_of: Option<Uuid>,
    action: Value,
    digest: String,
    permitted_revision: i64,
    reserved_cents: Option<i64>,
    currency: Option<String>,
    max_cost_cents: Option<i64>,
    engine: Option<String>,
    engine_ref: Option<String>,
    request: Option<Vec<u8>>,
    attempt: i32,
    sends: i32,
    in_doubt_since: Option<DateTime<Utc>>,
    cancel_asked_at: Option<DateTime<Utc>>,
    consent_until: Option<DateTime<Utc>>,
    state: String,
    due_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    result: Option<Value>,
    actual_cents: Option<i64>,
    actual_currency: Option<String>,
    error_class: Option<String>,
    error: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    steps: Value,
}

impl ExecutionRow {
    fn read(self) -> Result<Execution> {
        let row = Row::of("executions", self.id);
        let due = || row.filled("due_at", self.due_at).map(Timestamp::from);
        let at = || row.filled("settled_at", self.settled_at).map(Timestamp::from);
        let class = || row.word("error_class", self.error_class.as_deref().unwrap_or_default());
        let error = || row.filled("error", self.error.clone());
        let state = match row.word("state", &self.state)? {
            Phase::Planned => State::Planned { due: due()? },
            Phase::Running => State::Running { due: due()? },
            Phase::Succeeded => State::Succeeded {
                at: at()?,
                result: row.json("result", row.filled("result", self.result)?)?,
                actual: row
                    .money(("actual_cents", self.actual_cents), ("actual_currency", self.actual_currency.as_deref()))?,
            },
            Phase::Failed => State::Failed { at: at()?, class: class()?, error: error()? },
            Phase::Unknown => State::Unknown { at: at()?, error: error()? },
            Phase::Cancelled => State::Cancelled { at: at()?, class: class()?, why: error()? },
        };
        Ok(Execution {
            id: ExecutionId::new(self.id),
            user: UserId::new(self.user_id),
            decision: DecisionId::new(self.decision_id),
            approval: self.approval_id.map(ApprovalId::new),
            kind: row.word("kind", &self.kind)?,
            reverses: self.reverses.map(ExecutionId::new),
            retry_of: self.retry_of.map(ExecutionId::new),
            action: row.json("action", self.action)?,
            digest: Digest::stored(self.digest),
            permitted_revision: self.permitted_revision,
            reserved: row.money(("reserved_cents", self.reserved_cents), ("currency", self.currency.as_deref()))?,
            max_cost_cents: self.max_cost_cents,
            steps: Row::of("execution_steps", self.id).json("action", self.steps)?,
            engine: self.engine,
            engine_ref: self.engine_ref,
            request: self.request,
            attempt: self.attempt,
            sends: self.sends,
            in_doubt_since: self.in_doubt_since.map(Into::into),
            cancel_asked: self.cancel_asked_at.map(Into::into),
            consent_until: self.consent_until.map(Into::into),
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
            state,
        })
    }
}

/// The columns that depend on the state: exactly those of the state are filled.
#[derive(Default)]
struct Standing<'e> {
    due_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    result: Option<Value>,
    actual: Option<Money>,
    error_class: Option<&'static str>,
    error: Option<std::borrow::Cow<'e, str>>,
}

impl<'e> Standing<'e> {
    fn of(state: &'e State) -> Result<Self> {
        let empty = Self::default();
        Ok(match state {
            State::Planned { due } | State::Running { due } => Self { due_at: Some(due.utc()), ..empty },
            State::Succeeded { at, result, actual } => {
                Self { settled_at: Some(at.utc()), result: Some(row::json(result)?), actual: *actual, ..empty }
            }
            State::Failed { at, class, error } | State::Cancelled { at, class, why: error } => Self {
                settled_at: Some(at.utc()),
                error_class: Some(class.as_str()),
                error: Some(row::text(error)),
                ..empty
            },
            State::Unknown { at, error } => Self { settled_at: Some(at.utc()), error: Some(row::text(error)), ..empty },
        })
    }
}

/// The columns of [`ExecutionRow`], for the rest of a query. The steps come along: a second statement could see a later state.
macro_rules! find {
    ($rest:tt, $($arg:expr),* $(,)?) => {
        sqlx::query_as!(
            ExecutionRow,
            r#"SELECT e.id, e.user_id, e.decision_id, e.approval_id, e.kind, e.reverses, e.retry_of, e.action, e.digest,
                      e.permitted_revision, e.reserved_cents, e.currency, e.max_cost_cents, e.engine, e.engine_ref, e.request,
                      e.attempt, e.sends, e.in_doubt_since, e.cancel_asked_at, e.consent_until, e.state, e.due_at, e.settled_at, e.result,
                      e.actual_cents, e.actual_currency, e.error_class, e.error, e.created_at, e.updated_at,
                      coalesce((SELECT jsonb_agg(jsonb_build_object('ordinal', s.ordinal, 'action', s.action, 'state', s.state,
                                                                    'output', s.output) ORDER BY s.ordinal)
                                  FROM execution_steps s WHERE s.execution_id = e.id), '[]') AS "steps!"
                 FROM executions e "# + $rest,
            $($arg),*
        )
    };
}

/// Writes a planned execution with its steps and its reservation.
#[expect(clippy::as_conversions, reason = "names the type of an array for the macro, converts nothing")]
pub async fn insert(tx: &mut Tx, lock: &UserLock, execution: &Execution, now: Timestamp) -> Result<()> {
    lock.covers(execution.user)?;
    let standing = Standing::of(&execution.state)?;
    let actions = execution.steps.iter().map(|step| row::json(&step.action)).collect::<Result<Vec<_>>>()?;
    let (ordinals, states, outputs) = steps(execution)?;
    sqlx::query!(
        "WITH planned AS (
           INSERT INTO executions (id, user_id, decision_id, approval_id, kind, reverses, retry_of, verb, domain, action, digest,
                                   permitted_revision, reserved_cents, currency, max_cost_cents, engine, engine_ref, request,
                                   attempt, sends, in_doubt_since, consent_until, state, due_at, settled_at, result, actual_cents,
                                   actual_currency, error_class, error, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
                   $25, $26, $27, $28, $29, $30, $31, $32)
           RETURNING id
         )
         INSERT INTO execution_steps (execution_id, ordinal, action, state, output)
         SELECT planned.id, n.* FROM planned, unnest($33::smallint[], $34::jsonb[], $35::text[], $36::jsonb[]) AS n",
        execution.id.uuid(),
        execution.user.uuid(),
        execution.decision.uuid(),
        execution.approval.map(ApprovalId::uuid),
        execution.kind.as_str(),
        execution.reverses.map(ExecutionId::uuid),
        execution.retry_of.map(ExecutionId::uuid),
        execution.action.verb.as_str(),
        execution.action.domain.as_str(),
        row::json(&execution.action)?,
        execution.digest.as_str(),
        execution.permitted_revision,
        execution.reserved.map(|reserved| reserved.cents),
        execution.reserved.as_ref().map(|reserved| reserved.currency.as_str()),
        execution.max_cost_cents,
        execution.engine,
        execution.engine_ref,
        execution.request,
        execution.attempt,
        execution.sends,
        execution.in_doubt_since.map(Timestamp::utc),
        execution.consent_until.map(Timestamp::utc),
        execution.state.phase().as_str(),
        standing.due_at,
        standing.settled_at,
        standing.result,
        standing.actual.map(|actual| actual.cents),
        standing.actual.as_ref().map(|actual| actual.currency.as_str()),
        standing.error_class,
        standing.error.as_deref(),
        execution.created_at.utc(),
        execution.updated_at.utc(),
        &ordinals,
        &actions,
        &states as &[&str],
        &outputs as &[Option<Value>],
    )
    .execute(tx.connection())
    .await?;
    tx.count([Counted::execution(execution)]);
    ledger::reserve(tx, lock, execution, now).await
}

type Steps = (Vec<i16>, Vec<&'static str>, Vec<Option<Value>>);

/// What changes of the steps, as arrays.
fn steps(execution: &Execution) -> Result<Steps> {
    let ordinals = execution.steps.iter().map(|step| row::number(step.ordinal)).collect::<Result<_>>()?;
    let states = execution.steps.iter().map(|step| step.state.as_str()).collect();
    let outputs =
        execution.steps.iter().map(|step| step.output.as_ref().map(row::json).transpose()).collect::<Result<_>>()?;
    Ok((ordinals, states, outputs))
}

/// One execution of a user.
pub async fn get(db: impl Source, user: UserId, id: ExecutionId) -> Result<Execution> {
    find!("WHERE e.id = $1 AND e.user_id = $2", id.uuid(), user.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?
        .ok_or(Error::NotFound)?
        .read()
}

/// One execution of the locked user.
pub async fn load(tx: &mut Tx, lock: &UserLock, id: ExecutionId) -> Result<Execution> {
    get(tx, lock.user(), id).await
}

/// Locks the user whose execution it is, as [`Tx::lock`] does: for a job, which names the execution only.
pub async fn lock_owner(tx: &mut Tx, id: ExecutionId) -> Result<UserLock> {
    let locked = sqlx::query_scalar!(
        "SELECT id FROM users WHERE id = (SELECT user_id FROM executions WHERE id = $1) FOR NO KEY UPDATE",
        id.uuid(),
    )
    .fetch_optional(tx.connection())
    .await?;
    UserLock::of(locked)
}

/// A decision's executions, oldest first.
pub async fn of_decision(db: impl Source, user: UserId, decision: DecisionId) -> Result<Vec<Execution>> {
    let found =
        find!("WHERE e.decision_id = $1 AND e.user_id = $2 ORDER BY e.created_at, e.id", decision.uuid(), user.uuid())
            .fetch_all(&mut *db.conn().await?)
            .await?;
    found.into_iter().map(ExecutionRow::read).collect()
}

/// A user's executions, newest first.
pub async fn list(db: impl Source, user: UserId, cursor: Option<Cursor>, limit: u32) -> Result<Page<Execution>> {
    let found = find!(
        "WHERE e.user_id = $1
           AND (e.created_at, e.id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
         ORDER BY e.created_at DESC, e.id DESC LIMIT $4",
        user.uuid(),
        cursor.map(|(at, _)| at.utc()),
        cursor.map(|(_, id)| id),
        one_more(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let items = found.into_iter().map(ExecutionRow::read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(items, limit, |item| (item.created_at, item.id.uuid())))
}

/// Writes a claim. [`crate::Error::Stale`] unless the row is at the attempt before, planned or running.
pub async fn claim(tx: &mut Tx, lock: &UserLock, execution: &Execution) -> Result<()> {
    write(tx, lock, execution, execution.attempt.saturating_sub(1), &["planned", "running"]).await
}

/// Writes what an attempt led to (settled, planned again, parked), and the money's end once it is settled for
/// certain. [`crate::Error::Stale`] unless the row is at this very attempt, running (or planned, to cancel or park it).
pub async fn settle(tx: &mut Tx, lock: &UserLock, execution: &Execution, now: Timestamp) -> Result<()> {
    let from: &[&str] = match execution.state.phase() {
        Phase::Planned | Phase::Cancelled => &["planned", "running"],
        Phase::Running | Phase::Succeeded | Phase::Failed | Phase::Unknown => &["running"],
    };
    write(tx, lock, execution, execution.attempt, from).await?;
    tx.count(execution.state.is_settled().then(|| Counted::execution(execution)));
    ledger::end(tx, lock, execution, now).await
}

/// Writes the person's word on an execution whose outcome nobody knew. [`crate::Error::Stale`] unless it is unknown.
pub async fn resolve(tx: &mut Tx, lock: &UserLock, execution: &Execution, now: Timestamp) -> Result<()> {
    write(tx, lock, execution, execution.attempt, &["unknown"]).await?;
    ledger::end(tx, lock, execution, now).await
}

/// Writes that the person wants it stopped, and that it is due for that. [`crate::Error::Stale`] unless it is running at
/// this attempt. Nothing else of the row changes: whoever has it in hands may still write what came of it.
pub async fn ask_to_cancel(tx: &mut Tx, lock: &UserLock, execution: &Execution) -> Result<()> {
    lock.covers(execution.user)?;
    let written = sqlx::query!(
        "UPDATE executions SET cancel_asked_at = coalesce(cancel_asked_at, $4), due_at = $5
          WHERE id = $1 AND user_id = $2 AND attempt = $3 AND state = 'running'",
        execution.id.uuid(),
        execution.user.uuid(),
        execution.attempt,
        execution.cancel_asked.map(Timestamp::utc),
        execution.due().map(Timestamp::utc),
    )
    .execute(tx.connection())
    .await?;
    if written.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// The fence: one row at exactly this attempt, in one of these states, or nothing. What was sent once never changes.
#[expect(clippy::as_conversions, reason = "names the type of an array for the macro, converts nothing")]
async fn write(tx: &mut Tx, lock: &UserLock, execution: &Execution, attempt: i32, from: &[&str]) -> Result<()> {
    lock.covers(execution.user)?;
    let standing = Standing::of(&execution.state)?;
    let engine_ref = execution.engine_ref.as_deref().map(row::text);
    let (ordinals, states, outputs) = steps(execution)?;
    let written = sqlx::query_scalar!(
        r#"WITH written AS (
             UPDATE executions
                SET engine = $5, engine_ref = $6, request = $7, attempt = $8, sends = $9, in_doubt_since = $10, state = $11, due_at = $12,
                    settled_at = $13, result = $14, actual_cents = $15, actual_currency = $16, error_class = $17, error = $18, updated_at = $19
              WHERE id = $1 AND user_id = $2 AND attempt = $3 AND state = ANY ($4) AND (request IS NULL OR request = $7)
             RETURNING id
           ), stepped AS (
             UPDATE execution_steps s SET state = n.state, output = n.output
               FROM written, unnest($20::smallint[], $21::text[], $22::jsonb[]) AS n (ordinal, state, output)
              WHERE s.execution_id = written.id AND s.ordinal = n.ordinal
           )
           SELECT count(*) AS "count!" FROM written"#,
        execution.id.uuid(),
        execution.user.uuid(),
        attempt,
        from as &[&str],
        execution.engine,
        engine_ref.as_deref(),
        execution.request,
        execution.attempt,
        execution.sends,
        execution.in_doubt_since.map(Timestamp::utc),
        execution.state.phase().as_str(),
        standing.due_at,
        standing.settled_at,
        standing.result,
        standing.actual.map(|actual| actual.cents),
        standing.actual.as_ref().map(|actual| actual.currency.as_str()),
        standing.error_class,
        standing.error.as_deref(),
        execution.updated_at.utc(),
        &ordinals,
        &states as &[&str],
        &outputs as &[Option<Value>],
    )
    .fetch_one(tx.connection())
    .await?;
    if written == 1 { Ok(()) } else { Err(Error::Stale) }
}
