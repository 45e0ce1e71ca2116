//! What the vault has sealed: one row per purpose and subject, useless without the vault's keys.
//!
//! Invariant: a secret is replaced only by who has seen the one it replaces, so that a new key never brings an old
//! secret back.

use domain::{id::UserId, time::Timestamp};
use vault::{Binding, OpenError, Purpose, Sealed};

use crate::{Error, Result, Source, Tx, UserLock, row::Row};

/// Keeps a secret, instead of the one that was there.
pub async fn put(tx: &mut Tx, lock: &UserLock, binding: Binding, sealed: &Sealed, now: Timestamp) -> Result<()> {
    lock.covers(UserId::new(binding.user))?;
    let written = sqlx::query!(
        "INSERT INTO secrets (purpose, subject_id, user_id, sealed, key_id, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (purpose, subject_id) DO UPDATE SET sealed = $4, key_id = $5, updated_at = $6 WHERE secrets.user_id = $3",
        binding.purpose.as_str(),
        binding.subject,
        binding.user,
        sealed.as_bytes(),
        key_of(binding, sealed)?,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    if written.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// The secret, sealed.
pub async fn get(db: impl Source, binding: Binding) -> Result<Sealed> {
    let found = sqlx::query_scalar!(
        "SELECT sealed FROM secrets WHERE purpose = $1 AND subject_id = $2 AND user_id = $3",
        binding.purpose.as_str(),
        binding.subject,
        binding.user,
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?;
    found.map(Sealed::from_bytes).ok_or(Error::NotFound)
}

/// Forgets a secret; twice is once.
pub async fn forget(tx: &mut Tx, lock: &UserLock, binding: Binding) -> Result<()> {
    lock.covers(UserId::new(binding.user))?;
    sqlx::query!(
        "DELETE FROM secrets WHERE purpose = $1 AND subject_id = $2 AND user_id = $3",
        binding.purpose.as_str(),
        binding.subject,
        binding.user,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Puts the same secret under another seal, if it is still `before`. [`Error::Stale`] otherwise.
pub async fn reseal(tx: &mut Tx, lock: &UserLock, binding: Binding, before: &Sealed, after: &Sealed) -> Result<()> {
    lock.covers(UserId::new(binding.user))?;
    let written = sqlx::query!(
        "UPDATE secrets SET sealed = $4, key_id = $5
         WHERE purpose = $1 AND subject_id = $2 AND user_id = $3 AND sealed = $6",
        binding.purpose.as_str(),
        binding.subject,
        binding.user,
        after.as_bytes(),
        key_of(binding, after)?,
        before.as_bytes(),
    )
    .execute(tx.connection())
    .await?;
    if written.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Secrets that are sealed under another key than this one, after that place, in a fixed order.
pub async fn not_under(
    db: impl Source,
    key: &str,
    after: Option<Binding>,
    limit: u32,
) -> Result<Vec<(Binding, Sealed)>> {
    let found = sqlx::query!(
        r#"SELECT purpose, subject_id, user_id, sealed FROM secrets
           WHERE key_id <> $1 AND ($2::text IS NULL OR (purpose, subject_id) > ($2, $3))
           ORDER BY purpose, subject_id LIMIT $4"#,
        key,
        after.map(|binding| binding.purpose.as_str()),
        after.map(|binding| binding.subject),
        i64::from(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let rows = found.into_iter().map(|row| {
        let purpose = Purpose::named(&row.purpose);
        let purpose = purpose.ok_or_else(|| Row::of("secrets", row.subject_id).corrupt("purpose"))?;
        let binding = Binding { purpose, user: row.user_id, subject: row.subject_id };
        Ok((binding, Sealed::from_bytes(row.sealed)))
    });
    rows.collect()
}

/// How many secrets are sealed under each key.
pub async fn by_key(db: impl Source) -> Result<Vec<(String, i64)>> {
    let found = sqlx::query!(r#"SELECT key_id, count(*) AS "count!" FROM secrets GROUP BY key_id ORDER BY key_id"#)
        .fetch_all(&mut *db.conn().await?)
        .await?;
    Ok(found.into_iter().map(|row| (row.key_id, row.count)).collect())
}

fn key_of(binding: Binding, sealed: &Sealed) -> Result<&str> {
    sealed.key_id().map_err(|_: OpenError| Row::of("secrets", binding.subject).corrupt("sealed"))
}
