//! The database goes away: what is said then can be acted on, and nothing stays behind when it comes back.

use std::time::Duration;

use ::store::{Error, Store, events, migrate};
use domain::{event::Name, id::UserId, outbox::Outbox, signal::Object};
use queue::Bell;
use sqlx::postgres::PgPoolOptions;
use tests::{Proxy, World, eventually, wait::within};
use tokio::time::timeout;

use super::made;

/// A store of one connection behind a network that can fail.
async fn behind(proxy: &Proxy, world: &World) -> Store {
    behind_with(proxy, world, 1).await
}

async fn behind_with(proxy: &Proxy, world: &World, connections: u32) -> Store {
    let url =
        world.database.url().replace(&format!(":{}/", world.database.address().port()), &format!(":{}/", proxy.port()));
    Store::connect(&url, connections).await.unwrap()
}

fn told(user: UserId) -> Outbox {
    Outbox::nothing().event(user, Name::TwinUpdated, Object::new())
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unavailable_and_the_next_one_works() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let proxy = Proxy::to(world.database.address()).await;
    let store = behind(&proxy, &world).await;
    let mut tx = store.begin().await.unwrap();
    tx.lock(user).await.unwrap();
    proxy.black_hole();
    let commit = tx.commit(told(user), world.now());
    let cut = async {
        // the commit's first statement is on its way and its answer is not
        tokio::task::yield_now().await;
        proxy.cut();
    };
    let (committed, ()) = futures::join!(commit, cut);
    let error = committed.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)) && error.is_transient(), "{error:?}");

    proxy.heal();
    eventually("it works again", async || {
        let tx = store.begin().await?;
        tx.commit(told(user), world.now()).await
    })
    .await;
    let seqs: Vec<_> =
        events::since(&world.store, user, 0, 9).await.unwrap().into_iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1], "the lost one has not happened, and left no gap");
}

#[tokio::test]
async fn a_line_that_goes_dead_without_a_word_does_not_cost_a_connection_for_ever() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let proxy = Proxy::to(world.database.address()).await;
    let store = behind(&proxy, &world).await;
    let mut tx = store.begin().await.unwrap();
    proxy.strand();
    assert!(timeout(Duration::from_millis(50), tx.lock(user)).await.is_err(), "it answered on a dead line");
    drop(tx);
    eventually("its only connection is replaced", async || store.ping().await).await;
}

#[tokio::test]
async fn those_who_vanish_while_they_hold_or_want_a_person_leave_them_to_the_living() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let proxy = Proxy::to(world.database.address()).await;
    let gone = behind_with(&proxy, &world, 6).await;
    let mut holds = gone.begin().await.unwrap();
    holds.lock(user).await.unwrap();
    let mut wants = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let mut tx = gone.begin().await.unwrap();
        wants.spawn(async move { drop(tx.lock(user).await) });
    }
    let waiting =
        "SELECT count(*) = 3 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("three wait for it", async || {
        sqlx::query_scalar::<_, bool>(waiting).fetch_one(&world.pool).await.ok().filter(|three| *three)
    })
    .await;
    proxy.strand();

    // one after the other of them would hold it for as long as the first, which is more than this waits
    let living = Store::connect(&world.database.url(), 1).await.unwrap();
    let until = within(Duration::from_secs(25), "the person is free again", async || {
        let mut tx = living.begin().await?;
        tx.lock(user).await.map(drop)
    });
    until.await;
}

#[tokio::test]
async fn a_transaction_leaves_nothing_on_the_connection_it_had() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let store = Store::connect_hearing(&world.database.url(), 1, None).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.lock(user).await.unwrap();
    tx.commit(told(user), world.now()).await.unwrap();
    let left = "SELECT coalesce(string_agg(name, ', '), '') FROM pg_settings WHERE source = 'session'";
    let left: String = sqlx::query_scalar(left).fetch_one(store.pool()).await.unwrap();
    assert_eq!(left, "", "behind a proxy that pools transactions, somebody else has them next");
}

#[tokio::test]
async fn what_the_server_breaks_off_is_unavailable_and_what_can_not_work_is_a_bug() {
    let world = World::new().await;
    let (ada, ben) = (made::user(&world).await, made::user(&world).await);
    let pool = world.database.pool(1);
    let store = Store::new(pool.clone(), Bell::polling(&pool));

    let mut tx = store.begin().await.unwrap();
    tx.lock(ada).await.unwrap();
    let killed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    made::sql(&world.database.pool(1), killed).await.unwrap();
    let error = tx.lock(ada).await.unwrap_err();
    assert!(error.is_transient(), "shut down: {error:?}");
    drop(tx);

    // each waits for what the other holds: one of the two is broken off, and may try again
    let cross = async |first, second, met: &tokio::sync::Barrier| {
        let mut tx = world.store.begin().await?;
        tx.lock(first).await?;
        met.wait().await;
        tx.lock(second).await.map(drop)
    };
    let met = tokio::sync::Barrier::new(2);
    let (one, other) = futures::join!(cross(ada, ben, &met), cross(ben, ada, &met));
    assert!(one.is_ok() != other.is_ok());
    let error = one.err().or(other.err()).unwrap();
    assert!(error.is_transient(), "deadlock: {error:?}");

    made::sql(&world.pool, "ALTER TABLE events ADD CHECK (seq > 5)").await.unwrap();
    let tx = world.store.begin().await.unwrap();
    let error = tx.commit(told(ada), world.now()).await.unwrap_err();
    assert!(matches!(error, Error::Bug(_)) && !error.is_transient(), "{error:?}");
    let said = format!("{error:?} {error:#?}");
    assert!(said.contains("events_seq_check") && !said.contains(&ada.to_string()), "it quotes the row: {said}");
    for error in
        [Error::NotFound, Error::Stale, Error::Duplicate, Error::Corrupt { table: "t", column: "c", id: "i".into() }]
    {
        assert!(!error.is_transient(), "{error:?}");
    }
}

#[tokio::test]
async fn an_empty_database_is_migrated_once_however_often_and_however_many_try() {
    let world = World::new().await;
    let name = format!("{}_empty", world.database.name);
    made::sql(&world.pool, format!("CREATE DATABASE {name}")).await.unwrap();
    let pool =
        PgPoolOptions::new().max_connections(4).connect_with(world.database.options().database(&name)).await.unwrap();
    let store = Store::new(pool.clone(), Bell::polling(&pool));
    assert!(!store.is_migrated().await.unwrap());
    futures::future::join_all((0..3).map(|_| async { migrate(&pool).await.unwrap() })).await;
    migrate(&pool).await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    made::sql(&pool, "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .await
        .unwrap();
    assert!(!store.is_migrated().await.unwrap(), "a new release waits for its migrations");
    store.close().await;
    made::sql(&world.pool, format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}
