//! The table: one row per fault, what the engine's first answer is, where the execution ends, what was really done.

use std::time::Duration;

use domain::execution::{Answer, ErrorClass, Execution, Phase, State};
use serde_json::{Value, json};
use simulator::{End, Gate, GateKind, Generation, On, Options, Reply, Rule, Running, Twist};
use worker::ports::Engine;

use super::{
    TOKEN, adapter_at, at_gate, body, busy, drive, execution, later, name, note, simulator, status, webhook_at,
};

/// How the engine is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Responses,
    Webhook,
}

/// Where the far side of a row is.
enum Far {
    Simulated(Generation, Vec<Rule>),
    /// Nobody listens there.
    Nowhere,
    /// A name that no resolver knows.
    NoSuchName,
}

struct Row {
    fault: &'static str,
    by: By,
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
    let far = Far::Simulated(Generation::Reborn, rules.into_iter().collect());
    Row { fault, by: By::Responses, far, impatient: false, answer, end, effects }
}

/// The same by the webhook of an older server; the rules are for what is sent to it.
fn hook(
    fault: &'static str,
    rules: impl IntoIterator<Item = Rule>,
    answer: &'static str,
    end: Phase,
    effects: usize,
) -> Row {
    let rules = rules.into_iter().map(|rule| rule.on(On::Webhook)).collect();
    let far = Far::Simulated(Generation::LegacyWebhook, rules);
    Row { by: By::Webhook, far, ..row(fault, [], answer, end, effects) }
}

fn impatient(row: Row) -> Row {
    Row { impatient: true, ..row }
}

fn at(row: Row, far: Far) -> Row {
    Row { far, ..row }
}

/// What the person reads of it; and the class, where there is one.
fn told(ended: &Execution) -> (Option<ErrorClass>, &str) {
    match &ended.state {
        State::Failed { class, error, .. } => (Some(*class), error),
        State::Unknown { error, .. } => (None, error),
        State::Succeeded { .. } | State::Planned { .. } | State::Running { .. } | State::Cancelled { .. } => (None, ""),
    }
}

