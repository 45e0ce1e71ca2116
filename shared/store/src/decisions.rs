//! Decisions with their candidates, verdicts and explanation: written once, whole, and never changed.
//!
//! Invariant: a signal is decided once. The signal's state is the guard, under the user's lock; the unique signal of
//! a decision says the same again.

use chrono::{DateTime, Utc};
use domain::{
    action::Verb,
    decision::{Candidate, Decision, Outcome},
    id::{DecisionId, SignalId, UserId},
    signal::{Domain, SituationKind, Urgency},
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Cursor, Error, Page, Result, Source, Tx, UserLock,
    counted::Counted,
    page::one_more,
    row::{self, Row},
};

/// Which decisions to list; none of a field is any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// In this domain.
    pub domain: Option<Domain>,
    /// About this.
    pub situation: Option<SituationKind>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// A decision in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Which.
    pub id: DecisionId,
    /// Of which signal.
    pub signal: SignalId,
    /// What it was.
    pub situation: SituationKind,
    /// In which domain.
    pub domain: Domain,
    /// How soon.
    pub urgency: Urgency,
    /// What came of it.
    pub outcome: Outcome,
    /// The explanation's headline.
    pub headline: String,
    /// What runs or is proposed.
    pub verb: Option<Verb>,
    /// The same in a line.
    pub action: Option<String>,
    /// When.
    pub decided_at: Timestamp,
}

struct DecisionRow {
    id: Uuid,
    user_id: Uuid,
    signal_id: Uuid,
    domain: String,
    context: Value,
    trust_tier: String,
    outcome: String,
    chosen: Option<i16>,
    explanation: Value,
    decided_at: DateTime<Utc>,
    candidates: Value,
}

impl DecisionRow {
    fn read(self) -> Result<Decision> {
        let row = Row::of("decisions", self.id);
        let candidates: Vec<CandidateRow> = Row::of("candidates", self.id).json("ordinal", self.candidates)?;
        Ok(Decision {
            id: DecisionId::new(self.id),
            user: UserId::new(self.user_id),
            signal: SignalId::new(self.signal_id),
            domain: row.word("domain", &self.domain)?,
            context: row.json("context", self.context)?,
            tier: row.word("trust_tier", &self.trust_tier)?,
            outcome: row.word("outcome", &self.outcome)?,
            candidates: candidates.into_iter().map(|candidate| candidate.read(self.id)).collect::<Result<_>>()?,
            chosen: self.chosen.map(|chosen| row.number("chosen", chosen)).transpose()?,
            explanation: row.json("explanation", self.explanation)?,
            decided_at: self.decided_at.into(),
        })
    }
}

#[derive(Deserialize)]
struct CandidateRow {
    ordinal: i16,
    action: Value,
    summary: String,
    confidence: String,
    support: Value,
    score: i64,
    risk: Value,
    missing: Vec<String>,
    verdict: Value,
}

impl CandidateRow {
    fn read(self, decision: Uuid) -> Result<Candidate> {
        let row = Row::of("candidates", decision);
        Ok(Candidate {
            ordinal: row.number("ordinal", self.ordinal)?,
            action: row.json("action", self.action)?,
            summary: self.summary,
            confidence: row.word("confidence", &self.confidence)?,
            support: row.json("support", self.support)?,
            score: self.score,
            risk: row.json("risk", self.risk)?,
            missing: self.missing,
            verdict: row.json("verdict", self.verdict)?,
        })
    }
}

/// The columns of [`DecisionRow`], for the rest of a query. The candidates come along.
macro_rules! find {
    ($rest:tt, $($arg:expr),* $(,)?) => {
        sqlx::query_as!(
            DecisionRow,
            r#"SELECT id, user_id, signal_id, domain, context, trust_tier, outcome, chosen, explanation, decided_at,
                      coalesce((SELECT jsonb_agg(to_jsonb(c) ORDER BY c.ordinal) FROM candidates c WHERE c.decision_id = d.id), '[]')
                        AS "candidates!"
                 FROM decisions d "# + $rest,
            $($arg),*
        )
    };
}

