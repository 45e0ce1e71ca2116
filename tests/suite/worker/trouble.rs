//! An engine in trouble, busy, or turning us away: its work waits and nothing of it is burnt, one at a time finds out
//! whether it is back, and its limits hold for all workers together.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    breaker::{PROBE_LEASE, TRIPS_AT},
    execution::{Execution, Phase},
    id::ExecutionId,
    job::Job,
    quota::{Limits, WINDOW},
    time::Timestamp,
};
use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use runtime::Entropy;
use store::engines;
use worker::{
    State,
    jobs::{self, Turn},
};

use super::{
    bench::{Bench, Remains},
    far_side::Say,
    ways::{Way, dearer, newsletter},
};

impl Bench {
    /// Signals that the twin acts on alone, decided and planned.
    async fn planned(&self, how_many: usize) -> Vec<ExecutionId> {
        let mut ids = Vec::new();
        for _ in 0..how_many {
            let signal = self.post("email", "email_received", newsletter()).await;
            do_now(&self.state, self.now(), Job::EvaluateSignal { signal }).await;
            ids.push(self.executions(self.decision(signal).await.id).await.remove(0).id);
        }
        ids
    }

    async fn execution(&self, id: ExecutionId) -> Execution {
        store::executions::get(&self.state.store, self.user, id).await.unwrap()
    }

    async fn breaker(&self) -> domain::breaker::Breaker {
        engines::list(&self.state.store).await.unwrap().pop().map(|engine| engine.breaker).unwrap_or_default()
    }

    /// Fails until the breaker is open; gives how often anything was sent for that.
    async fn trip(&self) -> u32 {
        self.engine.is_down(true);
        let ids = self.planned(TRIPS_AT).await;
        for id in &ids {
            run(&self.state, self.now(), *id).await;
        }
        assert!(self.breaker().await.open.is_some());
        self.engine.sends()
    }

    /// Three worker processes that know of each other what the database says.
    fn three(&self) -> [State; 3] {
        [11, 12, 13].map(|seed| State { entropy: Entropy::seeded(seed), ..self.state.clone() })
    }

    async fn jobs_that_failed(&self) -> i64 {
        self.read("SELECT count(*) FROM apalis.jobs WHERE status IN ('Failed', 'Killed')").await
    }
}

async fn run(state: &State, now: Timestamp, execution: ExecutionId) {
    do_now(state, now, Job::ExecuteAction { execution }).await;
}

async fn do_now(state: &State, now: Timestamp, job: Job) {
    // Whether it may pass is what the tests look at; a halt is no failure of theirs.
    drop(jobs::run(state, &Turn::new(now, 1, || true), job).await);
}

#[tokio::test]
async fn an_engine_that_is_down_for_ten_minutes_under_load_loses_and_burns_nothing_and_everything_finishes_after() {
    let mut bench = Way::Auto.bench().await;
    let before = bench.post("email", "email_received", newsletter()).await;
    bench.drain().await;
    let began = bench.now();
    bench.engine.is_down(true);
    let mut signals = vec![before];
    while bench.now().since(began) < TimeDelta::minutes(10) {
        for _ in 0..2 {
            signals.push(bench.post("email", "email_received", newsletter()).await);
        }
        bench.drain().await;
        bench.sweep().await;
        bench.pass(TimeDelta::seconds(15));
    }
    let wasted = bench.engine.sends() - 1;
    assert!((5..=9).contains(&wasted), "five that opened it and a few probes, not {wasted}");

    bench.engine.is_down(false);
    bench.finish().await;
    let mut sends = 0;
    for signal in &signals {
        let execution = bench.executions(bench.decision(*signal).await.id).await.remove(0);
        assert_eq!(execution.state.phase(), Phase::Succeeded);
        sends += execution.sends;
    }
    let needed = i32::try_from(signals.len() + TRIPS_AT).unwrap();
    assert_eq!(sends, needed, "who waited or probed has burnt nothing");
    assert!(bench.engine.effects().into_values().all(|times| times == 1));
    assert_eq!((bench.engine.effects().len(), bench.jobs_that_failed().await), (signals.len(), 0));
    assert_eq!(bench.notices().await, Vec::<String>::new(), "nobody was bothered");
    assert_eq!(bench.breaker().await, domain::breaker::Breaker::default());
}

