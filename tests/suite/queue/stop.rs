//! Stopping: nothing is stranded, nothing is run twice, no attempt is lost.

use std::time::Duration;

use ::queue::{Config, Ending};
use tests::eventually;

use super::rig::{Gate, Journal, Rig, patient};

#[tokio::test(flavor = "multi_thread")]
async fn twenty_five_stops_under_load_strand_nothing_and_cost_no_attempt() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    for round in 0..25 {
        rig.jobs(round * 40..round * 40 + 40).await;
        let noted = journal.clone();
        let worker = rig.worker(Config { concurrency: 8, ..patient() }, move |start| {
            let noted = noted.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(u64::try_from(start.n % 7).unwrap())).await;
                noted.note(start.n);
                Ok(())
            }
        });
        let before = journal.len();
        eventually("it is in the middle of things", async || journal.len() > before + 4).await;
        worker.stop().await;
        let held: Vec<_> = rig.rows().await.into_iter().filter(|row| row.lock_by.is_some()).collect();
        assert!(held.is_empty(), "round {round}: {held:?}");
        assert!(rig.workers().await.is_empty(), "round {round}: signed off");
    }
    let last = rig.worker(patient(), journal.keeper());
    rig.rest().await;
    last.stop().await;
    assert_eq!(journal.sorted(), (0..1000).collect::<Vec<_>>(), "each exactly once");
    assert!(rig.rows().await.iter().all(|row| row.attempts == 1 && row.status == "Done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_waited_for_and_nothing_new_is_claimed() {
    let (rig, journal, gate) = (Rig::new().await, Journal::default(), Gate::closed());
    let (noted, door) = (journal.clone(), gate.clone());
    let worker = rig.worker(patient(), move |start| {
        let (noted, door) = (noted.clone(), door.clone());
        async move {
            noted.note(start.n);
            door.pass().await;
            Ok(())
        }
    });
    let first = rig.jobs([1]).await.remove(0);
    eventually("it has started", async || journal.len() == 1).await;
    worker.tell_to_stop().await;
    let second = rig.jobs([2]).await.remove(0);
    assert!(worker.is_running());
    gate.open();
    assert_eq!(worker.ended().await, Ending::Stopped);
    assert_eq!(rig.row(&first).await.status, "Done");
    let row = rig.row(&second).await;
    assert_eq!((row.status.as_str(), row.attempts), ("Pending", 0));
    assert!(rig.workers().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_outlives_the_grace_period_is_cut_and_given_back_with_its_attempt() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let noted = journal.clone();
    let config = Config { grace: Duration::from_millis(50), ..patient() };
    let worker = rig.worker(config, move |start| {
        noted.note(start.n);
        std::future::pending()
    });
    let id = rig.jobs([1]).await.remove(0);
    eventually("it has started", async || journal.len() == 1).await;
    worker.stop().await;
    let row = rig.row(&id).await;
    assert_eq!((row.status.as_str(), row.attempts), ("Pending", 0));
    assert!(row.due_in_ms <= 0 && row.lock_by.is_none(), "another worker may take it at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_claimed_but_not_started_is_given_back_unharmed() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let worker = rig.worker(patient(), journal.keeper());
    eventually("it has looked once", async || worker.counts().claims > 0).await;
    // its next claim waits for the worker's row, and is told to stop before it comes back
    let mut holder = rig.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM apalis.workers FOR UPDATE").execute(&mut *holder).await.unwrap();
    rig.jobs(0..5).await;
    eventually("the claim is under way", async || rig.claiming().await).await;
    worker.tell_to_stop().await;
    holder.commit().await.unwrap();
    assert_eq!(worker.ended().await, Ending::Stopped);
    assert!(rig.rows().await.iter().all(|row| (row.status.as_str(), row.attempts) == ("Pending", 0)));
    assert_eq!(journal.len(), 0);
}
