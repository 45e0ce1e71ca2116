//! What becomes of a job: done, again, later, never; and that nothing one job does touches another.

use std::time::Duration;

use ::queue::{Backoff, Config, Failure, NewJob, PgQueue};
use apalis_core::worker::{builder::WorkerBuilder, context::WorkerContext};
use tests::eventually;

use super::rig::{Chore, Gate, Journal, QUEUE, Rig, chore, patient};

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_tried_again_after_its_backoff_until_it_succeeds() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let noted = journal.clone();
    let worker = rig.worker(patient(), move |start| {
        noted.note(i64::try_from(start.attempt).unwrap());
        async move { if start.attempt < 3 { Err(Failure::retry("not yet")) } else { Ok(()) } }
    });
    let ids = rig.jobs([1]).await;
    rig.rest().await;
    let counts = worker.stop().await;
    assert_eq!(journal.all(), [1, 2, 3]);
    assert_eq!((counts.retried, counts.done), (2, 1));
    let row = rig.row(&ids[0]).await;
    assert_eq!((row.status.as_str(), row.attempts), ("Done", 3));
    assert!(row.is_finished && row.lock_by.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backoff_is_stored_with_the_row_and_outlives_the_worker() {
    let rig = Rig::new().await;
    let hours = Failure::retry_after(Duration::from_secs(7200), "rate limited");
    let worker = rig.worker(patient(), move |_| futures::future::ready(Err(hours.clone())));
    let id = rig.jobs([1]).await.remove(0);
    eventually("it failed once", async || rig.row(&id).await.status == "Failed").await;
    worker.crash().await;
    let row = rig.row(&id).await;
    assert!(row.due_in_ms > 7_000_000 && row.lock_by.is_none() && !row.is_finished && !row.is_over());
    assert!(row.said().contains("rate limited"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_out_of_attempts_is_dead_with_its_reason() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let noted = journal.clone();
    let worker = rig.worker(patient(), move |start| {
        noted.note(start.n);
        futures::future::ready(Err(Failure::retry("the far side is gone")))
    });
    let id = rig.put(&[NewJob { max_attempts: 3, ..chore(1) }]).await.remove(0).unwrap();
    rig.rest().await;
    worker.stop().await;
    let row = rig.row(&id).await;
    assert!(row.is_dead() && row.is_finished, "{row:?}");
    assert_eq!(journal.len(), 3);
    assert!(row.said().contains("the far side is gone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_job_is_killed_at_once_with_its_reason() {
    let rig = Rig::new().await;
    let worker = rig.worker(patient(), |_| futures::future::ready(Err(Failure::abandon("no such row"))));
    let id = rig.jobs([1]).await.remove(0);
    rig.rest().await;
    let counts = worker.stop().await;
    let row = rig.row(&id).await;
    assert_eq!((row.status.as_str(), row.attempts, counts.dead), ("Killed", 1, 1));
    assert!(row.said().contains("no such row"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_costs_no_attempt_however_often() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let noted = journal.clone();
    let worker = rig.worker(patient(), move |start| {
        noted.note(i64::try_from(start.attempt).unwrap());
        let snoozed = noted.len() < 6;
        async move { if snoozed { Err(Failure::snooze(Duration::from_millis(5), "still busy")) } else { Ok(()) } }
    });
    let id = rig.put(&[NewJob { max_attempts: 1, ..chore(1) }]).await.remove(0).unwrap();
    rig.rest().await;
    worker.stop().await;
    assert_eq!(journal.all(), [1, 1, 1, 1, 1, 1]);
    let row = rig.row(&id).await;
    assert_eq!((row.status.as_str(), row.attempts), ("Done", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_its_job_and_nothing_else() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let noted = journal.clone();
    let worker = rig.worker(patient(), move |start| {
        // before and within the future
        assert!(start.n != 1, "boom at once");
        let noted = noted.clone();
        async move {
            assert!(start.n != 2, "boom later");
            noted.note(start.n);
            Ok(())
        }
    });
    let jobs: Vec<NewJob> = (1..=20).map(|n| NewJob { max_attempts: 2, ..chore(n) }).collect();
    let ids = rig.put(&jobs).await;
    rig.rest().await;
    let counts = worker.stop().await;
    assert_eq!(journal.sorted(), (3..=20).collect::<Vec<_>>());
    assert_eq!(counts.panicked, 4);
    for (n, words) in [(0, "boom at once"), (1, "boom later")] {
        let row = rig.row(ids[n].as_ref().unwrap()).await;
        assert!(row.is_dead() && row.said().contains(words), "{row:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_before_it_has_a_future_ends_only_its_job_too() {
    let rig = Rig::new().await;
    let queue = PgQueue::<Chore>::new(rig.db.pool(4), patient(), &rig.bell);
    let context = WorkerContext::new("worker");
    let worker = WorkerBuilder::new(&context)
        .backend(queue)
        .build(|_: Chore| -> futures::future::Ready<Result<(), Failure>> { panic!("boom at once") });
    let running = tokio::spawn(worker.run());
    let id = rig.put(&[NewJob { max_attempts: 2, ..chore(1) }]).await.remove(0).unwrap();
    rig.rest().await;
    assert!(!running.is_finished());
    assert!(rig.row(&id).await.said().contains("boom at once"));
    context.stop().unwrap();
    // apalis cannot count that job as over, so the end is an error; but it comes
    assert!(running.await.unwrap().is_err());
    assert!(rig.workers().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_past_its_limit_is_cut_and_tried_again() {
    let rig = Rig::new().await;
    let config = Config { job_timeout: Some(Duration::from_millis(50)), ..patient() };
    let worker = rig.worker(config, |start| async move {
        if start.attempt == 1 {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let id = rig.jobs([1]).await.remove(0);
    rig.rest().await;
    let counts = worker.stop().await;
    let row = rig.row(&id).await;
    assert_eq!((row.status.as_str(), row.attempts, counts.timed_out), ("Done", 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_past_its_limit_that_cannot_be_cut_loses_its_lease() {
    let rig = Rig::new().await;
    let config = Config { job_timeout: Some(Duration::from_millis(50)), ..patient() };
    let (seen, mut told) = tokio::sync::mpsc::unbounded_channel();
    let worker = rig.worker(config, move |start| {
        let seen = seen.clone();
        async move {
            if start.attempt == 1 {
                // blocks its thread, so cutting it has to wait
                while start.lease.is_valid() {
                    std::thread::yield_now();
                }
                seen.send(()).unwrap();
            }
            Ok(())
        }
    });
    rig.jobs([1]).await;
    told.recv().await.expect("the blocked run notices");
    rig.rest().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undecodable_payload_is_parked_with_its_reason_and_nothing_else_happens() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let bad = NewJob::new(QUEUE, serde_json::json!({ "unknown": "kind" }));
    let ids = rig.put(&[chore(1), bad, chore(2)]).await;
    rig.meddle(
        r#"INSERT INTO apalis.jobs (id, job_type, job, status) VALUES
          ('not json', 'chores', '\x00ff', 'Pending'), ('', 'chores', '{"n": 3}', 'Pending')"#,
    )
    .await;
    let worker = rig.worker(patient(), journal.keeper());
    rig.rest().await;
    assert!(worker.is_running());
    let counts = worker.stop().await;
    assert_eq!(journal.sorted(), [1, 2]);
    assert_eq!(counts.undecodable, 3);
    for id in [ids[1].as_deref().unwrap(), "not json", ""] {
        let row = rig.row(id).await;
        assert_eq!((row.status.as_str(), row.attempts), ("Killed", 1), "{row:?}");
        assert!(row.said().contains("undecodable") || row.said().contains("bad id"), "{row:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_the_database_cannot_hold_are_made_to_fit() {
    let rig = Rig::new().await;
    let worker = rig.worker(patient(), |_| futures::future::ready(Err(Failure::abandon("nul \0 inside"))));
    let id = rig.jobs([1]).await.remove(0);
    rig.rest().await;
    worker.stop().await;
    assert!(rig.row(&id).await.said().contains("nul \u{fffd} inside"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_outcome_the_database_refuses_does_not_spoil_the_others() {
    let (rig, journal, gate) = (Rig::new().await, Journal::default(), Gate::closed());
    for sql in [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.status = 'Done' AND convert_from(NEW.job, 'UTF8') = '{\"n\":4}' THEN RAISE EXCEPTION 'not this one'; END IF;
           RETURN NEW; END $$",
        "CREATE TRIGGER refuse BEFORE UPDATE ON apalis.jobs FOR EACH ROW EXECUTE FUNCTION refuse()",
    ] {
        rig.meddle(sql).await;
    }
    let (noted, door) = (journal.clone(), gate.clone());
    let config =
        Config { concurrency: 20, backoff: Backoff { base: Duration::ZERO, ..Backoff::default() }, ..patient() };
    let worker = rig.worker(config, move |start| {
        let (noted, door) = (noted.clone(), door.clone());
        async move {
            noted.note(start.n);
            // all of them end at once, in one batch
            door.pass().await;
            Ok(())
        }
    });
    rig.jobs(0..20).await;
    eventually("all have started", async || journal.len() == 20).await;
    gate.open();
    eventually("the good ones are done and the bad one is let go", async || {
        (worker.counts().acked, worker.counts().lost_acks) == (19, 1)
    })
    .await;
    let open: Vec<_> = rig.rows().await.into_iter().filter(|row| !row.is_over()).collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].status, "Running");
}
