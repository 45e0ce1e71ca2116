//! The database goes away and comes back: handlers never notice, outcomes are kept, work goes on.

use std::time::Duration;

use ::queue::Bell;
use runtime::postgres::{DATABASE, Embedded, Settings};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tests::{Proxy, database::migrate, eventually};

use super::rig::{Gate, Journal, Rig, chore, patient, quick, row, start, unhurried};

/// A server of one's own, to be stopped and started.
async fn server() -> (Embedded, PgPool) {
    let server = Embedded::start(Settings::throwaway().unwrap()).await.unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(2))
        .connect_lazy_with(server.options(DATABASE));
    migrate(&pool).await;
    (server, pool)
}

async fn put(pool: &PgPool, n: i64) -> String {
    let put = async || {
        let mut conn = pool.acquire().await?;
        ::queue::enqueue(&mut *conn, &[chore(n)]).await
    };
    eventually("the database takes a job", put).await.remove(0).unwrap()
}

async fn is_done(pool: &PgPool, id: &str) -> bool {
    sqlx::query_scalar("SELECT status = 'Done' FROM apalis.jobs WHERE id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap_or(false)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_server_cancels_nothing_and_loses_no_outcome() {
    let (mut server, pool) = server().await;
    let (bell, journal, gate) = (Bell::start(&pool), Journal::default(), Gate::closed());
    let (noted, door) = (journal.clone(), gate.clone());
    let worker = start(pool.clone(), patient(), &bell, move |start| {
        let (noted, door) = (noted.clone(), door.clone());
        async move {
            if start.n == 1 {
                door.pass().await;
            }
            noted.note(start.n);
            Ok(())
        }
    });
    let first = put(&pool, 1).await;
    eventually("it has started", async || row(&pool, &first).await.status == "Running").await;

    server.halt().await.unwrap();
    // it ends while there is no database to tell
    gate.open();
    eventually("the handler got through", async || journal.all() == [1]).await;
    eventually("its outcome could not be written", async || worker.counts().db_errors > 0).await;
    assert!(worker.is_running());
    server.resume().await.unwrap();

    eventually("the outcome was kept", async || is_done(&pool, &first).await).await;
    assert_eq!(row(&pool, &first).await.attempts, 1);
    let second = put(&pool, 2).await;
    eventually("work goes on", async || is_done(&pool, &second).await).await;

    assert_eq!(journal.all(), [1, 2]);
    // the throwaway server may forget its last commits in a crash, so from here on a job may run again
    server.kill9().await;
    server.resume().await.unwrap();
    let third = put(&pool, 3).await;
    eventually("after a crash too", async || is_done(&pool, &third).await).await;
    eventually("and the bell listens again", async || bell.is_listening()).await;
    assert!(worker.is_running());
    worker.stop().await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_told_to_stop_during_an_outage_stops() {
    let (mut server, pool) = server().await;
    let bell = Bell::start(&pool);
    let worker = start(pool.clone(), quick(), &bell, |_| futures::future::ready(Ok(())));
    eventually("it has looked once", async || worker.counts().claims > 0).await;
    server.halt().await.unwrap();
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_backends_are_replaced_while_jobs_flow() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let worker = rig.worker(patient(), journal.keeper());
    for round in 0..10 {
        rig.jobs(round * 20..round * 20 + 20).await;
        rig.meddle(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )
        .await;
    }
    // a claim or an outcome may have been cut in two; with this lease nobody else interferes
    eventually("every job ran", async || {
        let open = rig.rows().await.into_iter().filter(|row| row.status == "Pending").count();
        if open == 0 { Ok(()) } else { Err(open) }
    })
    .await;
    assert!(worker.is_running());
    let once = |sorted: Vec<i64>| sorted.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(once(journal.sorted()), "a lost connection alone runs nothing twice");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_connections_lose_no_job() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let line = Proxy::to(rig.db.address()).await;
    let options = rig.db.options().port(line.port());
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(options);
    let bell = Bell::start(&pool);
    let worker = start(pool, quick(), &bell, journal.keeper());
    for round in 0..10 {
        rig.jobs(round * 20..round * 20 + 20).await;
        line.reset();
    }
    rig.rest().await;
    let mut ran = journal.sorted();
    ran.dedup();
    assert_eq!(ran, (0..200).collect::<Vec<_>>());
    assert!(worker.is_running());
    eventually("the bell listens again", async || bell.is_listening()).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_goes_dead_without_a_word_costs_time_and_nothing_else() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let line = Proxy::to(rig.db.address()).await;
    let options = rig.db.options().port(line.port());
    let pool = PgPoolOptions::new().max_connections(2).connect_lazy_with(options);
    let worker = start(pool, unhurried(), &rig.bell, journal.keeper());
    eventually("it has looked once", async || worker.counts().claims > 0).await;

    // a claim and a sign of life are under way on the only two connections
    let mut holder = rig.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM apalis.workers FOR UPDATE").execute(&mut *holder).await.unwrap();
    rig.jobs([1, 2, 3]).await;
    eventually("both wait", async || rig.waiting().await == 2).await;
    // what is open now stays dead for ever; whoever connects anew gets through
    line.strand();
    holder.rollback().await.unwrap();

    rig.rest().await;
    let mut ran = journal.sorted();
    ran.dedup();
    assert_eq!(ran, [1, 2, 3]);
    assert!(worker.is_running());
    assert!(worker.counts().db_errors > 0, "the dead line was noticed");
    worker.stop().await;
}
