//! What a watcher remembers between two polls: which commits it has reported. Stored beside git's
//! own files, so that it is not part of the tree.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use kit::atomic;

/// Name and version of the state's form.
const SCHEMA: &str = "gateproof.watch/1";
/// So many hand-offs are remembered.
const RUNS: usize = 1000;

/// Why the state cannot be read or written.
#[derive(Debug, Error)]
pub enum WatchStateError {
    /// The file cannot be read or written.
    #[error("the watcher's state `{path}`: {source}")]
    File { path: PathBuf, source: io::Error },
    /// The file is something else.
    #[error(
        "`{path}` is not the state of a watcher: {why}; remove it to begin anew from the upstream's tip"
    )]
    Syntax { path: PathBuf, why: String },
    /// Another watcher uses it.
    #[error(
        "another `gateproof watch` uses the state `{path}`; end it, or give this one its own with `--state FILE`"
    )]
    Busy { path: PathBuf },
}

/// What a watcher remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchState {
    pub(super) schema: String,
    /// The remote and branch that are followed: `origin/main`.
    pub follows: String,
    /// Everything up to this commit was reported.
    pub tip: Option<String>,
    /// Commits beyond the tip that were reported already: a watcher that is stopped in the middle
    /// reports none of them twice.
    // The key of the file that earlier versions have written.
    #[serde(rename = "told")]
    pub reported: Vec<String>,
    /// Gates of runs that were handed off, the newest last.
    pub runs: Vec<String>,
    /// Messages that were reported: path and object.
    pub messages: BTreeMap<String, String>,
}

impl WatchState {
    /// Reads the state; a file that is not there is an empty state.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub fn read(path: &Path) -> Result<WatchState, WatchStateError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(WatchState::default());
            }
            Err(source) => return Err(file(path, source)),
        };
        let syntax = |why: String| WatchStateError::Syntax {
            path: path.to_owned(),
            why,
        };
        let state: WatchState = serde_json::from_slice(&text).map_err(|e| syntax(e.to_string()))?;
        match state.schema.as_str() {
            SCHEMA => Ok(state),
            other => Err(syntax(format!("its schema is `{other}`"))),
        }
    }

    /// Writes the state, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written; what was there before is still there.
    pub fn write(&self, path: &Path) -> Result<(), WatchStateError> {
        let state = WatchState {
            schema: SCHEMA.to_owned(),
            ..self.clone()
        };
        let json = serde_json::to_vec_pretty(&state).map_err(|error| file(path, error.into()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path
            .file_name()
            .map_or_else(|| "watch".into(), |name| name.to_string_lossy());
        std::fs::create_dir_all(folder)
            .and_then(|()| atomic::stage(folder, &name, &json))
            .and_then(|staged| staged.persist(path).map_err(|error| error.error))
            .map(drop)
            .map_err(|source| file(path, source))
    }

    /// Remembers what was handed off.
    pub(super) fn remember(&mut self, key: &str) {
        if self.runs.iter().any(|known| known == key) {
            return;
        }
        self.runs.push(key.to_owned());
        let old = self.runs.len().saturating_sub(RUNS);
        self.runs.drain(..old);
    }
}

fn file(path: &Path, source: io::Error) -> WatchStateError {
    WatchStateError::File {
        path: path.to_owned(),
        source,
    }
}

/// Held while a watcher uses a state; released when it ends, however it ends.
#[derive(Debug)]
pub struct WatchLock {
    _file: File,
}

impl WatchLock {
    /// Takes the state at `path` for this watcher.
    ///
    /// # Errors
    /// [`WatchStateError::Busy`] when another one has it.
    pub fn take(path: &Path) -> Result<WatchLock, WatchStateError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        if let Some(folder) = lock.parent() {
            std::fs::create_dir_all(folder).map_err(|source| file(&lock, source))?;
        }
        let handle = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(|source| file(&lock, source))?;
        match handle.try_lock() {
            Ok(()) => Ok(WatchLock { _file: handle }),
            Err(TryLockError::WouldBlock) => Err(WatchStateError::Busy {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(file(&lock, source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_nothing_is_an_empty_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("git/gateproof/watch.json");
        assert_eq!(WatchState::read(&path).unwrap(), WatchState::default());
        let mut state = WatchState {
            follows: "origin/main".to_owned(),
            tip: Some("ab".to_owned()),
            ..WatchState::default()
        };
        state.remember("r1");
        state.remember("r1");
        state.write(&path).unwrap();
        let read = WatchState::read(&path).unwrap();
        assert_eq!((read.tip, read.runs), (state.tip, vec!["r1".to_owned()]));
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[test]
    fn a_foreign_file_is_refused_and_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.json");
        for text in [
            "{",
            "[]",
            "{\"schema\":\"x\",\"follows\":\"\",\"tip\":null,\"told\":[],\"runs\":[],\"messages\":{}}",
        ] {
            std::fs::write(&path, text).unwrap();
            let error = WatchState::read(&path).unwrap_err();
            assert!(matches!(error, WatchStateError::Syntax { .. }), "{error}");
            assert!(error.to_string().contains("remove it"));
        }
    }

    #[test]
    fn two_watchers_never_share_a_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.json");
        let first = WatchLock::take(&path).unwrap();
        let error = WatchLock::take(&path).unwrap_err();
        assert!(matches!(error, WatchStateError::Busy { .. }), "{error}");
        drop(first);
        WatchLock::take(&path).unwrap();
    }

    #[test]
    fn only_so_many_runs_are_remembered_and_the_newest_are_kept() {
        let mut state = WatchState::default();
        for n in 0..RUNS + 5 {
            state.remember(&n.to_string());
        }
        assert_eq!(state.runs.len(), RUNS);
        assert_eq!(state.runs.last().unwrap(), &(RUNS + 4).to_string());
    }
}
