//! Ticks: once per fleet, the latest only, on one clock.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ::queue::{
    Clock, Config,
    cron::{Clockwork, Schedule, ring},
};
use chrono::{DateTime, TimeDelta, Utc};
use tests::eventually;

use super::rig::{Journal, QUEUE, Rig, patient};

fn minutely() -> Schedule {
    Schedule::new("tidy", QUEUE, serde_json::json!({ "n": 1 }), Duration::from_secs(60))
}

fn midnight() -> DateTime<Utc> {
    DateTime::from_timestamp(1_999_987_200, 0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_processes_ring_ten_ticks_ten_times() {
    let rig = Rig::new().await;
    let mut ticks = 0;
    for tick in 0..10 {
        let now = midnight() + TimeDelta::minutes(tick);
        let five = (0..5).map(|_| async {
            let mut conn = rig.pool.acquire().await.unwrap();
            ring(&mut *conn, &minutely(), Some(now)).await.unwrap()
        });
        let rung = futures::future::join_all(five).await;
        assert_eq!(rung.iter().filter(|tick| tick.rung).count(), 1);
        assert!(rung.iter().all(|tick| tick.next_in == Duration::from_secs(60)));
        ticks += 1;
    }
    assert_eq!(rig.rows().await.len(), ticks);
}

#[tokio::test]
async fn after_an_outage_only_the_latest_tick_is_rung() {
    let rig = Rig::new().await;
    let mut conn = rig.pool.acquire().await.unwrap();
    let mut at = async |minutes: i64, seconds: i64| {
        let now = midnight() + TimeDelta::minutes(minutes) + TimeDelta::seconds(seconds);
        ring(&mut *conn, &minutely(), Some(now)).await.unwrap()
    };
    assert!(at(0, 5).await.rung);
    let late = at(60, 20).await;
    assert!(late.rung);
    assert_eq!(late.next_in, Duration::from_secs(40));
    assert!(!at(60, 59).await.rung, "the same tick");
    assert!(!at(0, 50).await.rung, "nor an old one after the clock jumped back");
    assert_eq!(rig.rows().await.len(), 2);
}

#[tokio::test]
async fn an_offset_moves_the_tick_within_its_period() {
    let rig = Rig::new().await;
    let mut conn = rig.pool.acquire().await.unwrap();
    let daily = Schedule { every: Duration::from_secs(86_400), offset: Duration::from_secs(3 * 3600), ..minutely() };
    let before = ring(&mut *conn, &daily, Some(midnight() + TimeDelta::hours(2))).await.unwrap();
    assert!(before.rung, "yesterday's, which nobody had rung");
    assert_eq!(before.next_in, Duration::from_secs(3600));
    assert!(ring(&mut *conn, &daily, Some(midnight() + TimeDelta::hours(3))).await.unwrap().rung);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_runs_once_and_pruning_does_not_bring_it_back() {
    let (rig, journal) = (Rig::new().await, Journal::default());
    let time = Arc::new(Mutex::new(midnight()));
    let read = time.clone();
    let clock = Clock::given(move || *read.lock().unwrap());
    let worker = rig.worker(Config { clock: clock.clone(), ..patient() }, journal.keeper());
    let fleet: Vec<_> = (0..5).map(|_| Clockwork::start(&rig.pool, &rig.bell, &clock, [minutely()])).collect();
    eventually("the first tick ran", async || journal.len() == 1).await;
    rig.rest().await;

    let now = *time.lock().unwrap() + TimeDelta::seconds(30);
    let pruned = ::queue::prune(&mut rig.lent().await, Duration::ZERO, 100, Some(now)).await.unwrap();
    assert_eq!(pruned, 0, "its row is what says that it has been rung");
    let mut conn = rig.pool.acquire().await.unwrap();
    assert!(!ring(&mut *conn, &minutely(), Some(now)).await.unwrap().rung);
    drop(fleet);

    let next = midnight() + TimeDelta::seconds(61);
    *time.lock().unwrap() = next;
    let pruned = ::queue::prune(&mut rig.lent().await, Duration::ZERO, 100, Some(next)).await.unwrap();
    assert_eq!(pruned, 1, "its successor is due");
    worker.stop().await;
}
