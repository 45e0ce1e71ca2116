//! People and their ways in, from a terminal: added, listed, taken out and deleted; tokens and sign-in links.

use api::{caller::Scope, session};
use chrono_tz::Tz;
use domain::{id::UserId, outbox::Outbox, settings::Autonomy, tier::TrustTier};
use runtime::{Clock, Config, Entropy};
use store::{Store, Tx, UserLock, erase, export, sessions, tokens, users};

use crate::{
    Error, Result,
    note::{self, Note},
    operate::open,
    terminal::noted,
};

/// Longest name, in characters: as the API has it.
const LONGEST_NAME: usize = 200;
/// People that one look reads.
const BATCH: u32 = 500;

/// Adds a person; prints their id.
pub async fn add(name: String, email: Option<String>, timezone: Tz, tier: TrustTier) -> Result<()> {
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Error::Usage(format!("a name must say something, in at most {LONGEST_NAME} characters")));
    }
    let (store, now) = (open(&Config::from_env()?).await?, Clock::system().now());
    let user =
        users::NewUser { id: Entropy::system().id(now), name, email, timezone, tier, autonomy: Autonomy::default() };
    let mut tx = store.begin().await?;
    users::create(&mut tx, &user, now).await?;
    noted(&mut tx, "user add", user.id, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    println!("{}", user.id);
    Ok(())
}

/// Lists everybody: id, tier, zone, name.
pub async fn list() -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    let mut place = None;
    loop {
        let page = users::list(&store, place, BATCH).await?;
        for user in page.items {
            println!("{}  {:<18} {:<20} {}", user.id, user.tier, user.timezone, user.name);
        }
        place = page.next;
        if place.is_none() {
            return Ok(());
        }
    }
}

/// Prints everything that is stored about a person, once it is written down that somebody asked for it.
pub async fn take_out(user: UserId) -> Result<()> {
    let (store, now) = (open(&Config::from_env()?).await?, Clock::system().now());
    let mut tx = store.begin().await?;
    let lock = locked(&mut tx, user).await?;
    let all = export::of(&mut tx, &lock).await?;
    noted(&mut tx, "user export", user, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    println!("{}", serde_json::Value::Object(all));
    Ok(())
}

/// Deletes a person and everything that is theirs.
pub async fn delete(user: UserId) -> Result<()> {
    let (store, now) = (open(&Config::from_env()?).await?, Clock::system().now());
    let mut tx = store.begin().await?;
    let lock = locked(&mut tx, user).await?;
    // First, so that what names them goes from this row too.
    noted(&mut tx, "user delete", user, now).await?;
    erase::user(&mut tx, lock).await?;
    tx.commit(Outbox::nothing(), now).await?;
    println!("nothing is left of them");
    Ok(())
}

/// Adds a token and prints it, this once: a person's with every scope of theirs, or an operator's.
pub async fn add_token(user: Option<UserId>, name: &str) -> Result<()> {
    println!("{}", mint(&open(&Config::from_env()?).await?, user, name).await?);
    Ok(())
}

/// Prints the demo person's token of the `skytwin up` that runs on this machine.
pub fn demo_token() -> Result<()> {
    let note = Note::read(&note::folder(&Config::from_env()?)?).ok_or(Error::NoApi)?;
    println!("{}", note.token);
    Ok(())
}

/// Prints a link that signs a browser in as this person, or as the demo person of the `skytwin up` on this machine.
pub async fn login(user: Option<UserId>) -> Result<()> {
    let config = Config::from_env()?;
    let note = Note::read(&note::folder(&config)?);
    let demo = || note.as_ref().and_then(|note| note.user.parse().ok()).ok_or(Error::NoApi);
    let user = user.map_or_else(demo, Ok)?;
    let here = note.as_ref().map_or_else(|| format!("http://{}", config.listen), |note| note.url.clone());
    let root = config.public_url.as_ref().map_or(here, ToString::to_string);
    println!("{}", link(&open(&config).await?, user, &root).await?);
    Ok(())
}

/// Makes and stores a one-time link below `root` that opens everything of this person; gives its address.
pub(crate) async fn link(store: &Store, user: UserId, root: &str) -> Result<String> {
    let now = Clock::system().now();
    let scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Operator);
    let minted = session::mint_link(&Entropy::system(), user, scopes, None, now);
    let mut tx = store.begin().await?;
    locked(&mut tx, user).await?;
    sessions::add_link(&mut tx, &minted.link, &minted.hash).await?;
    noted(&mut tx, "login", user, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(session::address(root, &minted.secret))
}

/// Makes and stores a token; gives its text.
pub(crate) async fn mint(store: &Store, user: Option<UserId>, name: &str) -> Result<String> {
    let now = Clock::system().now();
    let minted = api::token::mint(&Entropy::system(), user, name, now);
    let mut tx = store.begin().await?;
    if let Some(user) = user {
        locked(&mut tx, user).await?;
    }
    tokens::insert(&mut tx, &minted.token, &minted.hash).await?;
    let whose = user.map_or_else(|| "operators".to_owned(), |user| user.to_string());
    noted(&mut tx, "token add", format!("{} for {whose}", minted.token.id), now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(minted.secret.reveal().to_owned())
}

async fn locked(tx: &mut Tx, user: UserId) -> Result<UserLock> {
    match tx.lock(user).await {
        Err(store::Error::NotFound) => {
            Err(Error::Usage(format!("nobody has the id {user}; `skytwin user list` lists everybody")))
        }
        known => Ok(known?),
    }
}
