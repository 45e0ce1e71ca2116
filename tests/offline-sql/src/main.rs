//! Keeps `.sqlx`, the data that lets our SQL be checked without a database, in step with the SQL.
//!
//! `cargo run -p offline-sql`             refreshes `.sqlx` (after a change to a query or a migration)
//! `cargo run -p offline-sql -- --check`  changes nothing; fails naming the missing, stale and unused files
//!
//! It starts a throwaway server, applies apalis's migrations and then ours, and has cargo check the
//! crates with queries against that. Their `sqlx.toml` names a database variable of their own, so that
//! apalis's macros stay offline. A new crate with queries gets such a file and a line in [`CRATES`].

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::SystemTime,
};

use anyhow::{Context, Result, bail, ensure};
use apalis_postgres::PostgresStorage;
use runtime::{
    Clock,
    postgres::{DATABASE, Embedded, Settings},
};
use sqlx::{PgPool, migrate::Migrator};

/// The crates with queries: package, folder.
const CRATES: [(&str, &str); 2] = [("queue", "shared/queue"), ("store", "shared/store")];
/// What their `sqlx.toml` has to name instead of `DATABASE_URL`.
const VARIABLE: &str = "SKYTWIN_SQLX_URL";

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [only] if only == "--check" => true,
        _ => bail!("usage: cargo run -p offline-sql [-- --check]"),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    for (_, folder) in CRATES {
        let config = root.join(folder).join("sqlx.toml");
        let text = fs::read_to_string(&config).unwrap_or_default();
        ensure!(text.contains(VARIABLE), "{} must set [common] database-url-var = \"{VARIABLE}\"", config.display());
    }
    // what is built may go elsewhere
    fs::create_dir_all(root.join("target")).context("target")?;
    let lock = File::create(root.join("target/offline-sql.lock")).context("target/offline-sql.lock")?;
    lock.lock().context("waiting for another run")?;

    let fresh = tempfile::tempdir()?;
    let server = Embedded::start(Settings::throwaway()?).await?;
    let compiled = match migrate(&server, &root).await {
        Ok(()) => compile(&root, server.url(DATABASE).reveal(), fresh.path()),
        Err(error) => Err(error),
    };
    server.stop().await?;
    let compiled = compiled?;

    let kept = root.join(".sqlx");
    let difference = Difference::between(&read(&kept)?, &read(fresh.path())?);
    if check {
        difference.print();
        if compiled && difference.is_empty() {
            println!("offline SQL: fresh");
            return Ok(ExitCode::SUCCESS);
        }
        println!("offline SQL: not fresh; run `cargo run -p offline-sql` and keep the changes to .sqlx");
    } else {
        difference.apply(fresh.path(), &kept, compiled)?;
        if compiled {
            println!(
                "offline SQL: refreshed, {} written, {} removed",
                difference.wanted.len(),
                difference.unused.len()
            );
            return Ok(ExitCode::SUCCESS);
        }
        println!("offline SQL: the crates do not compile (see above); what was learnt is kept, nothing was removed");
    }
    // What was just built saw the database; the next build has to see the files.
    touch(&root)?;
    Ok(ExitCode::FAILURE)
}

async fn migrate(server: &Embedded, root: &Path) -> Result<()> {
    let pool = PgPool::connect_with(server.options(DATABASE)).await?;
    PostgresStorage::<()>::migrations().run(&pool).await.context("the queue's migrations")?;
    Migrator::new(root.join("migrations")).await?.run(&pool).await.context("our migrations")?;
    pool.close().await;
    Ok(())
}

/// Has cargo check the crates against the database; says whether they compile. Everything it learns about
/// the queries lies in `out` afterwards, even when another part of a crate does not compile.
fn compile(root: &Path, url: &str, out: &Path) -> Result<bool> {
    for _ in 0..10 {
        touch(root)?;
        let mut cargo = Command::new(running_cargo());
        cargo.current_dir(root).args(["check", "--all-targets", "--keep-going"]);
        cargo.arg("--message-format=json-render-diagnostics");
        for (package, _) in CRATES {
            cargo.args(["--package", package]);
        }
        cargo.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", out).env(VARIABLE, url).env_remove("DATABASE_URL");
        let done = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("running cargo")?;
        if !slipped(&done.stdout) {
            return Ok(done.status.success());
        }
    }
    bail!("other builds keep getting between us and cargo; try again when they are done")
}

