//! Browser sessions and the one-time links that open them: kept as hashes only, so that what is stored opens nothing.
//!
//! Invariant: a session lives no longer than the token it came from. That is checked whenever it is looked up, so a
//! revoked token closes every door at once.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    id::{SessionId, TokenId, UserId},
    time::Timestamp,
};
use uuid::Uuid;

use crate::{Error, Result, Source, Tx, row};

/// What a session may do, and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// For whom it speaks; an operator's for nobody.
    pub user: Option<UserId>,
    /// Never empty. `operator` exactly when it has no user.
    pub scopes: Vec<String>,
    /// The token behind it; none when a command of the operator's opened it.
    pub token: Option<TokenId>,
}

/// A one-time link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: Uuid,
    /// For whom.
    pub user: UserId,
    /// What the session will be allowed.
    pub scopes: Vec<String>,
    /// The token behind it.
    pub token: Option<TokenId>,
    /// Since when.
    pub created_at: Timestamp,
    /// Not valid from then on.
    pub expires_at: Timestamp,
}

/// A session, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What it may do.
    pub grant: Grant,
    /// What the browser calls itself.
    pub agent: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Last used, to the hour.
    pub seen_at: Timestamp,
    /// Not valid from then on, unless it is used before.
    pub expires_at: Timestamp,
}

struct SessionRow {
    id: Uuid,
    user_id: Option<Uuid>,
    scopes: Vec<String>,
    token_id: Option<Uuid>,
    agent: String,
    created_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId::new(row.id),
            grant: Grant {
                user: row.user_id.map(UserId::new),
                scopes: row.scopes,
                token: row.token_id.map(TokenId::new),
            },
            agent: row.agent,
            created_at: row.created_at.into(),
            seen_at: row.seen_at.into(),
            expires_at: row.expires_at.into(),
        }
    }
}

/// Writes a link under the SHA-256 of its secret.
pub async fn add_link(tx: &mut Tx, link: &Link, secret_hash: &[u8; 32]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO login_links (id, user_id, scopes, token_id, secret_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        link.id,
        link.user.uuid(),
        &link.scopes,
        link.token.map(TokenId::uuid),
        secret_hash.as_slice(),
        link.created_at.utc(),
        link.expires_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Uses a link up; gives what it opens. None if it is unknown, used, over, or its token is.
pub async fn take_link(tx: &mut Tx, secret_hash: &[u8; 32], now: Timestamp) -> Result<Option<Grant>> {
    let taken = sqlx::query!(
        "UPDATE login_links l SET used_at = $2
          WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2
            AND (token_id IS NULL OR EXISTS (
                  SELECT 1 FROM api_tokens t
                   WHERE t.id = l.token_id AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)))
          RETURNING user_id, scopes, token_id",
        secret_hash.as_slice(),
        now.utc(),
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(taken.map(|link| Grant {
        user: Some(UserId::new(link.user_id)),
        scopes: link.scopes,
        token: link.token_id.map(TokenId::new),
    }))
}

/// Writes a session under the SHA-256 of its secret.
pub async fn open(tx: &mut Tx, session: &Session, secret_hash: &[u8; 32]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sessions (id, user_id, scopes, token_id, agent, secret_hash, created_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        session.id.uuid(),
        session.grant.user.map(UserId::uuid),
        &session.grant.scopes,
        session.grant.token.map(TokenId::uuid),
        &*row::text(&session.agent),
        secret_hash.as_slice(),
        session.created_at.utc(),
        session.seen_at.utc(),
        session.expires_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The session with this hash, if it is good: neither over nor ended, and neither is its token.
pub async fn by_hash(db: impl Source, secret_hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>> {
    let found = sqlx::query_as!(
        SessionRow,
        "SELECT id, user_id, scopes, token_id, agent, created_at, seen_at, expires_at FROM sessions s
          WHERE secret_hash = $1 AND ended_at IS NULL AND expires_at > $2
            AND (token_id IS NULL OR EXISTS (
                  SELECT 1 FROM api_tokens t
                   WHERE t.id = s.token_id AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)))",
        secret_hash.as_slice(),
        now.utc(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?;
    Ok(found.map(Into::into))
}

/// Notes that a session is in use, and how long it lives for it. One that was ended meanwhile stays so.
pub async fn seen(tx: &mut Tx, id: SessionId, expires_at: Timestamp, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "UPDATE sessions SET seen_at = $3, expires_at = greatest(expires_at, $2) WHERE id = $1 AND ended_at IS NULL",
        id.uuid(),
        expires_at.utc(),
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A user's good sessions, or the operators' where there is no user; newest first.
pub async fn list(db: impl Source, user: Option<UserId>, now: Timestamp) -> Result<Vec<Session>> {
    let found = sqlx::query_as!(
        SessionRow,
        "SELECT id, user_id, scopes, token_id, agent, created_at, seen_at, expires_at FROM sessions s
          WHERE user_id IS NOT DISTINCT FROM $1 AND ended_at IS NULL AND expires_at > $2
            AND (token_id IS NULL OR EXISTS (
                  SELECT 1 FROM api_tokens t
                   WHERE t.id = s.token_id AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)))
          ORDER BY created_at DESC, id DESC",
        user.map(UserId::uuid),
        now.utc(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    Ok(found.into_iter().map(Into::into).collect())
}

/// Ends a session of this user (or an operator's); twice is once. [`crate::Error::NotFound`] for another's.
pub async fn end(tx: &mut Tx, user: Option<UserId>, id: SessionId, now: Timestamp) -> Result<()> {
    sqlx::query_scalar!(
        "UPDATE sessions SET ended_at = coalesce(ended_at, $3)
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

/// Which of these tokens and sessions are good now: what was begun with the others is to end.
pub async fn still_good(db: impl Source, holders: &[Uuid], now: Timestamp) -> Result<HashSet<Uuid>> {
    let good = sqlx::query_scalar!(
        r#"WITH good AS (
             SELECT id FROM api_tokens WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
           )
           SELECT id AS "id!" FROM good WHERE id = ANY($1)
           UNION ALL
           SELECT s.id FROM sessions s
            WHERE s.id = ANY($1) AND s.ended_at IS NULL AND s.expires_at > $2
              AND (s.token_id IS NULL OR EXISTS (SELECT 1 FROM good WHERE good.id = s.token_id))"#,
        holders,
        now.utc(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    Ok(good.into_iter().collect())
}

/// Removes some links and sessions that were over before then; gives how many.
pub async fn prune(db: impl Source, before: Timestamp, batch: u32) -> Result<u64> {
    let mut conn = db.conn().await?;
    let links = sqlx::query!(
        "DELETE FROM login_links WHERE id IN (SELECT id FROM login_links WHERE expires_at < $1 LIMIT $2)",
        before.utc(),
        i64::from(batch),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    let sessions = sqlx::query!(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)",
        before.utc(),
        i64::from(batch),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    Ok(links.max(sessions))
}
