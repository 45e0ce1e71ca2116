//! Feedback: one row per answer, so that an answer is learned from once (`domain.md` §1 law 6).

use domain::{
    action::Verb,
    feedback::{Feedback, Severity},
    id::{ApprovalId, DecisionId, FeedbackId, UserId},
    time::Timestamp,
};

use crate::{
    Result, Source, Tx, UserLock,
    row::{self, Row},
};

/// Records an answer; false if it was recorded before.
pub async fn insert(tx: &mut Tx, lock: &UserLock, feedback: &Feedback) -> Result<bool> {
    lock.covers(feedback.user)?;
    let comment = feedback.comment.as_deref().map(row::text);
    let recorded = sqlx::query!(
        "INSERT INTO feedback (id, user_id, decision_id, approval_id, domain, verb, kind, severity, comment, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
        feedback.id.uuid(),
        feedback.user.uuid(),
        feedback.decision.uuid(),
        feedback.approval.map(ApprovalId::uuid),
        feedback.domain.as_str(),
        feedback.verb.map(Verb::as_str),
        feedback.kind.as_str(),
        feedback.severity.map(Severity::as_str),
        comment.as_deref(),
        feedback.at.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(recorded.rows_affected() == 1)
}

/// A user's answers from an instant on, oldest first.
pub async fn since(db: impl Source, user: UserId, at: Timestamp) -> Result<Vec<Feedback>> {
    let found = sqlx::query!(
        "SELECT id, decision_id, approval_id, domain, verb, kind, severity, comment, at
           FROM feedback WHERE user_id = $1 AND at >= $2 ORDER BY at, id",
        user.uuid(),
        at.utc(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found
        .into_iter()
        .map(|found| {
            let row = Row::of("feedback", found.id);
            Ok(Feedback {
                id: FeedbackId::new(found.id),
                user,
                decision: DecisionId::new(found.decision_id),
                approval: found.approval_id.map(ApprovalId::new),
                domain: row.word("domain", &found.domain)?,
                verb: row.maybe_word("verb", found.verb.as_deref())?,
                kind: row.word("kind", &found.kind)?,
                severity: row.maybe_word("severity", found.severity.as_deref())?,
                comment: found.comment,
                at: found.at.into(),
            })
        })
        .collect()
}
