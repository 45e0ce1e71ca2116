//! `skytwin watch` in a terminal: what happens is a line, once and in order, also when its API dies under it and what
//! happened meanwhile came in through another.

use serde_json::json;
use tests::{eventually, free_port};

use crate::fleet::{Fleet, Person};

/// The numbers of the events that were printed, in order; a greeting is not one of them.
fn numbers(log: &str) -> Vec<i64> {
    let lines = log.lines().filter(|line| !line.starts_with('…') && !line.contains("listening"));
    lines.filter_map(|line| line.split_whitespace().nth(1)?.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_prints_each_event_once_also_when_its_api_dies_under_it() {
    let mut fleet = Fleet::new().await;
    let ports = [free_port(), free_port()];
    let mut watched = fleet.api(ports[0]).await;
    let _other = fleet.api(ports[1]).await;
    let person = Person::new(&fleet, &ports, "observer");
    let root = format!("http://127.0.0.1:{}", ports[0]);
    let mut watch = fleet.start(&["watch"], &[("SKYTWIN_URL", &root), ("SKYTWIN_TOKEN", person.token())]);
    eventually("it listens", async || watch.log().contains("listening").then_some(())).await;
    let note = async |name: &str| {
        let signal = json!({ "source": "test", "type": "note", "external_id": name, "payload": { "text": name } });
        let (status, body) = person.through(1).call("POST", "/signals", Some(&signal)).await;
        assert!(status.is_success(), "{body}");
    };

    note("first").await;
    eventually("a line", async || watch.log().contains("signal received").then_some(())).await;
    watched.kill9();
    eventually("it notices", async || watch.log().contains("is gone").then_some(())).await;
    for name in ["second", "third"] {
        note(name).await;
    }
    let _again = fleet.api(ports[0]).await;
    note("fourth").await;
    let last = person.all("/events?after=0").await.last().and_then(|event| event["seq"].as_i64()).unwrap();
    eventually("it has caught up", async || numbers(&watch.log()).contains(&last).then_some(())).await;
    assert_eq!(numbers(&watch.log()), (1..=last).collect::<Vec<_>>(), "{}", watch.log());
    watch.kill9();
}
