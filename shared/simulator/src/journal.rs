//! The journal: what was done, and the memory that keeps it from being done again.
//!
//! Append-only, one JSON line per fact, written before anybody is told: a process killed at any moment comes back with
//! every promise it made. A last line that was cut short was never promised and is dropped.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{fault::End, gate::Answered, run::Run};

/// Something that was done to the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The idempotency key it was done under; at most one effect per key.
    pub key: Option<String>,
    /// The execution it was done for.
    pub execution_id: String,
    /// What.
    pub verb: String,
    /// With what.
    pub parameters: Map<String, Value>,
    /// The steps, where the order had any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Value>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A journal file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file can't be opened, read or written.
    #[error("the journal can't be opened: {0}")]
    Io(#[from] io::Error),
    /// A line is no journal line, and it is not the last one.
    #[error("line {0} of the journal can't be read; move the file away to start with an empty one")]
    Line(usize),
}

/// One fact.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub(crate) enum Line {
    /// Work was taken.
    Accepted {
        /// What.
        run: Box<Run>,
    },
    /// A gate was answered.
    Answered {
        /// Whose.
        id: String,
        /// How.
        answered: Answered,
    },
    /// Work is over.
    Over {
        /// Which.
        id: String,
        /// How.
        end: End,
        /// What it did, if anything.
        effect: Option<Effect>,
    },
}

/// Where the facts are kept; without a file, only in memory.
#[derive(Debug, Default)]
pub(crate) struct Journal(Option<File>);

impl Journal {
    /// Opens or creates the file and reads what is in it.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Line>), JournalError> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if whole < bytes.len() {
            tracing::warn!(bytes = bytes.len() - whole, "the journal's last line was cut short: dropped");
            file.set_len(u64::try_from(whole).unwrap_or_default())?;
            file.seek(io::SeekFrom::End(0))?;
        }
        bytes.truncate(whole);
        let mut lines = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            lines.push(serde_json::from_slice(line).map_err(|_| JournalError::Line(lines.len() + 1))?);
        }
        Ok((Self(Some(file)), lines))
    }

    /// Writes a fact.
    pub(crate) fn append(&mut self, line: &Line) -> io::Result<()> {
        let Some(file) = &mut self.0 else {
            return Ok(());
        };
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        file.write_all(&bytes)
    }
}
