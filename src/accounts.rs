//! The demo's accounts: a provider of our own with a mailbox and a calendar behind it, and the demo person signed in there.
//!
//! The mail and the events are kept beside the data; the sign-ins are not, so every start signs her in again.

use std::{net::Ipv4Addr, path::Path};

use chrono::TimeDelta;
use domain::{
    account::{Account, Granted, Identity, State},
    id::AccountId,
    retry,
};
use oauth::Tokens;
use runtime::{Clock, Config, Entropy};
use serde_json::json;
use simulator::{
    google::{self, Google},
    provider::{self, Options, Provider},
};
use store::{Store, accounts, secrets};
use vault::{Binding, Purpose};

use crate::{Error, Result, demo};

/// The provider's name, which says what can be read of its accounts.
const PROVIDER: &str = "google";
/// What a token's life is told to be.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// A provider that runs, with what is behind it.
pub(crate) struct Simulated {
    provider: provider::Running,
    _google: google::Running,
}

/// Starts it and says so in the configuration. Her mailbox and calendar are filled on the first start.
pub(crate) async fn simulated(folder: &Path, config: &mut Config) -> Result<Simulated> {
    let who = demo::person();
    let secret = Entropy::system().secret();
    let options = Options::new("skytwin-demo", secret.reveal(), vec![who.clone()]).asks();
    let provider = Provider::start((Ipv4Addr::LOCALHOST, 0).into(), options).await?;
    let kept = folder.join("google.json");
    let google = Google::new(provider.whose()).kept_in(&kept).map_err(Error::file("read", &kept))?;
    if google.messages(&who.email).is_empty() {
        for mail in demo::mails() {
            google.deliver(&who.email, mail);
        }
        google.schedule(&who.email, &demo::invitation(Clock::system().now()));
    }
    let google = google
        .serve()
        .await
        .map_err(|source| Error::System { what: "start a simulated mailbox".to_owned(), source })?;
    let described = json!({ PROVIDER: provider.settings() }).to_string();
    config.providers = Config::read([("SKYTWIN_PROVIDERS".to_owned(), described)])?.providers;
    config.google_api = google.url.parse().ok();
    Ok(Simulated { provider, _google: google })
}

/// Signs the demo person in, as she would do herself on the accounts page.
pub(crate) async fn sign_in(store: &Store, config: &Config, far: &Simulated) -> Result<()> {
    let (entropy, now, user, who) = (Entropy::system(), Clock::system().now(), demo::id(), demo::person());
    // As a sign-in would name it.
    let id: AccountId = user.child(&format!("account:{PROVIDER}:{}", who.subject));
    let (access, refresh) = far.provider.grant(&who.subject);
    let draw = u32::from_le_bytes(entropy.bytes()) % (retry::PARTS + 1);
    let granted = Granted { life: Some(LIFE), scopes: None };
    let mut tx = store.begin().await?;
    let lock = tx.lock(user).await?;
    let (account, outbox) = match accounts::get(&mut tx, user, id).await {
        // She has let go of it herself.
        Ok(known) if known.state == State::Revoked => return Ok(()),
        Ok(known) => known.reconnect(Some(who.email), granted, draw, now),
        Err(store::Error::NotFound) => {
            let identity = Identity { subject: who.subject, label: Some(who.email) };
            Account::connect(id, user, PROVIDER.to_owned(), identity, granted, draw, now)
        }
        Err(error) => return Err(error.into()),
    };
    let binding = Binding { purpose: Purpose::Account, user: user.uuid(), subject: id.uuid() };
    let keys = config.vault.as_ref().ok_or_else(|| Error::Usage("the vault has no key".to_owned()))?;
    let sealed = keys.seal(binding, &Tokens::new(access, Some(refresh)).to_bytes(), &entropy);
    let sealed = sealed.map_err(|error| Error::Usage(error.to_string()))?;
    accounts::connect(&mut tx, &lock, &account).await?;
    secrets::put(&mut tx, &lock, binding, &sealed, now).await?;
    Ok(tx.commit(outbox, now).await?)
}
