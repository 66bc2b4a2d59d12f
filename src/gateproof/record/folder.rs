//! The folder of records and attestations: names, the lock of its writers, and how a file is put
//! into it together with its signature.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::RecordError;
use kit::atomic;

/// How long to wait for other writers of the folder.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(10);
/// What a signature's file name ends in, after the record's.
pub const SIGNATURE: &str = ".sig";

pub(super) fn is_file_name(run_id: &str) -> bool {
    !run_id.is_empty()
        && run_id.len() <= 128
        && !run_id.starts_with('.')
        && run_id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Where the signature of a record's file belongs.
pub(crate) fn signature_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SIGNATURE);
    PathBuf::from(name)
}

/// Puts the record there, then its signature; or neither of them.
pub(super) fn place(
    path: &Path,
    folder: &Path,
    bytes: &[u8],
    signature: Option<&[u8]>,
) -> Result<(), RecordError> {
    let beside = signature_of(path);
    // Both are on the disk before either is seen.
    let record = stage(folder, path, bytes)?;
    let signature = signature
        .map(|signature| stage(folder, &beside, signature))
        .transpose()?;
    let persist = |staged: tempfile::NamedTempFile, to: &Path| match staged.persist_noclobber(to) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(RecordError::Exists {
                path: to.to_owned(),
            })
        }
        Err(error) => Err(failed(to, error.error)),
    };
    persist(record, path)?;
    if let Some(signature) = signature {
        // What was asked for is a signed record; an unsigned one was not.
        persist(signature, &beside).inspect_err(|_| {
            let _ = fs::remove_file(path);
        })?;
    }
    atomic::sync_folder(folder)
        .inspect_err(|_| {
            let _ = fs::remove_file(&beside);
            let _ = fs::remove_file(path);
        })
        .map_err(|error| failed(path, error))
}

fn stage(folder: &Path, path: &Path, bytes: &[u8]) -> Result<tempfile::NamedTempFile, RecordError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    atomic::stage(folder, &name, bytes).map_err(|error| failed(path, error))
}

fn failed(path: &Path, source: io::Error) -> RecordError {
    RecordError::Write {
        path: path.to_owned(),
        source,
    }
}

/// The lock of the folder's writers, on the folder itself, so that nothing stands beside the
/// records. It ends with the file that is returned.
pub(super) fn lock(folder: &Path) -> Result<File, RecordError> {
    let cannot = |source| RecordError::Lock {
        path: folder.to_owned(),
        source,
    };
    let file = File::open(folder).map_err(cannot)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(RecordError::Busy {
                    path: folder.to_owned(),
                    seconds: PATIENCE.as_secs(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(cannot(source)),
        }
    }
}

/// Removes what killed writers have left. Only the holder of the lock has temporary files.
pub(super) fn clear_litter(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(atomic::SUFFIX) {
            // A failure leaves litter and harms nothing.
            let _ = fs::remove_file(entry.path());
        }
    }
}
