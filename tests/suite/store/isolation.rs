//! One user can never read or change another user's row: it is not found (`domain.md` §1 law 9).

use ::store::{Error, approvals, decisions, events, executions, notifications, signals, tokens};
use domain::{
    event::Name,
    feedback::{Feedback, Kind},
    outbox::Outbox,
};
use tests::World;

use super::made;

macro_rules! not_found {
    ($($read:expr),+ $(,)?) => { $(assert!(matches!($read, Err(Error::NotFound)), stringify!($read));)+ };
}

#[tokio::test]
async fn everything_of_another_user_is_not_found_and_lists_are_empty() {
    let world = World::new().await;
    let (ada, ben) = (made::user(&world).await, made::user(&world).await);
    let approval = made::stored_approval(&world, ada).await;
    let execution = made::stored_execution(&world, ada).await;
    let decision = decisions::get(&world.store, ada, approval.decision).await.unwrap();
    let tx = world.store.begin().await.unwrap();
    let event = made::object(serde_json::json!({ "decision": decision.id, "signal": decision.signal }));
    tx.commit(Outbox::nothing().event(ada, Name::DecisionMade, event), world.now()).await.unwrap();

    let store = &world.store;
    not_found!(
        signals::get(store, ben, decision.signal).await,
        decisions::get(store, ben, decision.id).await,
        approvals::get(store, ben, approval.id).await,
        executions::get(store, ben, execution.id).await,
        made::change(&world, ben, async |tx, lock| signals::load(tx, lock, decision.signal).await).await,
        made::change(&world, ben, async |tx, lock| approvals::load(tx, lock, approval.id).await).await,
        made::change(&world, ben, async |tx, lock| executions::load(tx, lock, execution.id).await).await,
    );
    assert_eq!(decisions::of_signal(store, ben, decision.signal).await.unwrap(), None);
    assert_eq!(approvals::of_decision(store, ben, decision.id).await.unwrap(), []);
    assert_eq!(executions::of_decision(store, ben, execution.decision).await.unwrap(), []);
    assert_eq!(events::of_decision(store, ben, decision.id).await.unwrap(), []);
    assert_eq!(events::since(store, ben, 0, 10).await.unwrap(), []);
    assert_eq!(signals::list(store, ben, None, 10).await.unwrap().items, []);
    assert_eq!(decisions::list(store, ben, decisions::Filter::default(), None, 10).await.unwrap().items, []);
    assert_eq!(executions::list(store, ben, None, 10).await.unwrap().items, []);
    for which in [approvals::Which::Pending { now: world.now() }, approvals::Which::History] {
        assert_eq!(approvals::list(store, ben, which, None, 10).await.unwrap().items, []);
    }
    assert_eq!(notifications::list(store, ben, false, None, 10, world.now()).await.unwrap().items, []);
    assert_eq!(tokens::list(store, Some(ben)).await.unwrap(), []);
    assert_eq!(approvals::user_of(store, approval.id).await.unwrap(), ada);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(signals::lock_owner(&mut tx, decision.signal).await.unwrap().user(), ada);
    assert_eq!(executions::lock_owner(&mut tx, execution.id).await.unwrap().user(), ada);
}

#[tokio::test]
async fn the_lock_of_one_user_opens_no_row_of_another() {
    let world = World::new().await;
    let (ada, ben) = (made::user(&world).await, made::user(&world).await);
    let approval = made::stored_approval(&world, ada).await;
    let execution = made::stored_execution(&world, ada).await;
    let decision = decisions::get(&world.store, ada, approval.decision).await.unwrap();
    let signal = made::signal(&world, ada);
    let (claimed, _) =
        execution.clone().claim(domain::execution::Carrier::deduping("engine"), |_| Vec::new(), world.now());
    let feedback = Feedback {
        id: approval.id.child("feedback"),
        user: ada,
        decision: decision.id,
        approval: None,
        domain: decision.domain,
        verb: None,
        kind: Kind::Approve,
        severity: None,
        comment: None,
        at: world.now(),
    };
    let now = world.now();
    not_found!(
        made::change(&world, ben, async |tx, lock| signals::accept(tx, lock, &signal, signals::Identity::Content, now)
            .await)
        .await,
        made::change(&world, ben, async |tx, lock| decisions::insert(tx, lock, &decision).await).await,
        made::change(&world, ben, async |tx, lock| approvals::insert(tx, lock, &approval).await).await,
        made::change(&world, ben, async |tx, lock| approvals::save(tx, lock, &approval).await).await,
        made::change(&world, ben, async |tx, lock| executions::insert(tx, lock, &execution, now).await).await,
        made::change(&world, ben, async |tx, lock| executions::claim(tx, lock, &claimed).await).await,
        made::change(&world, ben, async |tx, lock| executions::settle(tx, lock, &claimed, now).await).await,
        made::change(&world, ben, async |tx, lock| ::store::feedback::insert(tx, lock, &feedback).await).await,
    );
    let stale =
        made::change(&world, ben, async |tx, lock| signals::mark_dead(tx, lock, decision.signal, "no", now).await)
            .await;
    assert!(matches!(stale, Err(Error::Stale)));
    assert_eq!(approvals::get(&world.store, ada, approval.id).await.unwrap(), approval);
    assert_eq!(executions::get(&world.store, ada, execution.id).await.unwrap(), execution);
}
