//! Brings one delivery to its channel (`domain.md` §12).
//!
//! Two transactions around one call: the first claims the delivery, which keeps every other worker away for the lease; the
//! second writes what came of it, and only over that claim. Whoever dies in between leaves it to the next, and the far
//! side knows a delivery that comes twice by its id. The waits between the tries are the row's, not the queue's.

use domain::{
    channel::{Answer, Channel, Delivery, Kind, Look},
    id::{DeliveryId, UserId},
    outbox::Outbox,
    retry::PARTS,
};
use store::{channels, deliveries, notifications, notifications::Notification, secrets, users};
use vault::{Opened, Sealed};

use super::{Halt, Turn};
use crate::{State, adapters::outgoing::Letter};

/// What a claim has in its hands.
struct Claimed {
    delivery: Delivery,
    channel: Channel,
    told: Vec<Notification>,
    secret: Option<Sealed>,
}

pub(super) async fn run(state: &State, turn: &Turn, id: DeliveryId) -> Result<(), Halt> {
    let user = deliveries::user_of(&state.store, id).await?;
    let claimed = claim(state, turn, user, id).await?;
    state.faults.point("deliver.after_claim").await;
    turn.still_ours()?;
    let answer = send(state, &claimed).await;
    state.faults.point("deliver.after_send").await;
    settle(state, user, claimed.delivery, answer).await?;
    state.faults.point("deliver.after_settle").await;
    Ok(())
}

/// First transaction: takes the delivery for this worker.
async fn claim(state: &State, turn: &Turn, user: UserId, id: DeliveryId) -> Result<Claimed, Halt> {
    let now = turn.now;
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    let delivery = deliveries::get(&mut tx, user, id).await?;
    let channel = channels::get(&mut tx, user, delivery.channel).await?;
    let told = notifications::some(&mut tx, user, &delivery.notifications).await?;
    let delivery = match delivery.claim(&channel, told.len(), now) {
        Look::Send(claimed) => *claimed,
        Look::NotYet(due) => return Err(Halt::until(due, now, "it is not due, or another worker is at it")),
        Look::Void(dead, outbox) => {
            deliveries::save(&mut tx, &lock, &dead).await?;
            tx.commit(outbox, now).await?;
            return Err(Halt::Nothing("there is nobody to tell, or nothing"));
        }
        Look::Nothing => return Err(Halt::Nothing("it is over")),
    };
    let secret = match channel.kind {
        Kind::Email => None,
        Kind::Webhook => match secrets::get(&mut tx, channels::binding(user, channel.id)).await {
            Err(store::Error::NotFound) => None,
            found => Some(found?),
        },
    };
    deliveries::save(&mut tx, &lock, &delivery).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(Claimed { delivery, channel, told, secret })
}

/// Between the transactions: no lock is held while the far side thinks.
async fn send(state: &State, claimed: &Claimed) -> Answer {
    let Claimed { delivery, channel, told, secret } = claimed;
    let letter = Letter { delivery, channel, told };
    let Some(sealed) = secret else { return state.outgoing.send(&letter, None, state.clock.now()).await };
    match open(state, channel, sealed) {
        Some(opened) => state.outgoing.send(&letter, Some(&opened), state.clock.now()).await,
        None => Answer::Later { why: "This installation can't open its secret right now.".to_owned(), wait: None },
    }
}

fn open(state: &State, channel: &Channel, sealed: &Sealed) -> Option<Opened> {
    let binding = channels::binding(channel.user, channel.id);
    let opened = state.vault.as_ref().map(|keys| keys.open(binding, sealed));
    match opened {
        Some(Ok(opened)) => Some(opened),
        Some(Err(error)) => {
            tracing::error!(%error, channel = %channel.id, "a channel's secret can't be opened");
            None
        }
        None => {
            tracing::error!("this process was given no keys of the vault: webhooks can't be signed");
            None
        }
    }
}

/// Second transaction: what came of it, over the claimed version and no other.
async fn settle(state: &State, user: UserId, claimed: Delivery, answer: Answer) -> Result<(), Halt> {
    let now = state.clock.now();
    let draw = u32::from_le_bytes(state.entropy.bytes()) % (PARTS + 1);
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    // As it is now: the person may have changed it meanwhile.
    let channel = channels::get(&mut tx, user, claimed.channel).await?;
    let settings = users::settings(&mut tx, user).await?;
    let (delivery, channel, outbox) = claimed.answered(channel, answer, &settings, draw, now);
    deliveries::save(&mut tx, &lock, &delivery).await?;
    channels::save(&mut tx, &lock, &channel).await?;
    state.faults.point("deliver.before_settle_commit").await;
    tx.commit(outbox, now).await?;
    tracing::info!(channel = %channel.kind, state = %delivery.state.phase(), tries = delivery.tries, why = delivery.error, "delivery");
    Ok(())
}
