//! The vault's keys, for the operator: which are in use, a fresh one, and everything sealed under the newest.
//!
//! How a key is replaced: `keys new` makes one; it goes in front of the others, in the settings of every process; they are
//! started anew; `keys rotate` seals everything under it; then, and not before, the old one may go. Cut short at any
//! moment, `keys rotate` is run again and goes on with what is left.

use domain::{id::UserId, outbox::Outbox};
use runtime::{Clock, Config, Entropy, vault_file};
use store::{Store, secrets};
use vault::{Binding, Keyring, Sealed};

use crate::{Error, Result, note, operate, terminal::audited};

/// Secrets one look takes up.
const BATCH: u32 = 100;

/// The keys of the environment, or of the `skytwin up` that runs on this machine.
fn keyring(config: &Config) -> Result<Keyring> {
    match &config.vault {
        Some(keys) => Ok(keys.clone()),
        None if config.database_url.is_none() => {
            let path = vault_file::path(&note::folder(config)?);
            vault_file::read(&path).map_err(|error| Error::Usage(error.to_string()))
        }
        None => Err(Error::Usage("SKYTWIN_VAULT_KEY or SKYTWIN_VAULT_KEY_FILE must give the vault's keys".to_owned())),
    }
}

/// Prints the id of each key and how many secrets are sealed under it; fails when a key is missing.
pub async fn show() -> Result<()> {
    let config = Config::from_env()?;
    let (keys, store) = (keyring(&config)?, operate::open(&config).await?);
    let counts = secrets::by_key(&store).await?;
    let count = |id: &str| counts.iter().find(|(key, _)| key == id).map_or(0, |(_, count)| *count);
    for id in keys.ids() {
        println!("{id:<32} {:>8} secrets{}", count(id), if id == keys.newest() { "  seals" } else { "" });
    }
    let mut missing = false;
    for (id, count) in counts.iter().filter(|(key, _)| !keys.ids().any(|id| id == key)) {
        missing = true;
        println!("{id:<32} {count:>8} secrets  MISSING: these can't be opened");
    }
    if missing { Err(Error::Failed) } else { Ok(()) }
}

/// Prints a fresh key as `id:key`; it is shown this once.
pub fn make(id: &str) -> Result<()> {
    let key = Keyring::new_key(id, &Entropy::system()).map_err(|error| Error::Usage(format!("`{id}`: {error}")))?;
    println!("{}", key.reveal());
    Ok(())
}

/// Seals everything under the newest key; fails, after all that could be done, when something does not open.
pub async fn rotate() -> Result<()> {
    let config = Config::from_env()?;
    let (keys, store) = (keyring(&config)?, operate::open(&config).await?);
    audited(&store, "keys rotate", keys.newest(), reseal_all(&store, &keys)).await
}

async fn reseal_all(store: &Store, keys: &Keyring) -> Result<()> {
    let (mut resealed, mut failed) = (0_u64, 0_u64);
    let mut place = None;
    loop {
        let batch = secrets::not_under(store, keys.newest(), place, BATCH).await?;
        let Some((last, _)) = batch.last() else { break };
        place = Some(*last);
        for (binding, sealed) in &batch {
            match reseal(store, keys, *binding, sealed).await {
                Ok(()) => resealed += 1,
                Err(Error::Usage(why)) => {
                    failed += 1;
                    eprintln!("{} {}: {why}", binding.purpose.as_str(), binding.subject);
                }
                Err(error) => return Err(error),
            }
        }
    }
    println!("{resealed} secrets are sealed anew under `{}`", keys.newest());
    if failed == 0 { Ok(()) } else { Err(Error::Failed) }
}

async fn reseal(store: &Store, keys: &Keyring, binding: Binding, sealed: &Sealed) -> Result<()> {
    let after = keys.reseal(binding, sealed, &Entropy::system()).map_err(|error| Error::Usage(error.to_string()))?;
    let Some(after) = after else { return Ok(()) };
    let mut tx = store.begin().await?;
    let lock = tx.lock(UserId::new(binding.user)).await?;
    match secrets::reseal(&mut tx, &lock, binding, sealed, &after).await {
        Ok(()) => Ok(tx.commit(Outbox::nothing(), Clock::system().now()).await?),
        // Replaced or forgotten meanwhile: what replaced it was sealed by a running process, which the next run sees.
        Err(store::Error::Stale | store::Error::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
