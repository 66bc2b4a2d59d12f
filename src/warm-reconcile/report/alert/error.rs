//! Why an alert could not be raised, read or archived.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::report::log::LogError;

#[derive(Debug, Error)]
pub enum AlertError {
    /// The reason cannot be part of a file name.
    #[error("`{0}` is not a valid reason for an alert: use lower-case letters, digits and `-`")]
    Reason(String),
    /// Not the name of an alert in the folder.
    #[error("there is no unseen alert `{0}`")]
    Unknown(String),
    /// An alert of that name was archived before.
    #[error("`{0}` is in `seen/` already")]
    SeenBefore(String),
    #[error("no free name for an alert was found within an hour of {0}")]
    NoName(String),
    /// An alert that was raised again could not be counted.
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("cannot {what} `{path}`: {source}")]
    File {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}
