//! Dead is visible on the row, told to the person, and can be driven again.

use chrono::TimeDelta;
use domain::{execution::Phase, id::SignalId, job};
use store::{jobs as queue, signals};
use tests::eventually;

use super::{
    bench::Bench,
    crew::Process,
    far_side::Say,
    ways::{Way, newsletter},
};

impl Bench {
    async fn state_of(&self, signal: SignalId) -> signals::State {
        signals::get(&self.state.store, self.user, signal).await.unwrap().state
    }

    /// Lets time fly until so many jobs are dead.
    async fn dead(&self) -> queue::Dead {
        eventually("a job is dead", async || {
            self.pass(TimeDelta::seconds(10));
            queue::dead(&self.state.store, None, None, 10).await.unwrap().pop()
        })
        .await
    }

    async fn is_told(&self, kind: &str) {
        eventually(&format!("the person is told of {kind}"), async || {
            self.pass(TimeDelta::seconds(1));
            self.notices().await.iter().any(|notice| notice == kind)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_brings_down_every_run_is_dead_after_its_attempts_and_nobody_claims_it_happened() {
    let mut bench = Way::Auto.bench().await;
    bench.engine.will(vec![Say::Panic; 100]);
    let process = Process::start(&bench.state);
    let signal = bench.post("email", "email_received", newsletter()).await;
    let dead = bench.dead().await;
    assert_eq!((dead.queue.as_str(), dead.attempts), ("execute_action", job::Kind::ExecuteAction.temper().attempts));
    assert!(dead.why.contains("the adapter broke"), "{}", dead.why);
    bench.is_told("unknown_outcome").await;
    let decision = bench.decision(signal).await.id;
    assert_eq!(bench.executions(decision).await[0].state.phase(), Phase::Unknown);

    queue::redrive(&bench.state.store, &dead.id).await.unwrap();
    eventually("the job is over", async || {
        bench.pass(TimeDelta::seconds(10));
        bench.live_jobs().await.is_empty()
    })
    .await;
    assert_eq!(
        bench.executions(decision).await[0].state.phase(),
        Phase::Unknown,
        "what nobody knows is the person's to say"
    );
    process.stop().await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_nobody_can_read_is_dead_with_its_reason_and_decided_once_it_was_repaired() {
    let mut bench = Way::Auto.bench().await;
    let signal = bench.post("email", "email_received", newsletter()).await;
    bench.write("UPDATE signals SET domain = 'nonsense'").await;
    let process = Process::start(&bench.state);
    let dead = bench.dead().await;
    bench.is_told("dead_job").await;
    let reason: String = bench.read("SELECT dead_reason FROM signals WHERE state = 'dead'").await;
    assert!(reason.contains("signals.domain"), "{reason}");

    bench.write("UPDATE signals SET domain = NULL").await;
    queue::redrive(&bench.state.store, &dead.id).await.unwrap();
    eventually("it is decided", async || bench.state_of(signal).await == signals::State::Decided).await;
    process.stop().await;
    bench.finish().await;
    assert_eq!(bench.engine.effects().into_values().collect::<Vec<_>>(), [1]);
}
