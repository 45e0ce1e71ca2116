//! What a person prefers, said or learned (`domain.md` §11).

use domain::{
    id::{PreferenceId, UserId},
    learning::Held,
    tier::Confidence,
    time::Timestamp,
    twin::Preference,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Result, Source, Tx, UserLock,
    row::{self, Row},
};

/// A preference as it is found.
#[derive(Deserialize)]
pub(crate) struct PreferenceRow {
    id: Uuid,
    domain: String,
    key: String,
    value: Value,
    half_steps: i16,
    source: String,
    evidence_count: i32,
}

impl PreferenceRow {
    pub(crate) fn read(self) -> Result<Held> {
        let row = Row::of("preferences", self.id);
        let preference = Preference {
            id: PreferenceId::new(self.id),
            domain: row.word("domain", &self.domain)?,
            key: self.key,
            value: self.value,
            confidence: Confidence::from_half_steps(self.half_steps),
            source: row.word("source", &self.source)?,
            evidence_count: row.number("evidence_count", self.evidence_count)?,
        };
        Ok(Held::new(preference, self.half_steps))
    }
}

/// A user's preferences, by domain and key.
pub async fn list(db: impl Source, user: UserId) -> Result<Vec<Preference>> {
    Ok(held(db, user).await?.into_iter().map(|held| held.preference).collect())
}

/// The same with the half steps they are kept in.
pub async fn held(db: impl Source, user: UserId) -> Result<Vec<Held>> {
    let found = sqlx::query_as!(
        PreferenceRow,
        "SELECT id, domain, key, value, half_steps, source, evidence_count FROM preferences WHERE user_id = $1 ORDER BY domain, key",
        user.uuid(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found.into_iter().map(PreferenceRow::read).collect()
}

/// Writes a preference; the one of the same domain and key is overwritten and keeps its id, which is given back.
/// A half step on the way to another level is kept as long as the level stays.
pub async fn put(tx: &mut Tx, lock: &UserLock, preference: &Preference, now: Timestamp) -> Result<PreferenceId> {
    let id = sqlx::query_scalar!(
        "INSERT INTO preferences AS p (id, user_id, domain, key, value, half_steps, source, evidence_count, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         ON CONFLICT (user_id, domain, key) DO UPDATE
           SET value = excluded.value, source = excluded.source, evidence_count = excluded.evidence_count,
               half_steps = CASE WHEN p.half_steps / 2 = excluded.half_steps / 2 THEN p.half_steps ELSE excluded.half_steps END,
               updated_at = excluded.updated_at
         RETURNING id",
        preference.id.uuid(),
        lock.user().uuid(),
        preference.domain.as_str(),
        &*row::text(&preference.key),
        row::json(&preference.value)?,
        preference.confidence.half_steps(),
        preference.source.as_str(),
        row::number::<_, i32>(preference.evidence_count)?,
        now.utc(),
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(PreferenceId::new(id))
}
