//! Ends the server when we end, however we end: kill -9 included.
//!
//! A small shell process holds the reading end of a pipe whose only writer is us. When we are gone, or
//! let go of it, the kernel closes the pipe and the shell stops the server, and removes what was to be
//! thrown away. It has no more rights than the server itself.

use std::{
    path::Path,
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use tokio::time::timeout;

use super::{
    account::Account,
    error::{Result, on_path},
    process::Process,
    settings::Worth,
};

/// `$1` data folder, `$2` signal, `$3` folder to remove or empty.
const SCRIPT: &str = r#"
read -r _
pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
  kill -s "$2" "$pid" 2>/dev/null
  tries=0
  while [ -e "$1/postmaster.pid" ] && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
if [ -n "$3" ]; then rm -rf "$3"; fi
"#;

/// The watching process; letting go of this makes it act.
#[derive(Debug)]
pub(super) struct Watchdog {
    process: Process,
    leash: Option<ChildStdin>,
}

impl Watchdog {
    /// Starts watching over the server of `root`.
    pub(super) fn start(root: &Path, data: &Path, worth: Worth, account: &Account) -> Result<Self> {
        let mut command = Command::new("/bin/sh");
        account.dress(&mut command);
        command.arg("-c").arg(SCRIPT).arg("skytwin-watchdog").arg(data);
        match worth {
            Worth::Durable => command.arg("INT").arg(""),
            Worth::Throwaway => command.arg("QUIT").arg(root),
        };
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let (process, leash) = Process::start(&mut command).map_err(on_path("run", "/bin/sh"))?;
        Ok(Self { process, leash })
    }

    /// Lets go, and waits until it has done its work; it gives itself ten seconds for that.
    pub(super) async fn finish(&mut self) {
        self.leash = None;
        if timeout(Duration::from_secs(15), self.process.wait()).await.is_err() {
            tracing::warn!("the watchdog does not finish; going on without it");
        }
    }
}
