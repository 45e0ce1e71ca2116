//! The chores, and the sweep's own manners.

use chrono::TimeDelta;
use domain::{
    id::UserId,
    job::{Chore, Job},
};
use store::idempotency::{self, Taken};
use worker::jobs::{self, Turn};

use super::{
    bench::Bench,
    ways::{Way, newsletter},
};

impl Bench {
    async fn does(&self, job: Job) {
        jobs::run(&self.state, &Turn::new(self.now(), 1, || true), job).await.unwrap();
    }

    async fn keys(&self) -> i64 {
        self.read("SELECT count(*) FROM idempotency_keys").await
    }
}

#[tokio::test]
async fn finished_jobs_and_old_keys_are_cleared_away_and_young_ones_stay() {
    let mut bench = Way::Auto.bench().await;
    bench.post("email", "email_received", newsletter()).await;
    bench.finish().await;
    let take =
        async |key| match idempotency::take(&bench.state.store, "caller", key, "print", bench.now()).await.unwrap() {
            Taken::New(_) => {}
            other => panic!("{other:?}"),
        };
    take("old").await;
    bench.pass(TimeDelta::hours(25));
    take("young").await;
    bench.does(Job::Housekeep { chore: Chore::Prune }).await;
    assert_eq!(bench.keys().await, 1);
    assert_eq!(bench.read::<i64>("SELECT count(*) FROM apalis.jobs").await, 0);
}

#[tokio::test]
async fn the_hourly_review_rings_everybody_once() {
    let mut bench = Bench::new().await;
    bench.does(Job::Housekeep { chore: Chore::TrustReview }).await;
    bench.does(Job::Housekeep { chore: Chore::TrustReview }).await;
    let due: Vec<_> = bench.live_jobs().await;
    assert!(due.len() == 1 && due[0].contains(&bench.user.to_string()), "{due:?}");
    bench.finish().await;
}

#[tokio::test]
async fn a_job_about_nothing_is_over_at_once() {
    let bench = Bench::new().await;
    let nobody: UserId = bench.state.entropy.id(bench.now());
    for job in [
        Job::EvaluateSignal { signal: nobody.child("signal") },
        Job::ExecuteAction { execution: nobody.child("execution") },
        Job::ExpireApproval { approval: nobody.child("approval") },
        Job::RefreshToken { account: nobody.child("account") },
        Job::EvaluateTrust { user: nobody },
        Job::Notify { user: nobody },
    ] {
        bench.does(job).await;
    }
}

#[tokio::test]
async fn a_stuck_row_is_rung_once_a_minute_however_often_anybody_sweeps() {
    let mut bench = Way::Auto.bench().await;
    bench.post("email", "email_received", newsletter()).await;
    bench.wipe_the_queue().await;
    bench.pass(TimeDelta::minutes(1));
    for _ in 0..5 {
        bench.look_around().await;
    }
    assert_eq!(bench.live_jobs().await.len(), 1);
    bench.finish().await;
}