/// A sentence that says what can be done; what the engine itself says of its failure is its own.
fn can_be_acted_on(ended: &Execution) -> bool {
    let words = [
        "heck",
        "ry again",
        "try again later",
        "Renew",
        "Give the token",
        "Put ",
        "Shorten",
        "Set ",
        "look for yourself",
    ];
    match told(ended) {
        (_, sentence) if sentence.trim_end().is_empty() => ended.state.phase() == Phase::Succeeded,
        (Some(ErrorClass::EngineFailed), _) => true,
        // What nobody can tell comes to the person with the request to look and to say so.
        (None, sentence) => ended.state.phase() == Phase::Unknown && sentence.ends_with('.'),
        (Some(_), sentence) => words.iter().any(|word| sentence.contains(word)),
    }
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
        at(row("connection refused", [], "not taken", Failed, 0), Far::Nowhere),
        at(row("no such host", [], "not taken", Failed, 0), Far::NoSuchName),
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
        row("the run fails after it had begun", [Rule::ends(End::BrokenAfter)], "lost", Unknown, 1),
        row("the run fails, its record is not to be had", [Rule::ends(End::Broken), status(500).on(On::Events).always()], "in doubt", Unknown, 0),
        row("another cost than allowed", [Rule::work(Twist::Cost { cents: 4200 })], "succeeded", Succeeded, 1),
        // Work in progress.
        row("in progress for 3 looks, then done", [later(3, End::Completed)], "working", Succeeded, 1),
        row("in progress, then failed", [later(1, End::Failed)], "working", Failed, 0),
        row("in progress, then cancelled", [later(1, End::Cancelled)], "working", Failed, 0),
        row("in progress, then prose", [later(1, End::Prose)], "working", Unknown, 1),
        row("in progress, then fails after it had begun", [later(1, End::BrokenAfter)], "working", Unknown, 1),
        row("a look finds 500", [later(2, End::Completed), status(500).on(On::Retrieve)], "working", Succeeded, 1),
        row("a look finds 429", [later(2, End::Completed), Rule::reply(busy("30")).on(On::Retrieve)], "working", Succeeded, 1),
        row("a look is dropped", [later(2, End::Completed), Rule::reply(Reply::Drop).on(On::Retrieve)], "working", Succeeded, 1),
        row("a look finds 404: memory lost", [later(2, End::Completed), status(404).on(On::Retrieve)], "working", Unknown, 0),
        row("a look finds 401", [later(2, End::Completed), status(401).on(On::Retrieve)], "working", Succeeded, 1),
        row("looks find 401 for ever", [later(2, End::Completed), status(401).on(On::Retrieve).always()], "working", Unknown, 0),
        row("looks find 403 for ever", [later(2, End::Completed), status(403).on(On::Retrieve).always()], "working", Unknown, 0),
        // Refused for good.
        row("400", [status(400)], "refused", Failed, 0),
        row("401", [status(401)], "refused", Failed, 0),
        row("403", [status(403)], "refused", Failed, 0),
        row("404", [status(404)], "refused", Failed, 0),
        row("409 on other bytes", [status(409).always()], "in doubt", Unknown, 0),
        row("413", [status(413)], "refused", Failed, 0),
        row("redirect 307", [status(307)], "refused", Failed, 0),
        row("dropped reply, then 401", [Rule::reply(Reply::Drop), status(401).always()], "in doubt", Unknown, 1),
        // Gates.
        row("a gate for what was approved", [at_gate(Gate::default())], "working", Succeeded, 1),
        row("the answer to the gate is dropped", [at_gate(Gate::default()), Rule::reply(Reply::Drop).on(On::Resolve)], "working", Succeeded, 1),
        row("the answer to the gate finds 500", [at_gate(Gate::default()), status(500).on(On::Resolve)], "working", Succeeded, 1),
        row("the approvals are not to be had", [at_gate(Gate::default()), status(403).on(On::Threads).always()], "working", Succeeded, 1),
        row("a gate for another tool", [at_gate(Gate { tool: Some("pay_bill".into()), ..Gate::default() })], "working", Failed, 0),
        row("a gate for other details", [at_gate(other_details())], "working", Failed, 0),
        row("a gate that does not say what for", [at_gate(Gate { says_what_for: false, ..Gate::default() })], "working", Failed, 0),
        row("a gate whose no ends the run", [at_gate(Gate { declined: End::Cancelled, ..other_details() })], "working", Failed, 0),
        row("a gate whose no ends in prose", [at_gate(Gate { declined: End::Prose, ..other_details() })], "working", Unknown, 1),
        row("a gate that wants a sign-in", [at_gate(Gate { kind: GateKind::Auth, ..Gate::default() })], "working", Failed, 0),
        row("a gate that wants more budget", [at_gate(Gate { kind: GateKind::Resource, ..Gate::default() })], "working", Failed, 0),
        row("a gate that nobody can see or answer", [at_gate(Gate::default()), status(403).on(On::Threads).always(), status(403).on(On::Events).always()], "working", Unknown, 0),
        // Another server than the one it was configured for.
        at(row("a gateway before 1.0", [], "refused", Failed, 0), Far::Simulated(Generation::LegacyGateway, vec![])),
        at(row("a webhook before 1.0", [], "refused", Failed, 0), Far::Simulated(Generation::LegacyWebhook, vec![])),
        at(hook("webhook: a server of today", [], "refused", Failed, 0), Far::Simulated(Generation::Reborn, vec![])),
        at(hook("webhook: the gateway's port", [], "refused", Failed, 0), Far::Simulated(Generation::LegacyGateway, vec![])),
        // At most once.
        hook("webhook: none", [], "succeeded", Succeeded, 1),
        at(hook("webhook: connection refused", [], "not taken", Failed, 0), Far::Nowhere),
        hook("webhook: 429, then fine", [Rule::reply(busy("7"))], "not taken", Succeeded, 1),
        hook("webhook: 503 of its own, then fine", [status(503)], "not taken", Succeeded, 1),
        hook("webhook: reset before the work", [Rule::reply(Reply::Reset)], "lost", Unknown, 0),
        hook("webhook: reply dropped after the work", [Rule::reply(Reply::Drop)], "lost", Unknown, 1),
        impatient(hook("webhook: never answers, work done", [Rule::reply(Reply::Hang { work: true })], "lost", Unknown, 1)),
        impatient(hook("webhook: never answers, no work", [Rule::reply(Reply::Hang { work: false })], "lost", Unknown, 0)),
        hook("webhook: 500 after the work", [Rule::reply(Reply::status_after_work(500))], "lost", Unknown, 1),
        hook("webhook: 502", [status(502)], "lost", Unknown, 0),
        hook("webhook: 504 after the work", [Rule::reply(Reply::status_after_work(504))], "lost", Unknown, 1),
        hook("webhook: 409", [status(409)], "lost", Unknown, 0),
        hook("webhook: body is no JSON", [Rule::reply(Reply::Unparsable)], "lost", Unknown, 1),
        hook("webhook: body is empty", [Rule::reply(Reply::Empty)], "lost", Unknown, 1),
        hook("webhook: body is cut short", [Rule::reply(Reply::Truncated)], "lost", Unknown, 1),
        hook("webhook: accepted, without a word", [body(accepted)], "lost", Unknown, 1),
        hook("webhook: \"Response timeout\"", [later(1, End::Completed)], "lost", Unknown, 1),
        hook("webhook: \"Response cancelled\"", [body(accepted.replace("null", "\"Response cancelled\""))], "lost", Unknown, 1),
        hook("webhook: prose that says done", [Rule::ends(End::Prose)], "lost", Unknown, 1),
        hook("webhook: result names another execution", [Rule::ends(End::OtherId)], "lost", Unknown, 1),
        hook("webhook: stops before the result", [Rule::ends(End::Incomplete)], "lost", Unknown, 1),
        hook("webhook: result says failed", [Rule::ends(End::Failed)], "failed", Failed, 0),
        hook("webhook: 400", [status(400)], "refused", Failed, 0),
        hook("webhook: 401", [status(401)], "refused", Failed, 0),
        hook("webhook: 403", [status(403)], "refused", Failed, 0),
        hook("webhook: 404", [status(404)], "refused", Failed, 0),
        hook("webhook: 413", [status(413)], "refused", Failed, 0),
    ]
}

