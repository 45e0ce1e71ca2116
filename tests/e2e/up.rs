//! `skytwin` as a person starts it: one command, nothing else on the machine, and again after an end of any kind.

use std::{process::Command, time::Duration};

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;
use tests::{Process, free_port, within};

use crate::fleet::SKYTWIN;

/// How many signals the demo starts with.
pub(crate) const DEMO_SIGNALS: usize = 10;

/// A folder that the server's user can reach even when this test runs as root.
pub(crate) fn data() -> TempDir {
    let folder = TempDir::new_in("/var/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

pub(crate) fn start(data: &TempDir, port: u16) -> Process {
    let address = format!("127.0.0.1:{port}");
    Process::logging::<&str>(
        SKYTWIN,
        &[],
        &[("SKYTWIN_DATA_DIR", data.path().join("state").to_str().unwrap()), ("SKYTWIN_LISTEN", &address)],
        data.path().join("up.log"),
    )
}

pub(crate) async fn decisions(data: &TempDir, http: &Client, port: u16) -> Option<Vec<Value>> {
    let note: Value = serde_json::from_slice(&std::fs::read(data.path().join("state/running.json")).ok()?).ok()?;
    let url = format!("http://127.0.0.1:{port}/api/v1/decisions?limit=100");
    let answer = http.get(url).bearer_auth(note["token"].as_str()?).send().await.ok()?;
    answer.json::<Value>().await.ok()?["items"].as_array().cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_shows_a_demo_and_a_restart_continues_where_it_was() {
    let (data, port, http) = (data(), free_port(), tests::http());
    let mut up = start(&data, port);
    let first = within(Duration::from_mins(2), "the demo's signals are decided", async || {
        decisions(&data, &http, port).await.filter(|decisions| decisions.len() >= DEMO_SIGNALS)
    })
    .await;
    let outcomes: std::collections::BTreeSet<&str> =
        first.iter().filter_map(|decision| decision["outcome"].as_str()).collect();
    for outcome in ["auto", "ask", "suggest", "block"] {
        assert!(outcomes.contains(outcome), "the demo shows no {outcome}: {outcomes:?}");
    }
    let audit = Command::new(SKYTWIN).arg("audit").env("SKYTWIN_DATA_DIR", data.path().join("state")).output().unwrap();
    let audit = String::from_utf8(audit.stdout).unwrap();
    for (act, times) in [("user add", 1), ("token add", 2), ("login", 1)] {
        assert_eq!(audit.matches(&format!("  {act} ")).count(), times, "{act}:\n{audit}");
    }
    let banner = up.log();
    for told in [format!("http://127.0.0.1:{port}"), "token".into(), "curl".into()] {
        assert!(banner.contains(&told), "the banner does not tell `{told}`:\n{banner}");
    }
    assert_eq!(up.terminate().await, Some(0), "{}", up.log());

    // A crash is survived as well as an end: the second start kills what the third finds.
    for orderly in [false, true] {
        let mut again = start(&data, port);
        let found = within(Duration::from_mins(2), "the same decisions are there", async || {
            decisions(&data, &http, port).await
        })
        .await;
        assert_eq!(found.len(), first.len(), "the demo is seeded once");
        if orderly {
            assert_eq!(again.terminate().await, Some(0), "{}", again.log());
        } else {
            again.kill9();
        }
    }
}
