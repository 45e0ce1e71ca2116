//! The README's tour, run as printed: every block of it, in order, against a `skytwin` as a person starts it.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use tests::{free_port, within};

use crate::{
    fleet::SKYTWIN,
    up::{DEMO_SIGNALS, data, decisions, start},
};

const README: &str = include_str!("../../README.md");

/// The section of that name.
fn section<'a>(text: &'a str, name: &str) -> &'a str {
    let text = &text[text.find(&format!("## {name}")).unwrap()..];
    &text[..text[3..].find("\n## ").map_or(text.len(), |end| end + 3)]
}

/// The shell blocks of a text, one after the other.
pub(crate) fn blocks(text: &str) -> String {
    text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_works_as_printed() {
    let (data, port) = (data(), free_port());
    let mut up = start(&data, port);
    within(Duration::from_mins(2), "the demo's signals are decided", async || {
        decisions(&data, &tests::http(), port).await.filter(|decisions| decisions.len() >= DEMO_SIGNALS)
    })
    .await;

    let bin = Path::new(SKYTWIN).parent().unwrap();
    let script = blocks(section(README, "Five minutes"))
        .replace("$PWD/target/release", bin.to_str().unwrap())
        .replace("127.0.0.1:7878", &format!("127.0.0.1:{port}"))
        .replace("tests/scenarios/dev.json", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/dev.json"));
    let walked = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(data.path())
        .env("SKYTWIN_DATA_DIR", data.path().join("state"))
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&walked.stdout), String::from_utf8_lossy(&walked.stderr));
    assert!(walked.status.success(), "the tour stopped: {wrong}\n{said}");
    for shown in [
        "\"outcome\":\"auto\"",
        "\"repeat\":false",
        "\"repeat\":true",
        "\"state\":\"approved\"",
        "approval.resolved",
        "51 passed, 0 failed",
    ] {
        assert!(said.contains(shown), "the tour does not show {shown}:\n{said}");
    }
    assert_eq!(up.terminate().await, Some(0), "{}", up.log());
}
