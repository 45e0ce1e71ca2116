//! Workers that die, stall or vanish: their jobs go to others, and what they say afterwards is refused.

use std::time::Duration;

use ::queue::{Config, NewJob};
use sqlx::postgres::PgPoolOptions;
use tests::{Proxy, eventually};

use super::rig::{Gate, Journal, Rig, chore, patient, quick, start, unhurried};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_crashed_worker_runs_again_elsewhere() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let started = journal.clone();
    let doomed = rig.worker(quick(), move |start| {
        started.note(start.n);
        std::future::pending()
    });
    let id = rig.jobs([1]).await.remove(0);
    eventually("it has started", async || journal.len() == 1).await;
    doomed.crash().await;
    assert_eq!(rig.row(&id).await.status, "Running", "nobody cleared up");
    let healthy = rig.worker(quick(), journal.keeper());
    rig.rest().await;
    let counts = healthy.stop().await;
    let row = rig.row(&id).await;
    assert_eq!((row.status.as_str(), row.attempts, counts.rescued), ("Done", 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_process_is_started_max_attempts_times_and_then_dead() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let id = rig.put(&[NewJob { max_attempts: 3, ..chore(1) }]).await.remove(0).unwrap();
    let config = Config { lease: Duration::from_secs(1), ..quick() };
    let mut starts = 0;
    while !rig.row(&id).await.is_dead() {
        let started = journal.clone();
        let victim = rig.worker(config.clone(), move |start| {
            started.note(start.n);
            std::future::pending()
        });
        eventually("it was started once more, or is dead", async || {
            journal.len() > starts || rig.row(&id).await.is_dead()
        })
        .await;
        starts = journal.len();
        victim.crash().await;
    }
    assert_eq!(starts, 3);
    let row = rig.row(&id).await;
    assert!(row.is_finished && row.said().contains("lost"), "{row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stalls_past_its_lease_knows_it_and_its_late_outcome_is_refused() {
    let (rig, journal, gate) = (Rig::new().await, Journal::default(), Gate::closed());
    let line = Proxy::to(rig.db.address()).await;
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(rig.db.options().port(line.port()));
    let (door, started) = (gate.clone(), journal.clone());
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let stalled = start(pool, quick(), &rig.bell, move |start| {
        let (door, started, tell) = (door.clone(), started.clone(), tell.clone());
        async move {
            let before = start.lease.is_valid();
            started.note(start.n);
            door.pass().await;
            tell.send((before, start.lease.clone())).unwrap();
            Ok(())
        }
    });
    let id = rig.jobs([1]).await.remove(0);
    eventually("it has started", async || journal.len() == 1).await;

    // to everybody else a stopped process and a cut line are the same thing
    line.black_hole();
    let (taken, second_gate) = (journal.clone(), Gate::closed());
    let second_door = second_gate.clone();
    let healthy = rig.worker(quick(), move |start| {
        let (taken, door) = (taken.clone(), second_door.clone());
        async move {
            taken.note(start.n);
            door.pass().await;
            Ok(())
        }
    });
    eventually("another worker has taken it", async || journal.len() == 2).await;

    line.heal();
    gate.open();
    let (before, lease) = told.recv().await.unwrap();
    assert!(before, "valid at the start");
    assert!(!lease.is_valid(), "and lost by the end");
    eventually("the late outcome was refused", async || stalled.counts().stale_acks == 1).await;
    let row = rig.row(&id).await;
    assert_eq!((row.status.as_str(), row.attempts), ("Running", 2));
    assert_eq!(row.lock_by.as_deref(), Some(healthy.id.as_str()));
    second_gate.open();
    rig.rest().await;
    assert_eq!(rig.row(&id).await.attempts, 2);

    // it lives on with a lease of a new age
    healthy.stop().await;
    rig.jobs([2]).await;
    rig.rest().await;
    let (_, renewed) = told.recv().await.unwrap();
    assert!(stalled.is_running());
    assert!(!lease.is_valid() && !renewed.is_valid(), "a run that is over has no lease");
    assert_eq!(stalled.stop().await.done, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_answer_got_lost_is_found_again_by_the_worker_itself() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let line = Proxy::to(rig.db.address()).await;
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(rig.db.options().port(line.port()));
    let worker = start(pool, unhurried(), &rig.bell, journal.keeper());
    eventually("it has looked once", async || worker.counts().claims > 0).await;

    let mut holder = rig.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM apalis.workers FOR UPDATE").execute(&mut *holder).await.unwrap();
    let id = rig.jobs([1]).await.remove(0);
    eventually("the claim is under way", async || rig.claiming().await).await;
    line.strand();
    holder.commit().await.unwrap();
    eventually("the claim is committed", async || rig.row(&id).await.status == "Running").await;
    rig.rest().await;
    let row = rig.row(&id).await;
    assert_eq!((row.status.as_str(), row.attempts), ("Done", 2));
    assert_eq!(journal.all(), [1]);
    assert!(worker.stop().await.rescued >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_row_was_deleted_signs_on_again() {
    let (rig, journal, gate) = (Rig::new().await, Journal::default(), Gate::closed());
    let (noted, door) = (journal.clone(), gate.clone());
    let worker = rig.worker(quick(), move |start| {
        let (noted, door) = (noted.clone(), door.clone());
        async move {
            noted.note(start.n);
            if start.n == 1 && start.attempt == 1 {
                door.pass().await;
            }
            Ok(())
        }
    });
    rig.jobs([1]).await;
    eventually("it has started", async || journal.len() == 1).await;
    // somebody "cleans up" while it works
    rig.meddle("UPDATE apalis.jobs SET lock_by = NULL; DELETE FROM apalis.workers").await;
    rig.jobs([2]).await;
    eventually("it is signed on again and works", async || journal.all().contains(&2)).await;
    assert_eq!(rig.workers().await, std::slice::from_ref(&worker.id));
    rig.rest().await;
    gate.open();
    eventually("the outcome of the run it had lost is refused", async || worker.counts().stale_acks == 1).await;
    assert!(worker.is_running());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_queue_may_vanish_under_a_worker() {
    let (rig, journal, gate) = (Rig::new().await, Journal::default(), Gate::closed());
    let (noted, door) = (journal.clone(), gate.clone());
    let worker = rig.worker(quick(), move |start| {
        let (noted, door) = (noted.clone(), door.clone());
        async move {
            noted.note(start.n);
            door.pass().await;
            Ok(())
        }
    });
    rig.jobs([1]).await;
    eventually("it has started", async || journal.len() == 1).await;
    rig.meddle("TRUNCATE apalis.jobs, apalis.workers").await;
    gate.open();
    rig.jobs([2]).await;
    eventually("it carries on", async || journal.all() == [1, 2]).await;
    rig.rest().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_databases_clock_may_jump_either_way() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    // what a jump of the clock leaves behind: signs of life in the past, or in the future
    for (id, seen) in [("ahead", "now() + interval '1 hour'"), ("behind", "now() - interval '1 hour'")] {
        let sql = format!(
            "INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen) VALUES ('{id}', 'chores', 'test', {seen});
             INSERT INTO apalis.jobs (id, job_type, job, status, attempts, lock_by, lock_at)
             VALUES ('job of {id}', 'chores', '{{\"n\": 1}}', 'Running', 1, '{id}', {seen})"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&rig.pool).await.unwrap();
    }
    let worker = rig.worker(quick(), journal.keeper());
    rig.rest().await;
    assert_eq!(journal.len(), 2, "neither keeps its worker's jobs for ever");

    // the same to a worker that lives: it is thought dead at worst, and nothing is lost
    for jump in ["last_seen + interval '1 hour'", "last_seen - interval '1 hour'"] {
        let sql = format!("UPDATE apalis.workers SET last_seen = {jump}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&rig.pool).await.unwrap();
        rig.jobs([2]).await;
        rig.rest().await;
    }
    assert!(worker.is_running());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_job_keeps_its_lease_as_long_as_its_worker_lives() {
    let (rig, journal, gate) = (Rig::new().await, Journal::default(), Gate::closed());
    let (noted, door) = (journal.clone(), gate.clone());
    let config = Config { lease: Duration::from_secs(2), ..quick() };
    let worker = rig.worker(config.clone(), move |start| {
        let (noted, door) = (noted.clone(), door.clone());
        async move {
            noted.note(start.n);
            door.pass().await;
            assert!(start.lease.is_valid());
            Ok(())
        }
    });
    let id = rig.jobs([1]).await.remove(0);
    eventually("it has started", async || journal.len() == 1).await;
    let other = rig.worker(config, journal.keeper());
    eventually("it holds the job for longer than a lease", async || {
        sqlx::query_scalar::<_, bool>("SELECT lock_at < now() - interval '4 seconds' FROM apalis.jobs WHERE id = $1")
            .bind(&id)
            .fetch_one(&rig.pool)
            .await
            .unwrap()
    })
    .await;
    gate.open();
    rig.rest().await;
    assert_eq!(rig.row(&id).await.attempts, 1);
    assert_eq!(other.stop().await.rescued, 0);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_nobody_told_to_stop_says_that_it_died() {
    let rig = Rig::new().await;
    let worker = rig.worker(patient(), |_| futures::future::ready(Ok(())));
    eventually("it has looked once", async || worker.counts().claims > 0).await;
    worker.abort();
    assert!(matches!(worker.ended().await, ::queue::Ending::Died(_)));
}
