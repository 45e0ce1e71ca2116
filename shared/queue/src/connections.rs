//! Connections between two uses.
//!
//! A pool asks every connection that comes back whether it is alive: a round trip for each use, which under load is a
//! third of all. Whoever knows that his connection is at rest (its last statement was answered in full, no transaction is
//! open) says so, and the next in need gets it as it is, the one used last first: its server process has everything warm.
//!
//! Invariants: nobody waits for a connection while one rests here, because who has none asks here first and no more of
//! them may be out than the pool gives, less some for those who ask the pool itself. What may be in the middle of
//! something goes back the pool's own way. What rested longer than a moment is asked before it is used, and none stays
//! out of the pool for ever: the pool has its own rules for old ones.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex},
    time::Duration,
};

use sqlx::{Connection, Error, Executor, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::{bell::lock, clock::monotonic};

/// A connection that answered so lately is taken to be alive.
const FRESH: Duration = Duration::from_secs(1);
/// Longest wait for one that is asked.
const PATIENCE: Duration = Duration::from_secs(5);
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
        loop {
            // a statement of its own: the lock must not be held while we wait
            let found = lock(&self.bench.resting).pop();
            let Some(Resting { mut conn, out_since, since }) = found else { break };
            if self.pool.is_closed() || out_since.elapsed() > STAY {
                continue;
            }
            if since.elapsed() < FRESH || matches!(timeout(PATIENCE, conn.ping()).await, Ok(Ok(()))) {
                return Ok(self.lend(conn, Some(out_since), place));
            }
            drop(conn.detach());
        }
        let conn = self.pool.acquire().await?;
        Ok(self.lend(conn, None, place))
    }

    /// A connection that has begun a transaction, in these words. Dropping it before [`Lent::commit`] undoes it.
    ///
    /// One that died while it rested costs nothing: then nothing was begun, and the next is tried.
    pub async fn begin(&self, words: &'static str) -> Result<Lent, Error> {
        loop {
            let mut lent = self.get().await?;
            lent.fate = Fate::Undo;
            match lent.execute(words).await {
                Ok(_) => return Ok(lent),
                Err(error) if lent.has_rested => tracing::debug!(%error, "a connection ended while it rested"),
                Err(error) => return Err(error),
            }
        }
    }

    fn lend(&self, conn: PoolConnection<Postgres>, rested: Option<Instant>, place: OwnedSemaphorePermit) -> Lent {
        let out_since = rested.unwrap_or_else(monotonic);
        let (conn, home) = (Some(conn), self.clone());
        Lent { conn, fate: Fate::ToPool, has_rested: rested.is_some(), out_since, home, _place: place }
    }

    /// Gives everything back and closes the pool.
    pub async fn close(&self) {
        let resting = std::mem::take(&mut *lock(&self.bench.resting));
        drop(resting);
        self.pool.close().await;
    }
}

/// A connection in use. When dropped it goes back to the pool, which asks it first; see [`Lent::rest`].
#[derive(Debug)]
pub struct Lent {
    conn: Option<PoolConnection<Postgres>>,
    fate: Fate,
    has_rested: bool,
    out_since: Instant,
    home: Connections,
    _place: OwnedSemaphorePermit,
}

/// What becomes of a connection after its use.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Nobody knows what it is in the middle of: the pool finds out.
    ToPool,
    /// It is in a transaction, which is undone first.
    Undo,
    /// It is in the middle of something that may never end.
    Away,
    /// It is in the middle of nothing.
    Rest,
}

impl Lent {
    /// Ends the transaction, and the use.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.execute("COMMIT").await?;
        self.rest();
        Ok(())
    }

    /// Ends the use: the last statement was answered in full, and no transaction is open.
    pub fn rest(mut self) {
        self.fate = Fate::Rest;
    }

    /// From now on it is thrown away unless it comes to [`Lent::rest`].
    pub(crate) fn away_unless_rested(&mut self) {
        self.fate = Fate::Away;
    }
}

impl Drop for Lent {
    #[expect(clippy::disallowed_methods, reason = "bounded, owns nothing but the connection, and nobody waits for it")]
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        match self.fate {
            Fate::Away => drop(conn.detach()),
            Fate::ToPool => drop(conn),
            Fate::Undo => drop(tokio::spawn(async move {
                if !matches!(timeout(PATIENCE, conn.execute("ROLLBACK")).await, Ok(Ok(_))) {
                    drop(conn.detach());
                }
            })),
            Fate::Rest if self.home.bench.open && !self.home.pool.is_closed() => {
                // before its place is free, so that nobody with a place finds neither
                let resting = Resting { conn, out_since: self.out_since, since: monotonic() };
                lock(&self.home.bench.resting).push(resting);
            }
            // what the pool does in its own Drop, but bounded
            Fate::Rest => drop(tokio::spawn(async move { timeout(PATIENCE, conn.return_to_pool()).await })),
        }
    }
}

#[expect(clippy::expect_used, reason = "only its drop takes the connection out")]
impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.conn.as_deref().expect("a connection in use")
    }
}

#[expect(clippy::expect_used, reason = "only its drop takes the connection out")]
impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.conn.as_deref_mut().expect("a connection in use")
    }
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
