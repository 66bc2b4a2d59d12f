//! Small JSON files of state: whole or absent, and never guessed when they cannot be read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use kit::atomic;

/// Why a state file could not be read or written.
#[derive(Debug, Error)]
pub enum StateError {
    /// It is there and cannot be read.
    #[error("cannot read the state file `{path}`: {source}")]
    Read { path: PathBuf, source: io::Error },
    /// It is there and does not say what it should. Nothing is assumed in its place.
    #[error(
        "the state file `{path}` is damaged: {why}; look at it, then repair or remove it by hand"
    )]
    Damaged {
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It cannot be written; what was there before is still there.
    #[error("cannot write the state file `{path}`: {source}; it is as it was before")]
    Write { path: PathBuf, source: io::Error },
}

impl StateError {
    /// Whether it is for want of space.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, StateError::Write { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

/// The bytes of a file, `None` when there is none.
pub(crate) fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// A JSON file, `None` when there is none.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    let Some(bytes) = read_bytes(path)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| damaged(path, error.to_string()))
}

/// Replaces a file by these bytes: on the disk, with its folder, when this returns.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let write = || -> io::Result<()> {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let staged = atomic::stage(folder, &name.to_string_lossy(), bytes)?;
        staged.persist(path).map_err(|error| error.error)?;
        atomic::sync_folder(folder)
    };
    write().map_err(|source| StateError::Write {
        path: path.to_owned(),
        source,
    })
}

/// The same for a file that every run writes anew and that decides nothing: whole for every
/// reader, and lost or old after a power cut. A sync costs as much as a look at the engine.
pub(crate) fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let write = || -> io::Result<()> {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let staged = atomic::stage_unsynced(folder, &name.to_string_lossy(), bytes)?;
        staged.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| StateError::Write {
        path: path.to_owned(),
        source,
    })
}

/// The same as JSON.
pub(crate) fn write_json_unsynced<T: Serialize>(path: &Path, value: &T) -> Result<(), StateError> {
    write_unsynced(path, &json(path, value)?)
}

/// Replaces a JSON file.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), StateError> {
    write_bytes(path, &json(path, value)?)
}

fn json<T: Serialize>(path: &Path, value: &T) -> Result<Vec<u8>, StateError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| StateError::Write {
        path: path.to_owned(),
        source: error.into(),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Removes a file; that there is none is fine.
pub(crate) fn remove(path: &Path) -> Result<(), StateError> {
    let gone = match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other,
    };
    gone.and_then(|()| path.parent().map_or(Ok(()), atomic::sync_folder))
        .map_err(|source| StateError::Write {
            path: path.to_owned(),
            source,
        })
}

pub(crate) fn damaged(path: &Path, why: impl Into<String>) -> StateError {
    StateError::Damaged {
        path: path.to_owned(),
        why: why.into(),
    }
}

/// Removes what killed writers of this file left, under the lock that its writers hold.
pub(crate) fn sweep(path: &Path) {
    if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
        atomic::sweep(folder, &name.to_string_lossy());
    }
}
