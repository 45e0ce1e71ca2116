//! What a fleet tells about itself: one trace from the POST through the queue to the engine, one line per request and per
//! job, and the metrics of both processes.

use std::sync::{Arc, Mutex};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::{Process, eventually, free_port};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::fleet::{Fleet, Person};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Takes what exporters send, as far as a test looks at it.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Vec<u8>>>>);

impl Collector {
    async fn start() -> (Self, String) {
        let (this, listener) = (Self::default(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taking = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(taking.clone().take(stream));
            }
        });
        (this, url)
    }

    async fn take(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
            let Some(end) = find(&bytes, b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length: usize =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap();
            if bytes.len() < end + 4 + length {
                continue;
            }
            assert!(head.starts_with("post /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
            let body: Vec<u8> = bytes.drain(..end + 4 + length).skip(end + 4).collect();
            self.0.lock().unwrap().push(body);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        }
    }

    /// Whether a batch holds all of these.
    fn has(&self, parts: &[&[u8]]) -> bool {
        self.0.lock().unwrap().iter().any(|body| parts.iter().all(|part| find(body, part).is_some()))
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn lines(process: &Process) -> Vec<Value> {
    process.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The closing line of a request or a job, once it is there.
async fn line(process: &Process, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    eventually(what, async || lines(process).into_iter().find(|line| line["ms"].is_number() && fits(&line["span"])))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_goes_from_the_post_to_the_engine_and_lines_and_metrics_tell_of_it() {
    let (collector, otlp) = Collector::start().await;
    let mut fleet = Fleet::new().await;
    let (port, api_metrics, worker_metrics) = (free_port(), free_port(), free_port());
    let start = |fleet: &mut Fleet, what: &str, metrics: u16| {
        let (listen, metrics) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{metrics}"));
        fleet.start(
            &[what],
            &[("SKYTWIN_LISTEN", &listen), ("SKYTWIN_METRICS_LISTEN", &metrics), ("SKYTWIN_OTLP_ENDPOINT", &otlp)],
        )
    };
    let (mut api, mut worker) = (start(&mut fleet, "api", api_metrics), start(&mut fleet, "worker", worker_metrics));
    let person = Person::new(&fleet, &[port], "moderate_autonomy");
    let (status, body) = person.call("PUT", "/preferences/email/auto_archive", Some(&json!({ "value": true }))).await;
    assert!(status.is_success(), "{body}");

    let letter = json!({ "source": "gmail", "type": "email_received", "external_id": "traced-1",
        "payload": { "message_id": "m-1", "from": "news@letters.example", "subject": "Hunter2 weekly", "category": "newsletter" } });
    let posted = fleet
        .http
        .post(format!("{}/signals", person.root()))
        .bearer_auth(person.token())
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .header("x-request-id", "order-17")
        .json(&letter)
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), StatusCode::ACCEPTED);
    let signal = posted.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let execution = eventually("it is carried out", async || {
        person.all("/executions").await.into_iter().find(|execution| execution["state"] == "succeeded")
    })
    .await;

    // the lines
    let request = line(&api, "the request's line", |span| span["request"] == "order-17").await;
    let span = &request["span"];
    assert_eq!(
        (&span["trace"], &span["method"], &span["route"]),
        (&json!(TRACE), &json!("POST"), &json!("/api/v1/signals"))
    );
    assert_eq!((&span["user"], &span["signal"]), (&json!(person.user), &json!(signal)));
    assert!(request["statements"].as_u64().unwrap() >= 3 && request["db_ms"].is_number(), "{request}");
    let decided = line(&worker, "the decision's line", |span| span["signal"] == json!(signal)).await;
    let span = &decided["span"];
    assert_eq!(
        (&span["kind"], &span["trace"], &span["attempt"]),
        (&json!("evaluate_signal"), &json!(TRACE), &json!(1))
    );
    assert_eq!((&span["user"], &span["decision"]), (&json!(person.user), &execution["decision"]));
    assert!(decided["statements"].as_u64().unwrap() > 5 && span["job"].is_string(), "{decided}");
    let done = line(&worker, "the execution's line", |span| span["execution"] == execution["id"]).await;
    assert_eq!((&done["span"]["trace"], &done["span"]["execution_attempt"]), (&json!(TRACE), &json!(1)));
    for process in [&api, &worker] {
        let log = process.log();
        assert!(
            !log.contains(person.token()) && !log.contains("Hunter2") && !log.contains(&fleet.engine.token),
            "{log}"
        );
    }

    // the engine was told which trace it works for
    assert!(fleet.engine.log().iter().any(|line| line.contains(TRACE)), "{:?}", fleet.engine.log());

    // the metrics, of both and of the whole
    for (port, wanted) in [
        (
            api_metrics,
            &[
                "skytwin_signals_total 1",
                "skytwin_http_request_seconds_count{method=\"POST\",route=\"/api/v1/signals\",status=\"202\"} 1",
            ][..],
        ),
        (
            worker_metrics,
            &[
                "skytwin_jobs_total{kind=\"evaluate_signal\",outcome=\"done\"} 1",
                "skytwin_job_wait_seconds_count{kind=\"evaluate_signal\"} 1",
                "skytwin_decisions_total{outcome=\"auto\"} 1",
                "skytwin_executions_total{kind=\"act\",state=\"succeeded\"} 1",
                "skytwin_queue_depth{kind=\"execute_action\",state=\"due\"} 0.0",
                "skytwin_workers{kind=\"execute_action\"} 1.0",
                "skytwin_db_connections{state=\"limit\"} 10.0",
                "sign=\"well\"",
            ],
        ),
    ] {
        let url = format!("http://127.0.0.1:{port}/metrics");
        let page = fleet.http.get(&url).send().await.unwrap().text().await.unwrap();
        for line in wanted {
            assert!(page.contains(line), "{line} is not in\n{page}");
        }
        assert!(!page.contains(&person.user), "nobody is named");
        let other = fleet.http.get(format!("http://127.0.0.1:{port}/")).send().await.unwrap();
        assert_eq!(other.status(), StatusCode::NOT_FOUND);
    }

    // the spans: sent at the latest when the processes end
    assert_eq!(
        (worker.terminate().await, api.terminate().await),
        (Some(0), Some(0)),
        "{}\n{}",
        worker.log(),
        api.log()
    );
    let trace: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&TRACE[at * 2..at * 2 + 2], 16).unwrap()).collect();
    assert!(collector.has(&[&trace, b"skytwin-api", b"request"]), "the request's span");
    assert!(collector.has(&[&trace, b"skytwin-worker", b"job", b"evaluate_signal"]), "the decision's span");
    assert!(collector.has(&[&trace, b"skytwin-worker", b"engine", b"send"]), "the call's span");
}
