//! The sweep: whatever should have moved and has not is rung again, even when the queue has forgotten everything.

use ::store::{
    overdue::{self, GRACE, RESCUE},
    system, users,
};
use chrono::TimeDelta;
use domain::{
    execution::State,
    job::{Job, Kind},
    outbox::Outbox,
};
use tests::World;

use super::made;

async fn rings(world: &World) -> Vec<Job> {
    overdue::rings(&world.store, world.now(), 100).await.unwrap().into_iter().map(|ring| ring.job).collect()
}

#[tokio::test]
async fn every_row_that_should_have_moved_is_rung_and_no_other() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let approval = made::stored_approval(&world, user).await;
    let planned = made::stored_execution(&world, user).await;
    let signal = made::stored_signal(&world, user).await;
    let done = made::claimed_execution(&world, user).await.answered(made::done(None), TimeDelta::zero(), world.now());
    made::settle(&world, &done).await.unwrap();
    assert_eq!(rings(&world).await, [], "the bell has its chance first");

    world.pass(GRACE);
    let early = [Job::EvaluateSignal { signal: signal.id }, Job::ExecuteAction { execution: planned.id }];
    assert_eq!(rings(&world).await, early);
    world.pass(TimeDelta::minutes(48));
    assert_eq!(
        rings(&world).await,
        [early[0], Job::ExpireApproval { approval: approval.id }, early[1]],
        "its reminder is due"
    );

    let reminded = domain::approval::Approval { reminded: true, ..approval };
    made::change(&world, user, async |tx, lock| ::store::approvals::save(tx, lock, &reminded).await).await.unwrap();
    assert_eq!(rings(&world).await, early, "then not before it expires");
}

#[tokio::test]
async fn a_row_whose_bell_may_still_wait_its_turn_is_not_rung_again() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let signal = made::stored_signal(&world, user).await;
    let due = |seconds: i64| {
        format!(
            "INSERT INTO apalis.jobs (id, job_type, job, status, run_at)
             VALUES ('other', 'evaluate_signal', '{{}}', 'Pending', '{}')
             ON CONFLICT (id) DO UPDATE SET run_at = excluded.run_at",
            signal.received_at.plus(TimeDelta::seconds(seconds))
        )
    };
    world.pass(GRACE * 4);
    made::sql(&world.pool, due(4)).await.unwrap();
    assert_eq!(rings(&world).await, [], "the queue has not come to it");
    made::sql(&world.pool, due(6)).await.unwrap();
    assert_eq!(rings(&world).await, [Job::EvaluateSignal { signal: signal.id }], "it has, and nothing came of it");
    made::sql(&world.pool, "UPDATE apalis.jobs SET job_type = 'execute_action', run_at = '2020-01-01'").await.unwrap();
    assert_eq!(rings(&world).await, [Job::EvaluateSignal { signal: signal.id }], "another queue's turn is none of its");
}

#[tokio::test]
async fn an_execution_that_a_live_worker_may_hold_is_left_alone() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let running = made::claimed_execution(&world, user).await;
    let State::Running { due } = running.state else { panic!("claimed") };
    let longest = due.since(world.now()).max(TimeDelta::zero()) + Kind::ExecuteAction.temper().timeout + RESCUE;
    world.pass(longest - TimeDelta::microseconds(1));
    assert_eq!(rings(&world).await, []);
    world.pass(TimeDelta::microseconds(1));
    assert_eq!(rings(&world).await, [Job::ExecuteAction { execution: running.id }]);
}

#[tokio::test]
async fn what_the_stop_switch_holds_is_not_rung_until_it_is_released_but_approvals_expire() {
    let world = World::new().await;
    let (stopped, going) = (made::user(&world).await, made::user(&world).await);
    let (held, free) = (made::stored_signal(&world, stopped).await, made::stored_signal(&world, going).await);
    let approval = made::stored_approval(&world, stopped).await;
    made::stored_execution(&world, stopped).await;
    let stop = async |stop| {
        made::change(&world, stopped, async |tx, lock| users::set_stopped(tx, lock, stop, world.now()).await)
            .await
            .unwrap()
    };
    let stop_all = async |stop| {
        let mut tx = world.store.begin().await.unwrap();
        system::set_stopped(&mut tx, stop, world.now()).await.unwrap();
        tx.commit(Outbox::nothing(), world.now()).await.unwrap();
    };
    world.pass(TimeDelta::hours(1) + GRACE);
    let expiry = Job::ExpireApproval { approval: approval.id };
    stop(true).await;
    assert_eq!(rings(&world).await, [Job::EvaluateSignal { signal: free.id }, expiry]);
    stop_all(true).await;
    assert_eq!(rings(&world).await, [expiry]);
    assert!(users::settings(&world.store, going).await.unwrap().stopped);
    stop_all(false).await;
    stop(false).await;
    assert_eq!(rings(&world).await.len(), 4);
    assert!(rings(&world).await.contains(&Job::EvaluateSignal { signal: held.id }));
}

#[tokio::test]
async fn a_fleet_of_sweeps_rings_a_stuck_row_once_a_minute() {
    let world = World::new().await;
    let user = made::user(&world).await;
    made::stored_signal(&world, user).await;
    world.pass(GRACE);
    let sweep = async || {
        let rings = overdue::rings(&world.store, world.now(), 100).await.unwrap();
        let tx = world.store.begin().await.unwrap();
        tx.commit(Outbox { rings, ..Outbox::nothing() }, world.now()).await.unwrap();
    };
    for _ in 0..3 {
        sweep().await;
    }
    assert_eq!(made::count(&world.pool, "apalis.jobs").await, 1);
    world.pass(TimeDelta::minutes(1));
    sweep().await;
    assert_eq!(made::count(&world.pool, "apalis.jobs").await, 2);
    made::sql(&world.pool, "DELETE FROM apalis.jobs").await.unwrap();
    sweep().await;
    assert_eq!(made::count(&world.pool, "apalis.jobs").await, 1, "a lost queue is rung anew at once");
}
