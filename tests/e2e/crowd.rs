//! A crowd at the daily limit: a hundred payments of $10 against $500, half of them answered by the person through two API
//! processes, half of them decided by three workers, all at once. Exactly fifty fit, and money that comes back is
//! available again, once.

use std::collections::BTreeMap;

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::{End, Rule};
use tests::{eventually, free_port};

use crate::fleet::{Fleet, Person};

const EACH_CENTS: i64 = 1_000;
const DAILY_CENTS: i64 = 50_000;
const FIT: usize = 50;

/// A renewal, of which the person has said nothing: the twin asks.
fn renewal(n: usize) -> Value {
    json!({ "source": "billing", "type": "subscription_renewal", "external_id": format!("plan-{n}"),
        "payload": { "subject": "Music plan", "subscriptionId": format!("plan-{n}"), "costCents": EACH_CENTS } })
}

/// A reorder the person wants to happen by itself.
fn reorder(n: usize) -> Value {
    json!({ "source": "shopping", "type": "grocery_reorder", "external_id": format!("milk-{n}"),
        "payload": { "items": ["milk"], "costCents": EACH_CENTS } })
}

fn cents(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// What `GET /spend` says; never above the limit, whenever it is asked.
async fn spend(person: &Person) -> Value {
    let (status, spend) = person.call("GET", "/spend", None).await;
    assert_eq!(status, StatusCode::OK, "{spend}");
    assert!(cents(&spend["used_cents"]) <= DAILY_CENTS, "above the limit: {spend}");
    assert_eq!(cents(&spend["used_cents"]), cents(&spend["reserved_cents"]) + cents(&spend["settled_cents"]));
    spend
}

/// How many executions of the person's stand how.
async fn states(person: &Person) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for execution in person.all("/executions").await {
        *states.entry(execution["state"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    states
}

/// Says yes to all of them at once, through both doors in turn. Gives the executions, and how many were refused for
/// want of money, each with the numbers.
async fn yes_to(doors: &[Person], questions: &[String]) -> (Vec<Value>, usize) {
    let answers = questions.iter().enumerate().map(async |(n, question)| {
        let path = format!("/approvals/{question}/answer");
        doors[n % doors.len()].call("POST", &path, Some(&json!({ "answer": "approve" }))).await
    });
    let (mut run, mut refused) = (Vec::new(), 0);
    for (status, body) in join_all(answers).await {
        if status == StatusCode::ACCEPTED {
            run.push(body["execution"].clone());
            continue;
        }
        assert_eq!((status, &body["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("needs_override")), "{body}");
        assert_eq!(
            [&body["numbers"]["cost_cents"], &body["numbers"]["limit_cents"], &body["numbers"]["remaining_cents"]],
            [EACH_CENTS, DAILY_CENTS, 0],
            "{body}"
        );
        refused += 1;
    }
    (run, refused)
}

async fn ends(person: &Person, execution: &Value, state: &str) {
    let path = format!("/executions/{}", execution.as_str().unwrap());
    eventually(format!("{path} is {state}"), async || {
        let (_, found) = person.call("GET", &path, None).await;
        if found["state"] == state { Ok(()) } else { Err(found["state"].clone()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_payments_at_once_from_all_processes_exactly_those_that_fit_are_made() {
    let mut fleet = Fleet::new().await;
    let ports = [free_port(), free_port()];
    let _apis = [fleet.api(ports[0]).await, fleet.api(ports[1]).await];
    let _workers: [_; 3] = std::array::from_fn(|_| fleet.start(&["worker"], &[]));
    let person = Person::new(&fleet, &ports, "moderate_autonomy");
    let doors = [person.through(0), person.through(1)];
    let settings = json!({ "timezone": "UTC", "autonomy": { "require_approval_for_irreversible": false,
        "max_spend_per_action_cents": 10_000, "max_daily_spend_cents": DAILY_CENTS } });
    for (path, body) in
        [("/settings", settings), ("/preferences/shopping/auto_reorder_staples", json!({ "value": true }))]
    {
        let (status, body) = person.call("PUT", path, Some(&body)).await;
        assert!(status.is_success(), "{body}");
    }

    let renewals: Vec<_> = (0..FIT).map(renewal).collect();
    let (status, body) = person.call("POST", "/signals/batch", Some(&json!({ "signals": renewals }))).await;
    assert!(status.is_success() && body["refused"] == 0, "{body}");
    let questions = eventually("fifty questions are asked", async || {
        let open = pending(&person).await;
        if open.len() == FIT { Ok(open) } else { Err(open.len()) }
    })
    .await;

    // Some of each kind come through for certain; all the rest meet at the limit.
    let (early, late) = questions.split_at(5);
    let (mut answered, none) = yes_to(&doors, early).await;
    assert_eq!((answered.len(), none), (5, 0));
    let reorders: Vec<_> = (0..FIT).map(reorder).collect();
    let (status, body) = person.call("POST", "/signals/batch", Some(&json!({ "signals": reorders }))).await;
    assert!(status.is_success() && body["refused"] == 0, "{body}");
    eventually("five orders are placed alone", async || {
        let orders = person.all("/decisions?outcome=auto").await.len();
        if orders >= 5 { Ok(()) } else { Err(orders) }
    })
    .await;
    let ((more, refused), ()) = tokio::join!(yes_to(&doors, late), async {
        for _ in 0..20 {
            spend(&person).await;
        }
    });
    answered.extend(more);

    let decisions = eventually("everything is decided and settled", async || {
        let decisions = person.all("/decisions").await;
        let executions = states(&person).await;
        let settled = executions.get("succeeded") == Some(&FIT) && executions.len() == 1;
        if decisions.len() == 2 * FIT && settled {
            Ok(decisions)
        } else {
            Err(format!("{} {executions:?}", decisions.len()))
        }
    })
    .await;
    let alone = decisions.iter().filter(|decision| decision["outcome"] == "auto").count();
    assert_eq!(alone + answered.len(), FIT, "exactly those that fit, of both kinds");
    assert!(alone >= 5 && answered.len() >= 5);
    println!("{alone} alone and {} by word: {FIT} of {} fit", answered.len(), 2 * FIT);
    let full = spend(&person).await;
    assert_eq!([&full["used_cents"], &full["settled_cents"], &full["remaining_cents"]], [DAILY_CENTS, DAILY_CENTS, 0]);
    assert_eq!(fleet.engine.journal().len(), FIT, "and each happened once");

    // Whatever did not fit waits for the person, who sees the numbers.
    let waiting = person.all("/approvals").await;
    assert_eq!(waiting.len(), FIT);
    assert_eq!(waiting.iter().filter(|question| question["action"]["verb"] == "renew_subscription").count(), refused);
    for question in waiting.iter().filter(|question| question["action"]["verb"] == "place_order") {
        let reasons = question["reasons"].as_array().unwrap();
        let limit = reasons.iter().find(|reason| reason["rule"] == "daily_limit").unwrap();
        assert_eq!(
            [&limit["numbers"]["cost_cents"], &limit["numbers"]["remaining_cents"]],
            [EACH_CENTS, 0],
            "{question}"
        );
    }

    // Money that comes back is there for exactly one more, however many reach for it: after an undo, and after a failure.
    take_back(&person, &answered[0]).await;
    let (run, refused) = yes_to(&doors, &pending(&person).await).await;
    assert_eq!((run.len(), refused), (1, FIT - 1), "one more fits");
    ends(&person, &run[0], "succeeded").await;

    take_back(&person, &answered[1]).await;
    fleet.engine.inject([Rule::ends(End::Failed)]);
    let left = pending(&person).await;
    let (run, _) = yes_to(&doors, &left[..1]).await;
    ends(&person, &run[0], "failed").await;
    assert_eq!(spend(&person).await["remaining_cents"], EACH_CENTS, "what failed gives its money back");
    let (run, refused) = yes_to(&doors, &left[1..]).await;
    assert_eq!((run.len(), refused), (1, FIT - 3), "and one more");
    ends(&person, &run[0], "succeeded").await;
    assert_eq!(spend(&person).await["remaining_cents"], 0);
}

/// Undoes what an execution did, and waits for the money.
async fn take_back(person: &Person, execution: &Value) {
    let (_, done) = person.call("GET", &format!("/executions/{}", execution.as_str().unwrap()), None).await;
    let path = format!("/decisions/{}/undo", done["decision"].as_str().unwrap());
    let (status, undo) = person.call("POST", &path, Some(&json!({ "reason": "No.", "severity": "minor" }))).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{undo}");
    ends(person, &undo["id"], "succeeded").await;
    assert_eq!(spend(person).await["remaining_cents"], EACH_CENTS);
}

/// The open questions.
async fn pending(person: &Person) -> Vec<String> {
    let open = person.all("/approvals").await;
    open.iter().map(|question| question["id"].as_str().unwrap().to_owned()).collect()
}