#[tokio::test]
async fn an_engine_that_is_well_costs_no_write() {
    let mut bench = Way::Auto.bench().await;
    Way::Auto.walk(&mut bench).await;
    let rows: i64 = bench.read("SELECT (SELECT count(*) FROM engines) + (SELECT count(*) FROM engine_callers)").await;
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn of_three_workers_one_at_a_time_finds_out_whether_the_engine_is_back() {
    let mut bench = Way::Auto.bench().await;
    let waiting = bench.planned(9).await;
    let sent = bench.trip().await;
    bench.engine.is_down(false);
    let states = bench.three();
    join_all(waiting.iter().map(|id| run(&states[0], bench.now(), *id))).await;
    assert_eq!(bench.engine.sends(), sent, "while it is open nothing is sent");

    bench.pass(TimeDelta::minutes(4));
    bench.engine.will([Say::Held]);
    let now = bench.now();
    let mut runs: FuturesUnordered<_> =
        waiting.iter().enumerate().map(|(n, id)| run(&states[n % 3], now, *id)).collect();
    for _ in 1..waiting.len() {
        runs.next().await.expect("a run that was turned away");
    }
    assert_eq!(bench.engine.sends(), sent + 1, "one probe, and eight who wait for it");
    bench.engine.open();
    runs.next().await.expect("the probe");
    drop(runs);
    assert_eq!(bench.breaker().await.open, None);
    bench.finish().await;
    assert!(bench.engine.effects().into_values().all(|times| times == 1));
}

#[tokio::test]
async fn a_prober_that_dies_frees_its_place_after_its_lease() {
    let mut bench = Way::Auto.bench().await;
    let waiting = bench.planned(2).await;
    let sent = bench.trip().await;
    bench.engine.is_down(false);
    bench.wipe_the_queue().await;
    bench.pass(TimeDelta::minutes(3));
    bench.remains = Remains::Lost;
    bench.crash_at("execute.after_claim");
    bench.look_around().await;
    bench.step().await;
    assert!(bench.has_crashed());
    for id in &waiting {
        run(&bench.state, bench.now(), *id).await;
    }
    assert_eq!(bench.engine.sends(), sent, "the dead one has the probe's place");
    bench.pass(PROBE_LEASE);
    bench.finish().await;
    for id in waiting {
        assert_eq!(bench.execution(id).await.state.phase(), Phase::Succeeded);
    }
    assert!(bench.engine.effects().into_values().all(|times| times == 1));
}

#[tokio::test]
async fn what_is_in_doubt_is_asked_about_once_more_before_the_person_is_bothered() {
    for back_in_time in [true, false] {
        let mut bench = Way::Asked.bench().await;
        let signal = bench.post("billing", "subscription_renewal", dearer()).await;
        bench.rest().await;
        Way::Asked.answer(&bench, signal).await;
        bench.engine.will([Say::LostBack]);
        bench.engine.is_down(true);
        bench.drain().await;
        bench.trip().await;
        let decision = bench.decision(signal).await.id;
        let began = bench.executions(decision).await[0].in_doubt_since.expect("in doubt");
        while bench.now().since(began) < TimeDelta::minutes(14) {
            bench.pass(TimeDelta::seconds(15));
            bench.drain().await;
            bench.sweep().await;
        }
        assert_eq!(bench.executions(decision).await[0].state.phase(), Phase::Running);
        bench.engine.is_down(!back_in_time);
        bench.pass(TimeDelta::minutes(2));
        bench.drain().await;
        bench.sweep().await;
        let end = bench.executions(decision).await.remove(0);
        let expected = if back_in_time { Phase::Succeeded } else { Phase::Unknown };
        assert_eq!(end.state.phase(), expected, "in doubt since {began}, now {}", bench.now());
        assert_eq!(bench.notices().await.contains(&"unknown_outcome".to_owned()), !back_in_time);
        bench.engine.is_down(false);
        bench.finish().await;
    }
}

#[tokio::test]
async fn an_engines_limit_holds_for_all_workers_together_and_who_gets_no_place_waits_for_one() {
    const LIMIT: usize = 5;
    let mut bench = Way::Auto.bench().await;
    bench.engine.takes_only(Limits { sends: Some(5), looks: None });
    let ids = bench.planned(3 * LIMIT).await;
    let states = bench.three();
    join_all(ids.iter().enumerate().map(|(n, id)| run(&states[n % 3], bench.now(), *id))).await;
    assert_eq!(bench.engine.sends(), 5);
    bench.pass(WINDOW - TimeDelta::milliseconds(1));
    join_all(ids.iter().enumerate().map(|(n, id)| run(&states[n % 3], bench.now(), *id))).await;
    assert_eq!(bench.engine.sends(), 5, "not one before the minute is over");
    bench.finish().await;
    for id in ids {
        let execution = bench.execution(id).await;
        assert_eq!((execution.state.phase(), execution.sends), (Phase::Succeeded, 1));
    }
    assert_eq!(bench.jobs_that_failed().await, 0);
}

#[tokio::test]
async fn an_engine_that_asks_for_a_pause_is_left_alone_by_everything_of_that_caller() {
    let mut bench = Way::Auto.bench().await;
    let ids = bench.planned(6).await;
    bench.engine.will([Say::Busy]);
    for id in &ids {
        run(&bench.state, bench.now(), *id).await;
    }
    assert_eq!(bench.engine.sends(), 1, "one was told, and the others know");
    bench.pass(TimeDelta::seconds(5));
    bench.finish().await;
    assert_eq!((bench.engine.sends(), bench.engine.effects().len()), (7, 6));
}

#[tokio::test]
async fn an_engine_that_turns_us_away_is_kept_for_the_operator_until_it_takes_us_again() {
    let mut bench = Way::Auto.bench().await;
    let ids = bench.planned(2).await;
    bench.engine.will([Say::NotYou]);
    run(&bench.state, bench.now(), ids[0]).await;
    let known = bench.breaker().await;
    assert!(known.misconfigured.is_some() && known.open.is_none(), "{known:?}");
    run(&bench.state, bench.now(), ids[1]).await;
    assert_eq!(bench.breaker().await.misconfigured, None);
    bench.finish().await;
}

#[tokio::test]
async fn an_engine_that_says_nothing_in_time_is_in_trouble_too() {
    let mut bench = Way::Auto.bench().await;
    bench.state.pace.engine = Duration::from_millis(20);
    let ids = bench.planned(1).await;
    bench.engine.will([Say::Silence]);
    run(&bench.state, bench.now(), ids[0]).await;
    assert_eq!(bench.breaker().await.failures.len(), 1);
    bench.finish().await;
}
