//! Which server answers: found out before anything is ordered of it, at the start and whenever it may have changed.

use std::{sync::Arc, time::Duration};

use domain::execution::Answer;
use runtime::Shutdown;
use simulator::{Generation, Options, Simulator};
use tests::World;
use worker::{
    Pace, State,
    ports::{Engine, Fit},
};

use super::{TOKEN, adapter, adapter_at, claimed, execution, note, simulator, us, webhook_at};

const PATIENCE: Duration = Duration::from_secs(30);

async fn old(generation: Generation) -> simulator::Running {
    simulator(Options::new(TOKEN).generation(generation)).await
}

#[tokio::test]
async fn a_server_of_the_wrong_generation_is_named_with_what_to_do_about_it() {
    let today = simulator(Options::new(TOKEN)).await;
    let gateway = old(Generation::LegacyGateway).await;
    let webhook = old(Generation::LegacyWebhook).await;
    assert_eq!(adapter(&today).fit().await, Fit::Fits);
    assert_eq!(webhook_at(&webhook.url, PATIENCE).fit().await, Fit::Fits);
    let misfits = [
        (adapter(&gateway).fit().await, &gateway, "SKYTWIN_ENGINE_KIND=ironclaw-webhook"),
        (adapter(&webhook).fit().await, &webhook, "SKYTWIN_ENGINE_URL"),
        (webhook_at(&today.url, PATIENCE).fit().await, &today, "SKYTWIN_ENGINE_KIND=ironclaw-responses"),
        (webhook_at(&gateway.url, PATIENCE).fit().await, &gateway, "8080"),
    ];
    for (fit, far, advice) in misfits {
        let Fit::Misfit { why } = fit else { panic!("{fit:?}") };
        println!("{why}");
        assert!(why.contains(advice) && why.contains(&far.url), "{why}");
        assert_eq!(far.journal().len(), 0);
    }
}

#[tokio::test]
async fn a_server_that_was_exchanged_for_an_older_one_gets_no_order() {
    let far = simulator(Options::new(TOKEN)).await;
    let (engine, url) = (adapter(&far), far.url.clone());
    let send = async |number| {
        let order = claimed(&engine, execution(number, note()));
        engine.send(&us(), &order).await.answer
    };
    assert!(matches!(send(1).await, Answer::Succeeded { .. }));
    far.stop().await;
    // A connection that was kept is found broken once; then nobody is there.
    let gone = send(2).await;
    assert!(matches!(gone, Answer::NotTaken { .. } | Answer::InDoubt { .. }), "{gone:?}");
    let addr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let older = Simulator::start(addr, Options::new(TOKEN).generation(Generation::LegacyGateway)).await.unwrap();
    let answer = send(3).await;
    assert!(matches!(&answer, Answer::Refused { why } if why.contains("not the one")), "{answer:?}");
    assert_eq!((older.journal().len(), older.received().len()), (0, 0));
    older.stop().await;
    let newer = Simulator::start(addr, Options::new(TOKEN)).await.unwrap();
    for number in [4, 4] {
        if matches!(send(number).await, Answer::Succeeded { .. }) {
            assert_eq!(newer.journal().len(), 1);
            return;
        }
    }
    panic!("the right server is back and gets nothing");
}

#[tokio::test]
async fn a_process_does_not_start_with_an_engine_that_does_not_fit_and_does_with_one_that_is_down() {
    let world = World::new().await;
    let state = |engine| State {
        store: world.store.clone(),
        engine,
        identity: us(),
        vault: None,
        outgoing: worker::adapters::outgoing::Outgoing::default(),
        providers: oauth::Providers::default(),
        google: None,
        clock: world.clock.clone(),
        entropy: world.entropy.clone(),
        faults: world.faults.clone(),
        pace: Pace::default(),
        keep: runtime::Retention::default(),
    };
    let today = simulator(Options::new(TOKEN)).await;
    let misfit = state(Arc::new(webhook_at(&today.url, PATIENCE)));
    let error = worker::run(misfit, Shutdown::new()).await.unwrap_err();
    assert!(matches!(error, worker::Error::Misfit(_)), "{error}");

    let down = state(Arc::new(adapter_at("http://127.0.0.1:1", PATIENCE)));
    assert!(matches!(down.engine.fit().await, Fit::Unreachable { .. }));
    let shutdown = Shutdown::new();
    let (ended, ()) = futures::join!(worker::run(down, shutdown.clone()), async { shutdown.request() });
    ended.unwrap();
}
