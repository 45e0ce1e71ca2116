//! The simulated engine itself: it remembers over a restart, takes orders over HTTP, and stops when told to.

use domain::execution::{Answer, Phase};
use serde_json::{Value, json};
use simulator::{Options, Reply, Rule};
use worker::ports::Engine;

use super::{TOKEN, adapter, claimed, drive, execution, name, note, simulator, us};

#[tokio::test]
async fn an_engine_killed_after_the_work_remembers_it_and_does_not_do_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.jsonl");
    let far = simulator(Options::new(TOKEN).journal(&file).faults([Rule::reply(Reply::Drop)])).await;
    let engine = adapter(&far);
    let execution = claimed(&engine, execution(1, note()));
    assert!(matches!(engine.send(&us(), &execution).await.answer, Answer::InDoubt { .. }));
    drop(far);
    // What a kill in the middle of a write leaves behind.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend_from_slice(b"{\"fact\":\"accep");
    std::fs::write(&file, bytes).unwrap();

    for _ in 0..2 {
        let far = simulator(Options::new(TOKEN).journal(&file)).await;
        let answer = adapter(&far).send(&us(), &execution).await.answer;
        assert!(matches!(answer, Answer::Succeeded { .. }), "{answer:?}");
        assert_eq!(far.journal().len(), 1);
        far.stop().await;
    }
}

#[tokio::test]
async fn an_engine_killed_between_taking_work_and_doing_it_finishes_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.jsonl");
    let far = simulator(Options::new(TOKEN).journal(&file)).await;
    let execution = claimed(&adapter(&far), execution(1, note()));
    adapter(&far).send(&us(), &execution).await;
    far.stop().await;
    let text = std::fs::read_to_string(&file).unwrap();
    let (accepted, _) = text.split_once('\n').unwrap();
    std::fs::write(&file, format!("{accepted}\n")).unwrap();

    let far = simulator(Options::new(TOKEN).journal(&file)).await;
    assert_eq!(far.journal().len(), 0);
    let answer = adapter(&far).send(&us(), &execution).await.answer;
    assert!(matches!(answer, Answer::Succeeded { .. }), "{answer:?}");
    assert_eq!(far.journal().len(), 1);
}

#[tokio::test]
async fn faults_are_ordered_and_the_journal_is_read_over_http_by_whoever_has_the_token() {
    let far = simulator(Options::new(TOKEN)).await;
    let engine = adapter(&far);
    let http = tests::http();
    let at = |path: &str| format!("{}{path}", far.url);
    let json_of = async |path: &str| -> Value {
        http.get(at(path)).bearer_auth(TOKEN).send().await.unwrap().json().await.unwrap()
    };

    let health: Value = http.get(at("/api/health")).send().await.unwrap().json().await.unwrap();
    assert_eq!(health, json!({"status": "healthy", "channel": "reborn"}));
    for path in ["/simulator/journal", "/simulator/faults", "/simulator/requests", "/api/v1/responses/resp_1"] {
        assert_eq!(http.get(at(path)).bearer_auth("another").send().await.unwrap().status(), 401, "{path}");
    }
    let order = async |rules: Value| {
        http.post(at("/simulator/faults")).bearer_auth(TOKEN).json(&rules).send().await.unwrap().status()
    };
    assert_eq!(order(json!({"rules": [{"reply": {"kind": "explode"}}]})).await, 422);
    assert_eq!(order(json!({"rules": [{"verb": "create_note", "times": 1, "reply": {"kind": "drop"}}]})).await, 204);

    let execution = execution(1, note());
    let (first, ended) = drive(&engine, execution).await;
    assert_eq!((name(&first), ended.state.phase()), ("in doubt", Phase::Succeeded));
    let journal = json_of("/simulator/journal").await;
    assert_eq!(journal["effects"].as_array().unwrap().len(), 1);
    assert_eq!(journal["effects"][0]["execution_id"], json!(ended.id.to_string()));
    assert_eq!(json_of("/simulator/requests").await["requests"].as_array().unwrap().len(), 2);
    assert_eq!(json_of("/simulator/faults").await["rules"][0]["replies"], json!({"seen": 2, "fired": 1}));
    assert_eq!(http.delete(at("/simulator/faults")).bearer_auth(TOKEN).send().await.unwrap().status(), 204);
    assert_eq!(json_of("/simulator/faults").await, json!({"rules": []}));
}

#[tokio::test]
async fn stopping_lets_go_of_requests_that_hang() {
    let far = simulator(Options::new(TOKEN).faults([Rule::reply(Reply::Hang { work: true })])).await;
    let engine = adapter(&far);
    let (us, execution) = (us(), claimed(&engine, execution(1, note())));
    let hanging = async { engine.send(&us, &execution).await.answer };
    let stop = async {
        while far.received().is_empty() {
            tokio::task::yield_now().await;
        }
        far.stop().await;
    };
    let (answer, ()) = futures::join!(hanging, stop);
    assert!(matches!(answer, Answer::InDoubt { .. }), "{answer:?}");
}
