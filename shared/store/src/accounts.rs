//! Accounts at providers: where each stands (`domain.md` §13). Their tokens are in [`crate::secrets`], sealed.
//!
//! Invariant: an account is written only over the version it was read at, so of two workers that saw the same one only one
//! has claimed it, and whoever comes back late writes nothing.

use chrono::{DateTime, Utc};
use domain::{
    account::{Account, Phase, State},
    id::{AccountId, UserId},
    source::Kind,
};
use uuid::Uuid;

use crate::{
    Error, Result, Source, Tx, UserLock,
    row::{self, Row},
    sources,
};

struct AccountRow {
    id: Uuid,
    user_id: Uuid,
    provider: String,
    subject: String,
    label: Option<String>,
    scopes: Vec<String>,
    state: String,
    version: i64,
    grant_no: i64,
    granted_at: DateTime<Utc>,
    refresh_due_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    failures: i32,
    trouble: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<AccountRow> for Account {
    type Error = Error;

    fn try_from(found: AccountRow) -> Result<Self> {
        let row = Row::of("accounts", found.id);
        let due = found.refresh_due_at.map(Into::into);
        let state = match row.word("state", &found.state)? {
            Phase::Active => State::Active { refresh_at: due },
            Phase::Refreshing => State::Refreshing { until: row.filled("refresh_due_at", due)? },
            Phase::NeedsReauth => State::NeedsReauth,
            Phase::Revoked => State::Revoked,
        };
        Ok(Self {
            id: AccountId::new(found.id),
            user: UserId::new(found.user_id),
            provider: found.provider,
            subject: found.subject,
            label: found.label,
            scopes: found.scopes,
            state,
            version: found.version,
            grant: found.grant_no,
            granted_at: found.granted_at.into(),
            expires_at: found.expires_at.map(Into::into),
            failures: found.failures,
            trouble: found.trouble,
            created_at: found.created_at.into(),
            updated_at: found.updated_at.into(),
        })
    }
}

/// One account of a user.
pub async fn get(db: impl Source, user: UserId, id: AccountId) -> Result<Account> {
    let found = sqlx::query_as!(
        AccountRow,
        "SELECT id, user_id, provider, subject, label, scopes, state, version, grant_no, granted_at, refresh_due_at,
                expires_at, failures, trouble, created_at, updated_at
         FROM accounts WHERE id = $1 AND user_id = $2",
        id.uuid(),
        user.uuid(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?;
    found.ok_or(Error::NotFound)?.try_into()
}

/// Every account of a user, in the order they were connected.
pub async fn list(db: impl Source, user: UserId) -> Result<Vec<Account>> {
    let found = sqlx::query_as!(
        AccountRow,
        "SELECT id, user_id, provider, subject, label, scopes, state, version, grant_no, granted_at, refresh_due_at,
                expires_at, failures, trouble, created_at, updated_at
         FROM accounts WHERE user_id = $1 ORDER BY created_at, id",
        user.uuid(),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found.into_iter().map(Account::try_from).collect()
}

/// Whose account it is: for a job, which names the account only.
pub async fn user_of(db: impl Source, id: AccountId) -> Result<UserId> {
    let user = sqlx::query_scalar!("SELECT user_id FROM accounts WHERE id = $1", id.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?;
    user.map(UserId::new).ok_or(Error::NotFound)
}

/// Writes an account over the version before this one; a first version is a new row. [`Error::Stale`] when somebody else has
/// written it meanwhile.
pub async fn save(tx: &mut Tx, lock: &UserLock, account: &Account) -> Result<()> {
    lock.covers(account.user)?;
    let written = sqlx::query!(
        "INSERT INTO accounts (id, user_id, provider, subject, label, scopes, state, version, grant_no, granted_at,
                               refresh_due_at, expires_at, failures, trouble, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (id) DO UPDATE
         SET label = $5, scopes = $6, state = $7, version = $8, grant_no = $9, granted_at = $10, refresh_due_at = $11,
             expires_at = $12, failures = $13, trouble = $14, updated_at = $16
         WHERE accounts.user_id = $2 AND accounts.version = $8 - 1",
        account.id.uuid(),
        account.user.uuid(),
        account.provider,
        account.subject,
        account.label,
        &row::texts(&account.scopes),
        account.state.phase().as_str(),
        account.version,
        account.grant,
        account.granted_at.utc(),
        account.state.due().map(domain::time::Timestamp::utc),
        account.expires_at.map(domain::time::Timestamp::utc),
        account.failures,
        account.trouble,
        account.created_at.utc(),
        account.updated_at.utc(),
    )
    .execute(tx.connection())
    .await?;
    if written.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Writes an account that its person has just signed in to, the same way; what can be read of it is due now.
pub async fn connect(tx: &mut Tx, lock: &UserLock, account: &Account) -> Result<()> {
    save(tx, lock, account).await?;
    for kind in Kind::of_provider(&account.provider) {
        let source = domain::source::Source::new(account.user, account.id, *kind, account.updated_at);
        sources::open(tx, lock, &source, account.updated_at).await?;
    }
    Ok(())
}
