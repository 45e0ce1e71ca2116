//! Rings shorten the wait: none is lost during a claim, few are sent, and without them polling still works.

use std::time::Duration;

use ::queue::{Bell, Config, Line, Word, enqueue};
use tests::{Database, Proxy, eventually};

use super::rig::{Journal, QUEUE, Rig, chore, patient, start};

/// Long enough that only a ring can explain a claim.
fn deaf() -> Config {
    Config { poll: Duration::from_secs(3600), ..patient() }
}

async fn listening(bell: &Bell) {
    eventually("the listening connection stands", async || bell.is_listening()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_reaches_the_workers_of_other_processes() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let elsewhere = Bell::start(&rig.pool);
    listening(&elsewhere).await;
    let worker = start(rig.db.pool(4), deaf(), &elsewhere, journal.keeper());
    for n in 0..20 {
        rig.jobs([n]).await;
        eventually("it was rung", async || i64::try_from(journal.len()).unwrap() == n + 1).await;
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_listening_the_process_still_hears_itself_and_polls_for_the_rest() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let bell = Bell::polling(&rig.pool);
    let worker = start(rig.db.pool(4), deaf(), &bell, journal.keeper());
    eventually("signed on", async || worker.counts().claims > 0).await;
    let mut conn = rig.pool.acquire().await.unwrap();
    enqueue(&mut *conn, &[chore(1)]).await.unwrap();
    bell.ring([QUEUE]);
    eventually("its own ring", async || journal.all() == [1]).await;
    worker.stop().await;

    let worker = start(rig.db.pool(4), patient(), &bell, journal.keeper());
    enqueue(&mut *conn, &[chore(2)]).await.unwrap();
    eventually("the poll", async || journal.all() == [1, 2]).await;
    assert!(!bell.is_listening());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_during_a_claim_is_kept() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    listening(&rig.bell).await;
    let worker = rig.worker(deaf(), journal.keeper());
    eventually("it has looked once", async || worker.counts().claims == 1).await;

    // the claim of job 1 waits for the worker's row, which we hold
    let mut holder = rig.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM apalis.workers FOR UPDATE").execute(&mut *holder).await.unwrap();
    rig.jobs([1]).await;
    eventually("the claim is under way", async || rig.claiming().await).await;
    // too late for that claim's snapshot, and its ring arrives while it runs
    rig.jobs([2]).await;
    holder.commit().await.unwrap();
    eventually("both have run", async || journal.sorted() == [1, 2]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_rings_are_few_notifications() {
    let rig = Rig::new().await;
    let mut far = sqlx::postgres::PgListener::connect_with(&rig.db.pool(1)).await.unwrap();
    far.listen("queue_bell").await.unwrap();
    for _ in 0..1000 {
        rig.bell.ring([QUEUE, "elsewhere"]);
    }
    rig.bell.ring(["the last"]);
    let mut heard = 0;
    while !far.recv().await.unwrap().payload().ends_with(" the last") {
        heard += 1;
    }
    assert!((2..100).contains(&heard), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_here_has_heard_still_reaches_the_others() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    listening(&rig.bell).await;
    let worker = rig.worker(deaf(), journal.keeper());
    eventually("it has looked once", async || worker.counts().claims == 1).await;
    let mut far = sqlx::postgres::PgListener::connect_with(&rig.db.pool(1)).await.unwrap();
    far.listen("queue_bell").await.unwrap();
    for n in 0..20 {
        rig.jobs([n]).await;
        let said = async { while !far.recv().await.unwrap().payload().ends_with(&format!(" {QUEUE}")) {} };
        tokio::time::timeout(Duration::from_secs(20), said).await.expect("it is said over there");
        eventually("it was heard here", async || i64::try_from(journal.len()).unwrap() == n + 1).await;
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_channels_share_the_line_and_each_word_is_heard_once() {
    let rig = Rig::new().await;
    listening(&rig.bell).await;
    let far = Bell::start(&rig.pool);
    listening(&far).await;
    let (mut here, mut there) = (rig.bell.subscribe("events"), far.subscribe("events"));
    // listening to a new channel takes a moment; from then on nothing is lost
    eventually("the channel is heard over there", async || {
        rig.bell.tell("events", "hello");
        let word = tokio::time::timeout(Duration::from_millis(100), there.next()).await;
        word == Ok(Word::Said("hello".into()))
    })
    .await;
    let until = async |last: &str, subscription: &mut ::queue::Subscription| {
        let mut words = Vec::new();
        loop {
            match subscription.next().await {
                Word::Said(word) if word == last => return words,
                Word::Said(word) if word == "hello" => {}
                word => words.push(word),
            }
        }
    };
    rig.bell.tell("events", "one");
    assert!(until("one", &mut there).await.is_empty());
    rig.meddle("NOTIFY events, 'two'").await;
    assert!(until("two", &mut there).await.is_empty(), "once");
    assert_eq!(until("two", &mut here).await, [Word::Said("one".into())], "once, though it went out and came back");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_line_everybody_looks_for_himself() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    listening(&rig.bell).await;
    let mut events = rig.bell.subscribe("events");
    let worker = rig.worker(deaf(), journal.keeper());
    eventually("it has looked once", async || worker.counts().claims == 1).await;
    let mut conn = rig.pool.acquire().await.unwrap();
    // committed, but the process that should have rung died
    enqueue(&mut *conn, &[chore(1)]).await.unwrap();
    let cut = rig
        .meddle(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'skytwin bell'",
        )
        .await;
    assert_eq!(cut, 1, "one listening connection per process");
    assert_eq!(events.next().await, Word::Missed);
    eventually("the job was found", async || journal.all() == [1]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_hears_nothing_does_not_count_until_it_does() {
    let (rig, elsewhere) = (Rig::new().await, Database::new().await);
    // as through a proxy that pools transactions: it connects and listens, and what is said here is not heard there
    let (ping, echo) = (Duration::from_millis(100), Duration::from_millis(100));
    let bell = Bell::start_on(&rig.pool, Line { ping, echo, ..Line::to(elsewhere.options()) });
    let silent = "SELECT query LIKE 'SELECT 1 AS alive%' FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'skytwin bell'";
    eventually("it has heard nothing for as long as it may take", async || {
        sqlx::query_scalar::<_, bool>(silent).fetch_optional(&elsewhere.pool).await.unwrap() == Some(true)
    })
    .await;
    assert!(!bell.is_listening());
    sqlx::raw_sql("NOTIFY queue_bell, 'anything'").execute(&elsewhere.pool).await.unwrap();
    listening(&bell).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_died_without_a_word_is_noticed_and_replaced() {
    let rig = Rig::new().await;
    let proxy = Proxy::to(rig.db.address()).await;
    let mut line = Line::to(rig.db.options().port(proxy.port()));
    line.ping = Duration::from_millis(500);
    let bell = Bell::start_on(&rig.pool, line);
    listening(&bell).await;
    let mut events = bell.subscribe("events");
    for kill in [Proxy::strand, Proxy::reset, Proxy::strand] {
        kill(&proxy);
        assert_eq!(events.next().await, Word::Missed, "a new line stands");
    }
    rig.meddle("NOTIFY events, 'hello'").await;
    assert_eq!(events.next().await, Word::Said("hello".into()));
}
