//! The table: one row per fault, what the engine's first answer is, where the execution ends, what was really done.

use std::time::Duration;

use domain::execution::{Answer, Phase};
use serde_json::Value;
use simulator::{End, On, Options, Reply, Rule, Running, Twist};

use super::{TOKEN, adapter_at, body, busy, drive, execution, later, name, note, simulator, status};

/// Where the far side of a row is.
enum Far {
    Simulated(Vec<Rule>),
    /// Nobody listens there.
    Nowhere,
    /// A name that no resolver knows.
    NoSuchName,
}

struct Row {
    fault: &'static str,
    far: Far,
    impatient: bool,
    answer: &'static str,
    end: Phase,
    effects: usize,
}

fn row(
    fault: &'static str,
    rules: impl IntoIterator<Item = Rule>,
    answer: &'static str,
    end: Phase,
    effects: usize,
) -> Row {
    Row { fault, far: Far::Simulated(rules.into_iter().collect()), impatient: false, answer, end, effects }
}

fn sentence(answer: &Answer) -> String {
    match answer {
        Answer::Succeeded { actual, .. } => actual.map_or_else(String::new, |cost| format!("cost {cost}")),
        Answer::Failed { error, .. } => error.clone(),
        Answer::Stepwise(told) => told.error.clone().unwrap_or_default(),
        Answer::Working { .. } => String::new(),
        Answer::NotTaken { why, retry_after } => format!("{why} ({retry_after:?})"),
        Answer::InDoubt { why, .. } | Answer::Lost { why } | Answer::Refused { why } => why.clone(),
    }
}

fn impatient(row: Row) -> Row {
    Row { impatient: true, ..row }
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    use Phase::{Failed, Succeeded, Unknown};
    let accepted = r#"{"message_id":"00000000-0000-0000-0000-000000000000","status":"accepted","response":null}"#;
    vec![
        row("none", [], "succeeded", Succeeded, 1),
        row("slow, within our patience", [Rule::reply(Reply::Slow { ms: 50 })], "succeeded", Succeeded, 1),
        row("the same request twice (proxy)", [Rule::reply(Reply::Duplicate)], "succeeded", Succeeded, 1),
        // Nothing left us.
        Row { fault: "connection refused", far: Far::Nowhere, impatient: false, answer: "not taken", end: Failed, effects: 0 },
        Row { fault: "no such host", far: Far::NoSuchName, impatient: false, answer: "not taken", end: Failed, effects: 0 },
        row("429, Retry-After: 7", [Rule::reply(busy("7"))], "not taken", Succeeded, 1),
        row("429, Retry-After: a date", [Rule::reply(busy("Sun, 01 Mar 2026 09:05:00 GMT"))], "not taken", Succeeded, 1),
        row("429 for ever", [status(429).always()], "not taken", Failed, 0),
        // Bytes left us and nobody knows.
        row("reset before the work", [Rule::reply(Reply::Reset)], "in doubt", Succeeded, 1),
        row("reply dropped after the work", [Rule::reply(Reply::Drop)], "in doubt", Succeeded, 1),
        row("reply dropped 5 times", [Rule::reply(Reply::Drop).times(5)], "in doubt", Succeeded, 1),
        impatient(row("slower than our patience", [Rule::reply(Reply::Slow { ms: 60_000 })], "in doubt", Succeeded, 1)),
        impatient(row("never answers, no work", [Rule::reply(Reply::Hang { work: false })], "in doubt", Succeeded, 1)),
        impatient(row("never answers, work done", [Rule::reply(Reply::Hang { work: true })], "in doubt", Succeeded, 1)),
        row("500, then fine", [status(500)], "in doubt", Succeeded, 1),
        row("500 after the work", [Rule::reply(Reply::status_after_work(500))], "in doubt", Succeeded, 1),
        row("502, then fine", [status(502)], "in doubt", Succeeded, 1),
        row("503 without id, work goes on", [Rule::reply(Reply::status_after_work(503)), later(2, End::Completed)], "in doubt", Succeeded, 1),
        row("503, then fine", [status(503)], "in doubt", Succeeded, 1),
        row("504 after the work", [Rule::reply(Reply::status_after_work(504))], "in doubt", Succeeded, 1),
        row("500 for ever", [status(500).always()], "in doubt", Unknown, 0),
        row("redirect 302", [status(302)], "in doubt", Succeeded, 1),
        row("body is no JSON", [Rule::reply(Reply::Unparsable)], "in doubt", Succeeded, 1),
        row("body is empty", [Rule::reply(Reply::Empty)], "in doubt", Succeeded, 1),
        row("body is cut short", [Rule::reply(Reply::Truncated)], "in doubt", Succeeded, 1),
        row("body of 2 MiB", [body(" ".repeat(2 * 1024 * 1024))], "in doubt", Succeeded, 1),
        row("`accepted`, as old servers say", [body(accepted)], "in doubt", Succeeded, 1),
        row("`accepted` for ever", [body(accepted).always()], "in doubt", Unknown, 1),
        // An end without an explicit verdict that names us.
        row("prose that says done", [Rule::ends(End::Prose)], "in doubt", Unknown, 1),
        row("result names another execution", [Rule::ends(End::OtherId)], "in doubt", Unknown, 1),
        row("stops before the result", [Rule::ends(End::Incomplete)], "in doubt", Unknown, 1),
        // Explicit verdicts.
        row("result says failed", [Rule::ends(End::Failed)], "failed", Failed, 0),
        row("the run itself fails", [Rule::ends(End::Broken)], "failed", Failed, 0),
        row("another cost than allowed", [Rule::work(Twist::Cost { cents: 4200 })], "succeeded", Succeeded, 1),
        // Work in progress.
        row("in progress for 3 looks, then done", [later(3, End::Completed)], "working", Succeeded, 1),
        row("in progress, then failed", [later(1, End::Failed)], "working", Failed, 0),
        row("in progress, then cancelled", [later(1, End::Cancelled)], "working", Failed, 0),
        row("in progress, then prose", [later(1, End::Prose)], "working", Unknown, 1),
        row("a look finds 500", [later(2, End::Completed), status(500).on(On::Retrieve)], "working", Succeeded, 1),
        row("a look finds 429", [later(2, End::Completed), Rule::reply(busy("30")).on(On::Retrieve)], "working", Succeeded, 1),
        row("a look is dropped", [later(2, End::Completed), Rule::reply(Reply::Drop).on(On::Retrieve)], "working", Succeeded, 1),
        row("a look finds 404: memory lost", [later(2, End::Completed), status(404).on(On::Retrieve)], "working", Unknown, 0),
        row("a look finds 401", [later(2, End::Completed), status(401).on(On::Retrieve)], "working", Unknown, 0),
        // Refused for good.
        row("400", [status(400)], "refused", Failed, 0),
        row("401", [status(401)], "refused", Failed, 0),
        row("403", [status(403)], "refused", Failed, 0),
        row("404", [status(404)], "refused", Failed, 0),
        row("409 on other bytes", [status(409).always()], "in doubt", Unknown, 0),
        row("413", [status(413)], "refused", Failed, 0),
        row("redirect 307", [status(307)], "refused", Failed, 0),
        row("dropped reply, then 401", [Rule::reply(Reply::Drop), status(401).always()], "in doubt", Unknown, 1),
    ]
}

