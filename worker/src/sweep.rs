//! The sweep: finds rows that should have moved and have not, and rings for them again (`house.md` §2).
//!
//! It runs in every worker process, without a leader and without locks: it reads ids whose time has passed, whatever
//! jobs there are, and rings the same bell as everybody else. Keys carry the minute, so a stuck row is rung once a
//! minute by a whole fleet. Before it rings it buries: a row whose job is dead is not to be rung for ever.

use std::time::Duration;

use domain::{outbox::Outbox, time::Timestamp};
use runtime::Shutdown;
use store::overdue;
use tokio::time::sleep;

use crate::{State, burial::Burials};

/// Rows of each kind one tick rings for at most.
const BATCH: u32 = 200;

/// One process's sweep.
#[derive(Debug, Default)]
pub struct Sweep {
    burials: Burials,
}

impl Sweep {
    /// Ticks until the end is asked for. A database that is away costs ticks and nothing else.
    pub(crate) async fn run(mut self, state: &State, shutdown: &Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                () = sleep(spread(state.pace.sweep_every, state.entropy.fraction())) => {}
            }
            if let Err(error) = self.tick(state, state.clock.now()).await {
                tracing::warn!(%error, "the sweep will try again");
            }
        }
    }

    /// One look: buries what is dead, rings for what is late. Gives how many rows it rang for.
    pub async fn tick(&mut self, state: &State, now: Timestamp) -> store::Result<usize> {
        self.burials.tick(state, now).await?;
        let rings = overdue::rings(&state.store, now, BATCH).await?;
        let late = rings.len();
        if late > 0 {
            tracing::debug!(late, "ringing for rows that should have moved");
            state.store.begin().await?.commit(Outbox { rings, ..Outbox::nothing() }, now).await?;
        }
        Ok(late)
    }
}

/// Somewhere within ± a quarter, so that a fleet does not sweep in step.
fn spread(mean: Duration, fraction: f64) -> Duration {
    mean.mul_f64(0.75 + fraction / 2.0)
}
