//! The store, and where reads may come from: the pool, or a transaction that has to see its own writes.

use std::{future::Future, io, ops::DerefMut, time::Duration};

use chrono::{DateTime, Utc};
use queue::{Bell, Clock, Connections, Lent, Line};
use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use crate::{Error, Result, tx::Tx};

/// Longest wait for a connection of the pool, and for one that is given back to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// A connection that answered so lately is taken to be alive.
const FRESH: Duration = Duration::from_secs(1);
/// A process that vanished in the middle of a transaction must not keep a person locked, and those that vanished with it
/// must not follow each other in that lock: they give up waiting before the first one is ended.
///
/// Said in every transaction, in the round trip that begins it: behind a proxy that pools transactions, what is set for a
/// session is set for whoever comes next, and missing where it was meant.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '8s'; SET LOCAL idle_in_transaction_session_timeout = '10s'";
/// Migrations take as long as they take, and so does waiting for somebody else's.
const BEGIN_PATIENTLY: &str = "BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
/// The advisory lock of whoever migrates.
const MIGRATING: i64 = 0x536b_7954_7769_6e00;

/// The database of one process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    connections: Connections,
    bell: Bell,
    clock: Clock,
}

impl Store {
    /// A store on this pool, the only one on it, that rings this bell after commits.
    pub fn new(pool: PgPool, bell: Bell) -> Self {
        Self { connections: Connections::of(pool), bell, clock: Clock::database() }
    }

    /// Connects to the database of this URL, with at most so many connections and a bell. Within a tokio runtime only.
    pub async fn connect(url: &str, connections: u32) -> Result<Self> {
        Self::connect_hearing(url, connections, Some(url)).await
    }

    /// The same, hearing other processes at `ears`; without any it polls.
    ///
    /// Everything but that one connection may go through a proxy that pools transactions: nothing else outlives its
    /// transaction but prepared statements, which the proxy has to follow (pgbouncer from 1.21 on does, with
    /// `max_prepared_statements`).
    pub async fn connect_hearing(url: &str, connections: u32, ears: Option<&str>) -> Result<Self> {
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            // Under load a connection was there a moment ago; asking it each time would double the round trips.
            .test_before_acquire(false)
            .before_acquire(|conn, meta| {
                Box::pin(async move { if meta.idle_for < FRESH { Ok(true) } else { alive(conn).await } })
            })
            .after_release(|conn, _| Box::pin(alive(conn)))
            // Such a proxy refuses a connection that begins with a setting it can't follow; we need none.
            .connect_with(url.parse::<PgConnectOptions>()?.extra_float_digits(None))
            .await?;
        let connections = Connections::of(pool);
        let line = ears.map(str::parse).transpose()?.map(Line::to);
        let bell = Bell::among(&connections, line);
        Ok(Self { connections, bell, clock: Clock::database() })
    }

    /// The same with the queue's clock turned by a test; without this, what is due at once is due by the database's clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The pool, for the queue's workers.
    pub const fn pool(&self) -> &PgPool {
        self.connections.pool()
    }

    /// How many connections are out of the pool and at rest.
    pub(crate) fn resting(&self) -> usize {
        self.connections.resting()
    }

    /// Closes all connections, once each has ended what it is in the middle of.
    pub async fn close(&self) {
        self.connections.close().await;
    }

    /// The bell, for whoever wants to hear it.
    pub const fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Starts a transaction. Dropping it undoes everything.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(Tx::new(self.connections.begin(BEGIN).await?, self.clone()))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query_scalar!(r#"SELECT 1 AS "one!""#).fetch_one(&mut *self.conn().await?).await?;
        Ok(())
    }

    /// Whether the database answers and has every migration this code needs, the queue's included.
    pub async fn is_migrated(&self) -> Result<bool> {
        self.ping().await?;
        let found = sqlx::query!(
            r#"SELECT false AS "ours!", version AS "version!" FROM apalis._sqlx_migrations WHERE success
               UNION ALL SELECT true, version FROM _sqlx_migrations WHERE success"#
        )
        .fetch_all(&mut *self.conn().await?)
        .await;
        let applied = match found.map_err(Error::from) {
            Ok(applied) => applied,
            // no such table: nothing was migrated yet
            Err(Error::Bug(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let has = |ours: bool, needed: &Migrator| {
            needed.iter().all(|needed| applied.iter().any(|done| done.ours == ours && done.version == needed.version))
        };
        let [queues, own] = migrations();
        Ok(has(false, &queues) && has(true, &own))
    }

    /// What the queue takes for now; none is the database's clock.
    pub(crate) fn queue_now(&self) -> Option<DateTime<Utc>> {
        self.clock.now()
    }
}

/// What was cut short (a time-out, a dropped transaction) may have been so because the line is dead. The pool would wait
/// for its answer without end, and the slot with it; this throws the connection away instead.
async fn alive(conn: &mut PgConnection) -> std::result::Result<bool, sqlx::Error> {
    let dead = |_| sqlx::Error::Io(io::ErrorKind::TimedOut.into());
    timeout(PATIENCE, conn.ping()).await.map_err(dead)?.map(|()| true)
}

/// Brings the database up to date: the queue's own migrations first, then ours, which alter its tables.
pub async fn migrate(pool: &PgPool) -> std::result::Result<(), sqlx::migrate::MigrateError> {
    // Two connections apart from the pool's, which may have but one: the lock is a transaction's, open beside all others.
    let (mut holder, mut conn) = (pool.acquire().await?.detach(), pool.acquire().await?.detach());
    let mut lock = holder.begin_with(BEGIN_PATIENTLY).await?;
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", MIGRATING).execute(&mut *lock).await?;
    for migrations in migrations() {
        migrations.run(&mut conn).await?;
    }
    lock.commit().await?;
    conn.close().await?;
    Ok(holder.close().await?)
}

/// The queue's, and ours. They lock nothing themselves: their lock would be the session's.
fn migrations() -> [Migrator; 2] {
    [queue::migrations(), sqlx::migrate!("../../migrations")].map(|mut migrations| {
        migrations.set_locking(false);
        migrations
    })
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for &super::Store {}
    impl Sealed for &mut super::Tx {}
}

/// Where a read comes from: `&Store` takes a connection of the pool, `&mut Tx` sees what its transaction wrote.
pub trait Source: sealed::Sealed + Send {
    /// The connection it reads on.
    type Conn: DerefMut<Target = Lent> + Send;

    /// Gives the connection.
    fn conn(self) -> impl Future<Output = Result<Self::Conn>> + Send;
}

impl Source for &Store {
    type Conn = Box<Lent>;

    async fn conn(self) -> Result<Self::Conn> {
        Ok(Box::new(self.connections.get().await?))
    }
}

impl<'t> Source for &'t mut Tx {
    type Conn = &'t mut Lent;

    async fn conn(self) -> Result<Self::Conn> {
        Ok(self.connection())
    }
}
