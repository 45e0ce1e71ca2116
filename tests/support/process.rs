//! Real processes, from the built binaries: started, watched through their output, and ended in every way.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{eventually, http};

/// A running process; killed when dropped. Its output is kept, and shown when the test fails.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Mutex<Vec<String>>>,
    readers: [thread::JoinHandle<()>; 2],
}

impl Process {
    /// Starts `program` (a test of the root package says `env!("CARGO_BIN_EXE_skytwin")`) with nothing in
    /// its environment but PATH, HOME and `variables`.
    pub fn start<A: AsRef<OsStr>>(program: impl AsRef<Path>, arguments: &[A], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program.as_ref());
        command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["PATH", "HOME", "TMPDIR", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(variables.iter().copied());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("start {}: {e}", program.as_ref().display()));
        let output = Arc::new(Mutex::new(Vec::new()));
        let readers = [
            collect(child.stdout.take().expect("piped"), &output),
            collect(child.stderr.take().expect("piped"), &output),
        ];
        let words = arguments.iter().map(|a| a.as_ref().to_string_lossy().into_owned());
        let name = format!("{} {}", child.id(), words.collect::<Vec<_>>().join(" "));
        Self { name, child, output, readers }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed so far, both streams, line by line.
    pub fn output(&self) -> Vec<String> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a line that contains `part`; panics if the process ends without one.
    pub async fn says(&mut self, part: &str) -> String {
        let found = eventually(format!("{} says {part:?}", self.name), async || {
            let ended = !self.is_running() && self.readers.iter().all(thread::JoinHandle::is_finished);
            let line = self.output().into_iter().find(|line| line.contains(part));
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
        assert!(answered.await, "ended before it answered {url}");
    }

    /// Is it still there?
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// Ends it as a crash would, and waits for that.
    pub async fn kill9(&mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.exit().await
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Stops it in its tracks (SIGSTOP), until [`Process::go_on`].
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits for its end.
    pub async fn exit(&mut self) -> ExitStatus {
        let name = self.name.clone();
        eventually(format!("{name} ends"), async || self.child.try_wait().expect("its state")).await
    }

    fn signal(&self, signal: Signal) {
        // A child that was not waited for keeps its id, so this can hit nobody else.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let output = self.output();
            eprintln!("--- {} (last of {} lines)", self.name, output.len());
            output.iter().rev().take(60).rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

fn collect(stream: impl Read + Send + 'static, into: &Arc<Mutex<Vec<String>>>) -> thread::JoinHandle<()> {
    let into = Arc::clone(into);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    })
}
