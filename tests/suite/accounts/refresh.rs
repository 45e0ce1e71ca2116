//! Tokens are renewed in time, once, by one worker, whoever dies in between.

use chrono::TimeDelta;
use domain::account::{LEASE, Phase, State as Standing};
use futures::{StreamExt, future::join_all, stream};
use queue::{Bell, Failure};
use runtime::faults::Effect;
use store::Store;
use worker::{State, accounts};

use super::rig::{ANN, DUE, Rig, person, run};

#[tokio::test(flavor = "multi_thread")]
async fn twenty_workers_refresh_two_hundred_accounts_that_end_at_once_exactly_once_each() {
    const PEOPLE: usize = 20;
    const EACH: usize = 10;
    let rig = Rig::with(PEOPLE * EACH).await;
    let mut all = Vec::new();
    for number in 0..PEOPLE {
        let user = rig.user("somebody").await;
        for which in 0..EACH {
            let who = person(number * EACH + which);
            all.push((user, rig.account(user, &who).await, who.subject));
        }
    }
    assert_eq!(rig.overdue().await, [], "nothing is due yet");
    rig.world.pass(DUE);
    assert_eq!(rig.overdue().await.len(), PEOPLE * EACH);

    let workers = (0..20).map(|number| {
        let pool = rig.world.database.pool(2);
        let store = Store::new(pool.clone(), Bell::polling(&pool));
        let state = State { store, ..rig.state.clone() };
        // Each begins elsewhere, so that they meet everywhere.
        let jobs: Vec<_> = (0..all.len()).map(|at| all[(at + number * 10) % all.len()].1).collect();
        async move {
            stream::iter(jobs)
                .for_each_concurrent(4, |id| {
                    let state = &state;
                    async move { drop(run(state, id).await) }
                })
                .await;
        }
    });
    join_all(workers).await;

    for (user, id, subject) in &all {
        assert_eq!(rig.provider.calls(subject).refresh, 1, "{subject}");
        let account = rig.found(*user, *id).await;
        assert_eq!((account.state.phase(), account.grant, account.version), (Phase::Active, 2, 3));
        let held = rig.provider.holder(rig.tokens(*user, *id).await.access());
        assert_eq!(held.as_ref(), Some(subject), "what is kept is what the provider gave");
    }
    assert_eq!(rig.overdue().await, []);
}

#[tokio::test]
async fn whoever_dies_at_whatever_point_the_account_is_refreshed_in_the_end() {
    let points = ["before_claim_commit", "after_claim", "after_answer", "before_settle_commit", "after_settle"];
    for point in points {
        let rig = Rig::new().await;
        let (user, id) = rig.due().await;
        let mut armed = rig.world.faults.arm(&format!("refresh.{point}"), 1, Effect::Hang);
        tokio::select! {
            ran = rig.run(id) => panic!("{point}: it survived: {ran:?}"),
            () = armed.struck() => {}
        }
        rig.world.pass(LEASE + TimeDelta::seconds(10));
        let late = rig.overdue().await;
        assert_eq!(late.is_empty(), point == "after_settle", "{point}: the sweep finds what is left");
        rig.run(id).await.unwrap();
        let account = rig.found(user, id).await;
        assert_eq!((account.state.phase(), account.grant), (Phase::Active, 2), "{point}");
        assert!(rig.provider.calls(ANN).refresh <= 2, "{point}");
        assert_eq!(rig.provider.holder(rig.tokens(user, id).await.access()).as_deref(), Some(ANN), "{point}");
        assert_eq!(rig.count("notifications").await, 0, "{point}");
    }
}

#[tokio::test]
async fn a_crash_that_loses_a_rotated_token_ends_in_one_request_to_sign_in_and_no_loop() {
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    rig.provider.rotate(true);
    let mut armed = rig.world.faults.arm("refresh.after_answer", 1, Effect::Hang);
    tokio::select! {
        ran = rig.run(id) => panic!("it survived: {ran:?}"),
        () = armed.struck() => {}
    }
    rig.world.pass(LEASE + TimeDelta::seconds(10));
    for _ in 0..5 {
        rig.run(id).await.unwrap();
        rig.world.pass(TimeDelta::hours(1));
        assert_eq!(rig.overdue().await, []);
    }
    assert_eq!(rig.found(user, id).await.state, Standing::NeedsReauth);
    assert_eq!(rig.provider.calls(ANN).refresh, 2, "the lost one, and the one that was told so");
    assert_eq!(rig.count("notifications").await, 1);
}

