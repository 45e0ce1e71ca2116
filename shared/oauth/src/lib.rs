//! Speaks OAuth 2 to the providers of accounts: the sign-in (authorization code with PKCE), refresh, revocation.
//!
//! A crate of its own because two need it, the API's callback and the workers' refresh, and neither may use the other.
//! Invariants: whatever a provider answers becomes tokens or exactly one [`Trouble`] that says what it means for the
//! person; nothing a provider said is repeated in an error or a log but its error code; every call has an end.

mod exchange;
mod identity;
mod tokens;
mod wire;

use std::{collections::BTreeMap, sync::Arc};

use domain::account::{Granted, Identity, Trouble};
use runtime::{Config, Secret, providers::Provider};
use url::Url;

pub use tokens::{Tokens, Unreadable};

use self::wire::Wire;

/// The providers of a process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Providers(Arc<BTreeMap<String, Client>>);

/// Tokens, what came with them, and whose they are, if the provider said so.
#[derive(Debug)]
pub struct Grant {
    /// To be sealed at once.
    pub tokens: Tokens,
    /// Everything else about them.
    pub granted: Granted,
    /// Who the person is there.
    pub identity: Option<Identity>,
}

/// This system at one provider.
#[derive(Clone, Debug)]
pub struct Client {
    provider: Provider,
    wire: Wire,
}

impl Providers {
    /// The providers that the environment names; nothing is sent yet.
    pub fn new(config: &Config) -> Self {
        Self::of(&config.providers)
    }

    /// These providers.
    pub fn of(providers: &[Provider]) -> Self {
        if providers.is_empty() {
            return Self::default();
        }
        let wire = Wire::new();
        let client = |provider: &Provider| Client { provider: provider.clone(), wire: wire.clone() };
        Self(Arc::new(providers.iter().map(|provider| (provider.name.clone(), client(provider))).collect()))
    }

    /// The provider of that name.
    pub fn get(&self, name: &str) -> Option<&Client> {
        self.0.get(name)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Client {
    /// Where the person signs in; the provider sends them back to `redirect` with `state` and a code.
    pub fn authorize(&self, redirect: &Url, state: &Secret, verifier: &Secret) -> Url {
        exchange::authorize(&self.provider, redirect, state, verifier)
    }

    /// Tokens for the code of a sign-in that the holder of `verifier` began, and whose they are.
    pub async fn exchange(&self, redirect: &Url, code: &Secret, verifier: &Secret) -> Result<Grant, Trouble> {
        let mut grant = exchange::code(&self.provider, &self.wire, redirect, code, verifier).await?;
        if grant.identity.is_none()
            && let Some(url) = &self.provider.userinfo_url
        {
            grant.identity = Some(identity::ask(&self.wire, url, &grant.tokens).await?);
        }
        Ok(grant)
    }

    /// Fresh tokens for old ones. A provider that sends no new refresh token means the old one.
    pub async fn refresh(&self, tokens: &Tokens) -> Result<Grant, Trouble> {
        match tokens.refresh() {
            Some(refresh) => exchange::refresh(&self.provider, &self.wire, refresh).await,
            None => Err(Trouble::Refused),
        }
    }

    /// Gives the grant back. Fine when the provider knows it no more.
    pub async fn revoke(&self, tokens: &Tokens) -> Result<(), Trouble> {
        match &self.provider.revoke_url {
            Some(url) => exchange::revoke(&self.provider, &self.wire, url, tokens).await,
            None => Err(Trouble::Misconfigured { code: "no_revoke_url".to_owned() }),
        }
    }
}
