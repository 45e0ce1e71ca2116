//! A thousand people look at once: what that costs a process, that everybody is told, and that its end is quick.
//! `cargo test --workspace --test e2e thousand -- --nocapture` prints the cost.

use std::{fs, time::Duration};

use domain::{event::Name, id::UserId, outbox::Outbox, settings::Autonomy, tier::TrustTier};
use futures::future::join_all;
use reqwest::Response;
use runtime::{Clock, Entropy, postgres};
use store::{Store, tokens, users};
use tests::free_port;

use crate::fleet::Fleet;

const PEOPLE: usize = 100;
const EACH: usize = 10;
/// KiB that an idle stream may cost, its connection included: most of it is the connection's, and a build without
/// optimisation keeps every intermediate state of its futures.
const MOST_EACH: u64 = if cfg!(debug_assertions) { 220 } else { 110 };

/// Resident memory, in KiB.
fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Time on the processor, in ticks of 10 ms.
fn processor(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Adds a person with a token.
async fn person(store: &Store) -> (UserId, String) {
    let (now, entropy) = (Clock::system().now(), Entropy::system());
    let id = entropy.id(now);
    let new = users::NewUser {
        id,
        name: "Somebody".into(),
        email: None,
        timezone: chrono_tz::UTC,
        tier: TrustTier::Suggest,
        autonomy: Autonomy::default(),
    };
    let minted = api::token::mint(&entropy, Some(id), "browser", now);
    let mut tx = store.begin().await.unwrap();
    users::create(&mut tx, &new, now).await.unwrap();
    tokens::insert(&mut tx, &minted.token, &minted.hash).await.unwrap();
    tx.commit(Outbox::nothing(), now).await.unwrap();
    (id, minted.secret.reveal().to_owned())
}

/// Longest for what everybody is to see, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_mins(1);

/// Reads each stream until `wanted` was sent.
async fn all_see(streams: &mut [Response], wanted: &str) {
    let see = async |stream: &mut Response| {
        let mut text = String::new();
        while !text.contains(wanted) {
            match stream.chunk().await {
                Ok(Some(chunk)) => text.push_str(&String::from_utf8_lossy(&chunk)),
                other => panic!("the stream is over before {wanted}: {other:?} after {text}"),
            }
        }
    };
    let everybody = join_all(streams.iter_mut().map(see));
    tokio::time::timeout(PATIENCE, everybody).await.unwrap_or_else(|_| panic!("not everybody saw {wanted}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_idle_clients_are_cheap_and_the_end_of_their_process_is_orderly() {
    let mut fleet = Fleet::new().await;
    let port = free_port();
    let mut api = fleet.api(port).await;
    let store = Store::connect(fleet.postgres.url(postgres::DATABASE).reveal(), 5).await.unwrap();
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        people.push(person(&store).await);
    }
    let before = memory(api.id());
    let http = reqwest::Client::builder().build().unwrap();
    let url = format!("http://127.0.0.1:{port}/api/v1/events/stream");
    let mut streams = Vec::new();
    for (_, token) in &people {
        let opened = join_all((0..EACH).map(|_| http.get(&url).bearer_auth(token).send())).await;
        streams.extend(opened.into_iter().map(|answer| answer.unwrap().error_for_status().unwrap()));
    }
    all_see(&mut streams, "event: hello").await;

    let (after, start) = (memory(api.id()), processor(api.id()));
    let seconds = 10;
    // The cost of doing nothing is what is measured here, so nothing is done.
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let ticks = processor(api.id()) - start;
    let each = (after - before) / u64::try_from(PEOPLE * EACH).unwrap();
    println!(
        "{} idle streams: {before} KiB resident before, {after} KiB after, {each} KiB each; {ticks}0 ms of processor in {seconds} s",
        streams.len()
    );
    assert!(each < MOST_EACH, "{each} KiB each");
    assert!(ticks < 50 * seconds, "half of a processor for doing nothing");

    for (user, _) in &people {
        let mut tx = store.begin().await.unwrap();
        tx.lock(*user).await.unwrap();
        let outbox = Outbox::nothing().event(*user, Name::SettingsChanged, serde_json::Map::new());
        tx.commit(outbox, Clock::system().now()).await.unwrap();
    }
    all_see(&mut streams, "event: settings.changed").await;

    api.signal(rustix::process::Signal::TERM);
    // The way it ends is an end, not a break.
    let end = async |stream: &mut Response| while stream.chunk().await.unwrap_or_else(|e| panic!("{e:?}")).is_some() {};
    let everybody = join_all(streams.iter_mut().map(end));
    tokio::time::timeout(PATIENCE, everybody).await.expect("every stream ends");
    assert_eq!(api.ended().await, Some(0), "{}", api.log());
}
