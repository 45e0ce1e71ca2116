//! The folder of one server: who may use it, what is in it.
//!
//! Invariant: whoever holds a [`Folder`] holds its lock, so no two processes ever run one data folder.
//! The lock is the kernel's and dies with its holder, however it dies.
//!
//! `lock` · `password` · `port` · `server.log` · `data/` (PostgreSQL's own).

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::{
    account::Account,
    binaries::Binaries,
    error::{Error, Result, on_path},
    settings::{Settings, Worth},
};
use crate::{Entropy, Secret};

/// A server's folder, locked for us.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    worth: Worth,
    _lock: Lock,
}

impl Folder {
    /// Makes the folder where it is missing, checks that the server's user can enter it, and locks it.
    pub(super) fn open(settings: &Settings, account: &Account) -> Result<Self> {
        let root = settings.root.as_path();
        fs::create_dir_all(root).map_err(on_path("create", root))?;
        let root = root.canonicalize().map_err(on_path("find", root))?;
        // As root, somebody else has to pass through it; what is secret in it has modes of its own.
        let mode = if matches!(account, Account::Us) { 0o700 } else { 0o755 };
        fs::set_permissions(&root, Permissions::from_mode(mode)).map_err(on_path("set the mode of", &root))?;
        if settings.worth == Worth::Throwaway {
            // So that the watchdog, which has no more rights than the server, can remove it.
            account.give(&root)?;
        }
        account.reaches(&root)?;
        let lock = lock(&root)?;
        Ok(Self { root, worth: settings.worth, _lock: lock })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    /// The last lines of the server's log.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let mut lines: Vec<&str> = text.lines().rev().take(12).collect();
        lines.reverse();
        lines.join("\n")
    }

    /// The major version that made the data, if there is any.
    pub(super) fn version(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// The port of the last run.
    pub(super) fn port(&self) -> Option<u16> {
        fs::read_to_string(self.root.join("port")).ok()?.trim().parse().ok()
    }

    /// Keeps the port for the next run, so that a URL somebody noted stays good.
    pub(super) fn keep_port(&self, port: u16) -> Result<()> {
        let path = self.root.join("port");
        fs::write(&path, format!("{port}\n")).map_err(on_path("write", path))
    }

    /// The superuser's password: made once, kept beside the data.
    pub(super) fn password(&self, account: &Account) -> Result<Secret> {
        let path = self.root.join("password");
        if let Ok(kept) = fs::read_to_string(&path)
            && !kept.trim().is_empty()
        {
            return Ok(Secret::new(kept.trim()));
        }
        let password = Entropy::system().hex::<24>();
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(on_path("create", &path))?;
        file.write_all(password.as_bytes()).and_then(|()| file.sync_all()).map_err(on_path("write", &path))?;
        account.give(&path)?; // initdb reads it
        Ok(Secret::new(password))
    }

    /// Runs initdb unless there is data. It works in a folder that gets its name only when complete, so a
    /// crash in between leaves nothing that looks like data.
    pub(super) async fn initialise(&self, binaries: &Binaries, account: &Account) -> Result<()> {
        if self.version().is_some() {
            return Ok(());
        }
        let unfinished = self.root.join("data.unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(on_path("remove", &unfinished))?;
        }
        fs::create_dir(&unfinished).map_err(on_path("create", &unfinished))?;
        fs::set_permissions(&unfinished, Permissions::from_mode(0o700)).map_err(on_path("close", &unfinished))?;
        account.give(&unfinished)?;
        let program = binaries.program("initdb");
        let mut command = std::process::Command::new(&program);
        account.dress(&mut command);
        command
            .args(["--username=skytwin", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-instructions"])
            .arg("--pwfile")
            .arg(self.root.join("password"))
            .arg(if self.worth == Worth::Durable { "--data-checksums" } else { "--no-sync" })
            .arg("--pgdata")
            .arg(&unfinished)
            .current_dir(&self.root)
            .stdin(Stdio::null());
        let done = Command::from(command).kill_on_drop(true).output().await.map_err(on_path("run", &program))?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(Error::Program { program, said });
        }
        fs::rename(&unfinished, self.data()).map_err(on_path("rename", &unfinished))
    }
}

/// The lock of a folder; the kernel releases it if we can't.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone is not enough at once: a child that is just being started has a copy of the file.
        if let Err(error) = self.0.unlock() {
            tracing::debug!(%error, "the lock goes with its file");
        }
    }
}

/// Takes the lock of `root`, or says who has it.
pub(super) fn lock(root: &Path) -> Result<Lock> {
    let path = root.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(on_path("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            let holder = if holder.trim().is_empty() { "unknown" } else { holder.trim() };
            return Err(Error::InUse { root: root.to_path_buf(), holder: holder.to_owned() });
        }
        Err(TryLockError::Error(source)) => return Err(on_path("lock", path)(source)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(on_path("write", path))?;
    Ok(Lock(file))
}
