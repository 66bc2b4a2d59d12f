//! Why a record or an attestation could not be written or read.

use std::io;
use std::path::PathBuf;

use kit::inside::NotInside;
use thiserror::Error;

use super::model::SCHEMA;
use super::sign::SignError;

/// Why a record could not be written or read.
#[derive(Debug, Error)]
pub enum RecordError {
    #[error("the run record would land somewhere else: {0}")]
    Outside(#[from] NotInside),
    #[error("cannot make the folder for run records `{path}`: {source}")]
    Folder { path: PathBuf, source: io::Error },
    #[error("cannot write the run record `{path}`: {source}; no part of it was left behind")]
    Write {
        /// The file that was to be.
        path: PathBuf,
        source: io::Error,
    },
    #[error("there is already a run record `{path}`, and records are never overwritten")]
    Exists { path: PathBuf },
    #[error(
        "`{run_id}` cannot name a run record: only letters, digits, `-`, `_` and inner dots can"
    )]
    RunId { run_id: String },
    #[error("cannot lock the folder of run records `{path}`: {source}")]
    Lock { path: PathBuf, source: io::Error },
    #[error(
        "another gateproof has been writing into `{path}` for {seconds} s; the record was not written"
    )]
    Busy { path: PathBuf, seconds: u64 },
    #[error(
        "the run record `{path}` was to be signed, and is not written without its signature: {source}"
    )]
    Sign {
        /// The file that was to be.
        path: PathBuf,
        source: SignError,
    },
    #[error(
        "the record of run `{run_id}` is not written, because its secrets cannot be taken out: {source}"
    )]
    Redact {
        run_id: String,
        source: kit::redact::RedactError,
    },
    #[error("the record of run `{run_id}` cannot be written as JSON: {source}")]
    Serialise {
        run_id: String,
        source: serde_json::Error,
    },
    #[error("cannot read the run record `{path}`: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` is not a run record: {source}")]
    Syntax {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error(
        "`{path}` has the schema `{found}`; this gateproof reads `{SCHEMA}`: read it with the gateproof that wrote it"
    )]
    Schema {
        path: PathBuf,
        /// What its `schema` says, or `(none)`.
        found: String,
    },
}
