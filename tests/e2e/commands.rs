//! The commands, as an operator types them: what each does, what a mistake is answered, and that nothing privileged is
//! done at a terminal without a row in the audit log.

use std::{
    collections::BTreeSet,
    process::{Command, Output, Stdio},
};

use domain::{
    id::UserId,
    job::Job,
    outbox::{Outbox, Ring},
};
use reqwest::StatusCode;
use runtime::postgres::DATABASE;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tests::{World, eventually, free_port};

use crate::fleet::{Fleet, Person, SKYTWIN};

const KEY: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(SKYTWIN)
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A terminal on a database of its own, where nothing else runs.
struct Terminal {
    world: World,
    url: String,
    folder: TempDir,
}

impl Terminal {
    async fn new() -> Self {
        let world = World::new().await;
        let url = world.database.url();
        Self { world, url, folder: TempDir::new().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let folder = self.folder.path().to_str().unwrap();
        let variables = [("DATABASE_URL", self.url.as_str()), ("SKYTWIN_VAULT_KEY", KEY), ("SKYTWIN_DATA_DIR", folder)];
        run(arguments, &variables)
    }

    /// Runs a command that must work; gives what it printed.
    fn does(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "skytwin {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Puts a job into the queue that nobody works on here; gives its id.
    async fn job(&self, user: UserId) -> String {
        let ring = Ring { job: Job::EvaluateTrust { user }, due: None, key: None };
        let tx = self.world.store.begin().await.unwrap();
        tx.commit(Outbox { rings: vec![ring], ..Outbox::nothing() }, self.world.now()).await.unwrap();
        let latest = "SELECT id FROM apalis.jobs WHERE status = 'Pending' ORDER BY id DESC LIMIT 1";
        sqlx::query_scalar(latest).fetch_one(&self.world.pool).await.unwrap()
    }

    /// The audit log, the latest first: actor, act, target, status.
    async fn acts(&self) -> Vec<(String, String, String, Option<i16>)> {
        let all = "SELECT actor, act, target, status FROM audit ORDER BY at DESC, id DESC";
        sqlx::query_as(all).fetch_all(&self.world.pool).await.unwrap()
    }
}

/// Every command there is, as the program itself lists them.
fn commands() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut paths = vec![String::new()];
    while let Some(path) = paths.pop() {
        let mut words: Vec<&str> = path.split_whitespace().collect();
        words.push("-h");
        let help = text(&run(&words, &[]).stdout);
        let usage = help.lines().find(|line| line.starts_with("Usage:")).unwrap();
        if !path.is_empty() && !usage.contains("<COMMAND>") {
            found.insert(path.clone());
        }
        let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default();
        let named = listed.lines().take_while(|line| !line.is_empty());
        let named = named.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
        let named = named.filter_map(|line| line.split(' ').next()).filter(|name| *name != "help");
        paths.extend(named.map(|name| format!("{path} {name}").trim().to_owned()));
    }
    found
}

/// Commands that change nothing of anybody's and open no door, and how we know.
const OPEN: [(&str, &str); 18] = [
    ("api", "a service"),
    ("worker", "a service"),
    ("up", "its acts are those of the commands below, by the same functions (up.rs looks)"),
    ("migrate", "the database has a log of its migrations"),
    ("watch", "a client of the API, which keeps the log"),
    ("signal", "a client of the API, which keeps the log"),
    ("eval", "touches no database"),
    ("bench", "on a database of its own"),
    ("config check", "touches no database"),
    ("keys new", "prints what is stored nowhere"),
    ("token demo", "reads a file that only this user can read"),
    ("user list", "reads"),
    ("keys", "reads"),
    ("workers", "reads"),
    ("jobs", "reads"),
    ("jobs list", "reads"),
    ("system", "reads"),
    ("audit", "reads"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_privileged_command_is_in_the_audit_log_and_no_secret_is() {
    let terminal = Terminal::new().await;
    let ada = terminal.does(&["user", "add", "Ada"]);
    let id: UserId = ada.parse().unwrap();
    let (first, second) = (terminal.job(id).await, terminal.job(id).await);
    terminal.does(&["jobs", "cancel", &first]);

    // What is typed, and what its row says it was about; nothing: what it prints.
    let privileged: Vec<(&str, Vec<&str>, &str)> = vec![
        ("user add", vec!["Bea", "--tier", "suggest"], ""),
        ("token add", vec!["--user", &ada], &ada),
        ("token add", vec!["--name", "the team"], "for operators"),
        ("login", vec![&ada], &ada),
        ("user export", vec![&ada], &ada),
        ("keys rotate", vec![], "test"),
        ("jobs retry", vec![&first], &first),
        ("jobs cancel", vec![&second], &second),
        (
            "jobs retry",
            vec!["--queue", "evaluate_trust", "--because", "called off"],
            "1 run again: evaluate_trust, because \"called off\"",
        ),
        ("jobs retry", vec!["--because", "out of luck"], "0 run again: all queues, because \"out of luck\""),
        ("jobs pause", vec!["evaluate_trust", "--why", "a look"], "evaluate_trust"),
        ("jobs resume", vec!["evaluate_trust"], "evaluate_trust"),
        ("system stop", vec![], "everybody"),
        ("system resume", vec![], "everybody"),
        ("retention", vec![], "everybody"),
        ("user delete", vec![&ada, "--yes"], "deleted-"),
    ];
    let known: BTreeSet<_> =
        privileged.iter().map(|(name, ..)| *name).chain(OPEN.map(|(name, _)| name)).map(str::to_owned).collect();
    let there = commands();
    assert_eq!(there.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "commands without a case");
    assert_eq!(known.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "cases without a command");

    let mut before = terminal.acts().await;
    let mut secrets = Vec::new();
    for (name, more, about) in &privileged {
        let said = terminal.does(&name.split(' ').chain(more.iter().copied()).collect::<Vec<_>>());
        let after = terminal.acts().await;
        assert_eq!(after.len(), before.len() + 1, "`{name}` left no row, or more than one");
        let (actor, act, target, status) = &after[0];
        assert_eq!((act.as_str(), *status), (*name, Some(0)), "{after:?}");
        assert!(actor.starts_with("command line (") && actor.len() > "command line ()".len(), "{actor}");
        assert!(target.contains(if about.is_empty() { said.as_str() } else { *about }), "`{name}` was about {target}");
        if ["token add", "login"].contains(name) {
            secrets.push(said[said.len() - 36..].to_owned());
        }
        before = after;
    }
    for secret in secrets.iter().chain([&ada]) {
        assert!(!format!("{before:?}").contains(secret), "`{secret}` is in the audit log");
    }

    for arguments in [&["user", "list"][..], &["keys"], &["workers"], &["jobs"], &["jobs", "list"], &["system"]] {
        terminal.does(arguments);
    }
    let listed = terminal.does(&["audit"]);
    assert!(listed.contains("user delete deleted-") && listed.contains("keys rotate test"), "{listed}");
    let listed: Value = serde_json::from_str(&terminal.does(&["audit", "--json", "--limit", "1"])).unwrap();
    assert_eq!((&listed["items"][0]["act"], &listed["items"][1]), (&json!("user delete"), &Value::Null));
    assert_eq!(terminal.acts().await, before, "whoever reads is not written down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_told_and_changes_nothing() {
    let terminal = Terminal::new().await;
    let ada = terminal.does(&["user", "add", "Ada"]);
    let nobody = "00000000-0000-7000-8000-000000000000";
    // 2: it can't be what was meant; 1: it could not be done.
    for (arguments, code, told) in [
        (&["dance"][..], 2, "unrecognized subcommand 'dance'"),
        (&["user", "add"], 2, "<NAME>"),
        (&["user", "add", " "], 1, "a name must say something"),
        (&["user", "add", "Bea", "--timezone", "Mars/Olympus"], 2, "no IANA time zone"),
        (&["user", "add", "Bea", "--tier", "emperor"], 2, "use one of: observer"),
        (&["user", "delete", &ada], 2, "--yes"),
        (&["user", "delete", "ada", "--yes"], 2, "'ada'"),
        (&["user", "delete", nobody, "--yes"], 1, "nobody has the id"),
        (&["user", "export", nobody], 1, "nobody has the id"),
        (&["token", "add", "--user", nobody], 1, "nobody has the id"),
        (&["login", nobody], 1, "nobody has the id"),
        (&["login"], 1, "start `skytwin up` first"),
        (&["jobs", "list", "--state", "asleep"], 2, "use due, scheduled, running, dead or done"),
        (&["jobs", "list", "--queue", "letters"], 2, "evaluate_signal"),
        (&["jobs", "list", "--limit", "0"], 2, "1..=1000"),
        (&["jobs", "--json", "list"], 2, "--json"),
        (&["jobs", "retry", "no-such-job"], 1, "no dead job has the id `no-such-job`"),
        (&["jobs", "retry", "no-such-job", "--queue", "notify"], 2, "cannot be used with"),
        (&["jobs", "cancel", "no-such-job"], 1, "no waiting job has the id `no-such-job`"),
        (&["jobs", "pause"], 2, "<QUEUE>"),
        (&["system", "halt"], 2, "unrecognized subcommand 'halt'"),
        (&["keys", "new", "A key"], 1, "A key"),
        (&["config", "check", "queen"], 1, "up, api, worker, command"),
        (&["eval", "no-such-file.json"], 1, "no-such-file.json"),
    ] {
        let output = terminal.run(arguments);
        let (said, wrong) = (text(&output.stdout), text(&output.stderr));
        assert_eq!((output.status.code(), said.as_str()), (Some(code), ""), "{arguments:?}: {wrong}");
        assert!(wrong.contains(told), "{arguments:?} is answered: {wrong}");
    }
    let left = terminal.acts().await;
    let (done, failed): (Vec<_>, Vec<_>) = left.iter().partition(|(.., status)| *status == Some(0));
    assert_eq!(done.len(), 1, "only Ada was added: {left:?}");
    assert!(
        failed.iter().all(|(_, act, target, status)| {
            act.starts_with("jobs ") && target == "no-such-job" && *status == Some(1)
        })
    );
    assert_eq!(terminal.does(&["user", "list"]).lines().count(), 1);

    let folder = terminal.folder.path().to_str().unwrap();
    let nowhere = run(&["user", "list"], &[("SKYTWIN_DATA_DIR", folder)]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere.stderr).contains("set DATABASE_URL"), "{}", text(&nowhere.stderr));
    let wrong = [
        ("SKYTWIN_LISTEN", "the door"),
        ("SKYTWIN_DB_CONNECTIONS", "-1"),
        ("SKYTWIN_KEEP_DAYS", "letters=3"),
        ("SKYTWIN_VAULT_KEY", "test:c2VjcmV0"),
    ];
    let refused = run(&["config", "check", "worker"], &wrong);
    let told = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    for name in
        wrong.map(|(name, _)| name).iter().chain(&["DATABASE_URL", "SKYTWIN_ENGINE_URL", "SKYTWIN_ENGINE_TOKEN"])
    {
        assert!(told.contains(name), "{name} is not told:\n{told}");
    }
    assert!(!told.contains("c2VjcmV0"), "a secret was repeated:\n{told}");
    assert!(run(&["config", "check", "command"], &[]).status.success());
}

/// An operator's day: everything is looked at, stopped, let go on, taken out and cleared away, from a terminal alone.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_runs_a_fleet_from_a_terminal() {
    let mut fleet = Fleet::new().await;
    let port = free_port();
    let (mut api, mut worker) = (fleet.api(port).await, fleet.start(&["worker"], &[]));
    let ada = Person::new(&fleet, &[port], "observer");
    let json = |arguments: &[&str]| serde_json::from_str::<Value>(&fleet.command(arguments)).unwrap();
    let send = async |n: usize| {
        let note = json!({ "source": "test", "type": "note", "external_id": format!("n-{n}"), "payload": { "n": n } });
        let (status, body) = ada.call("POST", "/signals", Some(&note)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
        body["id"].as_str().unwrap().to_owned()
    };
    let decided = async |signal: &str| {
        eventually("it is decided", async || {
            let (_, body) = ada.call("GET", &format!("/signals/{signal}"), None).await;
            (body["state"] == "decided").then_some(())
        })
        .await;
    };

    // A way in for a browser, once.
    let link = fleet.command(&["login", &ada.user]);
    let secret = link.trim().rsplit_once("/sign-in#").unwrap().1;
    for expected in [StatusCode::OK, StatusCode::UNAUTHORIZED] {
        let sign_in = fleet.http.post(format!("{}/sign-in", ada.root())).json(&json!({ "link": secret }));
        assert_eq!(sign_in.send().await.unwrap().status(), expected);
    }

    eventually("every queue has a worker", async || {
        let workers = fleet.command(&["workers"]);
        domain::job::Kind::ALL.iter().all(|kind| workers.contains(kind.as_str())).then_some(())
    })
    .await;

    // A queue stands still: its job is seen, called off, run again, and runs when the queue goes on.
    fleet.command(&["jobs", "pause", "evaluate_signal", "--why", "a look at the mail"]);
    assert!(fleet.command(&["jobs"]).contains("a look at the mail"));
    let held = send(1).await;
    let due = json(&["jobs", "list", "--queue", "evaluate_signal", "--json"]);
    let job = due["items"][0]["id"].as_str().unwrap();
    assert!(due["items"][0]["payload"].as_str().unwrap().contains(&held), "{due}");
    fleet.command(&["jobs", "cancel", job]);
    let dead = ["jobs", "list", "--state", "dead", "--because", "called off"];
    assert!(fleet.command(&dead).contains(job));
    let others = json(&["jobs", "list", "--state", "dead", "--because", "out of luck", "--json"]);
    assert_eq!(others, json!({ "items": [] }));
    fleet.command(&["jobs", "retry", job]);
    fleet.command(&["jobs", "resume", "evaluate_signal"]);
    eventually("the job is done", async || {
        fleet.command(&["jobs", "list", "--state", "done", "--queue", "evaluate_signal"]).contains(job).then_some(())
    })
    .await;

    // Everything stands still.
    fleet.command(&["system", "stop"]);
    assert!(fleet.command(&["system"]).contains("stopped since"));
    let stopped = send(2).await;
    eventually("its job has been put off", async || {
        fleet.command(&["jobs", "list", "--state", "scheduled"]).contains(&stopped).then_some(())
    })
    .await;
    let (_, body) = ada.call("GET", &format!("/signals/{stopped}"), None).await;
    assert_eq!(body["state"], "accepted");
    fleet.command(&["system", "resume"]);
    assert_eq!(fleet.command(&["system"]).trim(), "running");
    decided(&stopped).await;

    // What is older than it is to be kept goes when it is told to.
    let mut conn = PgConnection::connect_with(&fleet.postgres.options(DATABASE)).await.unwrap();
    let old = "INSERT INTO audit (id, at, actor, act, target) VALUES (gen_random_uuid(), '2001-01-01', 'x', 'x', 'x')";
    sqlx::query(old).execute(&mut conn).await.unwrap();
    fleet.command(&["retention"]);
    eventually("the old row is gone", async || {
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM audit WHERE act = 'x'").fetch_one(&mut conn).await.unwrap();
        (left == 0).then_some(())
    })
    .await;

    let taken = json(&["user", "export", &ada.user]);
    assert_eq!(taken["signals"].as_array().unwrap().len(), 2);
    fleet.command(&["user", "delete", &ada.user, "--yes"]);
    assert_eq!(ada.call("GET", "/settings", None).await.0, StatusCode::UNAUTHORIZED);
    assert!(fleet.command(&["keys"]).contains("test"));

    // The terminal's log is the API's.
    let operator = fleet.command(&["token", "add", "--name", "the team"]);
    let seen = fleet.http.get(format!("{}/audit?limit=50", ada.root())).bearer_auth(operator.trim());
    let seen: Value = seen.send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["items"], json(&["audit", "--json"])["items"]);
    let acts: Vec<_> = seen["items"].as_array().unwrap().iter().rev().map(|act| act["act"].as_str().unwrap()).collect();
    assert_eq!(
        acts,
        [
            "user add",
            "token add",
            "login",
            "jobs pause",
            "jobs cancel",
            "jobs retry",
            "jobs resume",
            "system stop",
            "system resume",
            "retention",
            "user export",
            "user delete",
            "token add"
        ]
    );
    assert_eq!(
        (api.terminate().await, worker.terminate().await),
        (Some(0), Some(0)),
        "{}\n{}",
        api.log(),
        worker.log()
    );
}
