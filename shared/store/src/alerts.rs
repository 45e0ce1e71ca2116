//! What only an operator can mend: one row per cause, raised again and again while it lasts, and resolved when it is over.

use domain::time::Timestamp;

use crate::{Result, Source, Tx};

/// Something that is wrong with the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What makes it the same alert.
    pub key: String,
    /// What is wrong and what to do about it.
    pub says: String,
    /// How often it was raised.
    pub times: i64,
    /// Since when.
    pub raised_at: Timestamp,
    /// Raised last.
    pub last_at: Timestamp,
    /// Over since then.
    pub resolved_at: Option<Timestamp>,
}

/// Raises an alert, anew after it was resolved.
pub async fn raise(tx: &mut Tx, key: &str, says: &str, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "INSERT INTO operator_alerts AS known (key, says, raised_at, last_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (key) DO UPDATE
         SET says = $2, last_at = greatest(known.last_at, $3), resolved_at = NULL,
             times = CASE WHEN known.resolved_at IS NULL THEN known.times + 1 ELSE 1 END,
             raised_at = CASE WHEN known.resolved_at IS NULL THEN known.raised_at ELSE $3 END",
        key,
        says,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// It is over; nothing happens when it was not raised.
pub async fn resolve(tx: &mut Tx, key: &str, now: Timestamp) -> Result<()> {
    sqlx::query!("UPDATE operator_alerts SET resolved_at = $2 WHERE key = $1 AND resolved_at IS NULL", key, now.utc())
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The latest, open ones first.
pub async fn list(db: impl Source, limit: u32) -> Result<Vec<Alert>> {
    let found = sqlx::query!(
        "SELECT key, says, times, raised_at, last_at, resolved_at FROM operator_alerts
         ORDER BY (resolved_at IS NOT NULL), last_at DESC LIMIT $1",
        i64::from(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let alerts = found.into_iter().map(|row| Alert {
        key: row.key,
        says: row.says,
        times: row.times,
        raised_at: row.raised_at.into(),
        last_at: row.last_at.into(),
        resolved_at: row.resolved_at.map(Into::into),
    });
    Ok(alerts.collect())
}
