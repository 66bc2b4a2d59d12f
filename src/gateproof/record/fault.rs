//! What can be wrong with the files of a phase.

use std::path::PathBuf;

use thiserror::Error;

/// Something that is wrong with a file of a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFault {
    /// The file, or the place where a missing one should be.
    pub path: PathBuf,
    /// The run whose link shows it, if a link does.
    pub by: Option<String>,
    pub kind: RecordFaultKind,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordFaultKind {
    #[error("it cannot be read: {why}")]
    Unreadable { why: String },
    #[error("it is not a run record: {why}")]
    NotARecord { why: String },
    #[error("it was changed after it was written: its seal does not fit")]
    SealBroken,
    #[error("it has no seal: something else wrote it, or took the seal away")]
    Unsealed,
    #[error("it is the record of run {run_id}, under another name")]
    Renamed { run_id: String },
    #[error("it is missing")]
    Missing {
        /// The digest that it had.
        sha256: String,
    },
    #[error("it was renamed to {to}")]
    Moved { to: String },
    #[error("it was changed after another record followed it")]
    Changed {
        /// The digest that it had.
        expected: String,
        /// The digest that it has.
        found: String,
    },
    #[error("it follows itself")]
    Cycle,
    #[error("it is the signature of a record that is not there")]
    NoRecord,
    #[error("it is gone, and commit {commit} had it")]
    Gone { commit: String },
    #[error("commit {commit} changed it")]
    Rewritten { commit: String },
}

impl RecordFault {
    /// The name of the file, without its folder.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

impl std::fmt::Display for RecordFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name(), self.kind)?;
        match &self.by {
            Some(by) => write!(f, ", as run {by} follows it"),
            None => Ok(()),
        }
    }
}
