//! 2 APIs, 3 workers, 500 signals, random kill -9 of workers, one of an API, and a restart of Postgres: at the end 500
//! decisions, each auto action exactly once in the engine's journal, and nothing in flight.

use std::{collections::BTreeMap, time::Duration};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::{Process, eventually, free_port, within};

use crate::fleet::{Fleet, Person};

const SIGNALS: usize = 500;
const AT_ONCE: usize = 8;

/// The n-th signal: most run by themselves, some ask, some only inform.
fn signal(n: usize) -> Value {
    let (source, kind, payload) = match n % 5 {
        0 | 1 => (
            "gmail",
            "email_received",
            json!({ "message_id": format!("m-{n}"), "from": "news@letters.example", "subject": "Weekly letter", "category": "newsletter" }),
        ),
        2 => (
            "documents",
            "document_file",
            json!({ "documentId": format!("d-{n}"), "documentName": "Invoice.pdf", "documentType": "invoice", "targetFolder": "Invoices" }),
        ),
        3 => (
            "billing",
            "subscription_renewal",
            json!({ "subject": "Plan renewal", "subscriptionId": format!("s-{n}"), "costCents": 2299, "previousCostCents": 1599 }),
        ),
        _ => (
            "finance",
            "refund_processed",
            json!({ "vendor": "Web Store", "costCents": -3299, "originalTransactionId": format!("t-{n}") }),
        ),
    };
    json!({ "source": source, "type": kind, "external_id": format!("storm-{n}"), "payload": payload })
}

/// A worker that is killed and replaced.
fn replace(fleet: &mut Fleet, workers: &mut [Process], which: usize) {
    workers[which].kill9();
    workers[which] = fleet.start(&["worker"], &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_kills_loses_nothing_and_doubles_nothing() {
    let mut fleet = Fleet::new().await;
    let ports = [free_port(), free_port()];
    let mut apis = Vec::new();
    for port in ports {
        apis.push(fleet.api(port).await);
    }
    let mut workers: Vec<Process> = (0..3).map(|_| fleet.start(&["worker"], &[])).collect();
    let person = Person::new(&fleet, &ports, "moderate_autonomy");
    for (domain, key) in [("email", "auto_archive"), ("documents", "auto_file_invoices")] {
        let (status, body) =
            person.call("PUT", &format!("/preferences/{domain}/{key}"), Some(&json!({ "value": true }))).await;
        assert!(status.is_success(), "{body}");
    }

    // Post everything from several hands while the ground shakes.
    let next = std::sync::atomic::AtomicUsize::new(0);
    let posting = async {
        let hand = async || {
            loop {
                let n = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                if n >= SIGNALS {
                    return;
                }
                let (status, body) = person.call("POST", "/signals", Some(&signal(n))).await;
                assert!(matches!(status, StatusCode::ACCEPTED | StatusCode::OK), "{status} {body}");
            }
        };
        let hands: Vec<_> = (0..AT_ONCE).map(|_| hand()).collect();
        futures::future::join_all(hands).await;
    };
    let shaking = async {
        let passed = async |n: usize| {
            within(Duration::from_mins(2), format!("signal {n} is posted"), async || {
                (next.load(std::sync::atomic::Ordering::SeqCst) >= n).then_some(())
            })
            .await;
        };
        for (turn, at) in [60, 110, 160, 210].into_iter().enumerate() {
            passed(at).await;
            replace(&mut fleet, &mut workers, turn % 3);
        }
        passed(260).await;
        fleet.postgres.restart().await.unwrap();
        passed(320).await;
        apis[0].kill9();
        apis[0] = fleet.api(ports[0]).await;
        for (turn, at) in [360, 410, 460].into_iter().enumerate() {
            passed(at).await;
            replace(&mut fleet, &mut workers, turn % 3);
        }
    };
    tokio::join!(posting, shaking);

    let decided = within(Duration::from_mins(2), "500 decisions and nothing in flight", async || {
        let decisions = person.all("/decisions").await;
        let mut states: BTreeMap<String, usize> = BTreeMap::new();
        for execution in person.all("/executions").await {
            *states.entry(execution["state"].to_string()).or_default() += 1;
        }
        let settled = states.keys().all(|state| !state.contains("planned") && !state.contains("running"));
        if decisions.len() == SIGNALS && settled {
            return Ok(decisions);
        }
        Err(format!("{} decisions, executions {states:?}\n{}", decisions.len(), fleet.command(&["jobs"])))
    })
    .await;

    let auto = decided.iter().filter(|decision| decision["outcome"] == "auto").count();
    let executions = person.all("/executions").await;
    assert!(auto >= SIGNALS / 2, "most of these run by themselves, but only {auto} did");
    assert_eq!(executions.len(), auto, "one execution per auto decision");
    assert!(executions.iter().all(|execution| execution["state"] == "succeeded"));
    let mut effects: BTreeMap<String, usize> = BTreeMap::new();
    for effect in fleet.engine.journal() {
        *effects.entry(effect.execution_id).or_default() += 1;
    }
    assert_eq!(effects.len(), auto, "every execution took effect");
    assert!(effects.values().all(|times| *times == 1), "an effect was doubled: {effects:?}");
    eventually("the queue is at rest", async || {
        let jobs = fleet.command(&["jobs", "--json"]);
        let jobs: Value = serde_json::from_str(&jobs).unwrap();
        let queues = jobs["queues"].as_array()?;
        queues.iter().all(|queue| queue["running"] == 0 && queue["due"] == 0 && queue["dead"] == 0).then_some(())
    })
    .await;
    println!("{SIGNALS} accepted, {} decided, {auto} executed, 0 doubled, 0 lost", decided.len());

    for process in workers.iter_mut().chain(&mut apis) {
        assert_eq!(process.terminate().await, Some(0), "SIGTERM is an orderly end: {}", process.log());
    }
}
