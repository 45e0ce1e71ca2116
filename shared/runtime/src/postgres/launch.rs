//! One start of the server: a free port, the process, and the wait until it answers.

use std::{
    fs::OpenOptions,
    net::{Ipv4Addr, TcpListener},
    process::Stdio,
    time::Duration,
};

use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::{sleep, timeout};

use super::{
    MAINTENANCE, SUPERUSER,
    account::Account,
    binaries::Binaries,
    error::{Error, Result, on_path},
    folder::Folder,
    process::Process,
    settings::Settings,
};
use crate::Secret;

/// Crash recovery included.
const READY_WITHIN: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What one start of the server needs.
pub(super) struct Launch<'a> {
    pub(super) settings: &'a Settings,
    pub(super) account: &'a Account,
    pub(super) folder: &'a Folder,
    pub(super) binaries: &'a Binaries,
}

impl Launch<'_> {
    /// On the port of the last run if it is free, else on another.
    pub(super) async fn on_any_port(&self, password: &Secret) -> Result<(Process, u16)> {
        let mut attempts = 0;
        loop {
            let kept = self.folder.port().filter(|port| attempts == 0 && is_free(*port));
            let port = kept.map_or_else(free_port, Ok)?;
            match self.on_port(port, password).await {
                Ok(server) => {
                    self.folder.keep_port(port)?;
                    return Ok((server, port));
                }
                // Between our look and the server's bind somebody else took the port.
                Err(Error::Ended { said, .. }) if said.contains("Address already in use") && attempts < 5 => {
                    attempts += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) async fn on_port(&self, port: u16, password: &Secret) -> Result<Process> {
        let started = async {
            loop {
                let server = self.spawn(port)?;
                match self.until_ready(&server, port, password).await {
                    // After a kill -9 the old server's children need a moment to notice.
                    Err(Error::Ended { said, .. }) if said.contains("shared memory block") => {
                        sleep(LOOK_EVERY * 5).await;
                    }
                    Err(error) => return Err(error),
                    Ok(()) => return Ok(server),
                }
            }
        };
        timeout(READY_WITHIN, started).await.unwrap_or_else(|_| Err(too_slow(self.folder, "get ready", READY_WITHIN)))
    }

    fn spawn(&self, port: u16) -> Result<Process> {
        let path = self.folder.log();
        // Begun anew at each start: it is for the last words, and must not grow for ever.
        let log =
            OpenOptions::new().create(true).write(true).truncate(true).open(&path).map_err(on_path("open", path))?;
        let program = self.binaries.program("postgres");
        let mut command = std::process::Command::new(&program);
        self.account
            .dress(&mut command)
            .arg("-D")
            .arg(self.folder.data())
            .args(self.settings.arguments(port))
            .current_dir(self.folder.data().parent().unwrap_or(self.folder.root()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let (server, _) = Process::start(&mut command).map_err(on_path("run", program))?;
        Ok(server)
    }

    async fn until_ready(&self, server: &Process, port: u16, password: &Secret) -> Result<()> {
        let options = options(port, password).database(MAINTENANCE);
        loop {
            if let Some(status) = server.ended() {
                return Err(Error::Ended { status, log: self.folder.log(), said: self.folder.last_words() });
            }
            let attempt = timeout(Duration::from_secs(2), PgConnection::connect_with(&options)).await;
            match attempt {
                Ok(Ok(connection)) => {
                    return connection
                        .close()
                        .await
                        .map_err(|source| Error::Refused { what: "talk".to_owned(), source });
                }
                Ok(Err(_)) | Err(_) => sleep(LOOK_EVERY).await, // not listening yet, or still recovering
            }
        }
    }
}

/// How the superuser connects.
pub(super) fn options(port: u16, password: &Secret) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(SUPERUSER)
        .password(password.reveal())
        .ssl_mode(PgSslMode::Disable)
}

/// The server took longer than `limit`.
pub(super) fn too_slow(folder: &Folder, what: &'static str, limit: Duration) -> Error {
    Error::TooSlow { what, seconds: limit.as_secs(), log: folder.log(), said: folder.last_words() }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn free_port() -> Result<u16> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(on_path("find a free port on", "127.0.0.1"))
}
