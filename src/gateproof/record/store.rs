//! Records as files: `<runs>/<run id>.json`, written whole or not at all, each following those
//! before it, and signed when its writer signs.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::model::{RecordLink, RunRecord, SCHEMA};
use super::sign::{SignError, Signer};
use kit::atomic;

use super::{chain, seal};

/// How long to wait for other writers of the folder.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(10);
/// How often a signature may be overtaken by another writer before the others have to wait.
const OVERTAKEN: usize = 3;

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

/// Writes the record, unsigned; see [`write_signed`].
///
/// # Errors
/// As [`write_signed`].
pub fn write(record: &RunRecord, runs_dir: &Path) -> Result<PathBuf, RecordError> {
    write_signed(record, runs_dir, None)
}

/// Writes the record to `<runs_dir>/<run_id>.json` and returns that path. The folder is made
/// when it is missing. The file appears whole or not at all, and an existing one is never
/// overwritten. What the record follows is found here, while no other writer of this machine
/// adds to the folder; what `record.follows` says does not matter.
///
/// With a signer, `<run_id>.json.sig` appears after the record and never without it: killed in
/// between, the record is whole and unsigned.
///
/// The record must have been redacted before ([`super::Redactor::record`]).
///
/// # Errors
/// See [`RecordError`]; after each of them the folder is as it was.
pub fn write_signed(
    record: &RunRecord,
    runs_dir: &Path,
    signer: Option<&Signer>,
) -> Result<PathBuf, RecordError> {
    if !is_file_name(&record.run_id) {
        return Err(RecordError::RunId {
            run_id: record.run_id.clone(),
        });
    }
    let path = runs_dir.join(format!("{}.json", record.run_id));
    fs::create_dir_all(runs_dir).map_err(|source| RecordError::Folder {
        path: runs_dir.to_owned(),
        source,
    })?;
    let mut overtaken = 0;
    loop {
        // A signature may wait for a person's touch, and the other writers should not. So what
        // was signed is only put there if nothing was written meanwhile.
        let early = match signer.is_none() || overtaken == OVERTAKEN {
            true => Some(lock(runs_dir)?),
            false => None,
        };
        let follows = chain::heads_of(runs_dir)?;
        let bytes = bytes_of(record, follows.clone())?;
        let sign = |signer: &Signer| signer.sign(&bytes);
        let signature = signer
            .map(sign)
            .transpose()
            .map_err(|source| RecordError::Sign {
                path: path.clone(),
                source,
            })?;
        let alone = early.is_some();
        let _lock = early.map_or_else(|| lock(runs_dir), Ok)?;
        if alone || chain::heads_of(runs_dir)? == follows {
            clear_litter(runs_dir);
            place(&path, runs_dir, &bytes, signature.as_deref())?;
            return Ok(path);
        }
        overtaken += 1;
    }
}

fn bytes_of(record: &RunRecord, follows: Vec<RecordLink>) -> Result<Vec<u8>, RecordError> {
    let record = RunRecord {
        follows,
        ..record.clone()
    };
    let mut json = serde_json::to_vec_pretty(&record).map_err(|source| RecordError::Serialise {
        run_id: record.run_id.clone(),
        source,
    })?;
    json.push(b'\n');
    Ok(seal::seal(&json))
}

/// Puts the record there, then its signature; or neither of them.
pub(super) fn place(
    path: &Path,
    folder: &Path,
    bytes: &[u8],
    signature: Option<&[u8]>,
) -> Result<(), RecordError> {
    let beside = chain::signature_of(path);
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

/// Removes what killed writers left. Only the holder of the lock has temporary files.
fn clear_litter(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(atomic::SUFFIX) {
            // A failure leaves litter and harms nothing.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Reads a record. Fields that this version does not know are ignored.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::Syntax`], and [`RecordError::Schema`] for every schema
/// but [`SCHEMA`].
pub fn read(path: &Path) -> Result<RunRecord, RecordError> {
    let bytes = fs::read(path).map_err(|source| RecordError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &bytes)
}

/// Reads the bytes of a record.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<RunRecord, RecordError> {
    let syntax = |source| RecordError::Syntax {
        path: path.to_owned(),
        source,
    };
    // The schema is asked first: another schema's shape would only give a misleading error.
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(syntax)?;
    let found = value.get("schema").and_then(|schema| schema.as_str());
    if found != Some(SCHEMA) {
        return Err(RecordError::Schema {
            path: path.to_owned(),
            found: found.unwrap_or("(none)").to_owned(),
        });
    }
    serde_json::from_value(value).map_err(syntax)
}

pub(super) fn is_file_name(run_id: &str) -> bool {
    !run_id.is_empty()
        && run_id.len() <= 128
        && !run_id.starts_with('.')
        && run_id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> RunRecord {
        crate::report::sample::record()
    }

    #[test]
    fn a_written_record_reads_back_equal_and_its_folder_holds_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("reports/runs");
        let path = write(&sample(), &runs).unwrap();
        assert_eq!(path, runs.join("20261121T174530Z-1f3a9c2e.json"));
        assert_eq!(read(&path).unwrap(), sample());
        assert_eq!(fs::read_dir(&runs).unwrap().count(), 1);
        assert!(fs::read_to_string(&path).unwrap().ends_with("}\n"));
    }

    #[test]
    fn a_record_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(&sample(), folder.path()).unwrap();
        let mut other = sample();
        other.who = "somebody else".to_owned();
        let error = write(&other, folder.path()).unwrap_err();
        assert!(matches!(error, RecordError::Exists { .. }), "{error}");
        assert_eq!(read(&path).unwrap(), sample());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn unknown_fields_are_ignored_and_another_schema_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.json");
        let mut value = serde_json::to_value(sample()).unwrap();
        value["signature"] = "of a later version".into();
        value["checks"][0]["mood"] = 3.into();
        fs::write(&path, value.to_string()).unwrap();
        assert_eq!(read(&path).unwrap(), sample());

        value["schema"] = "gateproof.run/2".into();
        value["checks"] = "in another shape".into();
        fs::write(&path, value.to_string()).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(&error, RecordError::Schema { found, .. } if found == "gateproof.run/2"));
        fs::write(&path, "{}").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("(none)"));
        fs::write(&path, "{\"schema\": ").unwrap();
        assert!(matches!(
            read(&path).unwrap_err(),
            RecordError::Syntax { .. }
        ));
    }

    #[test]
    fn a_run_id_that_leaves_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for id in ["../x", "a/b", "", ".hidden", "a\nb"] {
            let mut record = sample();
            record.run_id = id.to_owned();
            let error = write(&record, folder.path()).unwrap_err();
            assert!(matches!(error, RecordError::RunId { .. }), "{id}: {error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_is_a_typed_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = write(&sample(), &file.join("runs")).unwrap_err();
        assert!(matches!(error, RecordError::Folder { .. }), "{error}");
    }
}
