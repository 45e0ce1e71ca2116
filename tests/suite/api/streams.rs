//! Events as they happen, over real HTTP: nothing is missed, doubled or told to somebody else, whatever breaks.

use std::net::Ipv4Addr;

use chrono::TimeDelta;
use domain::{event::Name, id::UserId, outbox::Outbox, tier::TrustTier};
use futures::future::join_all;
use queue::Bell;
use reqwest::{Method, Response};
use runtime::{Config, Shutdown};
use serde_json::{Value, json};
use store::Store;
use tokio::net::TcpListener;

use super::Door;

/// A client's end of a stream.
struct Stream {
    response: Response,
    text: String,
}

#[derive(Debug, PartialEq)]
struct Frame {
    id: i64,
    name: String,
    data: Value,
}

impl Stream {
    async fn open(door: &Door, url: &str, token: &str, last: Option<i64>) -> Self {
        let mut request = door.http.get(format!("{url}/api/v1/events/stream")).bearer_auth(token);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Self::of(request.send().await.unwrap())
    }

    fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next frame; none when the stream is over.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let line = |name: &str| {
                    let found = frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    found.unwrap_or_else(|| panic!("no {name} in {frame}"))
                };
                let data = serde_json::from_str(line("data")).unwrap();
                let read = Frame { id: line("id").parse().unwrap(), name: line("event").into(), data };
                self.text = rest.to_owned();
                return Some(read);
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The numbers of the next events.
    async fn events(&mut self, count: usize) -> Vec<i64> {
        let mut seen = Vec::new();
        while seen.len() < count {
            let frame = self.next().await.expect("it goes on");
            if frame.name == "signal.received" {
                assert_eq!((frame.id, &frame.data["name"]), (frame.data["seq"].as_i64().unwrap(), &json!(frame.name)));
                seen.push(frame.id);
            }
        }
        seen
    }
}

/// Something happens to this person.
async fn happens(door: &Door, user: UserId) {
    let mut tx = door.store.begin().await.unwrap();
    tx.lock(user).await.unwrap();
    let facts = json!({ "text": "two\nlines" }).as_object().cloned().unwrap();
    tx.commit(Outbox::nothing().event(user, Name::SignalReceived, facts), door.world.now()).await.unwrap();
}

/// Another API process on the same database: its address and its end.
async fn another(door: &Door) -> (String, Shutdown) {
    let pool = door.world.database.pool(5);
    let store = Store::new(pool.clone(), Bell::start(&pool));
    let config = Config::read(Vec::new()).unwrap();
    let state = api::State::new(store, door.world.clock.clone(), door.world.entropy.clone(), &config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = Shutdown::new();
    let serving = shutdown.clone();
    shutdown.spawn("api", async move { api::serve(listener, state, serving).await.expect("served") });
    (url, shutdown)
}

#[tokio::test]
async fn a_client_that_was_away_gets_what_it_missed_in_order_and_once_from_another_process() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let (bob, _) = door.somebody("Bob", TrustTier::Suggest).await;
    let (other, end) = another(&door).await;

    let mut here = Stream::open(&door, &door.url, &token, None).await;
    let hello = here.next().await.unwrap();
    assert_eq!((hello.id, hello.name.as_str(), &hello.data["reset"]), (0, "hello", &json!(false)));
    join_all([happens(&door, ada), happens(&door, bob), happens(&door, ada), happens(&door, ada)]).await;
    assert_eq!(here.events(3).await, [1, 2, 3]);
    drop(here);

    join_all((0..250).map(|n| happens(&door, if n % 5 == 0 { bob } else { ada }))).await;
    let mut there = Stream::open(&door, &other, &token, Some(3)).await;
    let coming = async {
        join_all((0..50).map(|_| happens(&door, ada))).await;
    };
    let ((), seen) = tokio::join!(coming, there.events(250));
    assert_eq!(seen, (4..=253).collect::<Vec<_>>());
    // What is told in one process is heard in the other.
    happens(&door, ada).await;
    assert_eq!(there.events(1).await, [254]);

    end.request();
    while there.next().await.is_some() {}
}

#[tokio::test]
async fn a_bell_that_was_not_heard_costs_time_and_nothing_else() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let mut stream = Stream::open(&door, &door.url, &token, Some(0)).await;
    stream.next().await.unwrap();
    door.execute(
        "WITH counted AS (UPDATE users SET event_seq = event_seq + 1 RETURNING id, event_seq)
         INSERT INTO events SELECT id, event_seq, 'signal.received', '{}', '2026-03-02T09:00:00Z' FROM counted",
    )
    .await;
    assert_eq!(stream.events(1).await, [1]);
}

#[tokio::test]
async fn a_number_that_was_never_reached_is_said_so_and_nonsense_is_refused() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", TrustTier::Suggest).await;
    happens(&door, ada).await;
    let mut stream = Stream::open(&door, &door.url, &token, Some(99)).await;
    let hello = stream.next().await.unwrap();
    assert_eq!((hello.id, &hello.data["reset"]), (1, &json!(true)));
    happens(&door, ada).await;
    assert_eq!(stream.events(1).await, [2]);
    for last in ["-1", "x", ""] {
        let call = door.call(Method::GET, "/events/stream", &token).header("last-event-id", last);
        assert_eq!(call.send().await.problem().0, 422, "{last}");
    }
}

#[tokio::test]
async fn a_ticket_opens_one_stream_and_nothing_else_and_a_stream_ends_with_its_token() {
    let door = Door::open().await;
    let (ada, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let ticket = async || {
        let made = door.call(Method::POST, "/events/tickets", &token).send().await.is(201);
        made.body()["ticket"].as_str().unwrap().to_owned()
    };
    let with = |path: &str, ticket: &str| format!("{}/api/v1{path}?ticket={ticket}", door.url);
    let first = ticket().await;
    for path in ["/events", "/session", "/decisions"] {
        assert_eq!(door.http.get(with(path, &first)).send().await.unwrap().status(), 401, "{path}");
    }
    let mut stream = Stream::of(door.http.get(with("/events/stream", &first)).send().await.unwrap());
    stream.next().await.unwrap();
    happens(&door, ada).await;
    assert_eq!(stream.events(1).await, [1]);
    let late = ticket().await;
    door.world.pass(TimeDelta::seconds(60));
    for wrong in [first.as_str(), &late, "", "se_x"] {
        assert_eq!(door.http.get(with("/events/stream", wrong)).send().await.unwrap().status(), 401, "{wrong}");
    }

    let unused = ticket().await;
    let mut bearer = Stream::open(&door, &door.url, &token, None).await;
    door.execute("UPDATE api_tokens SET revoked_at = created_at").await;
    for stream in [&mut stream, &mut bearer] {
        while stream.next().await.is_some() {}
    }
    assert_eq!(door.http.get(with("/events/stream", &unused)).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn one_person_can_not_take_every_place_and_the_end_of_a_process_ends_its_streams() {
    let door = Door::open().await;
    let (_, token) = door.somebody("Ada", TrustTier::Suggest).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(Stream::open(&door, &door.url, &token, None).await);
    }
    let refused = door.get("/events/stream", &token).await;
    assert_eq!((refused.problem(), refused.header("retry-after")), ((429, "too_many".into()), "30"));
    door.shutdown.request();
    for mut stream in streams {
        while stream.next().await.is_some() {}
    }
}
