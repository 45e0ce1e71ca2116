//! Gates: a run that waits for leave gets it for exactly what was approved, once and in time, and is never left waiting.
//!
//! The tests that print show the log of the simulated engine: `--nocapture` lets it be read.

use chrono::TimeDelta;
use domain::{
    execution::{Answer, Execution, Kind, Phase},
    id::Id,
};
use runtime::Clock;
use serde_json::json;
use simulator::{End, Gate, On, Options, Running};
use uuid::Uuid;
use worker::{
    adapters::ironclaw_responses::{IronclawResponses, Settings},
    ports::Engine,
};

use super::{
    TOKEN, adapter, at_gate, claimed, drive, drive_back, execution, note, simulator, start_of_day, status, taken, us,
};

/// What was said to gates: each answer as the engine got it.
fn answers(far: &Running) -> Vec<String> {
    let resolved = far.log().into_iter().filter(|line| line.contains("/resolve"));
    resolved
        .filter_map(|line| Some(line.lines().find(|part| part.contains("client_action_id"))?.trim().to_owned()))
        .collect()
}

fn show(title: &str, far: &Running) {
    println!("--- {title}\n{}\n", far.log().join("\n"));
}

/// A gate that wants something else.
fn for_another_tool() -> Gate {
    Gate { tool: Some("pay_bill".to_owned()), ..Gate::default() }
}

#[tokio::test]
async fn an_execution_waits_at_a_gate_gets_leave_under_a_key_of_its_own_and_is_done_once() {
    let far = simulator(Options::new(TOKEN).faults([at_gate(Gate::default())])).await;
    let (_, ended) = drive(&adapter(&far), execution(1, note())).await;
    show("an execution with a gate", &far);
    assert_eq!((ended.state.phase(), far.journal().len()), (Phase::Succeeded, 1));
    let answers = answers(&far);
    let [answer] = &answers[..] else { panic!("{answers:?}") };
    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
    let key = answer["client_action_id"].as_str().unwrap();
    assert!(key.starts_with(&format!("{}:gate:approval-", ended.id)), "{key}");
    assert_eq!(answer["resolution"], "approved");
    assert!(far.log().iter().any(|line| line.contains("needs_approval=true")));
}

#[tokio::test]
async fn an_undo_continues_the_conversation_of_what_it_takes_back_under_a_key_of_its_own() {
    let far = simulator(Options::new(TOKEN)).await;
    let engine = adapter(&far);
    let (_, done) = drive(&engine, execution(1, note())).await;
    far.inject([at_gate(Gate::default())]);
    let undo = Execution {
        kind: Kind::Undo,
        reverses: Some(done.id),
        reserved: None,
        ..execution(2, json!({"note_id": "n-1"}))
    };
    let (_, undone) = drive_back(&engine, undo, Some(&done)).await;
    show("an undo", &far);
    assert_eq!(undone.state.phase(), Phase::Succeeded);
    let request: serde_json::Value = serde_json::from_slice(undone.request.as_deref().unwrap()).unwrap();
    assert_eq!(request["previous_response_id"].as_str(), done.engine_ref.as_deref());
    assert_eq!(request["x_context"]["reverses"], json!(done.id));
    assert_ne!(undone.engine_ref, done.engine_ref);
    let keys: Vec<_> = far.journal().into_iter().filter_map(|effect| effect.key).collect();
    assert_eq!(keys, [done.id.to_string(), undone.id.to_string()]);
    // The gate is in the conversation that is continued, not in one of the undo's own.
    let thread = format!("/threads/{}/runs/", done.engine_ref.unwrap());
    assert!(far.log().iter().any(|line| line.contains(&thread) && line.contains("/resolve")), "{:?}", far.log());
}

#[tokio::test]
async fn an_undo_of_what_another_engine_did_stands_on_its_own() {
    let far = simulator(Options::new(TOKEN)).await;
    let elsewhere =
        Execution { engine: Some("another".to_owned()), engine_ref: Some("resp_1".to_owned()), ..execution(1, note()) };
    let request = adapter(&far).prepare(&execution(2, note()), Some(&elsewhere));
    assert!(!String::from_utf8(request).unwrap().contains("previous_response_id"));
}

