//! Jobs enter the queue with the caller's transaction, once per key, on the database's clock.

use std::time::Duration;

use ::queue::{NewJob, enqueue, enqueue_at};
use chrono::{DateTime, TimeDelta};

use super::rig::{Journal, QUEUE, Rig, chore, patient};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_enqueued_by_a_committed_transaction_runs_once() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let worker = rig.worker(patient(), journal.keeper());
    rig.jobs([7]).await;
    rig.rest().await;
    worker.stop().await;
    assert_eq!(journal.all(), [7]);
}

#[tokio::test]
async fn a_rolled_back_transaction_leaves_no_job() {
    let rig = Rig::new().await;
    let mut tx = rig.pool.begin().await.unwrap();
    assert!(enqueue(&mut *tx, &[chore(1)]).await.unwrap()[0].is_some());
    tx.rollback().await.unwrap();
    assert!(rig.rows().await.is_empty());
}

#[tokio::test]
async fn a_duplicate_key_is_no_new_job_and_does_not_abort_the_transaction() {
    let rig = Rig::new().await;
    let keyed = |key: &str| NewJob { key: Some(key.to_owned()), ..chore(1) };
    let mut tx = rig.pool.begin().await.unwrap();
    let first = enqueue(&mut *tx, &[keyed("a"), keyed("b"), keyed("a")]).await.unwrap();
    let second = enqueue(&mut *tx, &[keyed("c"), keyed("b")]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(first.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(second.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
    assert_eq!(rig.rows().await.len(), 3);
}

#[tokio::test]
async fn jobs_without_a_key_and_equal_keys_in_different_queues_never_collide() {
    let rig = Rig::new().await;
    let elsewhere = NewJob { key: Some("a".into()), ..NewJob::new("elsewhere", serde_json::json!({})) };
    let here = NewJob { key: Some("a".into()), ..chore(1) };
    let ids = rig.put(&[chore(1), chore(1), here, elsewhere]).await;
    assert!(ids.iter().all(Option::is_some));
}

#[tokio::test]
async fn a_job_is_due_after_its_delay_or_at_its_time() {
    let rig = Rig::new().await;
    let delayed = NewJob { delay: Duration::from_secs(3600), ..chore(1) };
    let now = DateTime::from_timestamp(2_000_000_000, 0).unwrap();
    let timed = NewJob { due: Some(now), ..delayed.clone() };
    let ids = rig.put(&[delayed.clone(), timed]).await;
    let due_in = |n: usize| {
        let id = ids[n].clone().unwrap();
        let rig = &rig;
        async move { rig.row(&id).await.due_in_ms }
    };
    let hour = 3_600_000;
    assert!((hour - 60_000..=hour).contains(&due_in(0).await));
    let mut conn = rig.pool.acquire().await.unwrap();
    let same: bool = sqlx::query_scalar("SELECT run_at = to_timestamp(2000000000) FROM apalis.jobs WHERE id = $1")
        .bind(ids[1].clone())
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert!(same);

    let given = enqueue_at(&mut *conn, &[delayed], Some(now - TimeDelta::hours(1))).await.unwrap();
    let same: bool = sqlx::query_scalar("SELECT run_at = to_timestamp(2000000000) FROM apalis.jobs WHERE id = $1")
        .bind(given[0].clone())
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert!(same, "a given clock counts instead of the database's");
}

#[tokio::test]
async fn an_enqueue_in_an_open_transaction_notifies_nobody() {
    let rig = Rig::new().await;
    let triggers: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_trigger WHERE tgname = 'notify_workers'")
        .fetch_one(&rig.pool)
        .await
        .unwrap();
    assert_eq!(triggers, 0, "a NOTIFY inside the transaction makes commits queue behind one another");
}

#[tokio::test(flavor = "multi_thread")]
async fn higher_priority_runs_first() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let of = |n: i64, priority: i32| NewJob { priority, queue: QUEUE.into(), ..chore(n) };
    rig.put(&[of(1, 0), of(2, -5), of(3, 9)]).await;
    let worker = rig.worker(::queue::Config { concurrency: 1, ..patient() }, journal.keeper());
    rig.rest().await;
    worker.stop().await;
    assert_eq!(journal.all(), [3, 1, 2]);
}