fn other_details() -> Gate {
    Gate { parameters: json!({"text": "Bread", "list_id": "l-1"}).as_object().cloned(), ..Gate::default() }
}

#[tokio::test]
async fn every_fault_becomes_the_right_answer_ends_in_the_right_state_and_doubles_nothing() {
    println!(
        "{:<44} {:<10} {:>5} {:<10} {:>7}  what the person is told",
        "fault", "answer", "sends", "ends", "effects"
    );
    for (number, Row { fault, by, far, impatient, answer, end, effects }) in (0..).zip(table()) {
        let (url, fits, running) = match far {
            Far::Simulated(generation, rules) => {
                let fits = (by, generation) == (By::Responses, Generation::Reborn)
                    || (by, generation) == (By::Webhook, Generation::LegacyWebhook);
                let running = simulator(Options::new(TOKEN).generation(generation).faults(rules)).await;
                (running.url.clone(), fits, Some(running))
            }
            Far::Nowhere => {
                let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                (format!("http://{}", listener.local_addr().unwrap()), false, None)
            }
            Far::NoSuchName => ("http://engine.invalid".to_owned(), false, None),
        };
        let patience = if impatient { Duration::from_millis(300) } else { Duration::from_secs(30) };
        let (ended, first, shown) = match by {
            By::Responses => walk(&adapter_at(&url, patience), number).await,
            By::Webhook => walk(&webhook_at(&url, patience), number).await,
        };
        let phase = ended.state.phase();
        let journal = running.as_ref().map(Running::journal).unwrap_or_default();
        let (_, sentence) = told(&ended);
        println!(
            "{fault:<44} {:<10} {:>5} {phase:<10} {:>7}  {sentence}",
            name(&first),
            ended.sends,
            journal.len(),
            phase = phase.as_str()
        );
        assert_eq!(
            (name(&first), phase, journal.len()),
            (answer, end, effects),
            "{fault}: {first:?} {:?}",
            ended.state
        );
        assert!(can_be_acted_on(&ended), "{fault}: {sentence:?} says nothing to be done");
        let id = ended.id.to_string();
        for effect in &journal {
            assert_eq!((effect.execution_id.as_str(), effect.verb.as_str()), (id.as_str(), "create_note"), "{fault}");
            assert_eq!(effect.key.as_deref(), (by == By::Responses).then_some(id.as_str()), "{fault}");
            assert_eq!(Value::from(effect.parameters.clone()), note(), "{fault}: the engine got all parameters");
        }
        if let Some(running) = running {
            let orders = running.received().into_iter().filter(|asked| matches!(asked.on, On::Create | On::Webhook));
            let orders: Vec<_> = orders.collect();
            assert!(orders.iter().all(|asked| Some(asked) == orders.first()), "{fault}: every send is byte-identical");
            assert_eq!(
                i32::try_from(orders.len()).unwrap(),
                if fits { ended.sends } else { 0 },
                "{fault}: the client sends nothing on its own account, and nothing to another server"
            );
            running.stop().await;
        }
        assert!(!format!("{first:?} {ended:?} {shown}").contains(TOKEN), "{fault}: the token shows");
    }
}

async fn walk(engine: &(impl Engine + std::fmt::Debug), number: u128) -> (Execution, Answer, String) {
    let (first, ended) = drive(engine, execution(number, note())).await;
    (ended, first, format!("{engine:?}"))
}
