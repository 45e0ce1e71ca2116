//! Signals through the front door: as many as fit, or at a steady rate whatever becomes of them.
//!
//! Steady means open loop: each signal has its own moment, drawn like the arrivals of strangers, and its wait counts from
//! that moment even when the machine was too busy to send it in time. Otherwise a stall would hide its own cost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use chrono::TimeDelta;
use domain::time::Timestamp;
use runtime::{Clock, Entropy};
use serde::Deserialize;
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use super::{
    ground::Ground,
    people::{Person, letter},
};
use crate::{Error, Result};

/// A client for what listens on this machine.
pub(super) fn http() -> Result<reqwest::Client> {
    let built = reqwest::Client::builder().timeout(Duration::from_secs(30)).tcp_nodelay(true).build();
    built.map_err(|source| Error::Unreachable { url: "127.0.0.1".to_owned(), source })
}

/// The way in: people who post to some APIs in turn.
#[derive(Clone)]
pub(super) struct Door {
    http: reqwest::Client,
    roots: Arc<[String]>,
    people: Arc<[Person]>,
    /// How many letters were posted through this door.
    next: Arc<AtomicU32>,
    clock: Clock,
    entropy: Entropy,
}

/// A signal that was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posted {
    /// Under this id.
    pub(super) signal: Uuid,
    /// When it was due to be sent.
    pub(super) due: Timestamp,
}

#[derive(Deserialize)]
struct Receipt {
    id: Uuid,
}

impl Door {
    pub(super) fn new(ground: &Ground, roots: &[String], people: &[Person]) -> Result<Self> {
        let (clock, entropy) = (ground.clock.clone(), ground.entropy.clone());
        Ok(Self { http: http()?, roots: roots.into(), people: people.into(), next: Arc::default(), clock, entropy })
    }

    async fn post(&self, n: u32, due: Timestamp) -> Result<Posted> {
        let turn = usize::try_from(n).unwrap_or_default();
        let pick = |len: usize| turn.checked_rem(len).unwrap_or_default();
        let nobody = || Error::Usage("there is nobody to post for, or nowhere to post to".to_owned());
        let person = self.people.get(pick(self.people.len())).ok_or_else(nobody)?;
        let root = self.roots.get(pick(self.roots.len())).ok_or_else(nobody)?;
        let unreachable = |source| Error::Unreachable { url: root.clone(), source };
        let request = self.http.post(format!("{root}/api/v1/signals")).bearer_auth(&person.token).json(&letter(n));
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        if status != 202 {
            return Err(Error::Refused { status, body: answer.text().await.unwrap_or_default() });
        }
        let Receipt { id } = answer.json().await.map_err(unreachable)?;
        Ok(Posted { signal: id, due })
    }

    /// Posts `count` signals with `clients` requests under way at once.
    pub(super) async fn rush(&self, count: u32, clients: u32) -> Result<()> {
        let left = Arc::new(AtomicU32::new(count));
        let mut hands = JoinSet::new();
        for _ in 0..clients {
            let (door, left) = (self.clone(), left.clone());
            hands.spawn(async move {
                while left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
                    let n = door.next.fetch_add(1, Relaxed);
                    door.post(n, door.clock.now()).await?;
                }
                Ok::<(), Error>(())
            });
        }
        while let Some(hand) = hands.join_next().await {
            hand.map_err(|_| Error::Failed)??;
        }
        Ok(())
    }

    /// Posts `rate` signals a second on average for `seconds`, each at a moment of its own.
    pub(super) async fn stream(&self, rate: u32, seconds: u32) -> Result<Vec<Posted>> {
        let (start, mut requests) = (self.clock.now(), JoinSet::new());
        let mut offset = 0.0;
        loop {
            offset += gap(rate, self.entropy.fraction());
            if offset >= f64::from(seconds) {
                break;
            }
            let after = TimeDelta::from_std(Duration::from_secs_f64(offset)).unwrap_or_default();
            let due = start.plus(after);
            sleep(due.since(self.clock.now()).to_std().unwrap_or_default()).await;
            let (door, n) = (self.clone(), self.next.fetch_add(1, Relaxed));
            requests.spawn(async move { door.post(n, due).await });
        }
        let mut posted = Vec::new();
        while let Some(request) = requests.join_next().await {
            posted.push(request.map_err(|_| Error::Failed)??);
        }
        Ok(posted)
    }
}

/// Seconds to the next of arrivals that know nothing of each other.
pub(super) fn gap(rate: u32, fraction: f64) -> f64 {
    -(1.0 - fraction).ln() / f64::from(rate.max(1))
}
