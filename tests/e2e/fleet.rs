//! A fleet of real processes on one Postgres: what a team runs, small.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};
use runtime::postgres::{self, Embedded};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The binary under test.
pub(crate) const SKYTWIN: &str = env!("CARGO_BIN_EXE_skytwin");

/// One process of ours; killed when dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `skytwin` with `arguments`; its output goes to `log`.
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)], log: PathBuf) -> Self {
        Self::of(SKYTWIN.as_ref(), arguments, variables, log)
    }

    /// The same of another release.
    pub(crate) fn of(release: &Path, arguments: &[&str], variables: &[(&str, &str)], log: PathBuf) -> Self {
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let err = out.try_clone().unwrap();
        let child = Command::new(release)
            .args(arguments)
            .env_remove("DATABASE_URL")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end and waits until it has; gives its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Waits until it has ended; gives its exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it does not end; its log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Everything it has said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already ended is fine: then there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Looks again and again until `look` finds something; bounded.
pub(crate) async fn eventually<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    settles(what, within, async || look().await.ok_or_else(String::new)).await
}

/// The same for a look that says what it saw instead: the last of it is told when the time is over.
pub(crate) async fn settles<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let until = Instant::now() + within;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) => assert!(Instant::now() < until, "not within {within:?}: {what}; {seen}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

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
        Process::of(
            &self.release,
            arguments,
            &variables,
            self.folder.path().join(format!("{}-{}.log", arguments.join("-"), self.started)),
        )
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
        let process = self.start(&["api"], &told);
        let ready = format!("http://{address}/api/v1/health/ready");
        eventually("the API is ready", Duration::from_mins(1), async || {
            let answer = self.http.get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
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
        settles(&format!("{method} {path} is answered"), Duration::from_secs(90), async || {
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
