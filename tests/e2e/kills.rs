//! Real kills between any two steps of dispatch, poll and settle: one worker after the other dies at a place of its own,
//! and what they left behind is finished by others, once.

use std::{collections::BTreeMap, time::Duration};

use reqwest::StatusCode;
use serde_json::json;
use simulator::{End, Rule, Twist};
use tests::{free_port, within};

use crate::fleet::{Fleet, Person};

/// Every place between two steps: the first time it is the dispatch's, the second most likely a look's.
const PLACES: [&str; 6] = [
    "execute.before_claim_commit",
    "execute.after_claim",
    "execute.after_send",
    "execute.after_tell",
    "execute.before_settle_commit",
    "execute.after_settle",
];

#[tokio::test(flavor = "multi_thread")]
async fn workers_killed_between_any_two_steps_leave_one_effect_each_and_everything_settled() {
    let mut fleet = Fleet::new().await;
    let ports = [free_port()];
    let _api = fleet.api(ports[0]).await;
    let person = Person::new(&fleet, &ports, "moderate_autonomy");
    let (status, body) = person.call("PUT", "/preferences/email/auto_archive", Some(&json!({ "value": true }))).await;
    assert!(status.is_success(), "{body}");
    // Every piece of work takes some looks, so that there is something to poll.
    fleet.engine.inject([Rule::work(Twist::InProgress { polls: 1, end: End::Completed }).always()]);

    let mut posted = 0;
    for place in PLACES.iter().flat_map(|place| [1, 2].map(|nth| format!("{place}:{nth}"))) {
        let mut doomed = fleet.start(&["worker"], &[("SKYTWIN_FAULT", &place)]);
        for _ in 0..2 {
            posted += 1;
            let letter = json!({ "source": "gmail", "type": "email_received", "external_id": format!("kill-{posted}"),
                "payload": { "message_id": format!("m-{posted}"), "from": "news@letters.example",
                    "subject": "Weekly letter", "category": "newsletter" } });
            let (status, body) = person.call("POST", "/signals", Some(&letter)).await;
            assert_eq!(status, StatusCode::ACCEPTED, "{body}");
        }
        assert_eq!(doomed.ended().await, None, "{place}: no kill, it ended by itself:\n{}", doomed.log());
    }

    let mut survivor = fleet.start(&["worker"], &[]);
    let executions = within(Duration::from_mins(3), "everything is settled", async || {
        let executions = person.all("/executions").await;
        let ends: Vec<_> = executions.iter().map(|execution| execution["state"].clone()).collect();
        if ends.len() == posted && ends.iter().all(|end| end == "succeeded") {
            Ok(executions)
        } else {
            Err(format!("{posted} were posted, and this is what they came to: {ends:?}"))
        }
    })
    .await;
    assert_eq!(survivor.terminate().await, Some(0), "{}", survivor.log());
    let mut effects = BTreeMap::<String, u32>::new();
    for effect in fleet.engine.journal() {
        *effects.entry(effect.execution_id).or_default() += 1;
    }
    let wanted: BTreeMap<String, u32> =
        executions.iter().map(|execution| (execution["id"].as_str().unwrap().to_owned(), 1)).collect();
    assert_eq!(effects, wanted, "each exactly once");
}
