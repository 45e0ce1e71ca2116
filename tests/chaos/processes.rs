//! Workers that die, in every way and again and again.

use crate::field::{Field, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_killed_one_after_the_other() {
    let field = Field::new(Setup { workers: 3, ..Setup::default() }).await;
    field
        .shake("kill -9 of a worker, nine times", async |field| {
            for turn in 1..10 {
                field.progress.clone().percent(turn * 10).await;
                field.replace(turn);
            }
        })
        .await;
}

/// Every place between two steps of a decision and of a dispatch.
const PLACES: [&str; 8] = [
    "evaluate.before_commit",
    "evaluate.after_commit",
    "execute.before_claim_commit",
    "execute.after_claim",
    "execute.after_send",
    "execute.after_tell",
    "execute.before_settle_commit",
    "execute.after_settle",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_dozen_workers_die_at_once_each_at_a_place_of_its_own() {
    let field = Field::new(Setup { workers: 0, ..Setup::default() }).await;
    field
        .shake("twelve workers that die at once, at different places", async |field| {
            let places = PLACES.iter().flat_map(|place| [1, 3].map(|nth| format!("{place}:{nth}"))).take(12);
            let mut doomed: Vec<_> = places.map(|place| field.worker(&[("SKYTWIN_FAULT", &place)])).collect();
            field.progress.clone().percent(100).await;
            // Whoever has not come to its place is killed where it is.
            for worker in &mut doomed {
                worker.kill9();
            }
            let survivor = field.worker(&[]);
            field.workers.push(survivor);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_told_to_stop_under_load_again_and_again() {
    let field = Field::new(Setup { workers: 2, ..Setup::default() }).await;
    field
        .shake("SIGTERM under load, ten times", async |field| {
            for turn in 0..10 {
                field.progress.clone().percent(turn * 9).await;
                let which = turn % 2;
                field.works(which).await;
                assert_eq!(field.workers[which].terminate().await, Some(0), "{}", field.workers[which].log());
                field.workers[which] = field.worker(&[]);
            }
        })
        .await;
}
