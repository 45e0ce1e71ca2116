//! A child process that is always reaped and whose end can be awaited from any async runtime.
//!
//! A thread waits for it, because tests start one server for many short-lived runtimes and an async
//! child belongs to the runtime that started it.

use std::{io, process::Command, thread};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

/// A child process, running or ended.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    ended: watch::Receiver<Option<String>>,
}

impl Process {
    /// Starts it; hands over the pipe to its standard input, if `command` asked for one.
    pub(super) fn start(command: &mut Command) -> io::Result<(Self, Option<std::process::ChildStdin>)> {
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let pid = Pid::from_child(&child);
        let (tell, ended) = watch::channel(None);
        thread::Builder::new().name("reaper".to_owned()).spawn(move || {
            let how = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
            tell.send_replace(Some(how));
        })?;
        Ok((Self { pid, ended }, stdin))
    }

    /// How it ended, if it did.
    pub(super) fn ended(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    /// Waits for its end and says how it ended.
    pub(super) async fn wait(&self) -> String {
        let mut ended = self.ended.clone();
        let how = ended.wait_for(Option::is_some).await.ok().and_then(|how| how.clone());
        how.unwrap_or_else(|| "unknown".to_owned())
    }

    /// Sends a signal, unless it has ended.
    pub(super) fn signal(&self, signal: Signal) {
        if self.ended().is_none()
            && let Err(error) = kill_process(self.pid, signal)
        {
            tracing::debug!(%error, pid = self.pid.as_raw_pid(), "could not signal the process");
        }
    }
}
