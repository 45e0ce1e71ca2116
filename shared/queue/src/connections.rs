//! Connections between two uses.
//!
//! A pool asks every connection that comes back whether it is alive: a round trip for each use, which under load is a
//! third of all. [`Lent`] knows when its connection is at rest (its last statement was answered in full, no transaction is
//! open), and the next in need gets it as it is, the one used last first: its server process has everything warm.
//!
//! Invariants: nobody waits for a connection while one rests here, because who has none asks here first and no more of
//! them may be out than the pool gives, less some for those who ask the pool itself. What may be in the middle of
//! something goes back the pool's own way. What rested longer than a moment is asked before it is used, what is as old as
//! one that did not answer is not used again, and none stays out of the pool for ever: the pool has its own rules for old
//! ones.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use sqlx::{Connection, Error, PgPool, Postgres, pool::PoolConnection};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::{Lent, bell::lock, clock::monotonic};

/// A connection that answered so lately is taken to be alive.
const FRESH: Duration = Duration::from_secs(1);
/// Longest wait for one that is asked whether it lives.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// After so long it goes back to the pool.
const STAY: Duration = Duration::from_mins(5);

/// A pool whose connections may rest between two uses. Cheap to clone; the clones are one.
#[derive(Clone, Debug)]
pub struct Connections {
    pool: PgPool,
    bench: Arc<Bench>,
}

#[derive(Debug)]
struct Bench {
    places: Arc<Semaphore>,
    resting: Mutex<Vec<Resting>>,
    /// Whether any may rest: there have to be enough for those who ask the pool itself.
    open: bool,
}

struct Resting {
    conn: PoolConnection<Postgres>,
    out_since: Instant,
    since: Instant,
}

impl Connections {
    /// Of a pool that nobody else makes such an object of.
    pub fn of(pool: PgPool) -> Self {
        let all = pool.options().get_max_connections();
        // at least one, a quarter of many
        let theirs = (all / 4).max(1);
        let ours = usize::try_from(all.saturating_sub(theirs).max(1)).unwrap_or(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(ours.min(Semaphore::MAX_PERMITS)));
        Self { pool, bench: Arc::new(Bench { places, resting: Mutex::default(), open: all > theirs }) }
    }

    /// Of a pool that others use in the same way: every connection goes back to it at once.
    fn passing(pool: PgPool) -> Self {
        let places = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Self { pool, bench: Arc::new(Bench { places, resting: Mutex::default(), open: false }) }
    }

    /// The pool.
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How many rest.
    pub fn resting(&self) -> usize {
        lock(&self.bench.resting).len()
    }

    /// A connection, waiting for one as long as the pool would.
    pub async fn get(&self) -> Result<Lent, Error> {
        let place = timeout(self.pool.options().get_acquire_timeout(), self.bench.places.clone().acquire_owned());
        let place = place.await.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        self.lend(Some(place)).await
    }

    /// A connection for something small that does not wait for a place: one that rests, or else one of the pool's.
    pub(crate) async fn aside(&self) -> Result<Lent, Error> {
        self.lend(None).await
    }

    async fn lend(&self, place: Option<OwnedSemaphorePermit>) -> Result<Lent, Error> {
        loop {
            // a statement of its own: the lock must not be held while we wait
            let found = lock(&self.bench.resting).pop();
            let Some(Resting { mut conn, out_since, since }) = found else { break };
            if self.pool.is_closed() || out_since.elapsed() > STAY {
                continue;
            }
            if since.elapsed() < FRESH || matches!(timeout(PATIENCE, conn.ping()).await, Ok(Ok(()))) {
                return Ok(Lent::new(conn, Some(out_since), self.clone(), place));
            }
            drop(conn.detach());
            self.doubt(since);
        }
        let conn = self.pool.acquire().await?;
        Ok(Lent::new(conn, None, self.clone(), place))
    }

    /// A connection that has begun a transaction, in these words. Dropping it before [`Lent::commit`] undoes it.
    ///
    /// One that died while it rested costs nothing but time: then nothing was begun, and the next is tried.
    pub async fn begin(&self, words: &'static str) -> Result<Lent, Error> {
        loop {
            let mut lent = self.get().await?;
            match lent.begin(words).await {
                Ok(()) => return Ok(lent),
                Err(error) if lent.has_rested => tracing::debug!(%error, "a connection ended while it rested"),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes one back that is in the middle of nothing.
    pub(crate) fn rest(&self, conn: PoolConnection<Postgres>, out_since: Instant) {
        if self.bench.open && !self.pool.is_closed() {
            // before its place is free, so that nobody with a place finds neither
            lock(&self.bench.resting).push(Resting { conn, out_since, since: monotonic() });
        } else {
            give_back(conn);
        }
    }

    /// One that was asked then has not answered: whatever rests and has not answered since may be as dead, and asking
    /// each would cost as long again.
    pub(crate) fn doubt(&self, asked: Instant) {
        let mut resting = lock(&self.bench.resting);
        let (fine, doubtful): (Vec<_>, Vec<_>) =
            std::mem::take(&mut *resting).into_iter().partition(|one| one.since > asked);
        *resting = fine;
        drop(resting);
        for one in doubtful {
            drop(one.conn.detach());
        }
    }

    /// Gives everything back and closes the pool.
    pub async fn close(&self) {
        let resting = std::mem::take(&mut *lock(&self.bench.resting));
        drop(resting);
        self.pool.close().await;
    }
}

/// Gives one back to the pool, which asks it first: what the pool does in its own Drop, but bounded.
#[expect(clippy::disallowed_methods, reason = "bounded, owns nothing but the connection, and nobody waits for it")]
pub(crate) fn give_back(mut conn: PoolConnection<Postgres>) {
    drop(tokio::spawn(async move { timeout(PATIENCE, conn.return_to_pool()).await }));
}

impl From<PgPool> for Connections {
    fn from(pool: PgPool) -> Self {
        Self::passing(pool)
    }
}

impl fmt::Debug for Resting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resting").field("since", &self.since).finish_non_exhaustive()
    }
}
