//! Real kills between any two steps of dispatch, poll and settle: each worker dies at a place of its own, and what they
//! left behind is finished by others, once.

use std::{collections::BTreeMap, time::Duration};

use reqwest::StatusCode;
use serde_json::json;
use simulator::{End, Rule, Twist};

use crate::fleet::{Fleet, Person, Process, free_port, settles};

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

    let places: Vec<String> = PLACES.iter().flat_map(|place| [1, 2].map(|nth| format!("{place}:{nth}"))).collect();
    // Few connections each: a dozen workers share one small Postgres.
    let few = ("SKYTWIN_DB_CONNECTIONS", "4");
    let mut doomed: Vec<(&String, Process)> =
        places.iter().map(|place| (place, fleet.start(&["worker"], &[("SKYTWIN_FAULT", place), few]))).collect();
    let mut posted = 0;
    settles("every worker has died at its place", Duration::from_mins(3), async || {
        doomed.retain_mut(|(place, worker)| {
            let alive = !worker.has_ended();
            assert!(alive || worker.ended().is_none(), "{place}: no kill, it ended by itself:\n{}", worker.log());
            alive
        });
        if doomed.is_empty() {
            return Ok(());
        }
        for _ in &doomed {
            let letter = json!({ "source": "gmail", "type": "email_received", "external_id": format!("kill-{posted}"),
                "payload": { "message_id": format!("m-{posted}"), "from": "news@letters.example",
                    "subject": "Weekly letter", "category": "newsletter" } });
            let (status, body) = person.call("POST", "/signals", Some(&letter)).await;
            assert_eq!(status, StatusCode::ACCEPTED, "{body}");
            posted += 1;
        }
        Err(format!("{posted} posted; alive: {:?}", doomed.iter().map(|(place, _)| place).collect::<Vec<_>>()))
    })
    .await;

    let mut survivor = fleet.start(&["worker"], &[]);
    let executions = settles("everything is settled", Duration::from_mins(3), async || {
        let executions = person.all("/executions").await;
        let done = executions.iter().filter(|execution| execution["state"] == "succeeded").count();
        if done == posted { Ok(executions) } else { Err(format!("{done} of {posted} done")) }
    })
    .await;
    assert_eq!(survivor.terminate(), Some(0), "{}", survivor.log());
    let mut effects = BTreeMap::<String, u32>::new();
    for effect in fleet.engine.journal() {
        *effects.entry(effect.execution_id).or_default() += 1;
    }
    let wanted: BTreeMap<String, u32> =
        executions.iter().map(|execution| (execution["id"].as_str().unwrap().to_owned(), 1)).collect();
    assert_eq!(effects, wanted, "each exactly once");
}
