//! A worker that stands still past its lease (a paused machine, a long swap) and comes back: somebody else has done its
//! work by then, and what it still wants to write is refused.

use std::time::Duration;

use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::json;
use simulator::{Reply, Rule};
use tests::{eventually, free_port, within};

use crate::fleet::{Fleet, Person};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_frozen_past_its_lease_finds_its_work_done_and_changes_nothing() {
    let mut fleet = Fleet::new().await;
    let ports = [free_port()];
    let _api = fleet.api(ports[0]).await;
    let person = Person::new(&fleet, &ports, "moderate_autonomy");
    let (status, body) = person.call("PUT", "/preferences/email/auto_archive", Some(&json!({ "value": true }))).await;
    assert!(status.is_success(), "{body}");

    // The first send takes its time, so the worker is frozen while it waits for the answer.
    fleet.engine.inject([Rule::reply(Reply::Slow { ms: 2_000 })]);
    let mut first = fleet.start(&["worker"], &[]);
    let letter = json!({ "source": "gmail", "type": "email_received", "external_id": "frozen-1",
        "payload": { "message_id": "m-1", "from": "news@letters.example", "subject": "Weekly letter", "category": "newsletter" } });
    let (status, body) = person.call("POST", "/signals", Some(&letter)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    eventually("the engine is asked", async || (!fleet.engine.received().is_empty()).then_some(())).await;
    first.signal(Signal::STOP);

    let mut second = fleet.start(&["worker"], &[]);
    let settled = within(Duration::from_mins(2), "another worker settles it", async || {
        let executions = person.all("/executions").await;
        executions.into_iter().find(|execution| execution["state"] == "succeeded")
    })
    .await;
    first.signal(Signal::CONT);
    assert_eq!(first.terminate().await, Some(0), "{}", first.log());
    assert_eq!(second.terminate().await, Some(0), "{}", second.log());

    let after = person.all("/executions").await;
    assert_eq!(after.len(), 1);
    assert_eq!(after[0], settled, "the late answer changed nothing");
    assert_eq!(fleet.engine.journal().len(), 1, "and the effect happened once");
}
