//! The simulated engine as a double of the real ones: it takes nothing they would refuse, and refuses in their words.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::{Gate, Generation, Options, Rule, Running};

use super::{TOKEN, simulator};

const KEY: &str = "key-1";

struct Said {
    status: StatusCode,
    retry_after: Option<u64>,
    text: String,
}

async fn ask(far: &Running, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Said {
    let mut request = tests::http().request(method, format!("{}{path}", far.url)).bearer_auth(TOKEN);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body.to_owned()).send().await.unwrap();
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    Said { status: response.status(), retry_after, text: response.text().await.unwrap() }
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn order(text: &str) -> String {
    let order = json!({"execution_id": "e-1", "verb": "create_note", "parameters": {"text": text}});
    json!({"model": "default", "input": "do it", "x_context": order}).to_string()
}

async fn create(far: &Running, key: &str, body: &str) -> Said {
    ask(far, Method::POST, "/api/v1/responses", &[JSON, ("idempotency-key", key)], body).await
}

#[tokio::test]
async fn one_key_is_one_piece_of_work_and_other_bytes_under_it_are_a_conflict() {
    let far = simulator(Options::new(TOKEN).also("another")).await;
    let first = create(&far, KEY, &order("Milk")).await;
    let again = create(&far, KEY, &order("Milk")).await;
    assert_eq!((first.status, &first.text), (StatusCode::OK, &again.text));
    let other = create(&far, KEY, &order("Bread")).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    let error: Value = serde_json::from_str(&other.text).unwrap();
    assert_eq!((&error["error"]["code"], &error["error"]["param"]), (&json!("conflict"), &json!("idempotency_key")));
    assert_eq!(far.journal().len(), 1);
    let somebody = tests::http().post(format!("{}/api/v1/responses", far.url)).bearer_auth("another");
    let theirs = somebody.header("idempotency-key", KEY).header("content-type", "application/json");
    assert_eq!(theirs.body(order("Bread")).send().await.unwrap().status(), 200, "a key is one caller's");
    assert_eq!(far.journal().len(), 2);
}

#[tokio::test]
async fn a_gateway_before_1_0_reads_no_key_and_can_not_cancel() {
    let far = simulator(Options::new(TOKEN).generation(Generation::LegacyGateway)).await;
    create(&far, KEY, &order("Milk")).await;
    create(&far, KEY, &order("Milk")).await;
    assert_eq!(far.journal().len(), 2);
    assert_eq!(ask(&far, Method::POST, "/api/v1/responses/resp_1/cancel", &[], "").await.status, 404);
}

#[tokio::test]
async fn refusals_come_in_the_documented_words() {
    let far = simulator(Options::new(TOKEN)).await;
    let plain = tests::http().get(format!("{}/api/v1/responses/resp_1", far.url)).send().await.unwrap();
    assert_eq!((plain.status().as_u16(), plain.text().await.unwrap().as_str()), (401, "Invalid or missing auth token"));
    let untyped = ask(&far, Method::POST, "/api/v1/responses", &[], &order("Milk")).await;
    assert_eq!(untyped.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let long_key = create(&far, &"k".repeat(257), &order("Milk")).await;
    assert_eq!(long_key.status, StatusCode::BAD_REQUEST);
    let body = json!({"model": "default", "input": "go on", "previous_response_id": "resp_unknown"}).to_string();
    assert_eq!(create(&far, "key-2", &body).await.status, StatusCode::NOT_FOUND);
    let large = create(&far, "key-3", &" ".repeat(2 * 1024 * 1024)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(far.journal().len(), 0);
}

#[tokio::test]
async fn an_answer_to_a_gate_needs_a_key_is_one_answer_and_is_kept() {
    let far = simulator(Options::new(TOKEN).faults([Rule::gate(Gate::default())])).await;
    let response: Value = serde_json::from_str(&create(&far, KEY, &order("Milk")).await.text).unwrap();
    assert_eq!(response["status"], "in_progress");
    let thread = response["id"].as_str().unwrap();
    let listed = ask(&far, Method::GET, "/api/webchat/v2/threads?needs_approval=true", &[], "").await.text;
    assert!(listed.contains(thread), "{listed}");

    let mut events = tests::http()
        .get(format!("{}/api/webchat/v2/threads/{thread}/events", far.url))
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    let mut frames = String::new();
    while !frames.contains("event: keep_alive") {
        frames.push_str(&String::from_utf8_lossy(&events.chunk().await.unwrap().unwrap()));
    }
    let data = frames.lines().find(|line| line.contains("approval_context")).unwrap().strip_prefix("data: ").unwrap();
    let prompt = serde_json::from_str::<Value>(data).unwrap()["prompt"].clone();
    let path = format!(
        "/api/webchat/v2/threads/{thread}/runs/{}/gates/{}/resolve",
        prompt["turn_run_id"].as_str().unwrap(),
        prompt["gate_ref"].as_str().unwrap()
    );
    let say = async |body: Value| ask(&far, Method::POST, &path, &[JSON], &body.to_string()).await;

    for wrong in [
        json!({"resolution": "approved"}),
        json!({"client_action_id": " k", "resolution": "approved"}),
        json!({"client_action_id": "k", "resolution": "denied"}),
    ] {
        let said = say(wrong.clone()).await;
        let error: Value = serde_json::from_str(&said.text).unwrap();
        assert_eq!((said.status.as_u16(), &error["kind"]), (400, &json!("validation")), "{wrong}");
    }
    assert_eq!(far.journal().len(), 0);
    for _ in 0..2 {
        let said = say(json!({"client_action_id": "k", "resolution": "approved"})).await;
        assert_eq!(serde_json::from_str::<Value>(&said.text).unwrap()["outcome"], "resumed");
    }
    assert_eq!(say(json!({"client_action_id": "other", "resolution": "declined"})).await.status, StatusCode::CONFLICT);
    assert_eq!(far.journal().len(), 1);
}

#[tokio::test]
async fn the_documented_limits_hold_for_each_kind_of_request() {
    let far = simulator(Options::new(TOKEN).limited()).await;
    let mut last = None;
    for number in 0..62 {
        last = Some(create(&far, &format!("key-{number}"), &order("Milk")).await);
    }
    let last = last.unwrap();
    // Should a window have passed meanwhile, everything was let in; then there is nothing to be seen here.
    if far.journal().len() < 62 {
        assert_eq!((last.status.as_u16(), last.text.as_str()), (429, "Rate limit exceeded. Try again shortly."));
        assert!((1..=60).contains(&last.retry_after.unwrap()));
        assert!(far.journal().len() >= 60);
    }
    assert_eq!(ask(&far, Method::GET, "/api/webchat/v2/threads", &[], "").await.status, 200, "another kind has room");
}

#[tokio::test]
async fn a_caller_holds_three_streams_and_no_more() {
    let far = simulator(Options::new(TOKEN).limited()).await;
    let response: Value = serde_json::from_str(&create(&far, KEY, &order("Milk")).await.text).unwrap();
    let url = format!("{}/api/webchat/v2/threads/{}/events", far.url, response["id"].as_str().unwrap());
    let open = async || tests::http().get(&url).bearer_auth(TOKEN).send().await.unwrap();
    let held = [open().await, open().await, open().await];
    assert!(held.iter().all(|stream| stream.status() == 200));
    assert_eq!(open().await.status(), 429);
    drop(held);
    tests::eventually("a stream that was let go makes room", async || open().await.status() == 200).await;
}
