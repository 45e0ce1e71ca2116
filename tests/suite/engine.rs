//! The engine port against the simulated engine, over real HTTP.
//!
//! Executions are driven through the machine of `domain::execution` the way a worker does it (claim, send or look,
//! settle), so that a test sees where an execution ends and not only what the first answer was.

mod double;
mod faults;
mod gates;
mod port;
mod probe;
mod restart;
mod webhook;

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    action::{Action, Cost, Verb},
    execution::{Answer, Execution, Kind, Next, State, Step, StepState},
    id::Id,
    money::Money,
    signal::Domain,
    time::Timestamp,
};
use runtime::{Clock, Secret};
use serde_json::{Value, json};
use simulator::{End, Gate, Options, Reply, Rule, Running, Simulator, Twist};
use uuid::Uuid;
use worker::{
    adapters::{
        ironclaw_responses::{IronclawResponses, Settings},
        ironclaw_webhook::{self, IronclawWebhook},
    },
    ports::{Engine, Identity},
};

const TOKEN: &str = "the-token-of-the-simulated-engine";

fn start_of_day() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

async fn simulator(options: Options) -> Running {
    Simulator::start(([127, 0, 0, 1], 0).into(), options).await.unwrap()
}

fn adapter_at(url: &str, patience: Duration) -> IronclawResponses {
    let settings = Settings {
        connect_timeout: Duration::from_secs(2),
        send_timeout: patience,
        look_timeout: patience,
        ..Settings::new(url.parse().unwrap())
    };
    let (clock, _) = Clock::manual(start_of_day());
    IronclawResponses::new(settings, clock).unwrap()
}

fn webhook_at(url: &str, patience: Duration) -> IronclawWebhook {
    let settings = ironclaw_webhook::Settings {
        connect_timeout: Duration::from_secs(2),
        timeout: patience,
        ..ironclaw_webhook::Settings::new(url.parse().unwrap())
    };
    let (clock, _) = Clock::manual(start_of_day());
    IronclawWebhook::new(settings, clock).unwrap()
}

/// Patient enough for a busy machine.
fn adapter(far: &Running) -> IronclawResponses {
    adapter_at(&far.url, Duration::from_secs(30))
}

fn execution(number: u128, parameters: Value) -> Execution {
    let action = Action {
        verb: Verb::CreateNote,
        domain: Domain::General,
        parameters: parameters.as_object().unwrap().clone(),
        cost: Cost::of(Money::usd(1299)),
    };
    Execution {
        id: Id::new(Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0000 + number)),
        user: Id::new(Uuid::from_u128(1)),
        decision: Id::new(Uuid::from_u128(2)),
        approval: None,
        kind: Kind::Act,
        reverses: None,
        retry_of: None,
        digest: action.digest(),
        permitted_revision: 1,
        reserved: action.cost.known(),
        max_cost_cents: None,
        steps: vec![Step { ordinal: 0, action: action.clone(), state: StepState::Pending, output: None }],
        action,
        engine: None,
        engine_ref: None,
        request: None,
        attempt: 0,
        sends: 0,
        in_doubt_since: None,
        cancel_asked: None,
        consent_until: None,
        created_at: start_of_day(),
        updated_at: start_of_day(),
        state: State::Planned { due: start_of_day() },
    }
}

/// Whom the engine takes us for.
fn us() -> Identity {
    Identity::shared(Secret::new(TOKEN))
}

/// Claimed for the first time, with the bytes of this engine.
fn claimed(engine: &dyn Engine, execution: Execution) -> Execution {
    execution.claim(engine.carrier(), |execution| engine.prepare(execution, None), start_of_day()).0
}

/// What the engine has, under its own id.
fn taken(execution: &Execution, engine_ref: &str) -> Execution {
    Execution { engine_ref: Some(engine_ref.to_owned()), ..execution.clone() }
}

fn note() -> Value {
    json!({"text": "Milk", "list_id": "l-1"})
}

fn name(answer: &Answer) -> &'static str {
    match answer {
        Answer::Succeeded { .. } => "succeeded",
        Answer::Failed { .. } => "failed",
        Answer::Stepwise(_) => "stepwise",
        Answer::Working { .. } => "working",
        Answer::NotTaken { .. } => "not taken",
        Answer::InDoubt { .. } => "in doubt",
        Answer::Lost { .. } => "lost",
        Answer::Refused { .. } => "refused",
    }
}

/// What a worker does until the execution is settled; gives the first answer and the execution as it ended.
async fn drive(engine: &dyn Engine, execution: Execution) -> (Answer, Execution) {
    drive_back(engine, execution, None).await
}

/// The same for an execution that takes another one back.
async fn drive_back(
    engine: &dyn Engine,
    mut execution: Execution,
    reversed: Option<&Execution>,
) -> (Answer, Execution) {
    let mut first = None;
    let mut now = start_of_day();
    for turn in 0..100 {
        let (claimed, next) = execution.claim(engine.carrier(), |execution| engine.prepare(execution, reversed), now);
        let answer = match next {
            Next::Send => engine.send(&us(), &claimed).await.answer,
            Next::Look => engine.look(&us(), &claimed).await.answer,
            Next::Cancel => engine.cancel(&us(), &claimed).await.answer,
            Next::GiveUp => Answer::Lost { why: "nobody can be asked".to_owned() },
        };
        first.get_or_insert_with(|| answer.clone());
        let backoff = if turn < 20 { TimeDelta::minutes(1) } else { TimeDelta::hours(1) };
        execution = claimed.answered(answer, backoff, now);
        match execution.due() {
            Some(due) => now = due,
            None => return (first.unwrap(), execution),
        }
    }
    panic!("still not settled: {execution:?}");
}

fn status(code: u16) -> Rule {
    Rule::reply(Reply::status(code))
}

fn busy(retry_after: &str) -> Reply {
    Reply::Status { code: 429, retry_after: Some(retry_after.to_owned()), work: false }
}

/// Work that waits for leave.
fn at_gate(gate: Gate) -> Rule {
    Rule::gate(gate)
}

fn later(polls: u32, end: End) -> Rule {
    Rule::work(Twist::InProgress { polls, end })
}

fn body(text: impl Into<String>) -> Rule {
    Rule::reply(Reply::Body { text: text.into() })
}
