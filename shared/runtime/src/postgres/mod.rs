//! A PostgreSQL server of our own, as a child process: `skytwin up` and the tests need no set-up.
//!
//! Invariants: one process per data folder (a kernel lock); the server never outlives us (a watchdog);
//! a start after any kind of crash finds the data again; TCP on loopback only, behind a random password.

mod account;
mod binaries;
mod error;
mod folder;
mod launch;
mod process;
mod settings;
mod stale;
mod watchdog;

use std::time::Duration;

use rustix::process::Signal;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, postgres::PgConnectOptions};
use tokio::time::timeout;

use self::{
    account::Account,
    binaries::Binaries,
    folder::Folder,
    launch::{Launch, options, too_slow},
    process::Process,
    settings::Worth,
    watchdog::Watchdog,
};
pub use self::{
    error::{Error, Result},
    settings::{Settings, state_folder},
};
use crate::Secret;

/// The database that every start makes sure of.
pub const DATABASE: &str = "skytwin";
const SUPERUSER: &str = "skytwin";
/// The one that is always there.
const MAINTENANCE: &str = "postgres";
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// A running server of ours.
#[derive(Debug)]
pub struct Embedded {
    settings: Settings,
    account: Account,
    binaries: Binaries,
    password: Secret,
    port: u16,
    server: Process,
    // Dropping these two has the server stopped and the folder unlocked; the next start waits for the server.
    watchdog: Watchdog,
    folder: Folder,
}

impl Embedded {
    /// Starts the server on its folder, made on the first start; waits until it answers and has [`DATABASE`].
    pub async fn start(settings: Settings) -> Result<Self> {
        if settings.worth == Worth::Throwaway {
            stale::sweep_throwaways().await;
        }
        let account = Account::choose()?;
        let folder = Folder::open(&settings, &account)?;
        // Before anything else can fail: it also clears a throwaway folder away.
        let watchdog = Watchdog::start(folder.root(), &folder.data(), settings.worth, &account)?;
        stale::stop_predecessor(&folder.data()).await?;
        let cache = folder.root().parent().unwrap_or(folder.root()).join("postgresql");
        let binaries = Binaries::find(folder.version(), &cache).await?;
        let password = folder.password(&account)?;
        folder.initialise(&binaries, &account).await?;
        let launch = Launch { settings: &settings, account: &account, folder: &folder, binaries: &binaries };
        let (server, port) = launch.on_any_port(&password).await?;
        let embedded = Self { settings, account, binaries, password, port, server, watchdog, folder };
        embedded.ensure_database(DATABASE).await?;
        Ok(embedded)
    }

    /// The port it listens on, loopback only.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How to connect to `database`.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        options(self.port, &self.password).database(database)
    }

    /// The same as a URL, for another process; it contains the password.
    pub fn url(&self, database: &str) -> Secret {
        let password = self.password.reveal();
        Secret::new(format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{}/{database}?sslmode=disable", self.port))
    }

    /// Makes a database, as a copy of `template` where one is given (nobody may be connected to that one).
    pub async fn create_database(&self, name: &str, template: Option<&str>) -> Result<()> {
        let copy = template.map_or_else(String::new, |template| format!(" TEMPLATE {}", quoted(template)));
        self.command(format!("create database {name}"), format!("CREATE DATABASE {}{copy}", quoted(name))).await
    }

    /// Removes a database, together with its connections.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name));
        self.command(format!("drop database {name}"), sql).await
    }

    /// Completes when the server has ended, with how it ended: for whoever must not go on without it.
    pub async fn ended(&self) -> String {
        self.server.wait().await
    }

    /// Stops the server, letting it write everything down first; a throwaway folder is removed.
    pub async fn stop(mut self) -> Result<()> {
        let stopped = self.shut_down().await;
        self.watchdog.finish().await;
        stopped
    }

    /// Stops and starts it again on the same port, as an operator would: connections break.
    pub async fn restart(&mut self) -> Result<()> {
        self.shut_down().await?;
        self.resume().await
    }

    /// Ends the server's main process at once, as a crash would; its data waits for [`Embedded::resume`].
    pub async fn kill9(&mut self) {
        self.server.signal(Signal::KILL);
        self.server.wait().await;
    }

    /// Starts it again on the same port after [`Embedded::halt`] or [`Embedded::kill9`].
    pub async fn resume(&mut self) -> Result<()> {
        let launch =
            Launch { settings: &self.settings, account: &self.account, folder: &self.folder, binaries: &self.binaries };
        self.server = launch.on_port(self.port, &self.password).await?;
        Ok(())
    }

    /// Stops it and stays stopped until [`Embedded::resume`].
    pub async fn halt(&mut self) -> Result<()> {
        self.shut_down().await
    }

    async fn shut_down(&self) -> Result<()> {
        for (signal, limit) in [(Signal::INT, STOP_WITHIN), (Signal::QUIT, STOP_WITHIN), (Signal::KILL, STOP_WITHIN)] {
            self.server.signal(signal);
            if timeout(limit, self.server.wait()).await.is_ok() {
                return Ok(());
            }
        }
        Err(too_slow(&self.folder, "stop", STOP_WITHIN))
    }

    async fn ensure_database(&self, name: &str) -> Result<()> {
        match self.create_database(name, None).await {
            Err(Error::Refused { source: sqlx::Error::Database(e), .. }) if e.code().as_deref() == Some("42P04") => {
                Ok(())
            }
            other => other,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "no macro checks the SQL that makes the database")]
    async fn command(&self, what: String, sql: String) -> Result<()> {
        let refused = |source| Error::Refused { what, source };
        let run = async {
            let mut connection = self.options(MAINTENANCE).connect().await?;
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
            connection.close().await
        };
        run.await.map_err(refused)
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
