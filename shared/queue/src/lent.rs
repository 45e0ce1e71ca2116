//! A connection in use. It bounds how long a statement waits for its answer, and knows what it is in the middle of, so that
//! it can be handed on unasked when that is nothing.
//!
//! Why a bound of ours: a line that died without a word looks like a server that thinks, and no setting of the server's
//! reaches whoever waits on it. Without one a loop that asks the database now and then would stand still for ever.
//!
//! Invariants: every statement goes through [`Executor`], so none is missed; it counts as over only once its answer was
//! read to the end, and is then summed for the work at hand; what may be in the middle of something goes back the pool's
//! own way, which asks it, and what did not answer in time is thrown away, with everything that rests and has not
//! answered since.

use std::{fmt, time::Duration};

use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{BoxStream, try_unfold},
};
use observe::thread;
use sqlx::{
    Describe, Either, Error, Execute, Executor, Postgres, SqlStr,
    pool::PoolConnection,
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, error::Elapsed, timeout},
};

use crate::{
    Connections,
    clock::monotonic,
    connections::{PATIENCE, give_back},
    db::out_of_time,
};

/// Longest wait for an answer: more than a statement may wait for a lock (8 s, `store::Tx`).
const ANSWER: Duration = Duration::from_secs(12);

/// A connection in use. When dropped it goes where it can: to those at rest, or to the pool, or away; a transaction that
/// was not committed is undone.
pub struct Lent {
    conn: Option<PoolConnection<Postgres>>,
    midst: Midst,
    in_transaction: bool,
    answer: Duration,
    /// When it came out of the pool.
    pub(crate) out_since: Instant,
    pub(crate) has_rested: bool,
    home: Connections,
    place: Option<OwnedSemaphorePermit>,
}

/// What a connection is in the middle of.
#[derive(Clone, Copy, Debug)]
enum Midst {
    Nothing,
    /// A statement whose answer was not read to its end, or was an error.
    Statement,
    /// A statement of then that was not answered in time.
    Dead(Instant),
}

impl Lent {
    pub(crate) fn new(
        conn: PoolConnection<Postgres>,
        rested: Option<Instant>,
        home: Connections,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            conn: Some(conn),
            midst: Midst::Nothing,
            in_transaction: false,
            answer: ANSWER,
            out_since: rested.unwrap_or_else(monotonic),
            has_rested: rested.is_some(),
            home,
            place,
        }
    }

    /// From now on a statement may take so long.
    pub fn answers_within(&mut self, limit: Duration) {
        self.answer = limit;
    }

    /// Begins a transaction, in these words. Nothing in them waits for anybody, so an answer comes soon or never.
    pub(crate) async fn begin(&mut self, words: &'static str) -> Result<(), Error> {
        self.in_transaction = true;
        let answer = std::mem::replace(&mut self.answer, PATIENCE);
        self.execute(words).await?;
        self.answer = answer;
        Ok(())
    }

    /// Ends the transaction, and the use.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.execute("COMMIT").await?;
        self.in_transaction = false;
        Ok(())
    }

    /// It is not to be used again: somebody who waits less long than we do has had no answer since then.
    pub(crate) fn give_up(&mut self, asked: Instant) {
        self.midst = Midst::Dead(asked);
    }

    /// What a statement needs: the connection, where to write what it is in the middle of, and its limit.
    #[expect(clippy::expect_used, reason = "only its drop takes the connection out")]
    fn for_statement(&mut self) -> (&mut sqlx::PgConnection, &mut Midst, Duration) {
        let Self { conn, midst, answer, .. } = self;
        if matches!(midst, Midst::Nothing) {
            *midst = Midst::Statement;
        }
        (conn.as_deref_mut().expect("a connection in use"), midst, *answer)
    }
}

fn in_time<T>(answer: Result<T, Elapsed>, midst: &mut Midst, asked: Instant) -> Result<T, Error> {
    answer.map_err(|_| {
        *midst = Midst::Dead(asked);
        out_of_time()
    })
}

impl<'c> Executor<'c> for &'c mut Lent {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (conn, midst, limit) = self.for_statement();
        let begun = monotonic();
        try_unfold((conn.fetch_many(query), midst), move |(mut answers, midst)| async move {
            let asked = monotonic();
            let Some(answer) = in_time(timeout(limit, answers.next()).await, midst, asked)? else {
                *midst = Midst::Nothing;
                thread::statement(begun.elapsed());
                return Ok(None);
            };
            Ok(Some((answer?, (answers, midst))))
        })
        .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (conn, midst, limit) = self.for_statement();
        async move {
            let asked = monotonic();
            let found = in_time(timeout(limit, conn.fetch_optional(query)).await, midst, asked)??;
            *midst = Midst::Nothing;
            thread::statement(asked.elapsed());
            Ok(found)
        }
        .boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        self.for_statement().0.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        self.for_statement().0.describe(sql)
    }
}

impl Drop for Lent {
    #[expect(clippy::disallowed_methods, reason = "bounded, owns nothing but the connection, and nobody waits for it")]
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        match (self.midst, self.in_transaction) {
            (Midst::Dead(since), _) => {
                drop(conn.detach());
                self.home.doubt(since);
            }
            (Midst::Nothing | Midst::Statement, true) => drop(tokio::spawn(async move {
                if !matches!(timeout(PATIENCE, conn.execute("ROLLBACK")).await, Ok(Ok(_))) {
                    drop(conn.detach());
                }
            })),
            (Midst::Nothing, false) if self.has_rested || self.place.is_some() => self.home.rest(conn, self.out_since),
            // without a place there may be too many at rest, and too few in the pool
            (Midst::Nothing | Midst::Statement, false) => give_back(conn),
        }
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { midst, in_transaction, .. } = self;
        f.debug_struct("Lent").field("midst", midst).field("in_transaction", in_transaction).finish_non_exhaustive()
    }
}
