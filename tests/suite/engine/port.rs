//! The adapter: what it sends, what it reads, and what never leaves us.

use std::sync::Arc;

use domain::{
    execution::{Answer, Execution, Kind, Phase, Step, StepState},
    id::{ExecutionId, Id},
    money::Money,
};
use runtime::{Clock, Secret};
use serde_json::{Value, json};
use simulator::{End, Options, Rule};
use uuid::Uuid;
use worker::{
    adapters::ironclaw_responses::{IronclawResponses, Settings},
    ports::{Engine, Identity},
};

use super::{TOKEN, adapter, busy, claimed, drive, execution, later, note, simulator, taken, us};

#[tokio::test]
async fn a_busy_engine_says_when_to_come_back_and_is_believed_up_to_an_hour() {
    let far = simulator(Options::new(TOKEN).faults([
        Rule::reply(busy("7")),
        Rule::reply(busy("Sun, 01 Mar 2026 09:05:00 GMT")),
        Rule::reply(busy("86400")),
    ]))
    .await;
    let engine = adapter(&far);
    let execution = claimed(&engine, execution(1, note()));
    for seconds in [7, 300, 3600] {
        let answer = engine.send(&us(), &execution).await.answer;
        let Answer::NotTaken { retry_after: Some(wait), .. } = answer else { panic!("{answer:?}") };
        assert_eq!(wait.num_seconds(), seconds);
    }
}

#[tokio::test]
async fn what_succeeded_reports_its_cost_its_outputs_and_the_engines_own_id() {
    let far = simulator(Options::new(TOKEN)).await;
    let (answer, _) = drive(&adapter(&far), execution(1, note())).await;
    let Answer::Succeeded { output, actual, engine_ref } = answer else { panic!("{answer:?}") };
    assert_eq!(actual, Some(Money::usd(1299)), "the simulated engine spends what was reserved");
    assert_eq!(output.get("verb"), Some(&json!("create_note")));
    assert!(engine_ref.unwrap().starts_with("resp_"));
}

#[tokio::test]
async fn fifty_sends_at_once_under_one_key_have_one_effect() {
    let far = simulator(Options::new(TOKEN)).await;
    let engine = Arc::new(adapter(&far));
    let (us, execution) = (us(), claimed(&*engine, execution(1, note())));
    let answers = futures::future::join_all((0..50).map(|_| async { engine.send(&us, &execution).await.answer })).await;
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Succeeded { .. })), "{answers:?}");
    assert_eq!((far.journal().len(), far.received().len()), (1, 50));
}

#[tokio::test]
async fn other_bytes_under_a_used_key_change_nothing_and_leave_it_in_doubt() {
    let far = simulator(Options::new(TOKEN)).await;
    let engine = adapter(&far);
    let (first, mut second) = (execution(1, note()), execution(1, note()));
    second.action.parameters.insert("text".into(), "Bread".into());
    engine.send(&us(), &claimed(&engine, first)).await;
    let answer = engine.send(&us(), &claimed(&engine, second)).await.answer;
    let Answer::InDoubt { why, .. } = answer else { panic!("{answer:?}") };
    assert!(why.contains("(409)"), "{why}");
    let journal = far.journal();
    assert_eq!(journal.len(), 1);
    assert_eq!(journal[0].parameters.get("text"), Some(&json!("Milk")));
}

#[tokio::test]
async fn cancelled_work_never_happens_and_finished_work_stays_finished() {
    let far = simulator(Options::new(TOKEN).faults([later(100, End::Completed)])).await;
    let engine = adapter(&far);
    let (slow, quick) = (claimed(&engine, execution(1, note())), claimed(&engine, execution(2, note())));

    let answer = engine.send(&us(), &slow).await.answer;
    let Answer::Working { engine_ref, .. } = answer else { panic!("{answer:?}") };
    let answer = engine.cancel(&us(), &taken(&slow, &engine_ref)).await.answer;
    assert!(matches!(&answer, Answer::Failed { engine_ref: Some(told), .. } if *told == engine_ref), "{answer:?}");
    assert!(matches!(engine.look(&us(), &taken(&slow, &engine_ref)).await.answer, Answer::Failed { .. }));
    assert_eq!(far.journal().len(), 0);

    let answer = engine.send(&us(), &quick).await.answer;
    let Answer::Succeeded { engine_ref: Some(engine_ref), .. } = answer else { panic!("{answer:?}") };
    assert!(matches!(engine.cancel(&us(), &taken(&quick, &engine_ref)).await.answer, Answer::Succeeded { .. }));
    // Another execution's work is never taken for ours.
    let answer = engine.look(&us(), &taken(&slow, &engine_ref)).await.answer;
    assert!(matches!(answer, Answer::InDoubt { .. }), "{answer:?}");
    assert_eq!(far.journal().len(), 1);
}

