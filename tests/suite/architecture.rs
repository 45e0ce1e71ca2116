//! The house's rules that a compiler can't see, read from manifests and sources (`house.md` §1, §8, §9).
//!
//! A rule that turns out wrong is changed here, with its reason, not worked around.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const OURS: [&str; 13] = [
    "api",
    "worker",
    "domain",
    "fuzz",
    "store",
    "queue",
    "runtime",
    "observe",
    "simulator",
    "oauth",
    "vault",
    "webhook",
    "tests",
];

/// Who may use whom among our crates, outside of tests. `skytwin` and `tests` may use everybody.
// `observe` knows nothing and nobody: whoever does something worth counting may use it.
const EDGES: [(&str, &[&str]); 13] = [
    ("domain", &[]),
    ("fuzz", &[]), // what outside could send; nobody uses it but tests
    ("observe", &[]),
    ("queue", &["observe"]),
    ("simulator", &[]),
    ("vault", &[]),
    ("webhook", &["domain"]), // what API and workers say alike of signatures and addresses
    ("runtime", &["domain", "observe", "vault"]), // settings carry the vault's keys, entropy feeds it
    ("oauth", &["domain", "runtime"]), // for the callback of the API and the refresh of the workers alike
    ("store", &["domain", "queue", "observe", "vault"]), // the only door to the queue; keeps what the vault has sealed
    ("api", &["domain", "store", "runtime", "queue", "observe", "oauth", "vault", "webhook"]),
    ("worker", &["domain", "store", "runtime", "queue", "observe", "oauth", "vault", "webhook"]),
    ("offline-sql", &["runtime"]), // must run when `store` does not compile
];

/// Crates of others that only some of ours may use, tests apart.
const MONOPOLIES: [(&str, &[&str]); 16] = [
    ("prometheus-client", &["observe"]),
    ("axum", &["api", "simulator"]),
    ("tower-http", &["api"]),
    ("reqwest", &["worker", "oauth", "runtime", "skytwin"]), // runtime: spans to a collector
    ("opentelemetry", &["runtime"]),
    ("sqlx", &["store", "queue", "runtime", "offline-sql", "skytwin"]),
    ("apalis", &["worker", "skytwin"]), // the benchmark measures the queue with jobs that do nothing
    ("apalis-core", &["queue", "worker"]),
    ("apalis-postgres", &["queue", "offline-sql"]),
    ("getrandom", &["runtime"]),
    ("mimalloc", &["runtime"]), // one allocator for every process
    ("rustix", &["runtime"]),
    ("oauth2", &["oauth"]),
    ("lettre", &["worker"]),
    ("chacha20poly1305", &["vault"]),
    ("clap", &["skytwin"]),
];

/// All that the rules need: values in, values out.
const DOMAIN_USES: [&str; 7] = ["chrono", "chrono-tz", "serde", "serde_json", "sha2", "thiserror", "uuid"];

/// Longer than this, a file is more than one idea; tests list cases, and may list them longer.
const LONGEST: usize = 400;
const LONGEST_TEST: usize = 800;

/// What the linter must keep forbidding.
const BANS: [&str; 9] = [
    "chrono::Utc::now",
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "uuid::Uuid::new_v4",
    "uuid::Uuid::now_v7",
    "std::env::var",
    "tokio::spawn",
    "reqwest::Client::new",
    "sqlx::query",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn toml_of(path: impl AsRef<Path>) -> toml::Table {
    let path = root().join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Package name → (folder, manifest), the root package included.
fn manifests() -> BTreeMap<String, (PathBuf, toml::Table)> {
    let workspace = toml_of("Cargo.toml");
    let members = workspace["workspace"]["members"].as_array().expect("members");
    let folders = members.iter().map(|m| PathBuf::from(m.as_str().expect("a path"))).chain([PathBuf::new()]);
    folders
        .map(|folder| {
            let manifest = toml_of(folder.join("Cargo.toml"));
            (manifest["package"]["name"].as_str().expect("a name").to_owned(), (folder, manifest))
        })
        .collect()
}

fn names(manifest: &toml::Table, table: &str) -> BTreeSet<String> {
    let table = manifest.get(table).and_then(toml::Value::as_table);
    table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

/// Every Rust file of ours, as (path below the root, text).
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["src", "api", "worker", "shared", "tests"].iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("a readable source")));
            }
        }
    }
    found
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/suite")
        || path.starts_with("tests/e2e")
        || path.starts_with("tests/chaos")
        || path.contains("/tests")
}

