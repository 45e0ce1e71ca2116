//! Money: the limit holds under any concurrency, and every cent counts exactly as long as it should (`domain.md` §8).

use ::store::{Store, executions, facts, ledger};
use chrono::TimeDelta;
use domain::{
    execution::{Answer, ErrorClass, Execution, Kind, State},
    id::{ExecutionId, UserId},
    ledger::{SpendView, fits},
    money::{Currency, Money},
};
use futures::future::join_all;
use queue::Bell;
use tests::World;

use super::made;

#[tokio::test]
async fn of_a_hundred_payments_at_once_exactly_those_that_fit_the_limit_are_reserved() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let mut planned = Vec::new();
    for _ in 0..100 {
        planned.push(made::execution(&made::stored_decision(&world, user).await, world.now()));
    }
    let pool = world.database.pool(40);
    let store = Store::new(pool.clone(), Bell::polling(&pool));
    let reserved = join_all(planned.iter().map(|execution| {
        let store = &store;
        let now = world.now();
        async move {
            made::change_in(store, user, now, async |tx, lock| {
                let facts = facts::load(tx, lock, now).await?;
                let limit = facts.settings.autonomy.max_daily_spend_cents.unwrap();
                let fits = fits(facts.spend.unwrap().window_cents(), 1000, limit).unwrap();
                if fits {
                    executions::insert(tx, lock, execution, now).await?;
                }
                Ok(fits)
            })
            .await
            .unwrap()
        }
    }))
    .await;
    assert_eq!(reserved.iter().filter(|fits| **fits).count(), 50);
    assert_eq!(view(&world, user, None).await, (50_000, 0));
}

#[tokio::test]
async fn an_open_reservation_counts_however_old_and_a_settled_amount_for_24_hours() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let open = made::claimed_execution(&world, user).await;
    world.pass(TimeDelta::days(40));
    assert_eq!(view(&world, user, None).await, (1000, 0));
    assert_eq!(view(&world, user, Some(open.id)).await, (0, 0), "its own reservation is left out");

    settle(&world, &open, made::done(Some(Money::usd(1300)))).await;
    assert_eq!(view(&world, user, None).await, (0, 1300));
    assert_eq!(
        made::count(&world.pool, "daily_spend_ledger WHERE kind = 'settle' AND flagged").await,
        1,
        "30 % more than estimated"
    );
    world.pass(TimeDelta::hours(24) - TimeDelta::microseconds(1));
    assert_eq!(view(&world, user, None).await, (0, 1300));
    world.pass(TimeDelta::microseconds(1));
    assert_eq!(view(&world, user, None).await, (0, 0));
}

#[tokio::test]
async fn what_did_not_happen_is_released_and_what_nobody_knows_stays_reserved() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let failed = made::claimed_execution(&world, user).await;
    settle(&world, &failed, Answer::Refused { why: "closed".into() }).await;
    assert_eq!(view(&world, user, None).await, (0, 0));
    let cancelled =
        made::stored_execution(&world, user).await.cancelled(ErrorClass::ByPerson, "no".into(), world.now());
    made::settle(&world, &cancelled).await.unwrap();
    assert_eq!(view(&world, user, None).await, (0, 0));
    let running = made::claimed_execution(&world, user).await;
    let unknown = Execution { state: State::Unknown { at: world.now(), error: "silence".into() }, ..running };
    made::settle(&world, &unknown).await.unwrap();
    world.pass(TimeDelta::days(2));
    assert_eq!(view(&world, user, None).await, (1000, 0));
}

#[tokio::test]
async fn a_completed_undo_gives_back_what_the_action_cost_once() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let paid = made::claimed_execution(&world, user).await;
    settle(&world, &paid, made::done(Some(Money::usd(900)))).await;
    let undo = Execution {
        id: paid.id.child("undo"),
        kind: Kind::Undo,
        reverses: Some(paid.id),
        reserved: None,
        ..made::execution(&::store::decisions::get(&world.store, user, paid.decision).await.unwrap(), world.now())
    };
    made::change(&world, user, async |tx, lock| executions::insert(tx, lock, &undo, world.now()).await).await.unwrap();
    assert_eq!(view(&world, user, None).await, (0, 900));
    let undo = made::claim(&world, undo).await.unwrap();
    settle(&world, &undo, made::done(None)).await;
    assert_eq!(view(&world, user, None).await, (0, 0));
    assert_eq!(made::count(&world.pool, "daily_spend_ledger WHERE kind = 'refund' AND cents = 900").await, 1);
}

#[tokio::test]
async fn money_of_other_users_and_currencies_does_not_count() {
    let world = World::new().await;
    let (ada, ben) = (made::user(&world).await, made::user(&world).await);
    made::stored_execution(&world, ben).await;
    let decision = made::stored_decision(&world, ada).await;
    let euros = Execution {
        reserved: Some(Money::new(700, "EUR".parse().unwrap())),
        ..made::execution(&decision, world.now())
    };
    made::change(&world, ada, async |tx, lock| executions::insert(tx, lock, &euros, world.now()).await).await.unwrap();
    assert_eq!(view(&world, ada, None).await, (0, 0));
    let euros = ledger::view(&world.store, ada, "EUR".parse().unwrap(), world.now(), None).await.unwrap().unwrap();
    assert_eq!(euros.reserved_cents, 700);
}

#[tokio::test]
async fn a_spend_that_does_not_add_up_is_unreadable_and_nothing_else_fails() {
    let world = World::new().await;
    let user = made::user(&world).await;
    for _ in 0..2 {
        let decision = made::stored_decision(&world, user).await;
        let huge = Execution { reserved: Some(Money::usd(i64::MAX)), ..made::execution(&decision, world.now()) };
        made::change(&world, user, async |tx, lock| executions::insert(tx, lock, &huge, world.now()).await)
            .await
            .unwrap();
    }
    let facts = made::change(&world, user, async |tx, lock| facts::load(tx, lock, world.now()).await).await.unwrap();
    assert!(facts.spend.is_err());
}

async fn settle(world: &World, execution: &Execution, answer: Answer) {
    let settled = execution.clone().answered(answer, TimeDelta::zero(), world.now());
    made::settle(world, &settled).await.unwrap();
}

/// Reserved and settled cents.
async fn view(world: &World, user: UserId, except: Option<ExecutionId>) -> (i64, i64) {
    let view = ledger::view(&world.store, user, Currency::USD, world.now(), except).await.unwrap().unwrap();
    let SpendView { reserved_cents, settled_cents, .. } = view;
    (reserved_cents, settled_cents)
}
