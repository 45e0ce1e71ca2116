//! What an operator does to jobs and queues: a queue stands still for everybody, many dead jobs run again, one is called off.

use std::time::Duration;

use ::queue::{Failure, NewJob, Stand, cancel, jobs, levels, pause, pauses, redrive_many, resume, workers};
use tests::eventually;

use super::rig::{Journal, QUEUE, Rig, quick};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_claims_from_a_paused_queue_and_it_goes_on_where_it_was() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let mut conn = rig.pool.acquire().await.unwrap();
    pause(&mut *conn, QUEUE, "a look at the engine", None).await.unwrap();
    let crew = [rig.worker(quick(), journal.keeper()), rig.worker(quick(), journal.keeper())];
    let id = rig.jobs([1]).await.remove(0);
    let looked = crew.each_ref().map(|worker| worker.counts().claims);
    eventually("both have looked for jobs several times", async || {
        crew.iter().zip(looked).all(|(worker, before)| worker.counts().claims > before + 3)
    })
    .await;
    let row = rig.row(&id).await;
    assert_eq!((row.status.as_str(), row.attempts, journal.len()), ("Pending", 0, 0));
    assert_eq!(pauses(&rig.pool).await.unwrap().remove(0).why, "a look at the engine");
    let level = levels(&rig.pool, &[QUEUE], None).await.unwrap().remove(0);
    assert!(level.paused && level.due == 1 && level.workers == 2, "{level:?}");

    assert!(resume(&mut *conn, QUEUE).await.unwrap());
    assert!(!resume(&mut *conn, QUEUE).await.unwrap(), "it was on its way already");
    rig.rest().await;
    for worker in crew {
        worker.stop().await;
    }
    assert_eq!(journal.sorted(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_jobs_run_again_by_queue_and_by_reason_and_a_waiting_one_can_be_called_off() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let worker =
        rig.worker(
            quick(),
            |start| async move { Err(Failure::abandon(if start.n == 1 { "no disk" } else { "no luck" })) },
        );
    let ids = rig.jobs([1, 2, 3]).await;
    rig.rest().await;
    worker.stop().await;
    let mut conn = rig.pool.acquire().await.unwrap();
    let listed = async |queue, stand, why| jobs(&rig.pool, queue, stand, why, 10, None).await.unwrap();
    assert_eq!(listed(Some(QUEUE), Stand::Dead, None).await.len(), 3);
    assert_eq!(listed(None, Stand::Dead, Some("luck")).await.len(), 2);
    assert_eq!(listed(None, Stand::Dead, Some("patience")).await, vec![]);
    assert_eq!(listed(Some("elsewhere"), Stand::Dead, None).await, vec![]);
    assert_eq!(redrive_many(&mut *conn, Some("elsewhere"), None, 10, None).await.unwrap(), Vec::<String>::new());
    assert_eq!(redrive_many(&mut *conn, Some(QUEUE), Some("luck"), 10, None).await.unwrap(), [QUEUE, QUEUE]);
    let due = listed(Some(QUEUE), Stand::Due, None).await;
    assert!(due.len() == 2 && due.iter().all(|job| job.attempts == 0), "{due:?}");

    assert!(cancel(&mut *conn, &due[0].id, "not wanted", None).await.unwrap());
    assert!(!cancel(&mut *conn, &due[0].id, "not wanted", None).await.unwrap(), "a dead job is not called off");
    let dead = listed(None, Stand::Dead, None).await;
    assert_eq!(dead.iter().filter(|job| job.said.as_deref() == Some("not wanted")).count(), 1);
    assert!(dead.iter().any(|job| job.id == ids[0]));

    assert_eq!(redrive_many(&mut *conn, None, None, 10, None).await.unwrap().len(), 2);
    let well = rig.worker(quick(), journal.keeper());
    rig.rest().await;
    well.stop().await;
    assert_eq!(journal.sorted(), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_kind_nobody_here_knows_wait_for_those_who_do_and_are_seen() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let old = rig.worker(quick(), journal.keeper());
    let newer = rig.put(&[NewJob::new("newer_kind", serde_json::json!({ "what": "ever" }))]).await.remove(0).unwrap();
    rig.jobs([1]).await;
    eventually("the known one is done", async || journal.len() == 1).await;
    let row = rig.row(&newer).await;
    assert_eq!((row.status.as_str(), row.attempts), ("Pending", 0));
    let seen = levels(&rig.pool, &[QUEUE], None).await.unwrap();
    assert!(seen.iter().any(|level| level.queue == "newer_kind" && level.due == 1 && level.workers == 0), "{seen:?}");
    assert!(workers(&rig.pool, Duration::from_secs(30)).await.unwrap().iter().all(|worker| worker.queue == QUEUE));
    old.stop().await;
    rig.meddle("DELETE FROM apalis.jobs").await;
}
