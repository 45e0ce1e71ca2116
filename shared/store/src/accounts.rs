//! Accounts at providers, as far as scheduling needs them; tokens come with the connectors (`domain.md` §13).

use domain::{
    id::{AccountId, UserId},
    time::Timestamp,
};

use crate::{Error, Result, Source};

/// When an account's token is to be refreshed, if ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose.
    pub user: UserId,
    /// At which provider.
    pub provider: String,
    /// Who they are there.
    pub subject: String,
    /// The connection's state (`domain.md` §2).
    pub state: String,
    /// Grows with every refresh.
    pub version: i64,
    /// When the next refresh is due.
    pub refresh_due_at: Option<Timestamp>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
}

/// One account of a user.
pub async fn get(db: impl Source, user: UserId, id: AccountId) -> Result<Account> {
    let found = sqlx::query!(
        "SELECT provider, subject, state, version, refresh_due_at, expires_at FROM accounts WHERE id = $1 AND user_id = $2",
        id.uuid(),
        user.uuid(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?
    .ok_or(Error::NotFound)?;
    Ok(Account {
        id,
        user,
        provider: found.provider,
        subject: found.subject,
        state: found.state,
        version: found.version,
        refresh_due_at: found.refresh_due_at.map(Into::into),
        expires_at: found.expires_at.map(Into::into),
    })
}

/// Whose account it is: for a job, which names the account only.
pub async fn user_of(db: impl Source, id: AccountId) -> Result<UserId> {
    let user = sqlx::query_scalar!("SELECT user_id FROM accounts WHERE id = $1", id.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?;
    user.map(UserId::new).ok_or(Error::NotFound)
}
