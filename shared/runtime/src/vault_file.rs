//! The file that holds the vault's keys: read, and made where the all-in-one has none yet.
//!
//! Invariant: a file we made is readable by its owner only, is whole before it has its name, and is never replaced:
//! without its keys everything that was sealed is lost.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use vault::{Keyring, KeyringError};

use crate::Entropy;

/// A file of keys that can't be used: which, and why.
#[derive(Debug)]
pub struct Error {
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Io(io::Error),
    Text(KeyringError),
    Open,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.why {
            Why::Io(error) => write!(f, "{error}"),
            Why::Text(error) => write!(f, "{error}"),
            Why::Open => f.write_str("everybody on this machine may read or change it: `chmod o-rwx` it"),
        }
    }
}

impl std::error::Error for Error {}

/// The keys in the file at `path`.
pub fn read(path: &Path) -> Result<Keyring, Error> {
    let wrong = |why| Error { path: path.to_owned(), why };
    let mode = fs::metadata(path).map_err(|error| wrong(Why::Io(error)))?.mode();
    // The group may read it: that is how a platform hands a secret to a process that is not root.
    if mode & 0o007 != 0 {
        return Err(wrong(Why::Open));
    }
    let text = zeroize::Zeroizing::new(fs::read_to_string(path).map_err(|error| wrong(Why::Io(error)))?);
    Keyring::parse(&text).map_err(|error| wrong(Why::Text(error)))
}

/// Where the all-in-one that keeps its data in `folder` has its keys.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("vault.keys")
}

/// The all-in-one's keys, which are made with a first key where they are missing.
pub fn own(folder: &Path, entropy: &Entropy) -> Result<Keyring, Error> {
    let path = path(folder);
    if !path.exists() {
        make(folder, &path, entropy).map_err(|why| Error { path: path.clone(), why })?;
    }
    read(&path)
}

fn make(folder: &Path, path: &Path, entropy: &Entropy) -> Result<(), Why> {
    let key = Keyring::new_key("k1", entropy).map_err(Why::Text)?;
    let draft = folder.join(format!("vault.keys.{}", entropy.hex::<4>()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        writeln!(file, "# The keys of the vault, the newest first. Lose them, and what they sealed is lost.")?;
        writeln!(file, "{}", key.reveal())?;
        file.sync_all()?;
        // Linked, not renamed: of two that start at once the first one's file stays.
        let linked = match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        };
        fs::remove_file(&draft)?;
        linked
    };
    write().map_err(Why::Io)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_of_our_own_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        own(folder.path(), &Entropy::seeded(1)).unwrap();
        let text = fs::read(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let again = own(folder.path(), &Entropy::seeded(2)).unwrap();
        assert_eq!(again.newest(), "k1");
        assert_eq!(fs::read(&path).unwrap(), text, "the first key stays");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_file_that_everybody_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        own(folder.path(), &Entropy::seeded(1)).unwrap();
        let path = folder.path().join("vault.keys");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("everybody"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&path).is_ok());
    }
}
