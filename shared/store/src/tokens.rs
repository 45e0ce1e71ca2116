//! API tokens: kept as a hash only, so that what is stored opens nothing.

use chrono::{DateTime, Utc};
use domain::{
    id::{TokenId, UserId},
    time::Timestamp,
};
use uuid::Uuid;

use crate::{Error, Result, Source, Tx, row};

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// For whom it speaks; an operator's for nobody.
    pub user: Option<UserId>,
    /// What it is called.
    pub name: String,
    /// What it may do; never empty. `operator` exactly when it has no user.
    pub scopes: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Not valid from then on.
    pub expires_at: Option<Timestamp>,
    /// Not valid since then.
    pub revoked_at: Option<Timestamp>,
}

struct TokenRow {
    id: Uuid,
    user_id: Option<Uuid>,
    name: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: TokenId::new(row.id),
            user: row.user_id.map(UserId::new),
            name: row.name,
            scopes: row.scopes,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.map(Into::into),
            revoked_at: row.revoked_at.map(Into::into),
        }
    }
}

/// Writes a token under the SHA-256 of its secret.
pub async fn insert(tx: &mut Tx, token: &Token, secret_hash: &[u8; 32]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO api_tokens (id, user_id, name, scopes, secret_hash, created_at, expires_at, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        token.id.uuid(),
        token.user.map(UserId::uuid),
        &*row::text(&token.name),
        &token.scopes,
        secret_hash.as_slice(),
        token.created_at.utc(),
        token.expires_at.map(Timestamp::utc),
        token.revoked_at.map(Timestamp::utc),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The token with this hash, whatever its state: the caller compares the instants.
pub async fn by_hash(db: impl Source, secret_hash: &[u8; 32]) -> Result<Option<Token>> {
    let found = sqlx::query_as!(
        TokenRow,
        "SELECT id, user_id, name, scopes, created_at, expires_at, revoked_at FROM api_tokens WHERE secret_hash = $1",
        secret_hash.as_slice(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?;
    Ok(found.map(Into::into))
}

/// A user's tokens, or the operators' where there is no user; newest first.
pub async fn list(db: impl Source, user: Option<UserId>) -> Result<Vec<Token>> {
    let found = sqlx::query_as!(
        TokenRow,
        "SELECT id, user_id, name, scopes, created_at, expires_at, revoked_at FROM api_tokens
          WHERE user_id = $1 OR ($1 IS NULL AND user_id IS NULL) ORDER BY created_at DESC, id DESC",
        user.map(UserId::uuid),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    Ok(found.into_iter().map(Into::into).collect())
}

/// Revokes a token of this user (or an operator's); twice is once. [`crate::Error::NotFound`] for another's.
pub async fn revoke(tx: &mut Tx, user: Option<UserId>, id: TokenId, now: Timestamp) -> Result<()> {
    sqlx::query_scalar!(
        "UPDATE api_tokens SET revoked_at = coalesce(revoked_at, $3)
          WHERE id = $1 AND user_id IS NOT DISTINCT FROM $2 RETURNING id",
        id.uuid(),
        user.map(UserId::uuid),
        now.utc(),
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound)?;
    Ok(())
}
