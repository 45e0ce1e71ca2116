//! A signal is decided once.

use ::store::{Error, decisions, signals};
use chrono::TimeDelta;
use domain::{
    decision::Outcome,
    id::Id,
    signal::{Domain, SituationKind},
};
use futures::future::join_all;
use tests::World;

use super::made;

#[tokio::test]
async fn a_second_decision_of_a_signal_is_refused() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let signal = made::stored_signal(&world, user).await;
    made::warm(&world).await;
    let decide = |n: i64| {
        let decision = made::decision(&signal, world.now().plus(TimeDelta::seconds(n)));
        let world = &world;
        async move {
            made::change(world, user, async |tx, lock| decisions::insert(tx, lock, &decision).await).await.unwrap()
        }
    };
    let written = join_all((0..8).map(decide)).await;
    assert_eq!(written.iter().filter(|new| **new).count(), 1);
    assert_eq!(made::count(&world.pool, "decisions").await, 1);
    assert_eq!(made::count(&world.pool, "candidates").await, 3);
    assert_eq!(signals::get(&world.store, user, signal.id).await.unwrap().state, signals::State::Decided);
}

#[tokio::test]
async fn a_decision_of_a_signal_that_is_not_there_is_refused() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let decision = made::decision(&made::signal(&world, user), world.now());
    let written = made::change(&world, user, async |tx, lock| decisions::insert(tx, lock, &decision).await).await;
    assert!(matches!(written, Err(Error::NotFound)));
}

#[tokio::test]
async fn decisions_are_listed_newest_first_and_by_every_filter() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let mut all = Vec::new();
    for outcome in [Outcome::Ask, Outcome::Inform, Outcome::Ask] {
        let mut decision = made::decision(&made::stored_signal(&world, user).await, world.now());
        decision.outcome = outcome;
        if outcome == Outcome::Inform {
            (decision.chosen, decision.domain, decision.context.situation) =
                (None, Domain::Travel, SituationKind::TravelDecision);
        }
        assert!(
            made::change(&world, user, async |tx, lock| decisions::insert(tx, lock, &decision).await).await.unwrap()
        );
        all.push(decision.id);
        world.pass(TimeDelta::minutes(1));
    }
    all.reverse();
    let list = async |filter| {
        let page = decisions::list(&world.store, user, filter, None, 10).await.unwrap();
        page.items.into_iter().map(|summary| summary.id).collect::<Vec<_>>()
    };
    let any = decisions::Filter::default();
    assert_eq!(list(any).await, all);
    assert_eq!(list(decisions::Filter { outcome: Some(Outcome::Inform), ..any }).await, [all[1]]);
    assert_eq!(list(decisions::Filter { domain: Some(Domain::Finance), ..any }).await, [all[0], all[2]]);
    assert_eq!(list(decisions::Filter { situation: Some(SituationKind::TravelDecision), ..any }).await, [all[1]]);
    let second = world.now().minus(TimeDelta::minutes(2));
    assert_eq!(list(decisions::Filter { from: Some(second), ..any }).await, [all[0], all[1]]);
    assert_eq!(list(decisions::Filter { to: Some(second), ..any }).await, [all[2]]);

    let page = decisions::list(&world.store, user, any, None, 2).await.unwrap();
    let rest = decisions::list(&world.store, user, any, page.next, 2).await.unwrap();
    assert_eq!((rest.items.len(), rest.items[0].id, rest.next), (1, all[2], None));
    assert_eq!(page.items[1].verb, None);
    assert_eq!(rest.items[0].action.as_deref(), Some("pay_bill for City Power"));
    assert_eq!(decisions::of_signal(&world.store, user, Id::new(user.uuid())).await.unwrap(), None);
}