#[tokio::test]
async fn an_order_too_large_for_the_engine_or_for_another_execution_never_leaves_us() {
    let far = simulator(Options::new(TOKEN)).await;
    let engine = adapter(&far);
    let large = claimed(&engine, execution(1, json!({"text": "x".repeat(20_000)})));
    let answer = engine.send(&us(), &large).await.answer;
    let Answer::Refused { why } = answer else { panic!("{answer:?}") };
    assert!(why.contains("Shorten"), "{why}");
    let other: ExecutionId = Id::new(Uuid::from_u128(99));
    let small = claimed(&engine, execution(2, note()));
    let strange = Execution { id: other, ..small.clone() };
    assert!(matches!(engine.send(&us(), &strange).await.answer, Answer::Refused { .. }));
    let empty = Execution { request: None, ..small };
    assert!(matches!(engine.send(&us(), &empty).await.answer, Answer::Refused { .. }));
    assert_eq!(far.received().len(), 0);
}

#[tokio::test]
async fn the_same_execution_is_always_the_same_bytes_and_carries_all_the_engine_needs() {
    let far = simulator(Options::new(TOKEN)).await;
    let engine = adapter(&far);
    let one = execution(1, serde_json::from_str(r#"{"b":{"y":1,"x":2},"a":"z"}"#).unwrap());
    let same = execution(1, serde_json::from_str(r#"{"a":"z","b":{"x":2,"y":1}}"#).unwrap());
    assert_eq!(engine.prepare(&one, None), engine.prepare(&same, None));

    let sent: Value = serde_json::from_slice(&engine.prepare(&one, None)).unwrap();
    let order = &sent["x_context"];
    assert_eq!(order["execution_id"], json!(one.id.to_string()));
    assert_eq!(order["parameters"], json!({"a": "z", "b": {"x": 2, "y": 1}}));
    assert_eq!(order["constraints"], json!({"max_cost_cents": 1299, "currency": "USD"}));

    let mut undo = execution(3, note());
    undo.kind = Kind::Undo;
    undo.steps.push(Step { ordinal: 1, ..undo.steps[0].clone() });
    let sent: Value = serde_json::from_slice(&engine.prepare(&undo, None)).unwrap();
    assert_eq!(sent["x_context"]["steps"].as_array().unwrap().len(), 2);
}

#[test]
fn an_address_that_can_not_work_is_refused_at_the_start() {
    let build = |url: &str| IronclawResponses::new(Settings::new(url.parse().unwrap()), Clock::system());
    assert!(build("http://127.0.0.1:3000/prefix/").is_ok());
    for url in ["ftp://engine.example/", "http://user:secret@engine.example/", "http://engine.example/?token=1"] {
        assert!(build(url).is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_not_sent_and_not_shown() {
    let far = simulator(Options::new(TOKEN)).await;
    let engine = adapter(&far);
    let answer =
        engine.send(&Identity::shared(Secret::new("a\nb")), &claimed(&engine, execution(1, note()))).await.answer;
    assert!(matches!(answer, Answer::NotTaken { .. }) && !format!("{answer:?}").contains("a\nb"), "{answer:?}");
    assert_eq!(far.received().len(), 0);
}

#[tokio::test]
async fn of_an_order_in_steps_each_is_told_and_a_part_is_no_success() {
    let steps = |number: u128| {
        let order = execution(number, note());
        let step = |ordinal| Step { ordinal, ..order.steps[0].clone() };
        Execution {
            kind: Kind::Undo,
            reverses: Some(Id::new(Uuid::from_u128(9))),
            reserved: None,
            steps: (0..3).map(step).collect(),
            ..order
        }
    };
    let far =
        simulator(Options::new(TOKEN).faults([Rule::ends(End::StepFails { ordinal: 1 }).execution(steps(1).id)])).await;
    let engine = adapter(&far);
    let (_, part) = drive(&engine, steps(1)).await;
    let states: Vec<_> = part.steps.iter().map(|step| step.state).collect();
    assert_eq!(states, [StepState::Succeeded, StepState::Failed, StepState::Cancelled]);
    assert_eq!(part.state.phase(), Phase::Failed);
    assert_eq!(part.steps[1].output.as_ref().unwrap()["error"], "the step did not work");
    assert_eq!(far.journal()[0].steps.len(), 1, "one step was done");

    let (answer, whole) = drive(&engine, steps(2)).await;
    assert!(matches!(answer, Answer::Stepwise(_)), "{answer:?}");
    assert_eq!(whole.state.phase(), Phase::Succeeded);
    assert_eq!(whole.steps[2].output.as_ref().unwrap()["verb"], "create_note");
}
