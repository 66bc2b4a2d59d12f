//! One run per app at a time.
//!
//! The lock is `flock` on a file that stays: the kernel releases it when its owner dies,
//! however that happens, so there is no stale lock to break. Who owns it stands in a second
//! file, for people to read; the lock itself never depends on what that says.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::state::file;
use crate::state::layout::AppPaths;
use crate::state::owner::Owner;

/// Who holds the lock of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockOwner {
    pub process: Owner,
    pub run_id: String,
    /// Since when, UTC.
    pub since: DateTime<Utc>,
    /// What it does: `run`, `rollback`, `hold`.
    pub what: String,
}

/// Why there is no lock.
#[derive(Debug, Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("app `{app}` is busy: {}", said(owner.as_deref()))]
    Busy {
        app: String,
        /// Who, unless it has not said so yet.
        owner: Option<Box<LockOwner>>,
    },
    /// The lock file cannot be opened or locked.
    #[error("cannot lock `{path}`: {source}")]
    File { path: PathBuf, source: io::Error },
}

/// The lock of an app, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    // Only held; its closing releases the lock.
    _file: File,
    record: PathBuf,
}

impl Lock {
    /// Takes the lock, or says who has it. It never waits.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn acquire(
        paths: &AppPaths,
        run_id: &str,
        what: &str,
        now: DateTime<Utc>,
    ) -> Result<Lock, LockError> {
        let path = paths.lock();
        let failed = |source| LockError::File {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(paths.layout().locks()).map_err(failed)?;
        let file = loop {
            let file = open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Busy {
                        app: paths.app().to_owned(),
                        owner: Lock::owner(paths).map(Box::new),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            // Somebody may have removed the file in between: then this lock guards nothing.
            if is_still(&file, &path) {
                break file;
            }
        };
        let owner = LockOwner {
            process: Owner::me().map_err(failed)?,
            run_id: run_id.to_owned(),
            since: now,
            what: what.to_owned(),
        };
        let record = paths.lock_owner();
        // No record survives a restart of the machine with a meaning: its process is gone.
        let text = serde_json::to_vec(&owner).map_err(|error| failed(error.into()))?;
        if file::write_unsynced(&record, &text).is_err() {
            // A full disk must not keep a run from being brought to its end. A record of somebody
            // before us would be wrong.
            let _ = fs::remove_file(&record);
        }
        Ok(Lock {
            _file: file,
            record,
        })
    }

    /// Who holds the lock of an app, as far as that can be read: `None` when nobody does, or
    /// when the record is of a process that is gone.
    pub fn owner(paths: &AppPaths) -> Option<LockOwner> {
        let owner: LockOwner = file::read_json(&paths.lock_owner()).ok()??;
        owner.process.is_alive().then_some(owner)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock goes with the file. A record that stays names a dead process.
        let _ = fs::remove_file(&self.record);
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        // A link would lock, and let a run make, a file somewhere else.
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

fn is_still(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(named)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    held.ino() == named.ino() && held.dev() == named.dev()
}

fn said(owner: Option<&LockOwner>) -> String {
    owner.map_or_else(
        || "its owner has not written who it is".to_owned(),
        ToString::to_string,
    )
}

impl fmt::Display for LockOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "process {} does `{}` in run {} since {}",
            self.process.pid,
            self.what,
            self.run_id,
            self.since.format("%Y-%m-%d %H:%M:%S UTC")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::layout::Layout;
    use std::time::{Duration, Instant};
    use test_kit::children;

    fn paths(root: &Path) -> AppPaths {
        Layout::new(root)
            .unwrap()
            .app("traefik", "traefik")
            .unwrap()
    }

    fn acquire(paths: &AppPaths) -> Result<Lock, LockError> {
        Lock::acquire(paths, "run-1", "run", Utc::now())
    }

    #[test]
    fn a_second_run_is_told_who_runs() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        let first = acquire(&paths).unwrap();
        let error = acquire(&paths).unwrap_err().to_string();
        let pid = std::process::id();
        assert!(
            error.contains(&format!("process {pid} does `run` in run run-1")),
            "{error}"
        );
        let other = Layout::new(root.path())
            .unwrap()
            .app("keycloak", "keycloak")
            .unwrap();
        acquire(&other).unwrap();
        drop(first);
        assert_eq!(Lock::owner(&paths), None);
        acquire(&paths).unwrap();
    }

    #[test]
    fn a_removed_lock_file_does_not_let_two_in() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        let file = open(&{
            fs::create_dir_all(paths.layout().locks()).unwrap();
            paths.lock()
        })
        .unwrap();
        file.lock().unwrap();
        fs::remove_file(paths.lock()).unwrap();
        assert!(!is_still(&file, &paths.lock()));
        acquire(&paths).unwrap();
    }

    #[test]
    #[ignore = "only as the child of `a_killed_owner_leaves_no_lock`"]
    fn child_that_holds_the_lock() {
        let Some(root) = children::child_folder() else {
            return;
        };
        let _lock = acquire(&paths(&root)).unwrap();
        std::thread::sleep(Duration::from_secs(60));
    }

    #[test]
    fn a_killed_owner_leaves_no_lock() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        let child = children::child("state::lock::tests::child_that_holds_the_lock", root.path());
        let end = Instant::now() + Duration::from_secs(20);
        while Lock::owner(&paths).is_none() {
            assert!(Instant::now() < end, "the child never took the lock");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(matches!(
            acquire(&paths),
            Err(LockError::Busy { owner: Some(_), .. })
        ));
        child.kill();
        // The record is still there, and is of a dead process.
        assert!(paths.lock_owner().exists());
        assert_eq!(Lock::owner(&paths), None);
        acquire(&paths).unwrap();
    }
}
