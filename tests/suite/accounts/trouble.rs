//! What a provider refuses is the person's affair, the operator's, or nobody's; and each costs only whom it concerns.

use std::time::Duration;

use chrono::TimeDelta;
use domain::account::{OPERATORS_TIME, Phase, State as Standing};
use simulator::provider::{Fault, On, Rule};
use worker::{State, accounts::NoAccess};

use super::rig::{ANN, Rig, run};

#[tokio::test]
async fn a_void_grant_ends_within_one_attempt_in_one_notification_and_no_further_calls() {
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    rig.provider.revoke_all(ANN);
    rig.run(id).await.unwrap();
    let account = rig.found(user, id).await;
    assert_eq!(account.state, Standing::NeedsReauth);
    assert_eq!(rig.provider.calls(ANN).refresh, 1);
    for _ in 0..5 {
        rig.world.pass(TimeDelta::hours(7));
        assert_eq!(rig.overdue().await, []);
        rig.run(id).await.unwrap();
    }
    assert_eq!(rig.provider.calls(ANN).refresh, 1);
    let told: Vec<(String, String)> =
        sqlx::query_as("SELECT kind, title FROM notifications").fetch_all(&rig.world.pool).await.unwrap();
    let title = "Sign in again: google (person0@example.com)".to_owned();
    assert_eq!(told, [("account_needs_reauth".to_owned(), title)]);
    let access = worker::accounts::access(&rig.state, user, id, rig.world.now()).await;
    assert!(matches!(access, Err(NoAccess::NotConnected)), "{access:?}");
}

#[tokio::test]
async fn what_is_wrong_with_this_systems_own_set_up_is_the_operators_affair() {
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    rig.provider.inject([Rule::new(On::Refresh, Fault::Error(401, "invalid_client")).always()]);
    for times in 1..=2 {
        rig.run(id).await.unwrap();
        let account = rig.found(user, id).await;
        assert_eq!(account.state.due(), Some(rig.world.now().plus(OPERATORS_TIME)));
        assert!(account.trouble.unwrap().contains("invalid_client"));
        let alerts = store::alerts::list(&rig.world.store, 10).await.unwrap();
        assert_eq!((alerts.len(), alerts[0].times, alerts[0].resolved_at), (1, times, None));
        rig.world.pass(OPERATORS_TIME);
    }
    assert_eq!(rig.count("notifications").await, 0, "the person can do nothing about it");
    rig.provider.heal();
    rig.run(id).await.unwrap();
    let account = rig.found(user, id).await;
    assert_eq!((account.state.phase(), account.trouble, account.grant), (Phase::Active, None, 2));
    let alerts = store::alerts::list(&rig.world.store, 10).await.unwrap();
    assert_eq!(alerts[0].resolved_at, Some(rig.world.now()));
}

#[tokio::test]
async fn a_worker_without_the_key_or_the_provider_says_so_and_leaves_the_grant_alone() {
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    let other_key = vault::Keyring::parse("k2:__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA").unwrap();
    let lacking = [
        State { vault: None, ..rig.state.clone() },
        State { vault: Some(other_key), ..rig.state.clone() },
        State { providers: oauth::Providers::default(), ..rig.state.clone() },
    ];
    for state in lacking {
        run(&state, id).await.unwrap();
        assert_eq!(rig.found(user, id).await.state.phase(), Phase::Active);
        rig.world.pass(OPERATORS_TIME);
    }
    assert_eq!(rig.provider.calls(ANN).refresh, 0);
    rig.run(id).await.unwrap();
    assert_eq!(rig.found(user, id).await.grant, 2);
}

#[tokio::test]
async fn trouble_that_passes_is_waited_out_in_silence() {
    let faults = [
        Fault::Status(503, Some(120)),
        Fault::Status(500, None),
        Fault::Status(429, Some(7)),
        Fault::Reset,
        Fault::Drop,
        Fault::Unparsable,
        Fault::Error(400, "temporarily_unavailable"),
    ];
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    for (number, fault) in faults.into_iter().enumerate() {
        let failed = i32::try_from(number).unwrap() + 1;
        rig.provider.inject([Rule::new(On::Refresh, fault.clone())]);
        rig.run(id).await.unwrap();
        let account = rig.found(user, id).await;
        let wait = account.state.due().unwrap().since(rig.world.now());
        assert_eq!((account.state.phase(), account.failures, account.grant), (Phase::Active, failed, 1), "{fault:?}");
        assert!(account.trouble.is_some() && wait <= TimeDelta::minutes(5), "{fault:?}: {wait}");
        if let Fault::Status(_, Some(seconds)) = fault {
            assert!(wait >= TimeDelta::seconds(seconds.into()), "{fault:?}: {wait}");
        }
        rig.world.pass(wait);
    }
    rig.run(id).await.unwrap();
    let account = rig.found(user, id).await;
    assert_eq!((account.state.phase(), account.failures, account.trouble, account.grant), (Phase::Active, 0, None, 2));
    assert_eq!((rig.count("notifications").await, rig.count("operator_alerts").await), (0, 0));
}

#[tokio::test]
async fn a_slow_provider_is_no_trouble() {
    let rig = Rig::new().await;
    let (user, id) = rig.due().await;
    rig.provider.inject([Rule::new(On::Refresh, Fault::Slow(Duration::from_millis(200)))]);
    rig.run(id).await.unwrap();
    assert_eq!(rig.found(user, id).await.grant, 2);
}
