//! Two releases side by side: what the other one rings and this one cannot read is parked, never dropped, and what it was
//! about gets done all the same, because rows and not jobs say what is to be done.

use domain::execution::Phase;

use super::{
    crew::Process,
    ways::{Way, newsletter},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_in_the_words_of_another_release_is_parked_and_its_signal_is_decided_all_the_same() {
    let mut bench = Way::Auto.bench().await;
    let signal = bench.post("email", "email_received", newsletter()).await;
    let newer = format!(r#"{{"kind":"evaluate_signals","signals":["{signal}"],"since":3}}"#);
    let foreign: String = sqlx::query_scalar("UPDATE apalis.jobs SET job = convert_to($1, 'UTF8') RETURNING id")
        .bind(&newer)
        .fetch_one(bench.state.store.pool())
        .await
        .unwrap();
    let process = Process::start(&bench.state);
    bench.comes_to(signal, Phase::Succeeded).await;
    process.stop().await;
    let dead = store::jobs::dead(&bench.state.store, None, None, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].id.as_str(), dead[0].payload.as_str()), (1, foreign.as_str(), newer.as_str()));
    assert!(dead[0].why.starts_with("undecodable payload"), "{dead:?}");
    assert_eq!(bench.engine.effects().into_values().collect::<Vec<_>>(), [1], "done once");

    // whoever can read it may drive it again; this release parks it again
    store::jobs::redrive(&bench.state.store, &foreign).await.unwrap();
    sqlx::query("UPDATE apalis.jobs SET job = convert_to($2, 'UTF8') WHERE id = $1")
        .bind(&foreign)
        .bind(format!(r#"{{"kind":"evaluate_signal","signal":"{signal}","a_field_of_tomorrow":true}}"#))
        .execute(bench.state.store.pool())
        .await
        .unwrap();
    bench.finish().await;
    assert!(
        store::jobs::dead(&bench.state.store, None, None, 10).await.unwrap().is_empty(),
        "further fields do no harm"
    );
    assert_eq!(bench.engine.effects().into_values().collect::<Vec<_>>(), [1], "and nothing is done twice");
}
