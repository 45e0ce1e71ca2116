//! What a killed predecessor left behind: a server that still runs, a pid file, a throwaway folder.
//!
//! Only called under the folder's lock, so whatever runs there is nobody's any more.

use std::{fs, path::Path, time::Duration};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::{process::Command, time::sleep};

use super::{
    error::{Error, Result, on_path},
    folder,
    settings::{THROWAWAY, throwaway_base},
};

/// Stops a server that still runs on `data`, politely first; a pid file that names somebody else is removed.
pub(super) async fn stop_predecessor(data: &Path) -> Result<()> {
    let file = data.join("postmaster.pid");
    let Some(pid) = fs::read_to_string(&file).ok().and_then(|text| text.lines().next()?.trim().parse().ok()) else {
        return Ok(());
    };
    let Some(process) = Pid::from_raw(pid).filter(|pid| test_kill_process(*pid).is_ok()) else {
        return Ok(()); // dead: the server itself clears up after a crash
    };
    if !runs_on(pid, data).await {
        // The number was given to another process since. The server could not know, and would refuse to start.
        return match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(on_path("remove", file)(error)),
            _ => Ok(()),
        };
    }
    tracing::warn!(pid, "stopping the PostgreSQL server that a killed predecessor left running");
    for (signal, tenths) in [(Signal::INT, 150), (Signal::QUIT, 50), (Signal::KILL, 50)] {
        if kill_process(process, signal).is_err() {
            return Ok(());
        }
        for _ in 0..tenths {
            if test_kill_process(process).is_err() || !runs_on(pid, data).await {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    Err(Error::Stale { pid, data: data.to_path_buf() })
}

/// Is that process a server on this data folder? We start servers with the folder on their command line.
async fn runs_on(pid: i32, data: &Path) -> bool {
    let told = match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(bytes) => bytes,
        Err(_) if Path::new("/proc/self").exists() => return false,
        Err(_) => {
            let asked = Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output().await;
            asked.map(|answer| answer.stdout).unwrap_or_default()
        }
    };
    let told = String::from_utf8_lossy(&told).replace('\0', " ");
    told.contains("postgres") && told.contains(&data.display().to_string())
}

/// Removes throwaway folders whose process is gone; a folder in use is locked and left alone.
pub(super) async fn sweep_throwaways() {
    let Ok(entries) = throwaway_base().and_then(|base| fs::read_dir(&base).map_err(on_path("read", base))) else {
        return;
    };
    for root in entries.filter_map(std::result::Result::ok).map(|entry| entry.path()) {
        let ours = root.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(THROWAWAY));
        if !ours || !root.join("lock").exists() {
            continue; // one without a lock is being made, or being removed, this very moment
        }
        let Ok(_lock) = folder::lock(&root) else {
            continue;
        };
        if let Err(error) = stop_predecessor(&root.join("data")).await {
            tracing::warn!(%error, "a throwaway server would not stop");
        } else if let Err(error) = fs::remove_dir_all(&root)
            && root.exists()
        {
            tracing::warn!(%error, folder = %root.display(), "could not remove a throwaway folder");
        }
    }
}