#[tokio::test]
async fn a_no_is_said_in_the_words_of_the_first_release_too_and_the_person_reads_why() {
    let ends = [End::Cancelled, End::Failed];
    for (options, declined) in [Options::new(TOKEN), Options::new(TOKEN).first_release()].into_iter().zip(ends) {
        let gate = Gate { declined, ..for_another_tool() };
        let far = simulator(options.faults([at_gate(gate)])).await;
        let (_, ended) = drive(&adapter(&far), execution(1, note())).await;
        let said = answers(&far).pop().unwrap();
        assert!(said.contains("\"declined\"") || said.contains("\"denied\""), "{said}");
        assert_eq!((ended.state.phase(), far.journal().len()), (Phase::Failed, 0));
        let told = format!("{:?}", ended.state);
        assert!(told.contains("`pay_bill`") && told.contains("not what was approved"), "{told}");
    }
}

#[tokio::test]
async fn leave_that_is_asked_for_too_late_is_not_given() {
    let far = simulator(Options::new(TOKEN).faults([at_gate(Gate::default())])).await;
    let (clock, hand) = Clock::manual(start_of_day());
    let engine = IronclawResponses::new(Settings::new(far.url.parse().unwrap()), clock).unwrap();
    let execution = claimed(&engine, execution(1, note()));
    let Answer::Working { engine_ref, .. } = engine.send(&us(), &execution).await.answer else {
        panic!("not at the gate")
    };
    hand.advance(TimeDelta::hours(24));
    let looking = Execution { attempt: 5, ..taken(&execution, &engine_ref) };
    engine.look(&us(), &looking).await;
    assert!(answers(&far)[0].contains("declined"), "{:?}", answers(&far));
    assert_eq!(far.journal().len(), 0);
}

#[tokio::test]
async fn calling_it_off_closes_the_gate_behind_it() {
    let far =
        simulator(Options::new(TOKEN).faults([at_gate(Gate { declined: End::Cancelled, ..Gate::default() })])).await;
    let engine = adapter(&far);
    let execution = claimed(&engine, execution(1, note()));
    let Answer::Working { engine_ref, .. } = engine.send(&us(), &execution).await.answer else {
        panic!("not at the gate")
    };
    let answer = engine.cancel(&us(), &taken(&execution, &engine_ref)).await.answer;
    assert!(matches!(answer, Answer::Failed { .. }), "{answer:?}");
    assert!(answers(&far)[0].contains("declined"), "{:?}", answers(&far));
    assert_eq!(far.journal().len(), 0);
}

#[tokio::test]
async fn work_that_gets_on_is_not_asked_about_its_gates_at_every_look() {
    let far = simulator(Options::new(TOKEN).faults([super::later(2, End::Completed)])).await;
    drive(&adapter(&far), execution(1, note())).await;
    let asked: Vec<_> = far.received().into_iter().map(|asked| asked.on).collect();
    assert!(!asked.contains(&On::Events), "{asked:?}");
}

#[tokio::test]
async fn nobodys_gate_is_answered_in_anothers_name() {
    let far =
        simulator(Options::new(TOKEN).also("another").faults([at_gate(Gate::default()), status(500).on(On::Resolve)]))
            .await;
    let engine = adapter(&far);
    let execution = claimed(&engine, execution(1, note()));
    let Answer::Working { engine_ref, .. } = engine.send(&us(), &execution).await.answer else {
        panic!("not at the gate")
    };
    let somebody =
        worker::ports::Identity { user: Some(Id::new(Uuid::from_u128(9))), secret: runtime::Secret::new("another") };
    let answer = engine.look(&somebody, &Execution { attempt: 5, ..taken(&execution, &engine_ref) }).await.answer;
    assert!(matches!(answer, Answer::Refused { .. }), "{answer:?}");
    assert_eq!(answers(&far).len(), 0);
}
