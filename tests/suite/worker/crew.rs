//! The real workers on the real queue: that the parts are wired, and that processes may come and go.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::{execution::Phase, id::SignalId, tier::TrustTier};
use futures::future::join_all;
use runtime::{
    Clock, Entropy, Faults, Secret, Shutdown,
    postgres::{DATABASE, Embedded, Settings},
};
use simulator::{Options, Reply, Rule, Simulator, Twist};
use store::Store;
use tests::{database::pool_of, eventually};
use tokio::task::JoinHandle;
use worker::{
    Pace, State,
    adapters::ironclaw_responses::{self, IronclawResponses},
    ports::Identity,
};

use super::{
    bench::{Bench, limits, nobody},
    far_side::{FarSide, Say},
    ways::{Way, newsletter, preferences},
};

/// A rhythm that makes a test quick, and takes nobody for dead on a busy machine.
pub(super) fn quick() -> Pace {
    Pace {
        poll: Duration::from_millis(50),
        heartbeat: Duration::from_millis(500),
        lease: Duration::from_mins(1),
        rescue_every: Duration::from_millis(200),
        sweep_every: Duration::from_millis(200),
        engine: Duration::from_secs(20),
        grace: Duration::from_secs(20),
    }
}

/// One worker process, as far as a task can be one.
pub(super) struct Process {
    shutdown: Shutdown,
    running: JoinHandle<Result<(), worker::Error>>,
}

impl Process {
    pub(super) fn start(state: &State) -> Self {
        Self::at(state, quick())
    }

    fn at(state: &State, pace: Pace) -> Self {
        let shutdown = Shutdown::new();
        let state = State { pace, ..state.clone() };
        Self { running: tokio::spawn(worker::run(state, shutdown.clone())), shutdown }
    }

    /// Ends in order.
    pub(super) async fn stop(self) {
        self.shutdown.request();
        self.running.await.expect("no panic").expect("a good end");
    }

    /// Gone without a word.
    async fn kill(self) {
        self.running.abort();
        assert!(self.running.await.is_err());
    }
}

