//! The same signal is stored once, whatever makes it the same.

use ::store::signals::{self, Accepted, Identity};
use chrono::TimeDelta;
use domain::{id::Id, signal::Signal};
use futures::future::join_all;
use tests::World;

use super::made;

#[tokio::test]
async fn of_fifty_deliveries_of_one_signal_at_once_exactly_one_is_new() {
    let world = World::new().await;
    let user = made::user(&world).await;
    made::warm(&world).await;
    let deliveries = (0..50).map(|_| async {
        let signal = made::signal(&world, user);
        made::change(&world, user, async |tx, lock| {
            signals::accept(tx, lock, &signal, Identity::External("inv-1".into()), world.now()).await
        })
        .await
        .unwrap()
    });
    let accepted = join_all(deliveries).await;
    let new: Vec<_> =
        accepted.iter().filter_map(|one| if let Accepted::New(id) = one { Some(*id) } else { None }).collect();
    assert_eq!(new.len(), 1);
    assert!(accepted.iter().all(|one| matches!(one, Accepted::New(id) | Accepted::Repeat(id) if *id == new[0])));
    assert_eq!(made::count(&world.pool, "signals").await, 1);
}

#[tokio::test]
async fn the_same_content_is_the_same_signal_for_24_hours_and_not_a_microsecond_longer() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let first = deliver(&world, made::signal(&world, user), Identity::Content).await;
    let Accepted::New(id) = first else { panic!("the first is new") };

    world.pass(TimeDelta::hours(24) - TimeDelta::microseconds(1));
    let again = Signal { occurred_at: stored(&world, user, id).await.occurred_at, ..made::signal(&world, user) };
    assert_eq!(deliver(&world, again.clone(), Identity::Content).await, Accepted::Repeat(id));
    let other = Signal { urgency: None, id: world.entropy.id(world.now()), ..again.clone() };
    assert_eq!(deliver(&world, other.clone(), Identity::Content).await, Accepted::New(other.id), "another content");

    world.pass(TimeDelta::microseconds(1));
    let late = Signal { received_at: world.now(), ..again };
    assert_eq!(deliver(&world, late.clone(), Identity::Content).await, Accepted::New(late.id));
}

#[tokio::test]
async fn identities_of_different_kinds_sources_and_users_never_meet() {
    let world = World::new().await;
    let (ada, ben) = (made::user(&world).await, made::user(&world).await);
    let of = |user| made::signal(&world, user);
    for (signal, identity) in [
        (of(ada), Identity::External("7".into())),
        (of(ada), Identity::Key("7".into())),
        (of(ada), Identity::Content),
        (Signal { source: "bank".into(), ..of(ada) }, Identity::External("7".into())),
        (of(ben), Identity::External("7".into())),
    ] {
        assert_eq!(deliver(&world, signal.clone(), identity.clone()).await, Accepted::New(signal.id), "{identity:?}");
    }
}

#[tokio::test]
async fn a_batch_is_stored_in_order_and_knows_repeats_within_itself() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let known = made::signal(&world, user);
    deliver(&world, known.clone(), Identity::External("a".into())).await;
    let batch: Vec<_> = ["a", "b", "b", "c", "a"]
        .into_iter()
        .map(|id| (made::signal(&world, user), Identity::External(id.into())))
        .chain([(made::signal(&world, user), Identity::Content), (made::signal(&world, user), Identity::Content)])
        .collect();
    let accepted =
        made::change(&world, user, async |tx, lock| signals::accept_many(tx, lock, &batch, world.now()).await)
            .await
            .unwrap();
    let id = |index: usize| batch[index].0.id;
    assert_eq!(
        accepted,
        [
            Accepted::Repeat(known.id),
            Accepted::New(id(1)),
            Accepted::Repeat(id(1)),
            Accepted::New(id(3)),
            Accepted::Repeat(known.id),
            Accepted::New(id(5)),
            Accepted::Repeat(id(5)),
        ]
    );
    assert_eq!(made::count(&world.pool, "signals").await, 4);
}

#[tokio::test]
async fn an_id_of_any_length_and_a_payload_with_any_character_can_be_stored() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let long = "x".repeat(20_000);
    let mut signal = made::signal(&world, user);
    signal.payload.insert("text\0".into(), "a\0b".into());
    let first = deliver(&world, signal.clone(), Identity::Key(long.clone())).await;
    assert_eq!(first, Accepted::New(signal.id));
    assert_eq!(deliver(&world, made::signal(&world, user), Identity::Key(long)).await, Accepted::Repeat(signal.id));
    assert_eq!(stored(&world, user, signal.id).await.payload["text\u{FFFD}"], "a\u{FFFD}b");
}

#[tokio::test]
async fn a_dead_signal_shows_why_and_a_decided_one_can_not_die() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let signal = made::stored_signal(&world, user).await;
    let die = async || {
        made::change(&world, user, async |tx, lock| {
            signals::mark_dead(tx, lock, signal.id, "no sense", world.now()).await
        })
        .await
    };
    die().await.unwrap();
    let row = signals::get(&world.store, user, signal.id).await.unwrap();
    assert_eq!(row.state, signals::State::Dead { reason: "no sense".into() });

    let decision = made::decision(&signal, world.now());
    assert!(
        made::change(&world, user, async |tx, lock| ::store::decisions::insert(tx, lock, &decision).await)
            .await
            .unwrap(),
        "driven again"
    );
    let row = signals::get(&world.store, user, signal.id).await.unwrap();
    assert_eq!((row.state, row.decision), (signals::State::Decided, Some(decision.id)));
    assert!(matches!(die().await, Err(::store::Error::Stale)));
}

#[tokio::test]
async fn pages_of_signals_follow_one_another_without_gap_or_repeat() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let mut stored = Vec::new();
    for _ in 0..5 {
        // two of an instant: then the id decides
        stored.push(made::stored_signal(&world, user).await.id);
        stored.push(made::stored_signal(&world, user).await.id);
        world.pass(TimeDelta::seconds(1));
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = signals::list(&world.store, user, cursor, 3).await.unwrap();
        seen.extend(page.items.iter().map(|row| row.signal.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 10);
    let mut sorted = seen.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(seen, sorted, "newest first");
    let mut tx = world.store.begin().await.unwrap();
    assert!(matches!(signals::lock_owner(&mut tx, Id::new(user.uuid())).await, Err(::store::Error::NotFound)));
}

async fn deliver(world: &World, signal: Signal, identity: Identity) -> Accepted {
    made::change(world, signal.user, async |tx, lock| signals::accept(tx, lock, &signal, identity, world.now()).await)
        .await
        .unwrap()
}

async fn stored(world: &World, user: domain::id::UserId, id: domain::id::SignalId) -> Signal {
    signals::get(&world.store, user, id).await.unwrap().signal
}
