//! What quiet hours hold back is told when they end: once, all of it in one sign, and not what was dealt with meanwhile.

use chrono::TimeDelta;
use domain::{
    event::Name,
    job::Job,
    notify::{self, Severity},
    outbox::Outbox,
    signal::Object,
};
use serde_json::json;
use store::{events, notifications, overdue};

use super::bench::{Bench, Delivery, Remains};

const NIGHT: TimeDelta = TimeDelta::hours(8);

impl Bench {
    async fn notify(&self, key: &str, severity: Severity, wait: TimeDelta) {
        let notice = notify::New {
            user: self.user,
            kind: notify::Kind::Executed,
            severity,
            title: key.into(),
            body: "It is done.".into(),
            link: None,
            dedupe_key: key.into(),
            deliver_at: self.now().plus(wait),
        };
        self.state.store.begin().await.unwrap().commit(Outbox::nothing().notify(notice), self.now()).await.unwrap();
    }

    /// What was said about notifications, in order.
    async fn signs(&self) -> Vec<Object> {
        let all = events::since(&self.state.store, self.user, 0, 100).await.unwrap();
        all.into_iter().filter(|event| event.name == Name::NotificationCreated).map(|event| event.facts).collect()
    }
}

/// Three of the night, one of which is read in it, and a loud one.
async fn night(bench: &Bench) {
    for (key, severity) in [("one", Severity::Info), ("two", Severity::Warning), ("three", Severity::Info)] {
        bench.notify(key, severity, NIGHT).await;
    }
    bench.notify("fire", Severity::Critical, TimeDelta::zero()).await;
    let mut tx = bench.state.store.begin().await.unwrap();
    let lock = tx.lock(bench.user).await.unwrap();
    notifications::dealt_with(&mut tx, &lock, "three", bench.now()).await.unwrap();
    tx.commit(Outbox::nothing(), bench.now()).await.unwrap();
}

async fn is_told_together(bench: &mut Bench, how: &str) {
    night(bench).await;
    bench.sweep().await;
    assert_eq!(bench.signs().await.len(), 1, "{how}: by night only what is loud");
    bench.pass(NIGHT);
    bench.rest().await;
    let signs = bench.signs().await;
    assert_eq!(signs.len(), 2, "{how}: {signs:?}");
    assert_eq!((&signs[1]["count"], &signs[1]["severity"]), (&json!(2), &json!("warning")), "{how}");
    assert_eq!(signs[1]["notifications"].as_array().map(Vec::len), Some(2), "{how}");
    bench.finish().await;
    assert_eq!(bench.signs().await.len(), 2, "{how}: never again");
}

#[tokio::test]
async fn the_end_of_quiet_hours_is_one_sign_for_all_that_is_still_to_be_told() {
    let base = Bench::new().await;
    for delivery in [Delivery::Once, Delivery::Twice, Delivery::Together] {
        let mut bench = base.again(domain::tier::TrustTier::Suggest, super::bench::limits(), &[]).await;
        bench.delivery = delivery;
        is_told_together(&mut bench, &format!("{delivery:?}")).await;
    }
}

#[tokio::test]
async fn a_morning_survives_crashes_and_a_queue_that_forgets() {
    let base = Bench::new().await;
    for remains in [Remains::Rescued, Remains::Lost] {
        for point in ["notify.before_commit", "notify.after_commit"] {
            let mut bench = base.again(domain::tier::TrustTier::Suggest, super::bench::limits(), &[]).await;
            bench.remains = remains;
            bench.crash_at(point);
            is_told_together(&mut bench, &format!("dead at {point}, the job {remains:?}")).await;
            assert!(bench.has_crashed());
        }
    }
}

#[tokio::test]
async fn one_that_was_held_alone_is_told_by_name_and_everybody_is_rung_for_once() {
    let mut bench = Bench::new().await;
    bench.notify("one", Severity::Warning, NIGHT).await;
    bench.pass(NIGHT + overdue::GRACE);
    let rings = overdue::rings(&bench.state.store, bench.now(), 100).await.unwrap();
    assert_eq!(rings.into_iter().map(|ring| ring.job).collect::<Vec<_>>(), [Job::Notify { user: bench.user }]);
    bench.finish().await;
    let signs = bench.signs().await;
    assert_eq!((signs.len(), &signs[0]["kind"]), (1, &json!("executed")));
}