#[tokio::test]
async fn a_rotated_refresh_token_is_stored_before_anybody_uses_it() {
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    rig.provider.rotate(true);
    let before = rig.tokens(user, id).await;
    let mut armed = rig.world.faults.arm("refresh.before_settle_commit", 1, Effect::Hang);
    tokio::select! {
        ran = rig.run(id) => panic!("it survived: {ran:?}"),
        () = armed.struck() => {
            let access = accounts::access(&rig.state, user, id, rig.world.now()).await.unwrap();
            assert_eq!((access.tokens, access.grant), (before, 1), "until it is stored nobody sees the new one");
        }
    }
    // The same without a crash, three times over: each refresh is asked for with the token that the last one stored.
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    rig.provider.rotate(true);
    let mut seen = vec![rig.tokens(user, id).await];
    for _ in 0..3 {
        rig.run(id).await.unwrap();
        let kept = rig.tokens(user, id).await;
        assert!(!seen.iter().any(|old| old.refresh() == kept.refresh()), "rotated");
        seen.push(kept);
        rig.world.pass(DUE);
    }
    assert_eq!(rig.found(user, id).await.grant, 4);
    assert_eq!(rig.provider.calls(ANN).refresh, 3);
}

#[tokio::test]
async fn a_provider_that_sends_no_new_refresh_token_means_the_old_one() {
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    let before = rig.tokens(user, id).await;
    rig.run(id).await.unwrap();
    let after = rig.tokens(user, id).await;
    assert_eq!(after.refresh(), before.refresh());
    assert_ne!(after.access(), before.access());
}

#[tokio::test]
async fn a_worker_that_comes_back_after_its_lease_writes_nothing() {
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    let mut armed = rig.world.faults.arm("refresh.after_claim", 1, Effect::Hang);
    let slow = rig.state.clone();
    let frozen = async { run(&slow, id).await };
    tokio::pin!(frozen);
    tokio::select! {
        ran = &mut frozen => panic!("it was not frozen: {ran:?}"),
        () = armed.struck() => {}
    }
    let early = rig.run(id).await;
    assert!(matches!(early, Err(Failure::Snooze { .. })), "within the lease it is left alone: {early:?}");
    assert_eq!(rig.provider.calls(ANN).refresh, 0);
    rig.world.pass(LEASE);
    rig.run(id).await.unwrap();
    let taken_over = rig.found(user, id).await;
    assert_eq!((taken_over.grant, taken_over.version), (2, 4));
    // The claim that was lost has version 2; what it would write is refused by the row.
    let stale = domain::account::Account { version: 3, ..taken_over.clone() };
    let mut tx = rig.world.store.begin().await.unwrap();
    let lock = tx.lock(user).await.unwrap();
    assert!(matches!(store::accounts::save(&mut tx, &lock, &stale).await, Err(store::Error::Stale)));
    drop(tx);
    assert_eq!(rig.found(user, id).await, taken_over);
}

#[tokio::test]
async fn a_token_that_a_provider_refuses_is_refreshed_before_its_time_and_only_once() {
    let rig = Rig::new().await;
    let user = rig.user("Ann").await;
    let id = rig.account(user, &person(0)).await;
    rig.world.pass(TimeDelta::minutes(10));
    rig.provider.expire(ANN);
    let (state, now) = (&rig.state, rig.world.now());
    let access = accounts::access(state, user, id, now).await.unwrap();
    assert_eq!(rig.provider.holder(access.tokens.access()), None, "it is refused there");
    assert!(accounts::refused(state, user, id, access.grant, now).await.unwrap());
    assert!(!accounts::refused(state, user, id, access.grant, now).await.unwrap(), "said twice is said once");
    rig.run(id).await.unwrap();
    let fresh = accounts::access(state, user, id, now).await.unwrap();
    assert_eq!((rig.provider.holder(fresh.tokens.access()).as_deref(), fresh.grant), (Some(ANN), 2));
    assert!(!accounts::refused(state, user, id, access.grant, now).await.unwrap(), "there is a newer one");
    assert_eq!(rig.provider.calls(ANN).refresh, 1);
}
