//! Connected accounts: which there are, how they stand, and letting go of one (`domain.md` §13). No token is ever shown.

use axum::{Json, extract::State};
use domain::{
    account::{self, Account as Row},
    id::kind,
    time::Timestamp,
};
use oauth::Tokens;
use serde::Serialize;
use store::{accounts, secrets};
use utoipa::ToSchema;
use uuid::Uuid;
use vault::{Binding, Purpose};

use crate::{
    State as Api,
    caller::{Person, Read, Settings as MaySet},
    problem::Problem,
    query::At,
    wire::words,
};

/// A connected account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    id: Uuid,
    /// Where it is, such as `google`.
    provider: String,
    /// What a person would call it, such as its address.
    label: Option<String>,
    /// What SkyTwin may do there, in the provider's words.
    scopes: Vec<String>,
    /// `active`, `refreshing`, `needs_reauth` (sign in again) or `revoked`.
    state: &'static str,
    /// What is wrong with it, if anything.
    error: Option<String>,
    /// Since when it is connected.
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
    /// Last change.
    #[schema(value_type = words::Instant)]
    updated_at: Timestamp,
    /// When its access was renewed last.
    #[schema(value_type = words::Instant)]
    refreshed_at: Timestamp,
    /// When its access ends if it is not renewed.
    #[schema(value_type = Option<words::Instant>)]
    expires_at: Option<Timestamp>,
}

/// The accounts, and where there can be more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accounts {
    /// In the order they were connected.
    items: Vec<Account>,
    /// Where accounts can be connected.
    providers: Vec<String>,
}

/// What letting go came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Disconnected {
    /// How it stands now.
    account: Account,
    /// The provider knows of it. If not, SkyTwin has forgotten the tokens all the same, and the person can end the access
    /// on the provider's own page.
    revoked_at_provider: bool,
}

impl From<Row> for Account {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.uuid(),
            provider: row.provider,
            label: row.label,
            scopes: row.scopes,
            state: row.state.phase().as_str(),
            error: row.trouble,
            created_at: row.created_at,
            updated_at: row.updated_at,
            refreshed_at: row.granted_at,
            expires_at: row.expires_at,
        }
    }
}

/// List the connected accounts.
#[utoipa::path(get, path = "/accounts", tag = "accounts", security(("token" = ["read"])), responses(
    (status = 200, description = "All of them.", body = Accounts),
))]
pub(crate) async fn list(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Accounts>, Problem> {
    let items = accounts::list(&api.store, caller.user).await?.into_iter().map(Account::from).collect();
    Ok(Json(Accounts { items, providers: api.providers.names().map(str::to_owned).collect() }))
}

/// Get one account and how it stands.
#[utoipa::path(get, path = "/accounts/{id}", tag = "accounts", params(("id" = Uuid, Path)), security(("token" = ["read"])), responses(
    (status = 200, description = "The account.", body = Account),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Account>,
) -> Result<Json<Account>, Problem> {
    Ok(Json(accounts::get(&api.store, caller.user, id).await?.into()))
}

/// Let go of an account: its access is given back to the provider, and its tokens are forgotten whether or not the provider
/// can be reached. Twice is once.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "accounts", params(("id" = Uuid, Path)), security(("token" = ["settings"])), responses(
    (status = 200, description = "Disconnected.", body = Disconnected),
))]
pub(crate) async fn disconnect(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Account>,
) -> Result<Json<Disconnected>, Problem> {
    let found = accounts::get(&api.store, caller.user, id).await?;
    // Before the tokens are forgotten, or nobody could give them back any more.
    let revoked_at_provider = found.state == account::State::Revoked || give_back(&api, &found).await;
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    let current = accounts::get(&mut tx, caller.user, id).await?;
    let account = match current.clone().disconnect(now) {
        Some((account, outbox)) => {
            accounts::save(&mut tx, &lock, &account).await?;
            secrets::forget(&mut tx, &lock, binding(&account)).await?;
            tx.commit(outbox, now).await?;
            account
        }
        None => current,
    };
    Ok(Json(Disconnected { account: account.into(), revoked_at_provider }))
}

/// Whether the provider knows now that the access is over.
async fn give_back(api: &Api, account: &Row) -> bool {
    let provider = account.provider.as_str();
    let tokens = match open(api, account).await {
        Ok(tokens) => tokens,
        Err(why) => {
            tracing::warn!(provider, why, "an account is forgotten without giving its tokens back");
            return false;
        }
    };
    let Some(client) = api.providers.get(provider) else { return false };
    match client.revoke(&tokens).await {
        Ok(()) => true,
        Err(trouble) => {
            tracing::warn!(provider, ?trouble, "an account is forgotten; the provider did not take its tokens back");
            false
        }
    }
}

async fn open(api: &Api, account: &Row) -> Result<Tokens, String> {
    let keys = api.config.vault.as_ref().ok_or("there is no vault key")?;
    let sealed = secrets::get(&api.store, binding(account)).await.map_err(|error| error.to_string())?;
    let opened = keys.open(binding(account), &sealed).map_err(|error| error.to_string())?;
    Tokens::from_bytes(opened.reveal()).map_err(|error| error.to_string())
}

/// What an account's tokens are sealed for.
pub(super) const fn binding(account: &Row) -> Binding {
    Binding { purpose: Purpose::Account, user: account.user.uuid(), subject: account.id.uuid() }
}
