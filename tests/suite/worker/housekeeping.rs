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
async fn what_is_older_than_it_is_kept_goes_and_what_a_second_signal_is_known_by_stays() {
    let mut bench = Way::Auto.bench().await;
    let old = bench.post("email", "email_received", newsletter()).await;
    bench.finish().await;
    let events: i64 = bench.read("SELECT count(*) FROM events").await;
    let prune = Job::Housekeep { chore: Chore::Prune };

    bench.pass(TimeDelta::days(170));
    bench.does(prune).await;
    let empty = "SELECT count(*) FROM signals WHERE payload = '{}'";
    assert_eq!(bench.read::<i64>(empty).await, 0, "not yet");
    bench.pass(TimeDelta::days(20));
    let young = bench.post("email", "email_received", newsletter()).await;
    bench.finish().await;
    bench.does(prune).await;
    assert_eq!(bench.read::<i64>(empty).await, 1);
    let store = &bench.state.store;
    assert!(!store::signals::get(store, bench.user, young).await.unwrap().signal.payload.is_empty());
    assert!(store::signals::get(store, bench.user, old).await.unwrap().signal.payload.is_empty());
    assert!(store::decisions::of_signal(store, bench.user, old).await.unwrap().is_some(), "what came of it stays");
    assert!(bench.read::<i64>("SELECT count(*) FROM events").await > events, "events are kept for longer");

    bench.pass(TimeDelta::days(185));
    bench.does(prune).await;
    let kept: i64 = bench.read("SELECT min(seq) FROM events").await;
    assert_eq!(kept, events + 1, "the first year's are gone, from the beginning on");
}

#[tokio::test]
async fn each_batch_of_what_is_old_is_the_beginning_of_an_index() {
    let bench = Bench::new().await;
    let mut conn = bench.state.store.pool().acquire().await.unwrap();
    for setting in ["SET enable_seqscan = off", "SET enable_sort = off"] {
        sqlx::raw_sql(setting).execute(&mut *conn).await.unwrap();
    }
    for (sql, index) in [
        (
            "EXPLAIN SELECT id FROM signals WHERE state <> 'accepted' AND payload <> '{}' AND received_at < '2026-01-01' ORDER BY received_at LIMIT 9",
            "signals_by_age",
        ),
        ("EXPLAIN SELECT user_id, seq FROM events WHERE at < '2026-01-01' ORDER BY at LIMIT 9", "events_by_age"),
        (
            "EXPLAIN SELECT id FROM notifications WHERE created_at < '2026-01-01' ORDER BY created_at LIMIT 9",
            "notifications_by_age",
        ),
        (
            "EXPLAIN SELECT id FROM deliveries WHERE settled_at < '2026-01-01' ORDER BY settled_at LIMIT 9",
            "deliveries_by_age",
        ),
        (
            "EXPLAIN SELECT id FROM api_tokens WHERE least(revoked_at, expires_at) < '2026-01-01' ORDER BY least(revoked_at, expires_at) LIMIT 9",
            "api_tokens_by_end",
        ),
        ("EXPLAIN SELECT id FROM audit WHERE at < '2026-01-01' ORDER BY at LIMIT 9", "audit_recent"),
    ] {
        let plan: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *conn).await.unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(index) && !plan.contains("Sort"), "{plan}");
    }
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
