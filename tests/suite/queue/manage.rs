//! What an operator does to jobs and queues: a queue stands still for everybody, many dead jobs run again, one is called off.

use std::time::Duration;

use ::queue::{Failure, NewJob, Redrive, Stand, cancel, jobs, levels, pause, pauses, resume, workers};
use tests::eventually;

use super::rig::{Gate, Journal, QUEUE, Rig, chore, patient, quick};

impl Rig {
    /// The numbers of the jobs that stand so, as they are listed.
    async fn listed(&self, queue: Option<&str>, stand: Stand) -> Vec<String> {
        let found = jobs(&mut self.lent().await, queue, stand, None, 10, None).await.unwrap();
        found.into_iter().map(|job| job.payload.replace(|letter: char| !letter.is_ascii_digit(), "")).collect()
    }

    /// Runs dead jobs again, two at a time; how many of which queues.
    async fn redrive(&self, queue: Option<&str>, why: Option<&str>) -> Vec<(String, u64)> {
        let mut conn = self.lent().await;
        let mut pass = Redrive::begin(&mut conn, queue, why, None).await.unwrap();
        let mut driven = Vec::new();
        while let Some(batch) = pass.next(&mut conn, 2).await.unwrap() {
            driven.push((batch.queue, batch.jobs));
        }
        driven
    }
}

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
    let level = levels(&mut rig.lent().await, &[QUEUE], None).await.unwrap().remove(0);
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
    let listed = async |queue, stand, why| jobs(&mut rig.lent().await, queue, stand, why, 10, None).await.unwrap();
    assert_eq!(listed(Some(QUEUE), Stand::Dead, None).await.len(), 3);
    assert_eq!(listed(None, Stand::Dead, Some("luck")).await.len(), 2);
    assert_eq!(listed(None, Stand::Dead, Some("patience")).await, vec![]);
    assert_eq!(listed(Some("elsewhere"), Stand::Dead, None).await, vec![]);
    assert_eq!(rig.redrive(Some("elsewhere"), None).await, []);
    assert_eq!(rig.redrive(Some(QUEUE), Some("patience")).await, [(QUEUE.to_owned(), 0), (QUEUE.to_owned(), 0)]);
    let driven: u64 = rig.redrive(Some(QUEUE), Some("luck")).await.into_iter().map(|(_, jobs)| jobs).sum();
    assert_eq!(driven, 2);
    let due = listed(Some(QUEUE), Stand::Due, None).await;
    assert!(due.len() == 2 && due.iter().all(|job| job.attempts == 0), "{due:?}");

    assert!(cancel(&mut *conn, &due[0].id, "not wanted", None).await.unwrap());
    assert!(!cancel(&mut *conn, &due[0].id, "not wanted", None).await.unwrap(), "a dead job is not called off");
    let dead = listed(None, Stand::Dead, None).await;
    assert_eq!(dead.iter().filter(|job| job.said.as_deref() == Some("not wanted")).count(), 1);
    assert!(dead.iter().any(|job| job.id == ids[0]));

    assert_eq!(rig.redrive(None, None).await, [(QUEUE.to_owned(), 2)]);
    let well = rig.worker(quick(), journal.keeper());
    rig.rest().await;
    well.stop().await;
    assert_eq!(journal.sorted(), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_over_the_dead_drives_each_once_and_ends_although_they_die_again_at_once() {
    let rig = Rig::new().await;
    let ids = rig.jobs(0..7).await;
    let elsewhere = rig.put(&[NewJob::new("elsewhere", serde_json::json!(7))]).await.remove(0).unwrap();
    let mut conn = rig.pool.acquire().await.unwrap();
    let mut die = async |id: &str| cancel(&mut *conn, id, "no luck", None).await.unwrap();
    for id in ids.iter().chain([&elsewhere]) {
        assert!(die(id).await);
    }
    rig.meddle("UPDATE apalis.jobs SET done_at = date_trunc('second', done_at)").await; // the same moment for many
    let mut other = rig.lent().await;
    let mut pass = Redrive::begin(&mut other, None, Some("luck"), None).await.unwrap();
    let mut all = 0;
    while let Some(driven) = pass.next(&mut other, 3).await.unwrap() {
        all += driven.jobs;
        for id in ids.iter().chain([&elsewhere]) {
            die(id).await;
        }
    }
    assert_eq!(all, 8);
    rig.meddle("DELETE FROM apalis.jobs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_by_where_they_stand_the_next_to_run_first_and_of_what_ended_the_latest() {
    let (rig, gate, journal) = (Rig::new().await, Gate::closed(), Journal::default());
    let (door, noted) = (gate.clone(), journal.clone());
    let worker = rig.worker(patient(), move |start| {
        let (door, noted) = (door.clone(), noted.clone());
        async move {
            noted.note(start.n);
            if start.n > 2 {
                door.pass().await;
            }
            Ok(())
        }
    });
    for n in 1..=4 {
        rig.jobs([n]).await;
        eventually("it has started", async || journal.len() == usize::try_from(n).unwrap()).await;
    }
    eventually("two are done", async || worker.counts().acked == 2).await;
    let mut conn = rig.pool.acquire().await.unwrap();
    pause(&mut *conn, QUEUE, "a look", None).await.unwrap();
    let at = |n: i64, seconds: i64, priority| NewJob {
        due: Some(chrono::Utc::now() + chrono::TimeDelta::seconds(seconds)),
        priority,
        ..chore(n)
    };
    rig.put(&[at(5, -10, 0), at(6, -20, 0), at(7, -5, 3), at(8, 600, 0), at(9, 900, 3)]).await;
    rig.put(&[NewJob { due: at(0, 700, 0).due, ..NewJob::new("elsewhere", serde_json::json!(10)) }]).await;
    assert_eq!(rig.listed(None, Stand::Done).await, ["2", "1"]);
    assert_eq!(rig.listed(Some(QUEUE), Stand::Running).await, ["3", "4"]);
    assert_eq!(rig.listed(None, Stand::Due).await, ["7", "6", "5"]);
    assert_eq!(rig.listed(None, Stand::Scheduled).await, ["8", "10", "9"]);
    assert_eq!(rig.listed(Some("elsewhere"), Stand::Scheduled).await, ["10"]);
    assert_eq!(rig.listed(Some("elsewhere"), Stand::Done).await, Vec::<String>::new());
    gate.open();
    worker.stop().await;
    rig.meddle("DELETE FROM apalis.jobs").await;
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
    let seen = levels(&mut rig.lent().await, &[QUEUE], None).await.unwrap();
    assert!(seen.iter().any(|level| level.queue == "newer_kind" && level.due == 1 && level.workers == 0), "{seen:?}");
    assert!(workers(&rig.pool, Duration::from_secs(30)).await.unwrap().iter().all(|worker| worker.queue == QUEUE));
    old.stop().await;
    rig.meddle("DELETE FROM apalis.jobs").await;
}
