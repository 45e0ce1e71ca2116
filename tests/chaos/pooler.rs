//! Everything but listening goes through a pgbouncer that pools transactions, with far fewer connections to the server than
//! the processes have to it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use runtime::postgres::DATABASE;
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use tests::{eventually, free_port, within};

use crate::{
    field::{Field, Setup},
    fleet::Fleet,
};

/// To the server, for each database.
const POOL: i64 = 10;

/// A pgbouncer in front of a fleet's server; ends with this value.
struct Pooler {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Pooler {
    async fn to(fleet: &Fleet, more: &str) -> Self {
        assert!(follows_statements(), "this needs pgbouncer 1.21 or newer on the PATH (Debian has it from 13 on)");
        let (port, folder) = (free_port(), TempDir::new().unwrap());
        let server = fleet.postgres.url(DATABASE);
        let password = server.reveal().split(['/', ':', '@']).nth(4).unwrap();
        fs::write(folder.path().join("users"), format!("\"skytwin\" \"{password}\"\n")).unwrap();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = plain\nauth_file = {}/users\npool_mode = transaction\n\
             default_pool_size = {POOL}\nmax_client_conn = 200\nmax_prepared_statements = 200\n{more}\n",
            fleet.postgres.port(),
            folder.path().display(),
        );
        fs::write(folder.path().join("settings"), settings).unwrap();
        // Started as root it becomes somebody else, who still has to read these.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new("pgbouncer");
        if rustix::process::geteuid().is_root() {
            command.args(["-u", "nobody"]);
        }
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.arg(folder.path().join("settings")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let pooler = Self { child: command.spawn().unwrap(), port, folder };
        within(Duration::from_secs(20), "pgbouncer passes on", async || {
            let mut conn = connect(&pooler.url(fleet, DATABASE)).await.map_err(|_| pooler.log())?;
            conn.ping().await.map_err(|_| pooler.log())
        })
        .await;
        pooler
    }

    /// The address of this database, through the pool.
    fn url(&self, fleet: &Fleet, database: &str) -> String {
        let server = fleet.postgres.url(database);
        server.reveal().replace(&format!(":{}/", fleet.postgres.port()), &format!(":{}/", self.port))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether there is a pgbouncer that follows prepared statements.
fn follows_statements() -> bool {
    let Ok(asked) = Command::new("pgbouncer").arg("--version").output() else { return false };
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    let mut numbers = said.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<u32>().ok());
    numbers.next().zip(numbers.next()) >= Some((1, 21))
}

/// A connection through the pool, which refuses settings that it can't follow.
async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    url.parse::<PgConnectOptions>()?.extra_float_digits(None).connect().await
}

/// One number the server has.
async fn count(fleet: &Fleet, sql: &'static str) -> i64 {
    let mut conn = PgConnection::connect_with(&fleet.postgres.options(DATABASE)).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
}

/// Looks at each of the pool's connections at once: what a transaction has set must not be there for the next one.
async fn nothing_stays_behind(fleet: &Fleet, url: &str) {
    let mut held = Vec::new();
    for _ in 0..POOL {
        let mut conn = connect(url).await.unwrap();
        sqlx::raw_sql("BEGIN").execute(&mut conn).await.unwrap();
        let limits = "SELECT current_setting('lock_timeout') || current_setting('idle_in_transaction_session_timeout')";
        let limits: String = sqlx::query_scalar(limits).fetch_one(&mut conn).await.unwrap();
        assert_eq!(limits, "00");
        held.push(conn);
    }
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    assert_eq!(count(fleet, locks).await, 0, "an advisory lock was left");
}

/// A cell behind the pool, listening there.
async fn behind(ears: impl FnOnce(&Fleet) -> String, lines: i64, what: &str) {
    let turn = Field::turn().await;
    let fleet = Fleet::new().await;
    let pooler = Pooler::to(&fleet, "").await;
    let url = pooler.url(&fleet, DATABASE);
    let variables = vec![("DATABASE_URL", url.clone()), ("SKYTWIN_LISTEN_DATABASE_URL", ears(&fleet))];
    let field = Field::on(fleet, Setup { signals: 400, apis: 2, variables, ..Setup::default() }, turn).await;
    field
        .shake(what, async |field| {
            for turn in 1..4 {
                field.progress.clone().percent(turn * 20).await;
                field.replace(turn);
            }
            field.progress.clone().percent(90).await;
            let (fleet, listening) =
                (&field.fleet, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'skytwin bell'");
            eventually("all of them listen, or none", async || {
                (count(fleet, listening).await == lines).then_some(())
            })
            .await;
            let others = "SELECT count(*) FROM pg_stat_activity
                           WHERE datname = current_database() AND application_name <> 'skytwin bell' AND pid <> pg_backend_pid()";
            let others = count(fleet, others).await;
            assert!((1..=POOL).contains(&others), "{others} connections, and the pool has {POOL}");
            field.progress.clone().percent(100).await;
            nothing_stays_behind(fleet, &url).await;
        })
        .await;
    drop(pooler);
}

#[tokio::test(flavor = "multi_thread")]
async fn through_pgbouncer_with_lines_to_the_server_itself() {
    let server = |fleet: &Fleet| fleet.postgres.url(DATABASE).reveal().to_owned();
    behind(server, 4, "through pgbouncer, listening past it, workers killed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_pgbouncer_with_polling_only() {
    behind(|_| "off".to_owned(), 0, "through pgbouncer, polling, workers killed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_pgbouncer_many_migrate_at_once_and_nobody_listens() {
    let _turn = Field::turn().await;
    let mut fleet = Fleet::new().await;
    fleet.postgres.create_database("fresh", None).await.unwrap();
    // One refuses what it can't follow, the other drops it without a word.
    for more in ["", "ignore_startup_parameters = extra_float_digits, options"] {
        let pooler = Pooler::to(&fleet, more).await;
        let url = pooler.url(&fleet, "fresh");
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| fleet.command_with(&["migrate"], &[("DATABASE_URL", &url)]));
            }
        });
        nothing_stays_behind(&fleet, &url).await;

        let mut worker = fleet.start(&["worker"], &[("DATABASE_URL", &url)]);
        eventually("it says that it can't listen", async || {
            let log = worker.log();
            if log.contains("it leads to a proxy that pools connections") { Ok(()) } else { Err(log) }
        })
        .await;
        assert_eq!(worker.terminate().await, Some(0), "{}", worker.log());
    }
}