impl Bench {
    /// Lets time fly until a signal's execution has come to this.
    pub(super) async fn comes_to(&self, signal: SignalId, phase: Phase) {
        eventually(&format!("{signal} is {phase}"), async || {
            self.pass(TimeDelta::milliseconds(100));
            let decision =
                store::decisions::of_signal(&self.state.store, self.user, signal).await.unwrap().ok_or("undecided")?;
            let executions = self.executions(decision.id).await;
            let phases: Vec<_> = executions.iter().map(|execution| execution.state.phase()).collect();
            if phases == [phase] { Ok(()) } else { Err(format!("{phases:?}")) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_side_by_side_carry_everything_out_exactly_once() {
    let mut bench = Way::Auto.bench().await;
    let processes = [Process::start(&bench.state), Process::start(&bench.state)];
    let mut signals = Vec::new();
    for _ in 0..20 {
        signals.push(bench.post("email", "email_received", newsletter()).await);
    }
    for signal in &signals {
        bench.comes_to(*signal, Phase::Succeeded).await;
    }
    join_all(processes.map(Process::stop)).await;
    assert_eq!(bench.engine.effects().into_values().collect::<Vec<_>>(), vec![1; 20]);
    assert_eq!(bench.engine.sends(), 20, "nothing was even sent twice");
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_at_the_engine_leaves_the_work_to_the_next() {
    let mut bench = Way::Auto.bench().await;
    bench.engine.will([Say::Held]);
    let mortal = Pace { lease: Duration::from_secs(4), ..quick() };
    let first = Process::at(&bench.state, mortal);
    let signal = bench.post("email", "email_received", newsletter()).await;
    eventually("the engine is asked", async || bench.engine.sends() == 1).await;
    first.kill().await;
    let second = Process::at(&bench.state, mortal);
    bench.comes_to(signal, Phase::Succeeded).await;
    eventually("no job is left", async || {
        bench.pass(TimeDelta::milliseconds(100));
        bench.live_jobs().await.is_empty()
    })
    .await;
    second.stop().await;
    assert_eq!((bench.engine.sends(), bench.engine.effects().into_values().collect::<Vec<_>>()), (2, vec![1]));
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_told_to_end_finishes_what_it_is_at() {
    let mut bench = Way::Auto.bench().await;
    bench.engine.will([Say::Held]);
    let process = Process::start(&bench.state);
    let signal = bench.post("email", "email_received", newsletter()).await;
    eventually("the engine is asked", async || bench.engine.sends() == 1).await;
    process.shutdown.request();
    bench.engine.open();
    process.stop().await;
    bench.comes_to(signal, Phase::Succeeded).await;
    let held: i64 = bench.read("SELECT count(*) FROM apalis.jobs WHERE lock_by IS NOT NULL").await;
    assert_eq!(held, 0, "it went without giving back what it held");
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chore_is_rung_once_by_a_whole_fleet() {
    let mut bench = Bench::new().await;
    let processes = [Process::start(&bench.state), Process::start(&bench.state), Process::start(&bench.state)];
    eventually("both chores are done", async || bench.jobs_done("housekeep").await >= 2).await;
    join_all(processes.map(Process::stop)).await;
    assert_eq!(bench.jobs_done("housekeep").await, 2);
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_may_go_and_come_back_under_the_workers() {
    let mut server = Embedded::start(Settings::throwaway().unwrap()).await.unwrap();
    let pool = pool_of(&server.options(DATABASE), 10);
    store::migrate(&pool).await.unwrap();
    let engine = Arc::new(FarSide::default());
    let state = State {
        store: Store::new(pool.clone(), queue::Bell::start(&pool)),
        outgoing: worker::adapters::outgoing::Outgoing::default(),
        providers: oauth::Providers::default(),
        google: None,
        engine: engine.clone(),
        identity: nobody(),
        vault: None,
        clock: Clock::system(),
        entropy: Entropy::system(),
        faults: Faults::none(),
        pace: quick(),
        keep: runtime::Retention::default(),
    };
    let bench = Bench::with(state.clone(), engine.clone(), TrustTier::ModerateAutonomy, limits(), &preferences()).await;
    engine.will([Say::Held]);
    let process = Process::start(&state);
    let first = bench.post("email", "email_received", newsletter()).await;
    eventually("the engine is asked", async || engine.sends() == 1).await;

    server.restart().await.unwrap();
    engine.open();
    let second = bench.post("email", "email_received", newsletter()).await;
    for signal in [first, second] {
        bench.comes_to(signal, Phase::Succeeded).await;
    }
    process.stop().await;
    assert_eq!(engine.effects().into_values().collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_engine_over_http_that_drops_and_garbles_its_answers_does_everything_exactly_once() {
    let far = Simulator::start(([127, 0, 0, 1], 0).into(), Options::new("a token")).await.unwrap();
    far.inject([
        Rule::reply(Reply::Drop).times(2),
        Rule::reply(Reply::Unparsable).times(2),
        Rule::reply(Reply::status(503)).times(2),
        Rule::reply(Reply::Duplicate).times(2),
        Rule::work(Twist::InProgress { polls: 2, end: Default::default() }).times(2),
    ]);
    let mut bench = Way::Auto.bench().await;
    let settings = ironclaw_responses::Settings::new(far.url.parse().unwrap());
    bench.state.identity = Identity::shared(Secret::new("a token"));
    bench.state.engine = Arc::new(IronclawResponses::new(settings, bench.state.clock.clone()).unwrap());
    let processes = [Process::start(&bench.state), Process::start(&bench.state)];
    let mut signals = Vec::new();
    for _ in 0..10 {
        signals.push(bench.post("email", "email_received", newsletter()).await);
    }
    let mut wanted = Vec::new();
    for signal in signals {
        bench.comes_to(signal, Phase::Succeeded).await;
        let decision = bench.decision(signal).await.id;
        wanted.push(bench.executions(decision).await[0].id.to_string());
    }
    join_all(processes.map(Process::stop)).await;
    let mut done: Vec<_> = far.journal().into_iter().map(|effect| effect.execution_id).collect();
    done.sort();
    wanted.sort();
    assert_eq!(done, wanted);
    bench.finish().await;
    far.stop().await;
}
