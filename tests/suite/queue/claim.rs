//! Claiming: exactly what there is room for, through the partial index, each job by one worker.

use std::time::Duration;

use ::queue::Config;
use sqlx::Connection;
use tests::{Database, eventually};

use super::rig::{Gate, Journal, QUEUE, Rig, patient};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_holds_no_more_jobs_than_it_may_run() {
    let (rig, journal, gate) = (Rig::new().await, Journal::default(), Gate::closed());
    let (noted, door) = (journal.clone(), gate.clone());
    let worker = rig.worker(Config { concurrency: 3, ..patient() }, move |start| {
        let (noted, door) = (noted.clone(), door.clone());
        async move {
            noted.note(start.n);
            door.pass().await;
            Ok(())
        }
    });
    rig.jobs(0..10).await;
    eventually("three have started", async || journal.len() == 3).await;
    for _ in 0..5 {
        rig.bell.ring([QUEUE]);
        tokio::task::yield_now().await;
    }
    let held = rig.rows().await.into_iter().filter(|row| row.status == "Running").count();
    assert_eq!(held, 3, "nothing is kept in stock");
    gate.open();
    rig.rest().await;
    let counts = worker.stop().await;
    assert_eq!(journal.sorted(), (0..10).collect::<Vec<_>>());
    assert_eq!((counts.claimed, counts.done), (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_configured_alike_share_the_jobs_and_run_each_once() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let workers = [rig.worker(patient(), journal.keeper()), rig.worker(patient(), journal.keeper())];
    eventually("both are signed on", async || rig.workers().await.len() == 2).await;
    assert_ne!(workers[0].id, workers[1].id);
    for hundred in 0..5 {
        rig.jobs(hundred * 100..hundred * 100 + 100).await;
    }
    rig.rest().await;
    assert_eq!(journal.sorted(), (0..500).collect::<Vec<_>>());
    for worker in workers {
        let counts = worker.stop().await;
        assert_eq!((counts.rescued, counts.stale_acks), (0, 0));
    }
    assert!(rig.workers().await.is_empty(), "both have signed off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_one_queue_leaves_the_others_alone() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let elsewhere = ::queue::NewJob::new("elsewhere", serde_json::json!({ "n": 1 }));
    let ids = rig.put(&[elsewhere]).await;
    rig.jobs([2]).await;
    let worker = rig.worker(patient(), journal.keeper());
    eventually("its own is done", async || journal.all() == [2]).await;
    worker.stop().await;
    assert_eq!(rig.row(ids[0].as_ref().unwrap()).await.status, "Pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn due_jobs_follow_the_given_clock() {
    use std::sync::{Arc, Mutex};
    let (rig, journal) = (Rig::new().await, Journal::default());
    let start = chrono::DateTime::from_timestamp(2_000_000_000, 0).unwrap();
    let time = Arc::new(Mutex::new(start));
    let read = time.clone();
    let clock = ::queue::Clock::given(move || *read.lock().unwrap());
    let due = |n, hours| ::queue::NewJob { due: Some(start + chrono::TimeDelta::hours(hours)), ..super::rig::chore(n) };
    rig.put(&[due(1, 0), due(2, 2)]).await;
    let worker = rig.worker(Config { clock, ..patient() }, journal.keeper());
    eventually("the due one ran", async || journal.all() == [1]).await;
    *time.lock().unwrap() = start + chrono::TimeDelta::hours(3);
    rig.rest().await;
    // and a clock that jumps back breaks nothing
    *time.lock().unwrap() = start - chrono::TimeDelta::hours(3);
    rig.put(&[due(3, -4)]).await;
    rig.rest().await;
    assert_eq!(journal.all(), [1, 2, 3]);
    assert_eq!(worker.stop().await.rescued, 0, "signs of life do not follow it");
}

/// The claim exactly as the crate was compiled with it.
fn claim_sql() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../.sqlx");
    let claims: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .map(|text| serde_json::from_str::<serde_json::Value>(&text).unwrap()["query"].as_str().unwrap().to_owned())
        .filter(|sql| sql.contains("SET status = 'Running'") && sql.contains("SKIP LOCKED"))
        .collect();
    assert_eq!(claims.len(), 1, "{claims:?}");
    claims.into_iter().next().unwrap()
}

/// A plan's nodes, itself first.
pub(super) fn nodes(plan: &serde_json::Value) -> Vec<&serde_json::Value> {
    let below = plan["Plans"].as_array().into_iter().flatten().flat_map(nodes);
    std::iter::once(plan).chain(below).collect()
}

#[tokio::test]
async fn a_claim_among_hundreds_of_thousands_reads_only_its_batch_through_the_partial_index() {
    let db = Database::new().await;
    let mut conn = db.pool.acquire().await.unwrap();
    for sql in [
        "ALTER TABLE apalis.jobs DISABLE TRIGGER ALL",
        "INSERT INTO apalis.jobs (id, job_type, job, status, run_at, priority)
         SELECT 'job ' || n, CASE WHEN n % 10 = 0 THEN 'others' ELSE 'chores' END, '{}', 'Pending', now() - n * interval '1 ms', 0
           FROM generate_series(1, 300000) AS n",
        "INSERT INTO apalis.workers (id, worker_type, storage_name) VALUES ('me', 'chores', 'test')",
        "ANALYZE apalis.jobs",
        "SET plan_cache_mode = force_generic_plan",
    ] {
        sqlx::query(sql).execute(&mut *conn).await.unwrap();
    }
    let explain = format!("PREPARE claim (text, timestamptz, text, bigint) AS {}", claim_sql());
    sqlx::raw_sql(sqlx::AssertSqlSafe(explain)).execute(&mut *conn).await.unwrap();
    let (plan,): (serde_json::Value,) =
        sqlx::query_as("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE claim ('me', NULL, 'chores', 50)")
            .persistent(false)
            .fetch_one(&mut *conn)
            .await
            .unwrap();
    let nodes = nodes(&plan[0]["Plan"]);
    assert!(nodes.iter().all(|node| node["Node Type"] != "Seq Scan"), "{plan:#}");
    let scan = nodes.iter().find(|node| node["Index Name"] == "idx_apalis_jobs_fetch_partial").expect("the index");
    assert_eq!(scan["Actual Rows"], 50, "{plan:#}");
    assert!(scan["Rows Removed by Filter"].as_i64().unwrap_or(0) <= 50, "{plan:#}");
    conn.close_on_drop();
    let _ = tokio::time::timeout(Duration::from_secs(5), conn.ping()).await;
}