/// The lines that are neither comments nor documentation.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn our_crates_use_each_other_only_along_the_allowed_edges() {
    let mut wrong = Vec::new();
    for (name, (_, manifest)) in manifests() {
        if name == "skytwin" || name == "tests" {
            continue;
        }
        let Some((_, allowed)) = EDGES.iter().find(|(from, _)| *from == name) else {
            wrong.push(format!("{name} is new: say in EDGES whom it may use"));
            continue;
        };
        for used in names(&manifest, "dependencies").iter().filter(|used| OURS.contains(&used.as_str())) {
            if !allowed.contains(&used.as_str()) {
                wrong.push(format!("{name} must not use {used}"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn the_domain_uses_nothing_that_does_io_tells_time_or_throws_dice() {
    let (_, manifest) = &manifests()["domain"];
    let used = names(manifest, "dependencies");
    let wrong: Vec<String> = used.into_iter().filter(|used| !DOMAIN_USES.contains(&used.as_str())).collect();
    none(&wrong);
    let workspace = toml_of("Cargo.toml");
    for (name, forbidden) in [("chrono", &["clock", "now"][..]), ("uuid", &["v4", "v7", "rng"][..])] {
        let dependency = &workspace["workspace"]["dependencies"][name];
        assert_eq!(dependency["default-features"].as_bool(), Some(false), "{name}");
        let features = dependency["features"].as_array().expect("features");
        assert!(!features.iter().any(|f| forbidden.contains(&f.as_str().unwrap_or_default())), "{name}: {features:?}");
    }
}

#[test]
fn the_domains_code_waits_for_nothing_and_touches_nothing() {
    let forbidden = ["async fn", ".await", "std::fs", "std::net", "std::env", "std::thread", "SystemTime", "println!"];
    let mut wrong = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| path.starts_with("shared/domain/src") && !is_test(path)) {
        for (at, line) in code(text) {
            wrong.extend(forbidden.iter().filter(|f| line.contains(**f)).map(|f| format!("{path}:{at}: {f}")));
        }
    }
    none(&wrong);
}

#[test]
fn who_speaks_http_or_sql_is_decided_here() {
    let mut wrong = Vec::new();
    for (name, (_, manifest)) in manifests().iter().filter(|(name, _)| *name != "tests") {
        for (other, owners) in MONOPOLIES {
            if names(manifest, "dependencies").contains(other) && !owners.contains(&name.as_str()) {
                wrong.push(format!("{name} must not use {other}: that is for {}", owners.join(", ")));
            }
        }
    }
    for (path, text) in sources().iter().filter(|(path, _)| path.starts_with("worker/src")) {
        if !path.starts_with("worker/src/adapters") {
            wrong.extend(
                code(text)
                    .filter(|(_, line)| line.contains("reqwest::"))
                    .map(|(at, _)| format!("{path}:{at}: only worker/src/adapters speaks to the outside")),
            );
        }
    }
    none(&wrong);
}

#[test]
fn anyhow_is_for_programs_not_for_libraries() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let library = ["api/src", "worker/src", "shared/"].iter().any(|folder| path.starts_with(folder));
        if library && !path.ends_with("main.rs") && !path.contains("/bin/") {
            wrong.extend(
                code(&text).filter(|(_, line)| line.contains("anyhow::")).map(|(at, _)| format!("{path}:{at}")),
            );
        }
    }
    none(&wrong);
}

#[test]
fn every_crate_follows_the_workspaces_lints() {
    let mut wrong = Vec::new();
    for (name, (_, manifest)) in manifests() {
        let follows = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if name != "tests" && follows != Some(true) {
            wrong.push(format!("{name} does not say [lints] workspace = true"));
        }
    }
    let bans = toml_of("clippy.toml");
    let bans = bans["disallowed-methods"].as_array().expect("the list of bans");
    for ban in BANS {
        let found = bans.iter().find(|entry| entry["path"].as_str() == Some(ban));
        if found.is_none_or(|entry| entry.get("reason").is_none()) {
            wrong.push(format!("clippy.toml does not forbid {ban} with a reason"));
        }
    }
    none(&wrong);
}

#[test]
fn every_file_says_what_it_is_for_and_is_one_idea_long() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if !text.trim_start().starts_with("//!") {
            wrong.push(format!("{path} does not start with //! and what it is for"));
        }
        let lines = text.lines().count();
        if lines > if is_test(&path) { LONGEST_TEST } else { LONGEST } {
            wrong.push(format!("{path} has {lines} lines: split it along its ideas"));
        }
    }
    none(&wrong);
}

#[test]
fn every_reader_of_what_comes_from_outside_has_the_test_that_the_safety_page_names() {
    let page = fs::read_to_string(root().join("docs/safety.md")).expect("the page");
    let (_, section) = page.split_once("\n## What comes from outside").expect("the section");
    let section = section.split("\n## ").next().expect("a beginning");
    let rows: Vec<(&str, &str)> = section
        .lines()
        .filter_map(|line| {
            let mut ticked = line.strip_prefix("| ")?.rsplit('`');
            let test = ticked.nth(1)?;
            Some((ticked.nth(1)?, test))
        })
        .collect();
    let mut wrong = Vec::new();
    for (path, test) in &rows {
        if !fs::read_to_string(root().join(path)).is_ok_and(|text| text.contains(&format!("fn {test}("))) {
            wrong.push(format!("{path} has no test {test}"));
        }
    }
    for (path, text) in sources().iter().filter(|(path, _)| path != "tests/suite/architecture.rs") {
        if text.contains("fuzz::cases(") && !rows.iter().any(|(named, _)| named == path) {
            wrong.push(format!("{path} holds a reader of what comes from outside: name it in docs/safety.md"));
        }
    }
    none(&wrong);
}

/// Every checked query of ours, from the offline data; the queue's tables keep the database's time.
fn queries() -> Vec<(String, String)> {
    let files = fs::read_dir(root().join(".sqlx")).expect("offline data").map(|entry| entry.expect("an entry").path());
    files
        .map(|path| {
            let data: serde_json::Value = serde_json::from_slice(&fs::read(&path).expect("readable")).expect("JSON");
            (path.display().to_string(), data["query"].as_str().expect("a query").to_lowercase())
        })
        .filter(|(_, sql)| !sql.contains("apalis."))
        .collect()
}

#[test]
fn time_is_an_argument_of_our_sql() {
    let migrations = fs::read_dir(root().join("migrations")).expect("migrations").map(|entry| {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a readable migration").to_lowercase();
        let sql: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        (path.display().to_string(), sql.join("\n"))
    });
    let tells_time = ["now()", "current_timestamp", "current_date", "clock_timestamp()", "localtimestamp"];
    let mut wrong = Vec::new();
    for (path, sql) in queries().into_iter().chain(migrations) {
        wrong.extend(tells_time.iter().filter(|t| sql.contains(**t)).map(|t| format!("{path}: {t}")));
    }
    none(&wrong);
}
