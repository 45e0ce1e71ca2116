//! What can go wrong with the embedded server, always with what, where and what to do about it.

use std::{io, path::PathBuf};

/// The embedded server could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No server binaries on this machine, and none could be fetched.
    #[error(
        "found no PostgreSQL server{wanted} (looked in {looked}), and could not download one: {reason}. \
         Install PostgreSQL{wanted} with its extensions (`apt-get install postgresql`, `brew install postgresql`), \
         or set DATABASE_URL to a server of yours"
    )]
    NoServer {
        /// " 15" where a data folder asks for that version, else empty.
        wanted: String,
        /// The places searched.
        looked: String,
        /// Why the download failed.
        reason: String,
    },
    /// Another process runs this folder.
    #[error(
        "the database in {} is in use by process {holder}. Stop that process, or set SKYTWIN_DATA_DIR to another folder",
        root.display()
    )]
    InUse {
        /// The folder.
        root: PathBuf,
        /// Its holder's process id as it wrote it, or "unknown".
        holder: String,
    },
    /// The server's user can't get to the folder.
    #[error(
        "we run as root, so PostgreSQL runs as user {user}, who can't enter {}. \
         Allow it (`chmod o+x {}`), or set SKYTWIN_DATA_DIR to a folder that this user can reach",
        blocked.display(), blocked.display()
    )]
    OutOfReach {
        /// The user that the server would run as.
        user: String,
        /// The first folder on the way that does not let it in.
        blocked: PathBuf,
    },
    /// Root without a user to give the server to.
    #[error(
        "we run as root, which PostgreSQL refuses, and there is neither a user `postgres` nor `nobody` to run it as. Create one (`useradd --system postgres`), or run as another user"
    )]
    NoUser,
    /// Nowhere to put the data.
    #[error(
        "there is no place for the database: neither XDG_STATE_HOME nor HOME is set. Set SKYTWIN_DATA_DIR to a folder of yours"
    )]
    NoPlace,
    /// A file or folder of the server could not be read or written.
    #[error("could not {what} {}: {source}", path.display())]
    Folder {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A program of the server could not be run, or failed.
    #[error("{} failed: {said}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// Its own last words.
        said: String,
    },
    /// The server ended while it was expected to start.
    #[error("PostgreSQL stopped while starting ({status}). Its last words, from {}:\n{said}", log.display())]
    Ended {
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The end of it.
        said: String,
    },
    /// The server did not get ready, or did not stop, in time.
    #[error("PostgreSQL did not {what} within {seconds} s. Its last words, from {}:\n{said}", log.display())]
    TooSlow {
        /// What it was to do.
        what: &'static str,
        /// The limit.
        seconds: u64,
        /// Its log.
        log: PathBuf,
        /// The end of it.
        said: String,
    },
    /// A server of a dead predecessor won't go away.
    #[error("process {pid} still runs PostgreSQL on {} for a predecessor of ours and does not stop. End it (`kill -9 {pid}`)", data.display())]
    Stale {
        /// The old server.
        pid: i32,
        /// Its data.
        data: PathBuf,
    },
    /// The server runs, but refused a command.
    #[error("PostgreSQL refused to {what}: {source}")]
    Refused {
        /// What was asked.
        what: String,
        /// Its answer.
        source: sqlx::Error,
    },
}

/// Short for this module's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Turns an I/O error into one that says what was tried where.
pub(super) fn on_path(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
    let path = path.into();
    move |source| Error::Folder { what, path, source }
}
