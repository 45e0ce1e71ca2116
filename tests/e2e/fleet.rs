//! A fleet of real processes on one Postgres: what a team runs, small.

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};

use reqwest::{Client, StatusCode};
use runtime::postgres::{self, Embedded};
use serde_json::Value;
use tempfile::TempDir;
use tests::{Process, within};

/// The binary under test.
pub(crate) const SKYTWIN: &str = env!("CARGO_BIN_EXE_skytwin");

/// Postgres, the engine, and as many processes as a test starts.
pub(crate) struct Fleet {
    pub(crate) postgres: Embedded,
    pub(crate) engine: simulator::Running,
    pub(crate) http: Client,
    /// The binary that is started and asked from now on.
    pub(crate) release: PathBuf,
    folder: TempDir,
    started: usize,
    more: Vec<(String, String)>,
}

impl Fleet {
    /// A migrated database and an engine; no process yet.
    pub(crate) async fn new() -> Self {
        Self::on(postgres::Settings::throwaway().unwrap()).await
    }

    /// The same on a server of these settings.
    pub(crate) async fn on(settings: postgres::Settings) -> Self {
        Self::of(SKYTWIN, settings).await
    }

    /// The same, of this release.
    pub(crate) async fn of(release: impl Into<PathBuf>, settings: postgres::Settings) -> Self {
        let postgres = Embedded::start(settings).await.unwrap();
        let engine =
            simulator::Simulator::start("127.0.0.1:0".parse().unwrap(), simulator::Options::new("engine-token"))
                .await
                .unwrap();
        let folder = TempDir::new().unwrap();
        let (http, release) = (tests::http(), release.into());
        let fleet = Self { postgres, engine, http, release, folder, started: 0, more: Vec::new() };
        fleet.command(&["migrate"]);
        fleet
    }

    /// What every process that is started from now on is told besides.
    pub(crate) fn tell(&mut self, name: &str, value: &str) {
        self.more.push((name.to_owned(), value.to_owned()));
    }

    fn variables(&self) -> Vec<(String, String)> {
        let url = self.postgres.url(postgres::DATABASE);
        [
            ("DATABASE_URL", url.reveal()),
            ("SKYTWIN_ENGINE_URL", &self.engine.url),
            ("SKYTWIN_ENGINE_TOKEN", &self.engine.token),
            ("SKYTWIN_ENGINE_CALLS_PER_MINUTE", "unlimited"),
            ("SKYTWIN_LOG_FORMAT", "json"),
            ("SKYTWIN_VAULT_KEY", "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            // The far sides of a test are on this machine.
            ("SKYTWIN_ALLOW_PRIVATE_ADDRESSES", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .chain(self.more.iter().cloned())
        .collect()
    }

    /// Starts `skytwin` with `arguments` in this fleet.
    pub(crate) fn start(&mut self, arguments: &[&str], more: &[(&str, &str)]) -> Process {
        let variables = self.variables();
        let mut variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        variables.extend(more);
        self.started += 1;
        let log = self.folder.path().join(format!("{}-{}.log", arguments.join("-"), self.started));
        Process::logging(&self.release, arguments, &variables, log)
    }

    /// Runs a command of the operator's to its end; gives its standard output.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        self.command_with(arguments, &[])
    }

    /// The same, told more.
    pub(crate) fn command_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> String {
        let mut command = Command::new(&self.release);
        command.args(arguments).envs(self.variables()).envs(more.iter().copied()).stdin(Stdio::null());
        let output: Output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "skytwin {arguments:?} failed: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts an API on `port` and waits until it is ready.
    pub(crate) async fn api(&mut self, port: u16) -> Process {
        self.api_with(port, &[]).await
    }

    /// The same, told more.
    pub(crate) async fn api_with(&mut self, port: u16, more: &[(&str, &str)]) -> Process {
        let address = format!("127.0.0.1:{port}");
        let told: Vec<_> = more.iter().copied().chain([("SKYTWIN_LISTEN", address.as_str())]).collect();
        let mut process = self.start(&["api"], &told);
        process.answers(&format!("http://{address}/api/v1/health/ready")).await;
        process
    }
}

/// One person's view of the API; each call goes to whichever process answers.
pub(crate) struct Person {
    http: Client,
    roots: Vec<String>,
    token: String,
    /// Their id, as the operator's commands take it.
    pub(crate) user: String,
}

impl Person {
    /// Adds a person at `tier` with a token of their own.
    pub(crate) fn new(fleet: &Fleet, ports: &[u16], tier: &str) -> Self {
        let user = fleet.command(&["user", "add", "Robin", "--tier", tier]);
        let token = fleet.command(&["token", "add", "--user", user.trim()]);
        let roots = ports.iter().map(|port| format!("http://127.0.0.1:{port}/api/v1")).collect();
        Self { http: fleet.http.clone(), roots, token: token.trim().to_owned(), user: user.trim().to_owned() }
    }

    /// The same person, who turns to another of the processes first.
    pub(crate) fn through(&self, which: usize) -> Self {
        let mut roots = self.roots.clone();
        roots.rotate_left(which % self.roots.len());
        Self { http: self.http.clone(), roots, token: self.token.clone(), user: self.user.clone() }
    }

    /// What they show to the API.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Where the first of the processes has its API.
    pub(crate) fn root(&self) -> &str {
        &self.roots[0]
    }

    /// Calls until a process answers with something other than "not now"; safe, since every call of a test is idempotent.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let mut turn = 0_usize;
        within(Duration::from_secs(90), format!("{method} {path} is answered"), async || {
            turn += 1;
            let root = &self.roots[turn % self.roots.len()];
            let mut request =
                self.http.request(method.parse().unwrap(), format!("{root}{path}")).bearer_auth(&self.token);
            if let Some(body) = body {
                request = request.json(body);
            }
            let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
            let status = answer.status();
            let body = answer.json().await.unwrap_or(Value::Null);
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Err(format!("{status} {body}"));
            }
            Ok((status, body))
        })
        .await
    }

    /// Every item of a paged listing.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let page = cursor.as_ref().map_or_else(
                || format!("{path}{join}limit=100"),
                |cursor| format!("{path}{join}limit=100&cursor={cursor}"),
            );
            let (status, body) = self.call("GET", &page, None).await;
            assert_eq!(status, StatusCode::OK, "{body}");
            items.extend(body["items"].as_array().cloned().unwrap_or_default());
            match body["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return items,
            }
        }
    }
}
