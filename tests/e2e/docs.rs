//! The commands of `docs/`, run as printed: the operators' page on a fleet, the API's tour on the all-in-one.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use runtime::postgres;
use tests::{free_port, within};

use crate::{
    fleet::{Fleet, SKYTWIN},
    tour::blocks,
    up::{DEMO_SIGNALS, data, decisions, start},
};

/// Runs a script in `folder` as a person would, with `variables`; gives what it printed.
fn run(script: &str, folder: &Path, variables: &[(&str, &str)]) -> String {
    let bin = Path::new(SKYTWIN).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let walked = Command::new("bash")
        // What it leaves behind when it stops half-way is ended with it.
        .args(["-Eeuo", "pipefail", "-c", &format!("trap 'kill $(jobs -p) 2>/dev/null' ERR\n{script}")])
        .current_dir(folder)
        .env_remove("DATABASE_URL")
        .env("PATH", path)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&walked.stdout), String::from_utf8_lossy(&walked.stderr));
    assert!(walked.status.success(), "the page stopped: {wrong}\n{said}");
    said.into_owned()
}

fn shows(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "the page does not show {part}:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_page_works_as_printed() {
    let fleet = Fleet::new().await;
    let folder = tempfile::TempDir::new().unwrap();
    let (url, listen) = (fleet.postgres.url(postgres::DATABASE), format!("127.0.0.1:{}", free_port()));
    let variables = [
        ("DATABASE_URL", url.reveal()),
        ("SKYTWIN_LISTEN", &listen),
        ("SKYTWIN_ENGINE_URL", &fleet.engine.url),
        ("SKYTWIN_ENGINE_TOKEN", &fleet.engine.token),
        ("SKYTWIN_ENGINE_CALLS_PER_MINUTE", "unlimited"),
    ];
    let script = blocks(include_str!("../../docs/operations.md"));
    let (folder, variables) = (folder.path(), &variables);
    let said = tokio::task::block_in_place(|| run(&script, folder, variables));
    // The tier of somebody new, the queues, the switch, and both keys after the rotation.
    shows(&said, &["\"observer\"", "housekeep", "\"stopped_at\":\"2", "next ", "seals"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_api_works_as_printed() {
    let (data, port) = (data(), free_port());
    let mut up = start(&data, port);
    within(Duration::from_mins(2), "the demo's signals are decided", async || {
        decisions(&data, &tests::http(), port).await.filter(|decisions| decisions.len() >= DEMO_SIGNALS)
    })
    .await;
    let script = blocks(include_str!("../../docs/api.md")).replace("127.0.0.1:7878", &format!("127.0.0.1:{port}"));
    let state = data.path().join("state");
    let variables = [("SKYTWIN_DATA_DIR", state.to_str().unwrap())];
    let said = tokio::task::block_in_place(|| run(&script, data.path(), &variables));
    shows(
        &said,
        &["\"repeat\":true", "\"state\":\"rejected\"", "\"considered\":", "\"stopped\":true", "\"stopped\":false"],
    );
    assert_eq!(up.terminate().await, Some(0), "{}", up.log());
}
