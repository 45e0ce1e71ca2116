//! As whom a person is known at an engine (`domain.md` §10): that there is an identity, and what proves it, sealed.
//!
//! Invariant: the proof goes in and comes out sealed only, bound to the person and the engine; a new one is a new version.

use domain::{
    id::{Id, UserId},
    time::Timestamp,
};
use vault::{Binding, Purpose, Sealed};

use crate::{Error, Result, Source, Tx, UserLock, secrets};

/// A person's identity at an engine, without what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineIdentity {
    /// At which engine.
    pub engine: String,
    /// How often it was proven anew, from 1.
    pub version: i32,
    /// Since when there is one.
    pub created_at: Timestamp,
    /// Since when there is this one.
    pub updated_at: Timestamp,
}

/// What its proof is sealed for.
pub fn binding(user: UserId, engine: &str) -> Binding {
    let id: Id<EngineIdentity> = user.child(&format!("engine:{engine}"));
    Binding { purpose: Purpose::EngineIdentity, user: user.uuid(), subject: id.uuid() }
}

/// Sets it, or proves it anew.
pub async fn put(tx: &mut Tx, lock: &UserLock, engine: &str, proof: &Sealed, now: Timestamp) -> Result<EngineIdentity> {
    let bound = binding(lock.user(), engine);
    let row = sqlx::query!(
        "INSERT INTO engine_identities (id, user_id, engine, version, created_at, updated_at) VALUES ($1, $2, $3, 1, $4, $4)
         ON CONFLICT (user_id, engine) DO UPDATE SET version = engine_identities.version + 1, updated_at = $4
         RETURNING version, created_at, updated_at",
        bound.subject,
        bound.user,
        engine,
        now.utc(),
    )
    .fetch_one(tx.connection())
    .await?;
    secrets::put(tx, lock, bound, proof, now).await?;
    Ok(EngineIdentity {
        engine: engine.to_owned(),
        version: row.version,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
    })
}

/// Forgets it and its proof. [`Error::NotFound`] when there is none.
pub async fn forget(tx: &mut Tx, lock: &UserLock, engine: &str) -> Result<()> {
    let bound = binding(lock.user(), engine);
    let forgotten =
        sqlx::query!("DELETE FROM engine_identities WHERE user_id = $1 AND engine = $2", bound.user, engine)
            .execute(tx.connection())
            .await?;
    if forgotten.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    secrets::forget(tx, lock, bound).await
}

/// How much of the person's work the engine has or may have. While there is any they must stay who they are there: an
/// engine dedupes per caller, so the same order from another one would be done twice (`domain.md` §1 law 7).
pub async fn under_way(tx: &mut Tx, lock: &UserLock, engine: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM executions WHERE user_id = $1 AND engine = $2 AND state = 'running'"#,
        lock.user().uuid(),
        engine,
    )
    .fetch_one(tx.connection())
    .await?)
}

/// A person's identities, by engine.
pub async fn list(db: impl Source, user: UserId) -> Result<Vec<EngineIdentity>> {
    let found = sqlx::query!(
        "SELECT engine, version, created_at, updated_at FROM engine_identities WHERE user_id = $1 ORDER BY engine",
        user.uuid(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let read = found.into_iter().map(|row| EngineIdentity {
        engine: row.engine,
        version: row.version,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
    });
    Ok(read.collect())
}
