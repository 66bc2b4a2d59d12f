//! Why the journal could not be read, begun or advanced.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::FORMAT;
use super::state::{Event, Refused, State};
use crate::state::file::StateError;

#[derive(Debug, Error)]
pub enum JournalError {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] StateError),
    /// The file is damaged. What state the run was in is not known, and not guessed.
    #[error(
        "the journal `{path}` is damaged ({why}), so it is not known how far the run had come; compare the app with its last-good by hand, then remove the file"
    )]
    Damaged {
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It was written by another version of this program.
    #[error(
        "the journal `{path}` has the format {found}; this program reads {FORMAT}: finish the run with the program that began it"
    )]
    Format { path: PathBuf, found: u32 },
    /// A run cannot begin while another one is unfinished.
    #[error("run {run_id} is unfinished in the state {state:?}: resume it first")]
    Unfinished { run_id: String, state: State },
    /// The plan is for another app than the paths.
    #[error("the plan is for app `{plan}` and the journal for `{paths}`")]
    OtherApp { plan: String, paths: String },
    /// The event makes no sense now.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Work was done without a try that was counted first.
    #[error("{event:?} in the state {state:?} without a try that was counted before it")]
    NotTried { state: State, event: Event },
    /// No try is left in this direction: give up, by `Failed`, `NoWayBack` or `RollbackFailed`.
    #[error("no try is left in the state {state:?}")]
    NoTriesLeft { state: State },
    /// The process cannot find out who it is.
    #[error("cannot read this process's own identity from /proc: {0}")]
    Owner(#[source] io::Error),
}