/// Did another build check one of our crates, offline, between the touch and our turn? Then its macros did
/// not run for us, and its queries would look unused.
fn slipped(messages: &[u8]) -> bool {
    let messages = messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    messages.into_iter().any(|message: serde_json::Value| {
        let manifest = message.get("manifest_path").and_then(|path| path.as_str()).unwrap_or_default();
        message.get("fresh").and_then(serde_json::Value::as_bool) == Some(true)
            && message.pointer("/target/kind/0").and_then(|kind| kind.as_str()) != Some("custom-build")
            && CRATES.iter().any(|(_, folder)| manifest.ends_with(&format!("{folder}/Cargo.toml")))
    })
}

/// The cargo that runs this, so that both build with the same toolchain.
#[expect(clippy::disallowed_methods, reason = "told by cargo, not a setting of ours")]
fn running_cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Makes cargo forget the crates with queries: it does not know that they depend on a database.
fn touch(root: &Path) -> Result<()> {
    let now = SystemTime::from(Clock::system().now().utc());
    for (_, folder) in CRATES {
        let path = root.join(folder).join("src/lib.rs");
        let file = File::options().append(true).open(&path).with_context(|| path.display().to_string())?;
        file.set_modified(now)?;
    }
    Ok(())
}

type Files = BTreeMap<String, Vec<u8>>;

fn read(folder: &Path) -> Result<Files> {
    if !folder.exists() {
        return Ok(Files::new());
    }
    fs::read_dir(folder)?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?))
        })
        .collect()
}

/// What it takes to make `.sqlx` fresh.
struct Difference {
    missing: BTreeSet<String>,
    stale: BTreeSet<String>,
    unused: BTreeSet<String>,
    wanted: BTreeSet<String>,
}

impl Difference {
    fn between(kept: &Files, fresh: &Files) -> Self {
        let missing: BTreeSet<String> = fresh.keys().filter(|name| !kept.contains_key(*name)).cloned().collect();
        let stale: BTreeSet<String> = fresh
            .iter()
            .filter(|(name, data)| kept.get(*name).is_some_and(|old| old != *data))
            .map(|(n, _)| n.clone())
            .collect();
        let unused = kept.keys().filter(|name| !fresh.contains_key(*name)).cloned().collect();
        let wanted = missing.union(&stale).cloned().collect();
        Self { missing, stale, unused, wanted }
    }

    fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unused.is_empty()
    }

    fn print(&self) {
        for (what, names) in [("missing", &self.missing), ("stale", &self.stale), ("unused", &self.unused)] {
            for name in names {
                println!("{what}: .sqlx/{name}");
            }
        }
    }

    fn apply(&self, fresh: &Path, kept: &PathBuf, complete: bool) -> Result<()> {
        fs::create_dir_all(kept)?;
        for name in &self.wanted {
            fs::copy(fresh.join(name), kept.join(name))?;
        }
        for name in self.unused.iter().filter(|_| complete) {
            fs::remove_file(kept.join(name))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> Files {
        pairs.iter().map(|(name, data)| ((*name).to_owned(), data.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_crate_that_was_not_checked_for_us_is_noticed() {
        let message = |folder: &str, kind: &str, fresh: bool| {
            let manifest = format!("/somewhere/{folder}/Cargo.toml");
            let message = serde_json::json!({"manifest_path": manifest, "fresh": fresh, "target": {"kind": [kind]}});
            format!("not json\n{message}\n").into_bytes()
        };
        assert!(slipped(&message("shared/store", "lib", true)));
        assert!(!slipped(&message("shared/store", "lib", false)));
        assert!(!slipped(&message("shared/store", "custom-build", true)));
        assert!(!slipped(&message("shared/domain", "lib", true)));
    }

    #[test]
    fn what_is_missing_stale_or_unused_is_told_apart() {
        let kept = files(&[("same", "1"), ("changed", "1"), ("gone", "1")]);
        let fresh = files(&[("same", "1"), ("changed", "2"), ("new", "1")]);
        let difference = Difference::between(&kept, &fresh);
        assert!(difference.missing.iter().eq(["new"]));
        assert!(difference.stale.iter().eq(["changed"]));
        assert!(difference.unused.iter().eq(["gone"]));
        assert!(!difference.is_empty());
        assert!(Difference::between(&kept, &kept).is_empty());
    }
}
