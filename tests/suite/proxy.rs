//! The network that fails on request does fail, and only on request: other tests lean on it.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection};
use tests::{Database, Proxy, eventually};
use tokio::time::timeout;

#[tokio::test]
async fn it_passes_swallows_resets_cuts_and_heals() {
    let database = Database::new().await;
    let proxy = Proxy::to(database.address()).await;
    let through = database.options().port(proxy.port());

    let mut open = through.connect().await.unwrap();
    open.ping().await.unwrap();

    proxy.black_hole();
    assert!(timeout(Duration::from_millis(50), open.ping()).await.is_err(), "it answered out of a black hole");
    proxy.heal();
    eventually("a new connection works", async || through.connect().await).await;

    let mut open = through.connect().await.unwrap();
    proxy.reset();
    eventually("the connection is reset", async || open.ping().await.is_err()).await;
    let mut open = through.connect().await.unwrap();

    proxy.cut();
    eventually("the connection is cut", async || open.ping().await.is_err()).await;
    assert!(through.connect().await.is_err());
    proxy.heal();
    through.connect().await.unwrap();
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (one, other) = (Database::new().await, Database::new().await);
    sqlx::raw_sql("CREATE TABLE mine (n int)").execute(&one.pool).await.unwrap();
    assert!(sqlx::raw_sql("SELECT * FROM mine").execute(&other.pool).await.is_err());
    let jobs = sqlx::raw_sql("SELECT count(*) FROM apalis.jobs").execute(&other.pool).await;
    assert!(jobs.is_ok(), "it is migrated");
}
