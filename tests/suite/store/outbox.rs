//! What follows a change is written with it, or not at all.

use ::store::{Error, events, jobs, notifications};
use chrono::TimeDelta;
use domain::{
    event::Name,
    id::{Id, UserId},
    job::{Job, Kind},
    notify::{self, Severity},
    outbox::Outbox,
    signal::Object,
};
use tests::World;

use super::made;

fn notice(world: &World, user: UserId, key: &str) -> notify::New {
    notify::New {
        user,
        kind: notify::Kind::ApprovalRequested,
        severity: Severity::Warning,
        title: "Your word is needed".into(),
        body: "It is near your limit.\0".into(),
        link: Some("/api/v1/approvals/1".into()),
        dedupe_key: key.into(),
        deliver_at: world.now().plus(TimeDelta::minutes(5)),
    }
}

fn consequences(world: &World, user: UserId) -> Outbox {
    let signal = Id::new(user.uuid());
    Outbox::nothing()
        .ring(Job::EvaluateSignal { signal }, "s:0")
        .timer(Job::ExpireApproval { approval: Id::new(user.uuid()) }, world.now().plus(TimeDelta::hours(1)), "a:first")
        .event(user, Name::DecisionMade, Object::new())
        .notify(notice(world, user, "one"))
        .notify(notice(world, user, "one"))
        .notify(notice(world, user, "two"))
}

#[tokio::test]
async fn nothing_of_a_dropped_transaction_is_ever_seen() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let signal = made::signal(&world, user);
    let mut tx = world.store.begin().await.unwrap();
    let lock = tx.lock(user).await.unwrap();
    ::store::signals::accept(&mut tx, &lock, &signal, ::store::signals::Identity::Content, world.now()).await.unwrap();
    drop(tx);
    // taking the lock again waits until the other is undone
    made::change(&world, user, async |_, _| Ok(())).await.unwrap();
    for table in ["signals", "events", "notifications", "apalis.jobs"] {
        assert_eq!(made::count(&world.pool, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_commit_that_fails_in_its_last_part_leaves_nothing_of_the_first() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let nobody: UserId = user.child("nobody");
    let tx = world.store.begin().await.unwrap();
    let outbox = consequences(&world, user).event(nobody, Name::TwinUpdated, Object::new());
    assert!(matches!(tx.commit(outbox, world.now()).await, Err(Error::NotFound)));
    made::change(&world, user, async |_, _| Ok(())).await.unwrap();
    for table in ["events", "notifications", "apalis.jobs"] {
        assert_eq!(made::count(&world.pool, table).await, 0, "{table}");
    }
    assert_eq!(events::last_seq(&world.store, user).await.unwrap(), 0);
}

#[tokio::test]
async fn the_same_consequences_twice_are_told_and_rung_once() {
    let world = World::new().await;
    let user = made::user(&world).await;
    for _ in 0..2 {
        let tx = world.store.begin().await.unwrap();
        tx.commit(consequences(&world, user), world.now()).await.unwrap();
    }
    assert_eq!(made::count(&world.pool, "notifications").await, 2);
    let told: Vec<_> =
        events::since(&world.store, user, 0, 100).await.unwrap().into_iter().map(|event| event.name).collect();
    assert_eq!(told, [Name::DecisionMade, Name::DecisionMade], "what is held back is told at its hour");

    let depth = jobs::depth(&world.store).await.unwrap();
    let of = |kind: Kind| depth.iter().find(|one| one.queue == kind.as_str()).map(|one| (one.due, one.scheduled));
    assert_eq!(of(Kind::EvaluateSignal), Some((1, 0)));
    assert_eq!(of(Kind::ExpireApproval), Some((0, 1)));
    let (payload, attempts, run_at): (Vec<u8>, i32, chrono::DateTime<chrono::Utc>) =
        sqlx::query_as("SELECT job, max_attempts, run_at FROM apalis.jobs WHERE job_type = 'expire_approval'")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!(
        serde_json::from_slice::<Job>(&payload).unwrap(),
        Job::ExpireApproval { approval: Id::new(user.uuid()) }
    );
    assert_eq!(
        (attempts, run_at),
        (Kind::ExpireApproval.temper().attempts, world.now().plus(TimeDelta::hours(1)).utc())
    );
}

#[tokio::test]
async fn notifications_are_shown_from_their_hour_on_until_they_are_read() {
    let world = World::new().await;
    let (user, other) = (made::user(&world).await, made::user(&world).await);
    let tx = world.store.begin().await.unwrap();
    tx.commit(consequences(&world, user), world.now()).await.unwrap();
    let unread = async || notifications::unread(&world.store, user, world.now()).await.unwrap();
    let list = async |only| notifications::list(&world.store, user, only, None, 10, world.now()).await.unwrap().items;
    assert_eq!((unread().await, list(false).await.len()), (0, 0), "not before its hour");
    world.pass(TimeDelta::minutes(5));
    assert_eq!(unread().await, 2);
    let first = list(true).await.remove(0);
    assert_eq!(first.body, "It is near your limit.\u{FFFD}");

    let read = async |user, which| {
        made::change(&world, user, async |tx, lock| notifications::read(tx, lock, which, world.now()).await).await
    };
    assert!(matches!(read(other, notifications::Which::One(first.id)).await, Err(Error::NotFound)));
    assert_eq!(read(user, notifications::Which::One(first.id)).await.unwrap(), 1);
    assert_eq!(read(user, notifications::Which::One(first.id)).await.unwrap(), 0, "twice is once");
    assert_eq!((unread().await, list(true).await.len(), list(false).await.len()), (1, 1, 2));
    assert_eq!(read(user, notifications::Which::All).await.unwrap(), 1);
    assert_eq!(unread().await, 0);
}
