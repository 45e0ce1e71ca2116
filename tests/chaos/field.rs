//! One cell: a fleet under a steady load of letters that are to be archived, and some that are to be answered once the
//! person has said yes; somebody who breaks things meanwhile; and the account at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::{Process, eventually, free_port, within};
use tokio::sync::{Mutex, MutexGuard};

use crate::fleet::{Fleet, Person};

/// Cells take turns: two at once would measure the machine.
static TURN: Mutex<()> = Mutex::const_new(());
const CLIENTS: usize = 6;
/// Longer than every lease, backoff and rest that a cell can bring about.
const PATIENCE: Duration = Duration::from_mins(4);

/// How a cell is set up.
pub(crate) struct Setup {
    pub(crate) signals: usize,
    pub(crate) apis: usize,
    /// Further places where an API may be started later.
    pub(crate) room: usize,
    pub(crate) workers: usize,
    /// More variables for every process.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { signals: 150, apis: 1, room: 0, workers: 2, variables: Vec::new() }
    }
}

/// The fleet of a cell.
pub(crate) struct Field {
    pub(crate) fleet: Fleet,
    pub(crate) workers: Vec<Process>,
    pub(crate) progress: Progress,
    /// Where APIs are, or may be.
    pub(crate) ports: Vec<u16>,
    pub(crate) apis: Vec<Process>,
    variables: Vec<(&'static str, String)>,
    person: Person,
    _turn: MutexGuard<'static, ()>,
}

/// How far the load is.
#[derive(Clone)]
pub(crate) struct Progress {
    accepted: Arc<AtomicUsize>,
    total: usize,
}

impl Progress {
    /// Waits until so many of a hundred were accepted.
    pub(crate) async fn percent(&self, percent: usize) {
        within(PATIENCE, format!("{percent} % are accepted"), async || {
            (self.accepted.load(SeqCst) * 100 >= self.total * percent).then_some(())
        })
        .await;
    }
}

/// Every tenth wants an answer, which can't be taken back, so that the person is asked.
fn letter(n: usize) -> Value {
    let (id, mail) = (format!("chaos-{n}"), format!("m-{n}"));
    let payload = match n % 10 {
        9 => json!({ "message_id": mail, "from": "ann@friends.example", "subject": "Lunch on Friday?",
                     "action": "reply", "suggestedReply": "Gladly, at noon?" }),
        _ => json!({ "message_id": mail, "from": "news@letters.example", "subject": "Weekly letter",
                     "category": "newsletter" }),
    };
    json!({ "source": "gmail", "type": "email_received", "external_id": id, "payload": payload })
}

impl Field {
    /// A fleet on a server of its own.
    pub(crate) async fn new(setup: Setup) -> Self {
        let turn = TURN.lock().await;
        Self::on(Fleet::new().await, setup, turn).await
    }

    /// A turn, for a cell that brings its own server.
    pub(crate) async fn turn() -> MutexGuard<'static, ()> {
        TURN.lock().await
    }

    pub(crate) async fn on(mut fleet: Fleet, setup: Setup, turn: MutexGuard<'static, ()>) -> Self {
        let ports: Vec<_> = (0..setup.apis + setup.room).map(|_| free_port()).collect();
        let mut apis = Vec::new();
        for port in &ports[..setup.apis] {
            apis.push(fleet.api_with(*port, &borrowed(&setup.variables)).await);
        }
        let person = Person::new(&fleet, &ports, "moderate_autonomy");
        let wish = json!({ "value": true });
        let (status, body) = person.call("PUT", "/preferences/email/auto_archive", Some(&wish)).await;
        assert!(status.is_success(), "{body}");
        let progress = Progress { accepted: Arc::default(), total: setup.signals };
        let mut field =
            Self { fleet, workers: Vec::new(), progress, ports, apis, variables: setup.variables, person, _turn: turn };
        for _ in 0..setup.workers {
            let worker = field.worker(&[]);
            field.workers.push(worker);
        }
        field
    }

    /// One worker more.
    pub(crate) fn worker(&mut self, more: &[(&str, &str)]) -> Process {
        let variables: Vec<_> = borrowed(&self.variables).into_iter().chain(more.iter().copied()).collect();
        self.fleet.start(&["worker"], &variables)
    }

    /// Waits until a worker has said that it works, so that what follows happens to one that does.
    pub(crate) async fn works(&self, which: usize) {
        eventually("the worker works", async || {
            let log = self.workers[which].log();
            if log.contains("\"working\"") { Ok(()) } else { Err(log) }
        })
        .await;
    }

