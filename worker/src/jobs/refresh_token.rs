//! Refreshes one account's tokens (`domain.md` §13).
//!
//! Two transactions around one call. The first claims the account, which raises its version and keeps every other worker
//! away for the lease; the second writes what came of it, the new tokens sealed, and only over that version. Nobody uses
//! tokens that were not read from the database, so a rotated refresh token is stored before its first use. Whoever dies
//! between the provider's answer and the second transaction leaves the old tokens behind: the next claim tries them, and
//! if the provider has put new ones in their place, it says so once and the person signs in again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::TimeDelta;
use domain::{
    account::{Account, Granted, Look, State as Standing, Trouble},
    id::{AccountId, UserId},
    outbox::Outbox,
    retry::PARTS,
    time::Timestamp,
};
use oauth::Grant;
use observe::metrics;
use store::{accounts, alerts, secrets, users};
use vault::Sealed;

use super::{Halt, Turn, noted};
use crate::{
    State,
    accounts::{binding, keys, open, provider},
};

/// An early ring so near to the time is worth the wait; any other comes again by its own timer.
const NEAR: TimeDelta = TimeDelta::seconds(60);
/// How a database that is away is waited for with new tokens in hand: doubling, six seconds in all.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const WAITS: usize = 6;

pub(super) async fn run(state: &State, turn: &Turn, id: AccountId) -> Result<(), Halt> {
    let user = noted("user", accounts::user_of(&state.store, id).await?);
    let (claimed, sealed) = claim(state, turn, user, id).await?;
    state.faults.point("refresh.after_claim").await;
    turn.still_ours()?;
    let asked = ask(state, &claimed, sealed).await;
    state.faults.point("refresh.after_answer").await;
    // A provider may take its time: what came of it is planned from when it came.
    let (now, draw) = (state.clock.now(), draw(state));
    // With a rotated token in our hands, a database that is away for a moment must not cost the person a sign-in.
    let mut waits = ExponentialBuilder::default().with_min_delay(FIRST_WAIT).with_max_times(WAITS).build();
    let settled = loop {
        match settle(state, user, &claimed, &asked, draw, now).await {
            Err(error) if error.is_transient() => match waits.next() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error.into()),
            },
            settled => break settled?,
        }
    };
    state.faults.point("refresh.after_settle").await;
    tell(&settled, asked.as_ref().err());
    Ok(())
}

/// First transaction: takes the account for this worker, and reads the tokens it is to be refreshed with.
async fn claim(state: &State, turn: &Turn, user: UserId, id: AccountId) -> Result<(Account, Option<Sealed>), Halt> {
    let now = turn.now;
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    let account = accounts::get(&mut tx, user, id).await?;
    let at_it = matches!(account.state, Standing::Refreshing { .. });
    let claimed = match account.claim(now) {
        Look::Refresh(claimed) => *claimed,
        Look::NotYet(at) if at_it || at.since(now) <= NEAR => return Err(Halt::until(at, now, "it is not due")),
        Look::NotYet(_) => return Err(Halt::Nothing("it is not due for long")),
        Look::Nothing(why) => return Err(Halt::Nothing(why)),
    };
    let sealed = match secrets::get(&mut tx, binding(&claimed)).await {
        Err(store::Error::NotFound) => None,
        found => Some(found?),
    };
    accounts::save(&mut tx, &lock, &claimed).await?;
    state.faults.point("refresh.before_claim_commit").await;
    tx.commit(Outbox::nothing(), now).await?;
    Ok((claimed, sealed))
}

/// Between the transactions: no lock is held and no connection kept while the provider thinks. Gives what came with the
/// new tokens, and those sealed.
async fn ask(state: &State, account: &Account, sealed: Option<Sealed>) -> Result<(Granted, Sealed), Trouble> {
    let keys = keys(state)?;
    // An account without tokens can only be signed in to again.
    let tokens = open(keys, account, &sealed.ok_or(Trouble::Refused)?)?;
    let Grant { tokens, granted, .. } = provider(state, &account.provider)?.refresh(&tokens).await?;
    let sealed = keys.seal(binding(account), &tokens.to_bytes(), &state.entropy);
    Ok((granted, sealed.map_err(|_| Trouble::Misconfigured { code: "vault".to_owned() })?))
}

/// Second transaction: the new tokens, or what is wrong, over the claimed version and no other.
async fn settle(
    state: &State,
    user: UserId,
    claimed: &Account,
    asked: &Result<(Granted, Sealed), Trouble>,
    draw: u32,
    now: Timestamp,
) -> store::Result<Account> {
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    let (account, outbox) = match asked {
        Ok((granted, sealed)) => {
            let (account, outbox) = claimed.clone().refreshed(granted.clone(), draw, now);
            accounts::save(&mut tx, &lock, &account).await?;
            secrets::put(&mut tx, &lock, binding(&account), sealed, now).await?;
            alerts::resolve(&mut tx, &alert_key(&account), now).await?;
            (account, outbox)
        }
        Err(trouble) => {
            let settings = users::settings(&mut tx, user).await?;
            let (account, outbox) = claimed.clone().failed(trouble, &settings, draw, now);
            accounts::save(&mut tx, &lock, &account).await?;
            if let Trouble::Misconfigured { code } = trouble {
                let says = format!(
                    "Tokens of {} can't be refreshed: {code}. See its registration, SKYTWIN_PROVIDERS and SKYTWIN_VAULT_KEY.",
                    account.provider
                );
                alerts::raise(&mut tx, &alert_key(&account), &says, now).await?;
            }
            (account, outbox)
        }
    };
    state.faults.point("refresh.before_settle_commit").await;
    tx.commit(outbox, now).await?;
    Ok(account)
}

/// One alert for each provider, however many accounts it strikes.
fn alert_key(account: &Account) -> String {
    format!("oauth:{}", account.provider)
}

fn tell(account: &Account, trouble: Option<&Trouble>) {
    let (provider, failures) = (account.provider.as_str(), account.failures);
    let outcome = match trouble {
        None => "refreshed",
        Some(Trouble::Refused) => "refused",
        Some(Trouble::Misconfigured { .. }) => "misconfigured",
        Some(Trouble::Passing { .. }) => "passing",
    };
    metrics::TOKEN_REFRESHES.one([provider.to_owned(), outcome.to_owned()]);
    match trouble {
        None => tracing::info!(provider, grant = account.grant, "refreshed"),
        Some(Trouble::Refused) => tracing::warn!(provider, "the grant is void: the person has to sign in again"),
        Some(Trouble::Misconfigured { code }) => {
            tracing::error!(
                provider,
                code,
                "this system's set-up for the provider is refused: an operator has to look"
            );
        }
        Some(Trouble::Passing { why, .. }) => {
            tracing::warn!(provider, failures, why, "not refreshed; it is tried again");
        }
    }
}

/// For jitter, in parts of [`PARTS`].
fn draw(state: &State) -> u32 {
    u32::from_le_bytes(state.entropy.bytes()) % (PARTS + 1)
}