#[tokio::test]
async fn every_fault_becomes_the_right_answer_ends_in_the_right_state_and_doubles_nothing() {
    println!(
        "{:<36} {:<10} {:>5} {:<10} {:>7}  what the first answer says",
        "fault", "answer", "sends", "ends", "effects"
    );
    for (number, Row { fault, far, impatient, answer, end, effects }) in (0..).zip(table()) {
        let (url, running) = match far {
            Far::Simulated(rules) => {
                let running = simulator(Options::new(TOKEN).faults(rules)).await;
                (running.url.clone(), Some(running))
            }
            Far::Nowhere => {
                let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                (format!("http://{}", listener.local_addr().unwrap()), None)
            }
            Far::NoSuchName => ("http://engine.invalid".to_owned(), None),
        };
        let engine = adapter_at(&url, if impatient { Duration::from_millis(300) } else { Duration::from_secs(30) });
        let planned = execution(number, note());
        let id = planned.id;
        let (first, ended) = drive(&engine, planned).await;
        let phase = ended.state.phase();
        let journal = running.as_ref().map(Running::journal).unwrap_or_default();
        println!(
            "{fault:<36} {:<10} {:>5} {phase:<10} {:>7}  {}",
            name(&first),
            ended.sends,
            journal.len(),
            sentence(&first),
            phase = phase.as_str()
        );
        assert_eq!(
            (name(&first), phase, journal.len()),
            (answer, end, effects),
            "{fault}: {first:?} {:?}",
            ended.state
        );
        for effect in &journal {
            assert_eq!(
                (effect.execution_id.as_str(), effect.verb.as_str()),
                (id.to_string().as_str(), "create_note"),
                "{fault}"
            );
            assert_eq!(effect.key.as_deref(), Some(id.to_string().as_str()), "{fault}");
            assert_eq!(Value::from(effect.parameters.clone()), note(), "{fault}: the engine got all parameters");
        }
        if let Some(running) = running {
            let creates: Vec<_> = running.received().into_iter().filter(|request| request.on == On::Create).collect();
            assert!(
                creates.iter().all(|request| Some(request) == creates.first()),
                "{fault}: every send is byte-identical"
            );
            assert_eq!(
                i32::try_from(creates.len()).unwrap(),
                ended.sends,
                "{fault}: the client sends nothing on its own account"
            );
            running.stop().await;
        }
        let told = format!("{first:?} {ended:?} {engine:?}");
        assert!(!told.contains(TOKEN), "{fault}: the token shows");
    }
}
