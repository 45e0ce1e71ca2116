//! What is true of the whole system: the stop switch.

use domain::time::Timestamp;

use crate::{Result, Source, Tx};

/// Since when the whole system is stopped; none while it runs.
pub async fn stopped(db: impl Source) -> Result<Option<Timestamp>> {
    let since = sqlx::query_scalar!("SELECT stopped_at FROM system_state").fetch_one(&mut *db.conn().await?).await?;
    Ok(since.map(Into::into))
}

/// Turns the system's stop switch on or off; on stays on since it was first turned.
pub async fn set_stopped(tx: &mut Tx, stopped: bool, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "UPDATE system_state SET stopped_at = CASE WHEN $1 THEN coalesce(stopped_at, $2) END, updated_at = $2",
        stopped,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
