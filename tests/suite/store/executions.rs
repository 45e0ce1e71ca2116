//! The fence: only the attempt that claimed an execution may write what came of it, and only once.

use ::store::{Error, executions};
use chrono::TimeDelta;
use domain::execution::{Answer, Carrier, ErrorClass, Execution, Kind, State};
use futures::future::join_all;
use tests::World;

use super::made;

#[tokio::test]
async fn of_many_claims_of_one_attempt_exactly_one_wins() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let planned = made::stored_execution(&world, user).await;
    let claims = join_all((0..8).map(|_| made::claim(&world, planned.clone()))).await;
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
    assert!(claims.iter().filter_map(|claim| claim.as_ref().err()).all(|error| matches!(error, Error::Stale)));
    assert_eq!(executions::get(&world.store, user, planned.id).await.unwrap().attempt, 1);
}

#[tokio::test]
async fn a_worker_that_was_taken_for_dead_can_not_settle_any_more() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let first = made::claimed_execution(&world, user).await;
    let second = made::claim(&world, first.clone()).await.unwrap();
    assert_eq!(second.attempt, 2);

    let late = first.answered(made::done(None), TimeDelta::zero(), world.now());
    assert!(matches!(made::settle(&world, &late).await, Err(Error::Stale)));
    let settled = second.answered(made::done(None), TimeDelta::zero(), world.now());
    made::settle(&world, &settled).await.unwrap();
    assert!(matches!(made::settle(&world, &settled).await, Err(Error::Stale)), "once");
    assert!(matches!(made::claim(&world, settled.clone()).await, Err(Error::Stale)), "what is settled is not claimed");
    assert_eq!(executions::get(&world.store, user, settled.id).await.unwrap(), settled);
    assert_eq!(made::count(&world.pool, "daily_spend_ledger").await, 2, "one reservation and one settlement");
}

#[tokio::test]
async fn what_was_sent_once_never_changes() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let first = made::claimed_execution(&world, user).await;
    let (mut second, _) = first.clone().claim(Carrier::deduping("engine"), |_| Vec::new(), world.now());
    assert_eq!(second.request, first.request);
    second.request = Some(b"other bytes".to_vec());
    let claimed = made::change(&world, user, async |tx, lock| executions::claim(tx, lock, &second).await).await;
    assert!(matches!(claimed, Err(Error::Stale)));
}

#[tokio::test]
async fn a_planned_execution_can_be_parked_and_cancelled_but_not_settled_before_its_claim() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let planned = made::stored_execution(&world, user).await;
    let early = Execution {
        state: State::Failed { at: world.now(), class: ErrorClass::Refused, error: "no".into() },
        ..planned.clone()
    };
    assert!(matches!(made::settle(&world, &early).await, Err(Error::Stale)));

    let parked = planned.parked(world.now().plus(TimeDelta::minutes(5)), world.now());
    made::settle(&world, &parked).await.unwrap();
    assert_eq!(executions::get(&world.store, user, parked.id).await.unwrap(), parked);
    let cancelled = parked.cancelled(ErrorClass::ByPerson, "changed my mind".into(), world.now());
    made::settle(&world, &cancelled).await.unwrap();
    assert_eq!(executions::get(&world.store, user, cancelled.id).await.unwrap(), cancelled);
}

#[tokio::test]
async fn what_nobody_knows_is_resolved_by_the_person_once() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let running = made::claimed_execution(&world, user).await;
    let word = |execution: &Execution| Execution {
        state: State::Failed { at: world.now(), class: ErrorClass::ByPerson, error: "it did not".into() },
        ..execution.clone()
    };
    let resolve = async |execution: Execution| {
        made::change(&world, user, async |tx, lock| executions::resolve(tx, lock, &execution, world.now()).await).await
    };
    assert!(matches!(resolve(word(&running)).await, Err(Error::Stale)), "somebody is at it");

    let unknown = Execution { state: State::Unknown { at: world.now(), error: "silence".into() }, ..running };
    made::settle(&world, &unknown).await.unwrap();
    assert_eq!(
        made::count(&world.pool, "daily_spend_ledger WHERE kind = 'release'").await,
        0,
        "the money stays reserved"
    );
    resolve(word(&unknown)).await.unwrap();
    assert!(matches!(resolve(word(&unknown)).await, Err(Error::Stale)));
    assert_eq!(made::count(&world.pool, "daily_spend_ledger WHERE kind = 'release'").await, 1);
}

#[tokio::test]
async fn a_decision_is_acted_on_once_and_undone_once() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let done = made::claimed_execution(&world, user).await.answered(made::done(None), TimeDelta::zero(), world.now());
    made::settle(&world, &done).await.unwrap();
    let insert = async |execution: Execution| {
        made::change(&world, user, async |tx, lock| executions::insert(tx, lock, &execution, world.now()).await).await
    };
    let decision = ::store::decisions::get(&world.store, user, done.decision).await.unwrap();
    let planned = made::execution(&decision, world.now());

    let again = Execution { id: done.id.child("again"), ..planned.clone() };
    assert!(matches!(insert(again.clone()).await, Err(Error::Duplicate)));
    insert(Execution { retry_of: Some(done.id), ..again }).await.unwrap();

    let undo = |label| Execution {
        id: done.id.child(label),
        kind: Kind::Undo,
        reverses: Some(done.id),
        reserved: None,
        ..planned.clone()
    };
    insert(undo("undo")).await.unwrap();
    assert!(matches!(insert(undo("undo again")).await, Err(Error::Duplicate)));
    let failed = undo("undo").cancelled(ErrorClass::ByPerson, "never mind".into(), world.now());
    made::settle(&world, &failed).await.unwrap();
    insert(undo("undo again")).await.unwrap();
}

#[tokio::test]
async fn executions_are_listed_newest_first_and_by_their_decision() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let first = made::stored_execution(&world, user).await;
    world.pass(TimeDelta::seconds(1));
    let second = made::stored_execution(&world, user).await;
    let page = executions::list(&world.store, user, None, 1).await.unwrap();
    assert_eq!(page.items, [second]);
    assert_eq!(executions::list(&world.store, user, page.next, 1).await.unwrap().items, std::slice::from_ref(&first));
    assert_eq!(executions::of_decision(&world.store, user, first.decision).await.unwrap(), [first]);
    let not_taken = Answer::NotTaken { retry_after: None, why: "busy".into() };
    let waiting = made::claimed_execution(&world, user).await.answered(not_taken, TimeDelta::seconds(4), world.now());
    made::settle(&world, &waiting).await.unwrap();
    assert_eq!(executions::get(&world.store, user, waiting.id).await.unwrap(), waiting, "planned again");
}
