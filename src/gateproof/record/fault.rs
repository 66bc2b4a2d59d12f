//! What can be wrong with the files of a phase.

use std::path::PathBuf;

use thiserror::Error;

/// Something that is wrong with a file of a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFault {
    /// The file; of a missing one, where it should be.
    pub path: PathBuf,
    /// The run whose link shows it, where it is a link that does.
    pub by: Option<String>,
    /// What is wrong.
    pub kind: RecordFaultKind,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordFaultKind {
    /// It cannot be read.
    #[error("it cannot be read: {why}")]
    Unreadable {
        /// The system's words.
        why: String,
    },
    /// It is no record, or none of this schema.
    #[error("it is no run record: {why}")]
    NotARecord {
        /// Where and why.
        why: String,
    },
    /// It is not what was sealed.
    #[error("it was changed after it was written: its seal does not fit")]
    SealBroken,
    /// It has no seal.
    #[error("it has no seal: something else wrote it, or took the seal away")]
    Unsealed,
    /// Its name is not that of its run.
    #[error("it is the record of run {run_id}, under another name")]
    Renamed {
        /// What the record says.
        run_id: String,
    },
    /// A record that follows it names it, and it is not there.
    #[error("it is missing")]
    Missing {
        /// The digest that it had.
        sha256: String,
    },
    /// As [`RecordFaultKind::Missing`], and the same bytes stand under another name.
    #[error("it was renamed to {to}")]
    Moved {
        /// That name.
        to: String,
    },
    /// A record that follows it names another digest.
    #[error("it was changed after another record followed it")]
    Changed {
        /// The digest that it had.
        expected: String,
        /// The digest that it has.
        found: String,
    },
    /// It follows itself, over others or at once.
    #[error("it follows itself")]
    Cycle,
    /// A signature, and no record to it.
    #[error("it is the signature of a record that is not there")]
    NoRecord,
}

impl std::fmt::Display for RecordFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        write!(f, "{}: {}", name.to_string_lossy(), self.kind)?;
        match &self.by {
            Some(by) => write!(f, ", as run {by} follows it"),
            None => Ok(()),
        }
    }
}
