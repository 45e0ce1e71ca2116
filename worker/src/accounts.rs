//! Accounts as workers use them: the tokens of one, and what to do when a provider does not take them.
//!
//! Invariant: a token is read from the database each time it is used, never kept, so that a token which was rotated or
//! taken back by another process is not shown to anybody again.

use domain::{
    account::{Account, Trouble},
    id::{AccountId, UserId},
    time::Timestamp,
};
use oauth::{Client, Tokens};
use store::{accounts, secrets};
use vault::{Binding, Keyring, Purpose, Sealed};

use crate::State;

/// An access token and which grant it is of, for [`refused`].
#[derive(Debug)]
pub struct Access {
    /// To be shown to the provider, and to nobody else.
    pub tokens: Tokens,
    /// Which set of tokens it is.
    pub grant: i64,
}

/// Why there is no token to be had.
#[derive(Debug, thiserror::Error)]
pub enum NoAccess {
    /// Not now: it is being refreshed, or will be.
    #[error("its token has run out and is about to be refreshed")]
    NotNow,
    /// Not until the person connects it again.
    #[error("it is not connected any more")]
    NotConnected,
    /// Not until an operator has set it right.
    #[error("it can't be opened: {0}")]
    Misconfigured(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The access token of an account.
pub async fn access(state: &State, user: UserId, id: AccountId, now: Timestamp) -> Result<Access, NoAccess> {
    let account = accounts::get(&state.store, user, id).await?;
    if !account.is_usable(now) {
        // What has an end that is past is due, and so already rung for.
        return Err(if account.state.due().is_some() { NoAccess::NotNow } else { NoAccess::NotConnected });
    }
    let sealed = secrets::get(&state.store, binding(&account)).await?;
    let tokens = keys(state).and_then(|keys| open(keys, &account, &sealed)).map_err(|trouble| no_access(&trouble))?;
    Ok(Access { tokens, grant: account.grant })
}

/// A provider did not take the access token of this grant (401): it is refreshed soon, if there is no newer one. Says
/// whether that is now on its way.
pub async fn refused(state: &State, user: UserId, id: AccountId, grant: i64, now: Timestamp) -> store::Result<bool> {
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    let hurried = accounts::get(&mut tx, user, id).await?.token_refused(grant, now);
    let Some((account, outbox)) = hurried else { return Ok(false) };
    accounts::save(&mut tx, &lock, &account).await?;
    tx.commit(outbox, now).await?;
    Ok(true)
}

/// The provider an account is at.
pub(crate) fn provider<'s>(state: &'s State, name: &str) -> Result<&'s Client, Trouble> {
    state.providers.get(name).ok_or_else(|| misconfigured("unknown_provider"))
}

/// The keys that tokens are sealed under.
pub(crate) fn keys(state: &State) -> Result<&Keyring, Trouble> {
    state.vault.as_ref().ok_or_else(|| misconfigured("no_vault_key"))
}

/// What an account's tokens are sealed for.
pub(crate) const fn binding(account: &Account) -> Binding {
    Binding { purpose: Purpose::Account, user: account.user.uuid(), subject: account.id.uuid() }
}

/// Opens an account's tokens. What does not open is for an operator to look at: nobody else has the keys.
pub(crate) fn open(keys: &Keyring, account: &Account, sealed: &Sealed) -> Result<Tokens, Trouble> {
    let opened = keys.open(binding(account), sealed).map_err(|error| {
        tracing::error!(account = %account.id, %error, "its tokens can't be opened");
        misconfigured("vault")
    })?;
    Tokens::from_bytes(opened.reveal()).map_err(|_| misconfigured("vault"))
}

fn misconfigured(code: &str) -> Trouble {
    Trouble::Misconfigured { code: code.to_owned() }
}

fn no_access(trouble: &Trouble) -> NoAccess {
    match trouble {
        Trouble::Misconfigured { code } => NoAccess::Misconfigured(code.clone()),
        Trouble::Refused | Trouble::Passing { .. } => NoAccess::NotNow,
    }
}
