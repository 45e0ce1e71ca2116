//! How to run the server: for keeps, or for a test that throws it away.

use std::path::{Path, PathBuf};

use super::{
    account::Account,
    error::{Error, Result},
};
use crate::{Entropy, config};

/// Where the data lives and what it is worth.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) root: PathBuf,
    pub(super) worth: Worth,
    more: Vec<String>,
}

/// What the data is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// Survives everything that PostgreSQL survives.
    Durable,
    /// Fast, not crash-safe, removed with the process that made it.
    Throwaway,
}

/// Every throwaway folder's name starts so: that is how the next run finds what was left behind.
pub(super) const THROWAWAY: &str = "skytwin-pg-";

impl Settings {
    /// A database that stays, under `root`; its next start finds the data again.
    pub fn durable(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), worth: Worth::Durable, more: Vec::new() }
    }

    /// A database in a new folder, gone when this process ends in whatever way. No flush to disk, 200 connections.
    pub fn throwaway() -> Result<Self> {
        let root =
            throwaway_base()?.join(format!("{THROWAWAY}{}-{}", std::process::id(), Entropy::system().hex::<4>()));
        Ok(Self { root, worth: Worth::Throwaway, more: Vec::new() })
    }

    /// With further settings of the server's own, such as `fsync=on`; they win over ours.
    #[must_use]
    pub fn with<S: Into<String>>(mut self, pairs: impl IntoIterator<Item = S>) -> Self {
        self.more.extend(pairs.into_iter().map(Into::into));
        self
    }

    /// The folder that holds data, password, port and log.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The server's own settings, as command-line arguments.
    pub(super) fn arguments(&self, port: u16) -> Vec<String> {
        let mut pairs = vec![
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            // No socket: its path would have to stay below 107 bytes, and loopback does all we need.
            "unix_socket_directories=".to_owned(),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
            "logging_collector=off".to_owned(),
            "shared_buffers=128MB".to_owned(),
        ];
        let own: &[&str] = match self.worth {
            Worth::Durable => &["max_connections=100"],
            Worth::Throwaway => &[
                "max_connections=200",
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "wal_level=minimal",
                "max_wal_senders=0",
                "max_wal_size=4GB",
            ],
        };
        pairs.extend(own.iter().map(|&pair| pair.to_owned()));
        pairs.extend(self.more.iter().cloned());
        pairs.into_iter().flat_map(|pair| ["-c".to_owned(), pair]).collect()
    }
}

/// Where the all-in-one keeps its state unless told otherwise: as root a folder that other users can
/// enter (the server runs as one of them), else the user's own state folder.
pub fn state_folder() -> Result<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/skytwin"));
    }
    let from_home = || config::variable("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = config::variable("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    state.or_else(from_home).map(|path| path.join("skytwin")).ok_or(Error::NoPlace)
}

/// The folder that throwaway folders are made in.
pub(super) fn throwaway_base() -> Result<PathBuf> {
    let account = Account::choose()?;
    let own = std::env::temp_dir();
    match account.reaches(&own) {
        Ok(()) => Ok(own),
        // A private temporary folder of root's is of no use to the server's user.
        Err(_) => Ok(PathBuf::from("/var/tmp")),
    }
}