/// Writes a decision with its candidates and marks its signal decided; false if the signal was decided before.
#[expect(clippy::as_conversions, reason = "names the type of an array for the macro, converts nothing")]
pub async fn insert(tx: &mut Tx, lock: &UserLock, decision: &Decision) -> Result<bool> {
    lock.covers(decision.user)?;
    let all = &decision.candidates;
    let ordinals = all.iter().map(|one| row::number(one.ordinal)).collect::<Result<Vec<i16>>>()?;
    let verbs: Vec<_> = all.iter().map(|one| one.action.verb.as_str()).collect();
    let actions = all.iter().map(|one| row::json(&one.action)).collect::<Result<Vec<_>>>()?;
    let summaries: Vec<_> = all.iter().map(|one| row::text(&one.summary).into_owned()).collect();
    let confidences: Vec<_> = all.iter().map(|one| one.confidence.as_str()).collect();
    let supports = all.iter().map(|one| row::json(&one.support)).collect::<Result<Vec<_>>>()?;
    let scores: Vec<_> = all.iter().map(|one| one.score).collect();
    let risks = all.iter().map(|one| row::json(&one.risk)).collect::<Result<Vec<_>>>()?;
    let risk_tiers: Vec<_> = all.iter().map(|one| one.risk.overall.as_str()).collect();
    // an array of arrays has to be a rectangle, so the lists travel as JSON
    let missing = all.iter().map(|one| row::json(&one.missing)).collect::<Result<Vec<_>>>()?;
    let verdicts = all.iter().map(|one| row::json(&one.verdict)).collect::<Result<Vec<_>>>()?;
    let effects: Vec<_> = all.iter().map(|one| one.verdict.effect.as_str()).collect();
    let hashes: Vec<_> = all.iter().map(|one| one.verdict.policy_hash.as_str()).collect();
    let written = sqlx::query_scalar!(
        r#"WITH marked AS (
             UPDATE signals SET state = 'decided', dead_reason = NULL, updated_at = $12
              WHERE id = $3 AND user_id = $2 AND state <> 'decided' RETURNING id
           ), decided AS (
             INSERT INTO decisions (id, user_id, signal_id, situation, domain, urgency, trust_tier, outcome, chosen, context,
                                    explanation, decided_at)
             SELECT $1, $2, marked.id, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM marked
             RETURNING id
           ), considered AS (
             INSERT INTO candidates (decision_id, ordinal, verb, action, summary, confidence, support, score, risk, risk_tier,
                                     missing, verdict, effect, policy_hash)
             SELECT decided.id, n.ordinal, n.verb, n.action, n.summary, n.confidence, n.support, n.score, n.risk, n.risk_tier,
                    ARRAY(SELECT jsonb_array_elements_text(n.missing)), n.verdict, n.effect, n.policy_hash
               FROM decided,
                    unnest($13::smallint[], $14::text[], $15::jsonb[], $16::text[], $17::text[], $18::jsonb[], $19::bigint[],
                           $20::jsonb[], $21::text[], $22::jsonb[], $23::jsonb[], $24::text[], $25::text[])
                 AS n (ordinal, verb, action, summary, confidence, support, score, risk, risk_tier, missing, verdict, effect,
                       policy_hash)
           )
           SELECT count(*) AS "count!" FROM decided"#,
        decision.id.uuid(),
        decision.user.uuid(),
        decision.signal.uuid(),
        decision.context.situation.as_str(),
        decision.domain.as_str(),
        decision.context.urgency.as_str(),
        decision.tier.as_str(),
        decision.outcome.as_str(),
        decision.chosen.map(row::number::<_, i16>).transpose()?,
        row::json(&decision.context)?,
        row::json(&decision.explanation)?,
        decision.decided_at.utc(),
        &ordinals,
        &verbs as &[&str],
        &actions,
        &summaries,
        &confidences as &[&str],
        &supports,
        &scores,
        &risks,
        &risk_tiers as &[&str],
        &missing,
        &verdicts,
        &effects as &[&str],
        &hashes as &[&str],
    )
    .fetch_one(tx.connection())
    .await?;
    if written == 0 {
        // decided before, or no signal of this user
        return crate::signals::get(tx, decision.user, decision.signal).await.map(|_| false);
    }
    tx.count(Counted::decision(decision));
    Ok(true)
}

/// One decision of a user, whole.
pub async fn get(db: impl Source, user: UserId, id: DecisionId) -> Result<Decision> {
    find!("WHERE id = $1 AND user_id = $2", id.uuid(), user.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?
        .ok_or(Error::NotFound)?
        .read()
}

/// The decision of a signal, if there is one.
pub async fn of_signal(db: impl Source, user: UserId, signal: SignalId) -> Result<Option<Decision>> {
    find!("WHERE signal_id = $1 AND user_id = $2", signal.uuid(), user.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?
        .map(DecisionRow::read)
        .transpose()
}

/// A user's last decisions, whole, newest first.
pub async fn latest(db: impl Source, user: UserId, limit: u32) -> Result<Vec<Decision>> {
    let rows = find!("WHERE user_id = $1 ORDER BY decided_at DESC, id DESC LIMIT $2", user.uuid(), i64::from(limit))
        .fetch_all(&mut *db.conn().await?)
        .await?;
    rows.into_iter().map(DecisionRow::read).collect()
}

/// A user's decisions, newest first.
pub async fn list(
    db: impl Source,
    user: UserId,
    filter: Filter,
    cursor: Option<Cursor>,
    limit: u32,
) -> Result<Page<Summary>> {
    let rows = sqlx::query!(
        r#"SELECT d.id, d.signal_id, d.situation, d.domain, d.urgency, d.outcome, d.explanation ->> 'headline' AS "headline!",
                  c.verb AS "verb?", c.summary AS "action?", d.decided_at
             FROM decisions d LEFT JOIN candidates c ON c.decision_id = d.id AND c.ordinal = d.chosen
            WHERE d.user_id = $1
              AND (d.decided_at, d.id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
              AND ($4::text IS NULL OR d.outcome = $4) AND ($5::text IS NULL OR d.domain = $5)
              AND ($6::text IS NULL OR d.situation = $6)
              AND d.decided_at >= coalesce($7::timestamptz, '-infinity') AND d.decided_at < coalesce($8::timestamptz, 'infinity')
            ORDER BY d.decided_at DESC, d.id DESC LIMIT $9"#,
        user.uuid(),
        cursor.map(|(at, _)| at.utc()),
        cursor.map(|(_, id)| id),
        filter.outcome.map(Outcome::as_str),
        filter.domain.map(Domain::as_str),
        filter.situation.map(SituationKind::as_str),
        filter.from.map(Timestamp::utc),
        filter.to.map(Timestamp::utc),
        one_more(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let items = rows
        .into_iter()
        .map(|found| {
            let row = Row::of("decisions", found.id);
            Ok(Summary {
                id: DecisionId::new(found.id),
                signal: SignalId::new(found.signal_id),
                situation: row.word("situation", &found.situation)?,
                domain: row.word("domain", &found.domain)?,
                urgency: row.word("urgency", &found.urgency)?,
                outcome: row.word("outcome", &found.outcome)?,
                headline: found.headline,
                verb: row.maybe_word("verb", found.verb.as_deref())?,
                action: found.action,
                decided_at: found.decided_at.into(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Page::of(items, limit, |item| (item.decided_at, item.id.uuid())))
}
