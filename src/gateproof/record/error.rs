//! Why a record or an attestation could not be written or read.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::model::SCHEMA;
use super::sign::SignError;

/// Why a record could not be written or read.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The folder of the records cannot be made.
    #[error("cannot make the folder for run records `{path}`: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The record cannot be written. Nothing was left behind.
    #[error("cannot write the run record `{path}`: {source}; no part of it was left behind")]
    Write {
        /// The file that was to be.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// There is a record of that run already; records are never overwritten.
    #[error("there is already a run record `{path}`, and records are never overwritten")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The run id is no file name.
    #[error(
        "`{run_id}` cannot name a run record: only letters, digits, `-`, `_` and inner dots can"
    )]
    RunId {
        /// The id.
        run_id: String,
    },
    /// The folder cannot be locked.
    #[error("cannot lock the folder of run records `{path}`: {source}")]
    Lock {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Somebody else writes there and does not end.
    #[error(
        "another gateproof has been writing into `{path}` for {seconds} s; the record was not written"
    )]
    Busy {
        /// The folder.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// It was to be signed, and could not be. Nothing was left behind.
    #[error(
        "the run record `{path}` was to be signed, and is not written without its signature: {source}"
    )]
    Sign {
        /// The file that was to be.
        path: PathBuf,
        /// Why.
        source: SignError,
    },
    /// The record has no JSON form.
    #[error("the record of run `{run_id}` cannot be written as JSON: {source}")]
    Serialise {
        /// The run.
        run_id: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The file cannot be read.
    #[error("cannot read the run record `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file is not JSON, or not a record.
    #[error("`{path}` is not a run record: {source}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The file is something else, or written by a gateproof that this one does not know.
    #[error(
        "`{path}` has the schema `{found}`; this gateproof reads `{SCHEMA}`: read it with the gateproof that wrote it"
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// What its `schema` says, or `(none)`.
        found: String,
    },
}
