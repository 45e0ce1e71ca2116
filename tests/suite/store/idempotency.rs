//! The same request with the same key is done once and answered the same.

use ::store::{
    Error,
    idempotency::{self, Saved, Taken, Ticket},
};
use chrono::TimeDelta;
use futures::future::join_all;
use tests::World;

async fn take(world: &World, fingerprint: &str) -> Taken {
    idempotency::take(&world.store, "token-1", "key", fingerprint, world.now()).await.unwrap()
}

async fn taken(world: &World) -> Ticket {
    match take(world, "print").await {
        Taken::New(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn saved() -> Saved {
    Saved { status: 202, headers: vec![("location".into(), "/api/v1/signals/1".into())], body: b"{}".to_vec() }
}

#[tokio::test]
async fn of_many_at_once_one_works_and_the_others_wait() {
    let world = World::new().await;
    let all = join_all((0..10).map(|_| take(&world, "print"))).await;
    assert_eq!(all.iter().filter(|one| matches!(one, Taken::New(_))).count(), 1);
    assert_eq!(all.iter().filter(|one| matches!(one, Taken::InFlight)).count(), 9);
}

#[tokio::test]
async fn the_answer_is_replayed_and_other_content_is_refused() {
    let world = World::new().await;
    let ticket = taken(&world).await;
    assert_eq!(take(&world, "other").await, Taken::OtherContent);
    idempotency::finish(&world.store, &ticket, &saved(), world.now()).await.unwrap();
    world.pass(TimeDelta::days(1));
    assert_eq!(take(&world, "print").await, Taken::Replay(saved()));
    assert_eq!(take(&world, "other").await, Taken::OtherContent);
    let elsewhere = idempotency::take(&world.store, "token-2", "key", "print", world.now()).await.unwrap();
    assert!(matches!(elsewhere, Taken::New(_)), "keys of two callers never meet");
}

#[tokio::test]
async fn a_key_that_was_left_open_is_taken_over_after_a_minute_and_its_first_owner_is_fenced_off() {
    let world = World::new().await;
    let first = taken(&world).await;
    world.pass(TimeDelta::seconds(60) - TimeDelta::microseconds(1));
    assert_eq!(take(&world, "print").await, Taken::InFlight);
    world.pass(TimeDelta::microseconds(1));
    let second = taken(&world).await;
    assert!(matches!(idempotency::finish(&world.store, &first, &saved(), world.now()).await, Err(Error::Stale)));
    idempotency::abandon(&world.store, &first).await.unwrap();
    assert_eq!(take(&world, "print").await, Taken::InFlight, "not the first one's to let go of");
    idempotency::abandon(&world.store, &second).await.unwrap();
    taken(&world).await;
}

#[tokio::test]
async fn an_answer_kept_in_a_transaction_that_is_dropped_was_never_given() {
    let world = World::new().await;
    let ticket = taken(&world).await;
    let mut tx = world.store.begin().await.unwrap();
    idempotency::finish(&mut tx, &ticket, &saved(), world.now()).await.unwrap();
    drop(tx);
    assert_eq!(take(&world, "print").await, Taken::InFlight);
}

#[tokio::test]
async fn old_keys_are_forgotten_in_small_bites() {
    let world = World::new().await;
    for key in ["a", "b", "c"] {
        idempotency::take(&world.store, "token-1", key, "print", world.now()).await.unwrap();
        world.pass(TimeDelta::hours(1));
    }
    let before = world.now().minus(TimeDelta::hours(1));
    assert_eq!(idempotency::prune(&world.store, before, 1).await.unwrap(), 1);
    assert_eq!(idempotency::prune(&world.store, before, 9).await.unwrap(), 1);
    assert_eq!(idempotency::prune(&world.store, before, 9).await.unwrap(), 0);
}
