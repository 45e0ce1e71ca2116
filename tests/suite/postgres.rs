//! The embedded Postgres: what it keeps, and what it survives.

use std::{
    fs::{self, Permissions},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use runtime::postgres::{DATABASE, Embedded, Error, Settings};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use sqlx::{ConnectOptions, Connection, Row};
use tempfile::TempDir;
use tests::{Process, eventually};

/// Tells the process of [`a_process_that_holds_a_server`] what to do: a folder, or "throwaway".
const HOLD: &str = "SKYTWIN_TEST_HOLD";

fn folder() -> TempDir {
    // As root the server runs as somebody else, who has to pass.
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().expect("a folder")
}

async fn start(folder: &Path) -> Result<Embedded, Error> {
    Embedded::start(Settings::durable(folder.join("postgres"))).await
}

async fn run(server: &Embedded, sql: &'static str) {
    let mut connection = server.options(DATABASE).connect().await.expect("a connection");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect(sql);
    connection.close().await.expect("an orderly end");
}

async fn count(server: &Embedded) -> i64 {
    let mut connection = server.options(DATABASE).connect().await.expect("a connection");
    sqlx::query("SELECT count(*) FROM kept").fetch_one(&mut connection).await.expect("a count").get(0)
}

fn holder(what: &str) -> Process {
    let program = std::env::current_exe().expect("this program");
    let arguments = ["--exact", "postgres::a_process_that_holds_a_server", "--ignored", "--nocapture"];
    Process::start(program, &arguments, &[(HOLD, what)])
}

#[tokio::test]
#[ignore = "not a test: the process that others start and kill"]
async fn a_process_that_holds_a_server() {
    let Ok(what) = std::env::var(HOLD) else {
        return;
    };
    let settings = match what.as_str() {
        "throwaway" => Settings::throwaway().unwrap(),
        folder => Settings::durable(Path::new(folder).join("postgres")),
    };
    let server = Embedded::start(settings.clone()).await.unwrap();
    if what != "throwaway" {
        run(&server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)").await;
    }
    println!("HOLDING {} {}", server.port(), settings.root().display());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_second_start_finds_data_port_and_password_of_the_first() {
    let folder = folder();
    let first = start(folder.path()).await.unwrap();
    run(&first, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)").await;
    let url = first.url(DATABASE);
    first.stop().await.unwrap();

    let second = start(folder.path()).await.unwrap();
    assert_eq!(second.url(DATABASE), url);
    assert_eq!(count(&second).await, 1);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_port_that_somebody_else_took_meanwhile_is_replaced() {
    let folder = folder();
    let first = start(folder.path()).await.unwrap();
    let port = first.port();
    first.stop().await.unwrap();
    let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();

    let second = start(folder.path()).await.unwrap();
    assert_ne!(second.port(), port);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_restart_and_a_crash_keep_the_port_and_what_was_committed() {
    let folder = folder();
    let mut server = start(folder.path()).await.unwrap();
    run(&server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)").await;
    let port = server.port();
    let mut open = server.options(DATABASE).connect().await.unwrap();

    server.restart().await.unwrap();
    assert!(open.ping().await.is_err(), "a restart must break connections, or tests of it mean nothing");
    assert_eq!(count(&server).await, 1);

    server.kill9().await;
    assert!(server.options(DATABASE).connect().await.is_err());
    server.resume().await.unwrap();
    assert_eq!((server.port(), count(&server).await), (port, 1));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_in_use_is_refused_and_the_holder_named() {
    let folder = folder();
    let mut holder = holder(folder.path().to_str().unwrap());
    holder.says("HOLDING").await;
    match start(folder.path()).await {
        Err(error @ Error::InUse { .. }) => assert!(error.to_string().contains(&holder.id().to_string()), "{error}"),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn after_a_kill_of_its_owner_the_next_start_finds_the_data() {
    let folder = folder();
    let mut holder = holder(folder.path().to_str().unwrap());
    holder.says("HOLDING").await;
    holder.kill9();
    let server = start(folder.path()).await.unwrap();
    assert_eq!(count(&server).await, 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_outlived_its_owner_is_stopped_by_the_next_start() {
    let folder = folder();
    let mut holder = holder(folder.path().to_str().unwrap());
    holder.says("HOLDING").await;
    let Some(watchdog) = watchdog_of(folder.path()) else {
        return;
    }; // no /proc here: nothing to find it by
    let postmaster = fs::read_to_string(folder.path().join("postgres/data/postmaster.pid")).unwrap();
    let postmaster: i32 = postmaster.lines().next().unwrap().parse().unwrap();
    kill_process(watchdog, Signal::KILL).unwrap();
    holder.kill9();
    assert!(runs(postmaster), "the server was to outlive its owner");

    let server = start(folder.path()).await.unwrap();
    assert_eq!(count(&server).await, 1);
    assert!(!runs(postmaster));
    server.stop().await.unwrap();
}

/// A process that ended but was not waited for has no command line any more.
fn runs(pid: i32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

fn watchdog_of(folder: &Path) -> Option<Pid> {
    fs::read_dir("/proc").ok()?.filter_map(Result::ok).find_map(|entry| {
        let line = String::from_utf8(fs::read(entry.path().join("cmdline")).ok()?).ok()?;
        let ours = line.contains("skytwin-watchdog") && line.contains(folder.to_str()?);
        ours.then(|| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))?
    })
}

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_does_not_block_the_start() {
    let folder = folder();
    start(folder.path()).await.unwrap().stop().await.unwrap();
    let pid_file = folder.path().join("postgres/data/postmaster.pid");
    fs::write(pid_file, format!("{}\n", std::process::id())).unwrap();
    start(folder.path()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_first_start_leaves_nothing_in_the_way() {
    let folder = folder();
    let unfinished = folder.path().join("postgres/data.unfinished");
    fs::create_dir_all(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15").unwrap();
    start(folder.path()).await.unwrap().stop().await.unwrap();
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn a_throwaway_server_goes_with_its_process_even_when_that_is_killed() {
    let mut holder = holder("throwaway");
    let line = holder.says("HOLDING").await;
    let words: Vec<&str> = line.split_whitespace().rev().collect();
    let (root, port) = (Path::new(words[0]), words[1].parse::<u16>().unwrap());
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    assert!(root.exists() && TcpStream::connect(address).is_ok());

    holder.kill9();
    eventually("the folder is gone", async || !root.exists()).await;
    eventually("the server is gone", async || TcpStream::connect(address).is_err()).await;
}

#[tokio::test]
async fn a_folder_that_the_servers_user_cannot_enter_is_explained() {
    if !geteuid().is_root() {
        return; // then the server runs as ourselves
    }
    let private = Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().permissions(private).tempdir().unwrap();
    let error = start(folder.path()).await.expect_err("a private folder of root's");
    let text = error.to_string();
    assert!(matches!(error, Error::OutOfReach { .. }), "{text}");
    assert!(text.contains(&format!("chmod o+x {}", folder.path().display())), "{text}");
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let folder = folder();
    let server = start(folder.path()).await.unwrap();
    let guess = server.options(DATABASE).password("guess").connect().await;
    assert!(guess.is_err());
    server.stop().await.unwrap();
}
