//! The note that a running `skytwin up` leaves beside its data, so that commands started beside it find it.
//!
//! It holds secrets, so only its owner may read it.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use runtime::Config;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How to reach a `skytwin up`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The API's root.
    pub(crate) url: String,
    /// The database.
    pub(crate) database: String,
    /// The demo user's id.
    pub(crate) user: String,
    /// The demo user's token.
    pub(crate) token: String,
    /// An operator's token.
    pub(crate) operator: String,
    /// The simulated engine's token: kept, so that its journal fits after a restart.
    pub(crate) engine: String,
}

/// The folder of this machine's `skytwin up`.
pub(crate) fn folder(config: &Config) -> Result<PathBuf> {
    match &config.data_dir {
        Some(folder) => Ok(folder.clone()),
        None => Ok(runtime::postgres::state_folder()?),
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("running.json")
}

impl Note {
    /// The note in `folder`, if there is a readable one.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path(folder)).ok()?).ok()
    }

    /// Leaves the note: written beside and renamed, so that nobody reads half of it.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let (path, draft) = (path(folder), folder.join("running.json.new"));
        let text = serde_json::to_vec_pretty(self).map_err(|error| Error::Usage(error.to_string()))?;
        let write = || {
            fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?
                .write_all(&text)?;
            fs::rename(&draft, &path)
        };
        write().map_err(Error::file("write", &path))
    }
}
