//! Trust: each change of a tier with its evidence, and where each scope stands since its last one (`domain.md` §11).

use domain::{
    id::UserId,
    signal::{Domain, Object},
    tier::TrustTier,
    time::Timestamp,
    trust::{Change, Record, Scope, Standing, Standings},
};
use serde_json::json;

use crate::{Result, Source, Tx, UserLock, row::Row, users};

/// Where a user's scopes stand: those whose tier was ever changed.
pub async fn standings(db: impl Source, user: UserId) -> Result<Standings> {
    let found = sqlx::query!(
        "SELECT DISTINCT ON (domain) id, domain, to_tier, evidence -> 'standing' AS standing, at
           FROM trust_audit WHERE user_id = $1 ORDER BY domain, revision DESC",
        user.uuid(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found
        .into_iter()
        .map(|found| {
            let row = Row::of("trust_audit", found.id);
            let scope =
                row.maybe_word::<Domain>("domain", found.domain.as_deref())?.map_or(Scope::Overall, Scope::Domain);
            let standing = if let Some(standing) = found.standing {
                row.json("evidence", standing)?
            } else {
                // set by hand: the record starts there, and what was given counts as earned
                let earned: TrustTier = row.word("to_tier", &found.to_tier)?;
                Standing { since: Some(Timestamp::new(found.at)), frozen_until: None, earned }
            };
            Ok((scope, standing))
        })
        .collect()
}

/// A change of a tier as the audit has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Of what.
    pub scope: Scope,
    /// The tier that was in force.
    pub from: TrustTier,
    /// The tier that is in force since.
    pub to: TrustTier,
    /// Why; a word of [`domain::trust::Cause`], or what an operator's script wrote.
    pub cause: String,
    /// The record that spoke; none where nobody looked at one.
    pub record: Option<Record>,
    /// The person's reason, where they gave one.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The last `limit` changes of a user's tiers, and of each scope at least the last one; newest first.
pub async fn audit(db: impl Source, user: UserId, limit: u32) -> Result<Vec<Audited>> {
    let found = sqlx::query!(
        r#"SELECT a.id, a.domain, a.from_tier, a.to_tier, a.cause, nullif(a.evidence -> 'record', 'null') AS record,
                  a.evidence ->> 'reason' AS reason, a.at
             FROM (SELECT t.*, row_number() OVER (ORDER BY revision DESC) AS back,
                          row_number() OVER (PARTITION BY domain ORDER BY revision DESC) AS back_in_scope
                     FROM trust_audit t WHERE t.user_id = $1) AS a
            WHERE a.back <= $2 OR a.back_in_scope = 1
            ORDER BY a.revision DESC"#,
        user.uuid(),
        i64::from(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found
        .into_iter()
        .map(|found| {
            let row = Row::of("trust_audit", found.id);
            Ok(Audited {
                scope: row
                    .maybe_word::<Domain>("domain", found.domain.as_deref())?
                    .map_or(Scope::Overall, Scope::Domain),
                from: row.word("from_tier", &found.from_tier)?,
                to: row.word("to_tier", &found.to_tier)?,
                cause: found.cause,
                record: found.record.map(|record| row.json("evidence", record)).transpose()?,
                reason: found.reason,
                at: found.at.into(),
            })
        })
        .collect()
}

/// Writes a change with its audit row. Gives the settings' new revision.
pub async fn change(tx: &mut Tx, lock: &UserLock, change: &Change, now: Timestamp) -> Result<i64> {
    let domain = match change.scope {
        Scope::Overall => None,
        Scope::Domain(domain) => Some(domain),
    };
    let evidence = json!({ "record": change.evidence, "standing": change.standing, "reason": change.reason });
    let evidence: Object = evidence.as_object().cloned().unwrap_or_default();
    // A domain that follows without a tier of its own is given the one it follows to: the same today, and tomorrow it
    // still rises by its own record only.
    let tier = change.own_tier.unwrap_or(change.to);
    let audit = users::Audit { from: change.from, to: change.to, cause: change.cause.as_str(), evidence: &evidence };
    users::write_tier(tx, lock, domain, tier, audit, now).await
}
