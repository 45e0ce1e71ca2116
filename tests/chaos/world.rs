//! What is not of our making: clocks that disagree, and an engine that takes its time.

use simulator::{Reply, Rule};

use crate::field::{Field, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn the_workers_clocks_disagree_by_minutes() {
    let field = Field::new(Setup { workers: 1, ..Setup::default() }).await;
    field
        .shake("clocks two minutes fast and two minutes slow", async |field| {
            for offset in ["120", "-120"] {
                let worker = field.worker(&[("SKYTWIN_CLOCK_OFFSET_SECONDS", offset)]);
                field.workers.push(worker);
            }
            for turn in 1..4 {
                field.progress.clone().percent(turn * 25).await;
                // the rest are found by somebody with another idea of now
                field.replace(0);
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_slow_and_its_callers_die() {
    let field = Field::new(Setup { signals: 60, ..Setup::default() }).await;
    field.fleet.engine.inject([Rule::reply(Reply::Slow { ms: 1_500 }).always()]);
    field
        .shake("an engine that takes 1.5 s, and workers killed meanwhile", async |field| {
            for turn in 1..4 {
                field.progress.clone().percent(turn * 25).await;
                field.replace(turn);
            }
        })
        .await;
}
