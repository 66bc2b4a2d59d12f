//! Records as files: `<runs>/<run id>.json`, written whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::atomic;
use super::model::{RunRecord, SCHEMA};

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

/// The name of a run: UTC start to the second and 32 random bits, `20261121T174530Z-1f3a9c2e`.
/// Names sort by time.
pub fn run_id(started: DateTime<Utc>, random: u32) -> String {
    format!("{}-{random:08x}", started.format("%Y%m%dT%H%M%SZ"))
}

/// Writes the record to `<runs_dir>/<run_id>.json` and returns that path. The folder is made
/// when it is missing. The file appears whole or not at all, and an existing one is never
/// overwritten.
///
/// The record must have been redacted before ([`super::Redactor::record`]).
///
/// # Errors
/// See [`RecordError`]; after each of them the folder is as it was.
pub fn write(record: &RunRecord, runs_dir: &Path) -> Result<PathBuf, RecordError> {
    if !is_file_name(&record.run_id) {
        return Err(RecordError::RunId {
            run_id: record.run_id.clone(),
        });
    }
    let path = runs_dir.join(format!("{}.json", record.run_id));
    let mut json = serde_json::to_vec_pretty(record).map_err(|source| RecordError::Serialise {
        run_id: record.run_id.clone(),
        source,
    })?;
    json.push(b'\n');
    fs::create_dir_all(runs_dir).map_err(|source| RecordError::Folder {
        path: runs_dir.to_owned(),
        source,
    })?;
    let failed = |source| RecordError::Write {
        path: path.clone(),
        source,
    };
    let staged = atomic::stage(runs_dir, &record.run_id, &json).map_err(failed)?;
    staged
        .persist_noclobber(&path)
        .map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => RecordError::Exists { path: path.clone() },
            _ => failed(error.error),
        })?;
    atomic::sync_folder(runs_dir).map_err(failed)?;
    Ok(path)
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
    let syntax = |source| RecordError::Syntax {
        path: path.to_owned(),
        source,
    };
    // The schema is asked first: another schema's shape would only give a misleading error.
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(syntax)?;
    let found = value.get("schema").and_then(|schema| schema.as_str());
    if found != Some(SCHEMA) {
        return Err(RecordError::Schema {
            path: path.to_owned(),
            found: found.unwrap_or("(none)").to_owned(),
        });
    }
    serde_json::from_value(value).map_err(syntax)
}

fn is_file_name(run_id: &str) -> bool {
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
    use chrono::TimeZone;

    fn sample() -> RunRecord {
        crate::report::sample::record()
    }

    #[test]
    fn a_run_id_tells_the_start_and_sorts_by_it() {
        let started = Utc.with_ymd_and_hms(2026, 11, 21, 17, 45, 30).unwrap();
        assert_eq!(run_id(started, 0x1f3a_9c2e), "20261121T174530Z-1f3a9c2e");
        assert_eq!(run_id(started, 7), "20261121T174530Z-00000007");
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
