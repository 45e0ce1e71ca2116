//! What one test sees of the world: a database, a clock, randomness, faults; all its own, all repeatable.

use chrono::TimeDelta;
use domain::time::Timestamp;
use queue::Bell;
use runtime::{Clock, Entropy, Faults, clock::Hand};
use sqlx::PgPool;
use store::Store;

use crate::Database;

/// A Monday morning in March, before the clocks change.
pub const START: &str = "2026-03-02T09:00:00Z";

/// One test's world.
#[derive(Debug)]
pub struct World {
    /// Migrated and empty.
    pub database: Database,
    /// Its pool of ten connections.
    pub pool: PgPool,
    /// On that pool; what is due in the queue is due by this world's clock.
    pub store: Store,
    /// Stands at [`START`] until the hand is moved.
    pub clock: Clock,
    /// Moves the clock.
    pub hand: Hand,
    /// The same bits in every run.
    pub entropy: Entropy,
    /// Armed by the test.
    pub faults: Faults,
}

impl World {
    /// A new one.
    pub async fn new() -> Self {
        let database = Database::new().await;
        let (clock, hand) = Clock::manual(START.parse().expect("an instant"));
        let pool = database.pool.clone();
        let due_by = clock.clone();
        let due_by = queue::Clock::given(move || due_by.now().utc());
        let store = Store::new(pool.clone(), Bell::start(&pool)).with_clock(due_by);
        Self { database, pool, store, clock, hand, entropy: Entropy::seeded(7), faults: Faults::some() }
    }

    /// The time on its clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass; says what the clock shows then.
    pub fn pass(&self, by: TimeDelta) -> Timestamp {
        self.hand.advance(by)
    }

    /// Every bell that was rung and not heard yet is lost: only the sweep can tell now.
    pub async fn lose_bells(&self) {
        let lost = sqlx::raw_sql("DELETE FROM apalis.jobs").execute(&self.pool).await;
        lost.expect("the jobs go");
    }
}
