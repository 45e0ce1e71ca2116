//! Connections between two uses: the one used last is used next, nobody waits for one that rests, and none is handed on
//! in the middle of something.

use std::time::Duration;

use futures::future::join_all;
use observe::{Thread, Traceparent};
use queue::{Connections, Lent};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tests::{Database, Proxy, eventually};
use tokio::time::timeout;

/// Of four; three may rest.
async fn four() -> (Database, PgPool, Connections) {
    let database = Database::new().await;
    let pool = database.pool(4);
    let connections = Connections::of(pool.clone());
    (database, pool, connections)
}

/// Which server process is at the other end.
async fn process(lent: &mut Lent) -> i32 {
    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(lent).await.unwrap()
}

async fn three(connections: &Connections) -> Vec<Lent> {
    join_all((0..3).map(|_| async { connections.get().await.unwrap() })).await
}

#[tokio::test]
async fn the_one_used_last_is_used_next() {
    let (_database, _, connections) = four().await;
    let [mut one, mut other] = [connections.get().await.unwrap(), connections.get().await.unwrap()];
    let (first, last) = (process(&mut one).await, process(&mut other).await);
    drop(one);
    drop(other);
    let [mut one, mut other] = [connections.get().await.unwrap(), connections.get().await.unwrap()];
    assert_eq!((process(&mut one).await, process(&mut other).await), (last, first));
}

#[tokio::test]
async fn nobody_waits_for_one_that_rests() {
    let (_database, pool, connections) = four().await;
    three(&connections).await.into_iter().for_each(drop);
    assert_eq!(connections.resting(), 3);
    let theirs = pool.acquire().await.expect("one is left for those who ask the pool");
    let mut ours = three(&connections).await;
    assert_eq!(connections.resting(), 0);
    let fourth = connections.get();
    tokio::pin!(fourth);
    assert!(timeout(Duration::from_millis(50), &mut fourth).await.is_err(), "there were more than places");
    drop(ours.pop());
    drop(timeout(Duration::from_secs(5), fourth).await.expect("it rests").unwrap());
    drop((theirs, ours));
    connections.close().await;
    assert!(connections.get().await.is_err(), "the pool is closed");
}

#[tokio::test]
async fn what_was_dropped_in_a_transaction_is_undone_before_anybody_else_has_it() {
    let (_database, pool, connections) = four().await;
    for _ in 0..3 {
        let mut lent = connections.begin("BEGIN").await.unwrap();
        sqlx::query("SELECT pg_advisory_xact_lock(7)").execute(&mut lent).await.unwrap();
        drop(lent);
        eventually("the lock is free again", async || {
            let free = "SELECT pg_try_advisory_xact_lock(7)";
            sqlx::query_scalar::<_, bool>(free).fetch_one(&pool).await.ok().filter(|free| *free)
        })
        .await;
    }
    assert_eq!(connections.resting(), 0, "what may be in the middle of something goes through the pool");
    let lent = connections.begin("BEGIN").await.unwrap();
    lent.commit().await.unwrap();
    assert_eq!(connections.resting(), 1);
}

#[tokio::test]
async fn whoever_begins_is_given_none_whose_server_process_ended_while_it_rested() {
    let (_database, pool, connections) = four().await;
    let mut rested = three(&connections).await;
    let mut ended = Vec::new();
    for lent in &mut rested {
        ended.push(process(lent).await);
    }
    rested.into_iter().for_each(drop);
    sqlx::query("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid")
        .bind(&ended)
        .execute(&pool)
        .await
        .unwrap();
    let mut begun = connections.begin("BEGIN").await.unwrap();
    assert!(!ended.contains(&process(&mut begun).await));
    begun.commit().await.unwrap();
}

#[tokio::test]
async fn of_a_single_connection_none_rests() {
    let database = Database::new().await;
    let pool = database.pool(1);
    let connections = Connections::of(pool.clone());
    drop(connections.get().await.unwrap());
    assert_eq!(connections.resting(), 0);
    timeout(Duration::from_secs(5), pool.acquire()).await.expect("it went back").unwrap();
}

#[tokio::test]
async fn what_was_left_in_the_middle_of_a_statement_is_not_handed_on_as_it_is() {
    let (_database, pool, connections) = four().await;
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock(9)").execute(&mut *holder).await.unwrap();
    let mut lent = connections.get().await.unwrap();
    let asked = process(&mut lent).await;
    let waits = sqlx::query("SELECT pg_advisory_lock(9)").execute(&mut lent);
    assert!(timeout(Duration::from_millis(20), waits).await.is_err());
    drop(lent);
    assert_eq!(connections.resting(), 0, "its answer is still to come");
    assert_ne!(process(&mut connections.get().await.unwrap()).await, asked);
}

#[tokio::test]
async fn an_answer_that_does_not_come_ends_the_wait_and_casts_doubt_on_whatever_rests() {
    let (database, _, _) = four().await;
    let proxy = Proxy::to(database.address()).await;
    let options = database.options().port(proxy.port());
    let connections = Connections::of(PgPoolOptions::new().max_connections(4).connect_lazy_with(options));
    let [mut one, two, three] = three(&connections).await.try_into().unwrap();
    process(&mut one).await;
    proxy.strand();
    drop((two, three));
    assert_eq!(connections.resting(), 2);
    one.answers_within(Duration::from_millis(50));
    let answer = timeout(Duration::from_secs(20), sqlx::query("SELECT 1").execute(&mut one)).await;
    let error = answer.expect("it does not wait for ever").unwrap_err();
    assert!(matches!(&error, sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut), "{error:?}");
    drop(one);
    assert_eq!(connections.resting(), 0, "they are as old, and likely as dead");
    process(&mut connections.get().await.unwrap()).await;
}

#[tokio::test]
async fn statements_are_summed_for_the_work_at_hand_and_for_nobody_else() {
    let (_database, _, connections) = four().await;
    let mut lent = connections.get().await.unwrap();
    process(&mut lent).await;
    let thread = Thread::new(Traceparent { trace: 1, parent: 1, flags: 0 });
    let two = async {
        process(&mut lent).await;
        sqlx::query("SELECT 1").execute(&mut lent).await.unwrap();
    };
    thread.clone().follow(two).await;
    process(&mut lent).await;
    assert_eq!(thread.statements(), 2);
}
