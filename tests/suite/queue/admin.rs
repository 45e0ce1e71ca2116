//! Looking at the queues, trying dead jobs again, removing what is finished.

use std::time::Duration;

use ::queue::{Config, Failure, NewJob, dead, depth, prune, prune_dead, redrive};
use tests::eventually;

use super::rig::{Gate, Journal, QUEUE, Rig, chore, patient};

#[tokio::test(flavor = "multi_thread")]
async fn depth_counts_every_job_where_it_stands() {
    let (rig, gate, journal) = (Rig::new().await, Gate::closed(), Journal::default());
    let (door, noted) = (gate.clone(), journal.clone());
    let worker = rig.worker(Config { concurrency: 1, ..patient() }, move |start| {
        let (door, noted) = (door.clone(), noted.clone());
        async move {
            noted.note(start.n);
            match start.n {
                1 => Ok(()),
                2 => Err(Failure::abandon("no")),
                3 => Err(Failure::retry_after(Duration::from_secs(3600), "later")),
                _ => {
                    door.pass().await;
                    Ok(())
                }
            }
        }
    });
    let ahead = |n: i64| NewJob { priority: i32::try_from(100 - n).unwrap(), ..chore(n) };
    rig.put(&[ahead(1), ahead(2), ahead(3), ahead(4), ahead(5), ahead(6)]).await;
    rig.put(&[NewJob { delay: Duration::from_secs(60), ..chore(7) }, NewJob::new("elsewhere", serde_json::json!(1))])
        .await;
    eventually("the fourth is under way", async || journal.all() == [1, 2, 3, 4]).await;
    eventually("the outcomes of the others are written", async || worker.counts().acked == 3).await;
    let depths = depth(&mut rig.lent().await, None).await.unwrap();
    assert_eq!(depths.len(), 2);
    let here = &depths[0];
    assert_eq!(here.queue, QUEUE);
    assert_eq!((here.due, here.scheduled, here.running, here.dead, here.done), (2, 2, 1, 1, Some(1)));
    assert!(here.oldest_due.is_some());
    assert_eq!((depths[1].queue.as_str(), depths[1].due), ("elsewhere", 1));
    gate.open();
    eventually("the rest is done", async || worker.counts().done == 4).await;
    worker.stop().await;
    assert_eq!(depth(&mut rig.lent().await, None).await.unwrap()[0].oldest_due, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_job_is_listed_with_its_reason_and_runs_again_when_redriven() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let noted = journal.clone();
    let worker = rig.worker(patient(), move |start| {
        noted.note(start.n);
        let first = noted.len() <= 2;
        async move { if first { Err(Failure::retry("the far side is gone")) } else { Ok(()) } }
    });
    let job = NewJob { max_attempts: 2, key: Some("row 1".into()), ..chore(1) };
    let id = rig.put(std::slice::from_ref(&job)).await.remove(0).unwrap();
    rig.rest().await;
    let listed = dead(&mut rig.lent().await, Some(QUEUE), None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    let one = &listed[0];
    assert_eq!((one.id.as_str(), one.attempts, one.why.as_str()), (id.as_str(), 2, "the far side is gone"));
    assert_eq!((one.payload.as_str(), one.key.as_deref()), (r#"{"n":1}"#, Some("row 1")));
    for (queue, why) in [("elsewhere", None), (QUEUE, Some("the near side"))] {
        assert_eq!(dead(&mut rig.lent().await, Some(queue), why, 10).await.unwrap(), vec![]);
    }
    assert_eq!(dead(&mut rig.lent().await, None, Some("far side"), 10).await.unwrap(), listed);

    assert_eq!(redrive(&rig.pool, &id, None).await.unwrap().as_deref(), Some(QUEUE));
    rig.bell.ring([QUEUE]);
    rig.rest().await;
    worker.stop().await;
    let row = rig.row(&id).await;
    assert_eq!((row.status.as_str(), row.attempts, journal.len()), ("Done", 1, 3));
    assert_eq!(redrive(&rig.pool, &id, None).await.unwrap(), None, "only the dead are redriven");
    assert_eq!(rig.put(&[job]).await, [None], "and it has kept its key");
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_removes_what_is_finished_and_old_in_batches_and_nothing_else() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let noted = journal.clone();
    let worker = rig.worker(patient(), move |start| {
        noted.note(start.n);
        async move { if start.n == 0 { Err(Failure::abandon("no")) } else { Ok(()) } }
    });
    rig.jobs(0..8).await;
    rig.rest().await;
    worker.stop().await;
    let waiting = rig.put(&[NewJob { delay: Duration::from_secs(60), ..chore(9) }]).await.remove(0).unwrap();
    let day = Duration::from_secs(86_400);
    assert_eq!(prune(&mut rig.lent().await, day, 100, None).await.unwrap(), 0, "too young");
    rig.meddle("UPDATE apalis.jobs SET done_at = done_at - interval '2 days'").await;
    assert_eq!(prune(&mut rig.lent().await, day, 5, None).await.unwrap(), 5);
    assert_eq!(prune(&mut rig.lent().await, day, 5, None).await.unwrap(), 2);
    assert_eq!(rig.rows().await.len(), 2, "the dead one waits for somebody");
    assert_eq!(prune_dead(&mut rig.lent().await, day, 5, None).await.unwrap(), 1);
    assert_eq!(rig.rows().await.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), [waiting.as_str()]);
}

#[tokio::test]
async fn the_queues_indexes_are_each_there_once() {
    let rig = Rig::new().await;
    let mut names: Vec<String> =
        sqlx::query_scalar("SELECT indexname::text FROM pg_indexes WHERE schemaname = 'apalis' AND tablename = 'jobs'")
            .fetch_all(&rig.pool)
            .await
            .unwrap();
    names.sort();
    let expected = [
        "idx_apalis_jobs_fetch_partial",
        "idx_apalis_jobs_lock_by",
        "idx_jobs_idempotency_key",
        "jobs_dead_by_queue",
        "jobs_done_by_queue",
        "jobs_held",
        "jobs_pkey",
    ];
    assert_eq!(names, expected);
}
