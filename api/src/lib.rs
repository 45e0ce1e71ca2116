//! The thin HTTP door: checks who asks, reads the time once, writes one transaction, answers.
//!
//! Invariant: a handler decides nothing. It locks the person, loads, calls a pure function of the domain, saves, and
//! commits with everything that follows; what it answers is what was committed.

mod allowance;
mod audit;
pub mod body;
pub mod caller;
mod change;
mod check;
pub mod cursor;
mod dashboard;
pub mod docs;
mod etag;
mod guard;
pub mod idempotency;
mod live;
mod patient;
pub mod problem;
mod query;
mod routes;
mod serve;
pub mod session;
pub mod token;
mod trace;
pub mod wire;

use std::sync::Arc;

use oauth::Providers;
use runtime::{Clock, Config, Entropy};
use store::Store;

use crate::allowance::Allowances;

pub use live::Live;
pub use routes::router;
pub use serve::{Error, main, serve};

/// What every handler may use. Cheap to clone.
#[derive(Clone, Debug)]
pub struct State {
    /// The database.
    pub store: Store,
    /// Tells the time.
    pub clock: Clock,
    /// Mints ids and tokens.
    pub entropy: Entropy,
    /// What the environment says.
    pub config: Arc<Config>,
    /// Who follows events in this process.
    pub live: Live,
    /// What callers have left.
    allowances: Allowances,
    /// Where accounts can be connected.
    pub providers: Providers,
}

impl State {
    /// Puts it together.
    pub fn new(store: Store, clock: Clock, entropy: Entropy, config: &Config) -> Self {
        let providers = Providers::new(config);
        Self {
            store,
            clock,
            entropy,
            config: Arc::new(config.clone()),
            live: Live::new(),
            allowances: Allowances::new(config.requests_per_minute),
            providers,
        }
    }
}