    /// Ends one as a crash would, and starts another in its place.
    pub(crate) fn replace(&mut self, which: usize) {
        let which = which % self.workers.len();
        self.workers[which].kill9();
        self.workers[which] = self.worker(&[]);
    }

    /// The load, and what breaks meanwhile; then everything comes to rest and is accounted for.
    pub(crate) async fn shake(mut self, what: &str, shaking: impl AsyncFnOnce(&mut Self)) {
        let (person, progress, next) = (self.person.through(0), self.progress.clone(), AtomicUsize::new(0));
        let posting = async {
            let hand = async || {
                loop {
                    let n = next.fetch_add(1, SeqCst);
                    if n >= progress.total {
                        return;
                    }
                    let (status, body) = person.call("POST", "/signals", Some(&letter(n))).await;
                    assert!(matches!(status, StatusCode::ACCEPTED | StatusCode::OK), "{status} {body}");
                    progress.accepted.fetch_add(1, SeqCst);
                }
            };
            let hands: Vec<_> = (0..CLIENTS).map(|_| hand()).collect();
            join_all(hands).await;
        };
        tokio::join!(posting, says_yes(&person, progress.total), shaking(&mut self));
        self.account(what).await;
    }

    async fn account(mut self, what: &str) {
        let (total, person) = (self.progress.total, &self.person);
        let (decided, executions) = within(PATIENCE, "everything is decided and settled", async || {
            let decisions = person.all("/decisions").await;
            let executions = person.all("/executions").await;
            let open: Vec<_> = executions.iter().filter(|one| one["state"] != "succeeded").collect();
            if decisions.len() == total && executions.len() == total && open.is_empty() {
                return Ok((total, executions));
            }
            let begun: BTreeSet<_> = executions.iter().map(|one| one["decision"].as_str()).collect();
            let idle: Vec<_> = decisions.iter().filter(|one| !begun.contains(&one["id"].as_str())).collect();
            let (decided, jobs) = (decisions.len(), self.fleet.command(&["jobs"]));
            Err(format!("{decided} of {total} decided, nothing begun for {idle:?}, open {open:?}\n{jobs}"))
        })
        .await;
        eventually("the queue is at rest", async || {
            let jobs: Value = serde_json::from_str(&self.fleet.command(&["jobs", "--json"])).unwrap();
            let mut queues = jobs["queues"].as_array().into_iter().flatten();
            let rests = queues.all(|queue| queue["running"] == 0 && queue["due"] == 0 && queue["dead"] == 0);
            if rests { Ok(()) } else { Err(jobs.to_string()) }
        })
        .await;
        let mut effects: BTreeMap<String, usize> = BTreeMap::new();
        for effect in self.fleet.engine.journal() {
            *effects.entry(effect.execution_id).or_default() += 1;
        }
        let wanted: BTreeSet<_> = executions.iter().filter_map(|one| one["id"].as_str()).collect();
        let executed = effects.len();
        let duplicated: usize = effects.values().map(|times| times - 1).sum();
        let lost = total - decided + wanted.iter().filter(|id| !effects.contains_key(**id)).count();
        println!(
            "{what}: {total} accepted, {decided} decided, {executed} executed, {duplicated} duplicated, {lost} lost"
        );
        assert_eq!((executed, duplicated, lost), (total, 0, 0), "{what}");
        for process in self.workers.iter_mut().chain(&mut self.apis) {
            assert_eq!(process.terminate().await, Some(0), "SIGTERM is an orderly end: {}", process.log());
        }
    }
}

/// The person says yes to every question, until nothing is left to ask.
async fn says_yes(person: &Person, total: usize) {
    within(PATIENCE, "every question is asked and answered", async || {
        // in this order: what is asked after the first look is none of the open ones
        let asked = person.all("/decisions?outcome=ask").await.len();
        let open: Vec<_> = person.all("/approvals").await.iter().map(|approval| approval["id"].clone()).collect();
        for few in open.chunks(20) {
            let answers: Vec<_> = few.iter().map(|id| json!({ "approval": id, "answer": "approve" })).collect();
            person.call("POST", "/approvals/answers", Some(&json!({ "answers": answers }))).await;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        if asked == total / 10 && open.is_empty() { Ok(()) } else { Err(format!("{asked} asked, open {open:?}")) }
    })
    .await;
}

fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
