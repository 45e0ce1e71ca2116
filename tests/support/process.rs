//! Real processes, from built binaries: started, watched through their log, and ended in every way.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;

use crate::{eventually, http};

/// Lines of its log that a process of a failing test shows.
const SHOWN: usize = 60;

/// A running process; killed when dropped. What it says is kept in a file, and shown when the test fails.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    /// What stood in the log before.
    before: usize,
    /// Keeps a log of its own as long as this.
    _own: Option<NamedTempFile>,
}

impl Process {
    /// Starts `program` (a test of the root package says `env!("CARGO_BIN_EXE_skytwin")`) with nothing in
    /// its environment but PATH, HOME and `variables`.
    pub fn start<A: AsRef<OsStr>>(program: impl AsRef<Path>, arguments: &[A], variables: &[(&str, &str)]) -> Self {
        let own = NamedTempFile::new().expect("a file for its log");
        let mut process = Self::logging(program, arguments, variables, own.path());
        process._own = Some(own);
        process
    }

    /// The same; what it says goes to the end of `log`, behind what others said there.
    pub fn logging<A: AsRef<OsStr>>(
        program: impl AsRef<Path>,
        arguments: &[A],
        variables: &[(&str, &str)],
        log: impl Into<PathBuf>,
    ) -> Self {
        let log = log.into();
        let out = File::options().create(true).append(true).open(&log).expect("its log");
        let before = read(&log).len();
        let mut command = Command::new(program.as_ref());
        command.args(arguments).env_clear().stdin(Stdio::null());
        command.stdout(out.try_clone().expect("its log for both streams")).stderr(out);
        for name in ["PATH", "HOME", "TMPDIR", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(variables.iter().copied());
        let child = command.spawn().unwrap_or_else(|e| panic!("start {}: {e}", program.as_ref().display()));
        let words = arguments.iter().map(|a| a.as_ref().to_string_lossy().into_owned());
        let name = format!("{} {}", child.id(), words.collect::<Vec<_>>().join(" "));
        Self { name, child, log, before, _own: None }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything in its log so far: both streams, and what was there before it.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// Waits for a line of its own that contains `part`; panics if the process ends without one.
    pub async fn says(&mut self, part: &str) -> String {
        let found = eventually(format!("{} says {part:?}", self.name), async || {
            // in this order: what it said before its end is there by then
            let ended = !self.is_running();
            let log = self.log();
            let own = log.get(self.before..).unwrap_or_default();
            // a line that is still being written may lack its end
            let mut lines = own.split_inclusive('\n').filter(|line| ended || line.ends_with('\n'));
            let line = lines.find(|line| line.contains(part)).map(|line| line.trim_end_matches('\n').to_owned());
            line.map(Ok).or_else(|| ended.then_some(Err("ended")))
        });
        found.await.unwrap_or_else(|how| panic!("{how} without saying {part:?}"))
    }

    /// Waits until a GET of `url` is answered with success; panics if the process ends before.
    pub async fn answers(&mut self, url: &str) {
        let client = http();
        let answered = eventually(format!("{} answers {url}", self.name), async || {
            if !self.is_running() {
                return Some(false);
            }
            let answer = client.get(url).send().await.ok()?;
            answer.status().is_success().then_some(true)
        });
        assert!(answered.await, "{} ended before it answered {url}", self.name);
    }

    /// Is it still there?
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        // A child that was not waited for keeps its id, so this can hit nobody else.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Ends it at once, as a crash would.
    pub fn kill9(&mut self) -> ExitStatus {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("its end")
    }

    /// Asks it to end (SIGTERM) and waits until it has; gives its exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// Waits until it has ended; gives its exit code, or none when a signal ended it.
    pub async fn ended(&mut self) -> Option<i32> {
        let name = self.name.clone();
        eventually(format!("{name} ends"), async || self.child.try_wait().expect("its state")).await.code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("--- {} (last of {} lines)", self.name, lines.len());
            lines.iter().rev().take(SHOWN).rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

fn read(log: &Path) -> String {
    fs::read(log).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}
