//! One stream per user: numbered without gaps, in the order in which it becomes visible.

use ::store::{EVENTS, Store, events};
use domain::{event::Name, id::UserId, outbox::Outbox, signal::Object};
use futures::future::join_all;
use queue::{Bell, Word};
use serde_json::json;
use tests::{World, eventually};

use super::made;

#[tokio::test]
async fn the_stream_has_no_gaps_however_many_write_to_it_at_once() {
    let world = World::new().await;
    let users = [made::user(&world).await, made::user(&world).await];
    let pool = world.database.pool(20);
    let store = Store::new(pool.clone(), Bell::polling(&pool));
    let writers = (0..60).map(|n: i32| {
        let (store, world, user) = (&store, &world, users[usize::from(n % 3 == 0)]);
        async move {
            let mut tx = store.begin().await.unwrap();
            // every third without taking the lock first: the counter takes it
            if n % 3 != 1 {
                tx.lock(user).await.unwrap();
            }
            let told = |outbox: Outbox, part: i32| {
                outbox.event(user, Name::SignalReceived, made::object(json!({ "n": n, "part": part })))
            };
            let outbox = told(told(Outbox::nothing(), 1), 2);
            if n % 10 == 9 {
                drop(tx); // what is not committed leaves no gap
            } else {
                tx.commit(outbox, world.now()).await.unwrap();
            }
        }
    });
    join_all(writers).await;
    let mut total = 0;
    for user in users {
        let stream = events::since(&world.store, user, 0, 1000).await.unwrap();
        assert_eq!(
            stream.iter().map(|event| event.seq).collect::<Vec<_>>(),
            (1..=i64::try_from(stream.len()).unwrap()).collect::<Vec<_>>()
        );
        assert_eq!(events::last_seq(&world.store, user).await.unwrap(), stream.last().unwrap().seq);
        for pair in stream.chunks(2) {
            assert_eq!(
                (&pair[0].facts["n"], &pair[0].facts["part"]),
                (&pair[1].facts["n"], &json!(1)),
                "in the order given"
            );
        }
        total += stream.len();
    }
    assert_eq!(total, 108);
}

#[tokio::test]
async fn a_reader_that_follows_its_cursor_sees_every_event_once() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let pool = world.database.pool(8);
    let store = Store::new(pool.clone(), Bell::polling(&pool));
    let writers = join_all((0..40).map(|_| tell(&store, &world, user)));
    let reader = async {
        let (mut seen, mut cursor) = (Vec::new(), 0);
        eventually("all have been read", async || {
            let more = events::since(&world.store, user, cursor, 7).await.unwrap();
            cursor = more.last().map_or(cursor, |event| event.seq);
            seen.extend(more.into_iter().map(|event| event.seq));
            seen.len() >= 40
        })
        .await;
        seen
    };
    let (_, seen) = futures::join!(writers, reader);
    assert_eq!(seen, (1..=40).collect::<Vec<i64>>());
}

#[tokio::test]
async fn whoever_listens_is_told_whose_stream_has_grown_after_the_commit() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let mut ear = world.store.bell().subscribe(EVENTS);
    tell(&world.store, &world, user).await;
    eventually("the word", async || ear.next().await == Word::Said(user.to_string())).await;
}

#[tokio::test]
async fn the_timeline_of_a_decision_starts_with_its_signal() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let decision = made::stored_decision(&world, user).await;
    made::stored_decision(&world, user).await;
    let tx = world.store.begin().await.unwrap();
    let outbox = Outbox::nothing()
        .event(user, Name::SignalReceived, made::object(json!({ "signal": decision.signal })))
        .event(user, Name::TwinUpdated, Object::new())
        .event(user, Name::DecisionMade, made::object(json!({ "signal": decision.signal, "decision": decision.id })))
        .event(user, Name::ApprovalCreated, made::object(json!({ "decision": decision.id })));
    tx.commit(outbox, world.now()).await.unwrap();
    let timeline = events::of_decision(&world.store, user, decision.id).await.unwrap();
    let names: Vec<_> = timeline.iter().map(|event| event.name).collect();
    assert_eq!(names, [Name::SignalReceived, Name::DecisionMade, Name::ApprovalCreated]);
    assert_eq!(timeline[0].at, world.now());
}

async fn tell(store: &Store, world: &World, user: UserId) {
    let tx = store.begin().await.unwrap();
    tx.commit(Outbox::nothing().event(user, Name::TwinUpdated, Object::new()), world.now()).await.unwrap();
}
