//! Told to stop while they still start: processes end in order from their first milliseconds on, whatever they wait for.

use std::{fs, net::TcpListener, time::Duration};

use tempfile::TempDir;
use tests::{Process, eventually, free_port, within};

use crate::{fleet::SKYTWIN, up};

const SIGTERM: u32 = 15;

/// Waits until the process hears SIGTERM: until it has a handler of its own for it.
async fn hears(process: &Process) {
    let status = format!("/proc/{}/status", process.id());
    eventually("it hears SIGTERM", async || {
        let status = fs::read_to_string(&status).map_err(|error| error.to_string())?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
        let caught = caught.and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or_default();
        if caught & (1 << (SIGTERM - 1)) > 0 { Ok(()) } else { Err(process.log()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_still_waits_for_the_database_ends_in_order() {
    // Whoever connects is taken by the system, and then nothing is said.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let database = format!("postgres://skytwin:password@{}/skytwin", silent.local_addr().unwrap());
    let folder = TempDir::new().unwrap();
    for role in ["api", "worker"] {
        let variables = [
            ("DATABASE_URL", database.as_str()),
            ("SKYTWIN_LISTEN", &format!("127.0.0.1:{}", free_port())),
            ("SKYTWIN_ENGINE_URL", "http://127.0.0.1:9"),
            ("SKYTWIN_ENGINE_TOKEN", "engine-token"),
            ("SKYTWIN_VAULT_KEY", "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ];
        let mut process = Process::logging(SKYTWIN, &[role], &variables, folder.path().join(role));
        hears(&process).await;
        assert_eq!(process.terminate().await, Some(0), "{role}: {}", process.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_still_starts_a_postgres_stops_it_again_and_the_next_start_misses_nothing() {
    let (data, port, http) = (up::data(), free_port(), tests::http());
    let mut process = up::start(&data, port);
    hears(&process).await;
    assert_eq!(process.terminate().await, Some(0), "{}", process.log());
    let left = data.path().join("state/data/postmaster.pid");
    assert!(!left.exists(), "its Postgres still runs: {}", process.log());

    let mut again = up::start(&data, port);
    within(Duration::from_mins(2), "the demo that was not begun is there", async || {
        up::decisions(&data, &http, port).await.filter(|decisions| decisions.len() >= up::DEMO_SIGNALS)
    })
    .await;
    assert_eq!(again.terminate().await, Some(0), "{}", again.log());
}
