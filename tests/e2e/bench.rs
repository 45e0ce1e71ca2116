//! The benchmark itself runs, small: every part comes to its end and tells what it is there for.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fleet::SKYTWIN;

/// Everything but the rescue, which waits for a lease and is held to its end by the kill tests.
const PARTS: &str = "pipeline,floor,latency,wake,backlog,spend,scaling";
const SMALL: [&str; 14] = [
    "--people=5",
    "--signals=20",
    "--clients=2",
    "--seconds=1",
    "--rates=5",
    "--backlog=300",
    "--taken=100",
    "--reservations=140",
    "--workers=1",
    "--apis=1",
    "--json=-",
    "--parts",
    PARTS,
    "--statements",
];

#[test]
fn the_benchmark_measures_every_part_in_one_run() {
    let run = Command::new(SKYTWIN).arg("bench").args(SMALL).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success(), "{said}");
    let told = String::from_utf8(run.stdout).unwrap();
    let report: Value = serde_json::from_str(&told[told.find("{\n").unwrap()..]).unwrap();
    let figures = report["figures"].as_array().unwrap();
    let value = |what: &str| {
        let found = figures.iter().find(|figure| figure["what"].as_str().unwrap().starts_with(what));
        found.unwrap_or_else(|| panic!("no figure tells of `{what}`: {told}"))["value"].as_f64().unwrap()
    };
    for what in [
        "signal → accepted",
        "signal → decision",
        "signal → settled execution",
        "api process idle: memory",
        "worker process under load: processor",
        "WAL per signal",
        "floor: ",
        "pipeline to floor",
        "POST → decision at 5/s, p99",
        "enqueue → start idle, p99",
        "enqueue → start at 200/s, p99",
        "jobs taken from 300 due ones",
        "reservations by 50 clients",
        "signal → settled execution with 4 workers",
    ] {
        assert!(value(what).is_finite() && value(what) >= 0.0, "{what}: {told}");
    }
    assert!(value("mismatches in") == 0.0, "{told}");
}
