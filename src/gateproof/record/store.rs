//! Records as files: `<runs>/<run id>.json`, written whole or not at all, each following those
//! before it, and signed when its writer signs.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::RecordError;
use super::files::{heads_of, parse};
use super::folder::{clear_litter, is_file_name, lock, place};
use super::model::{RecordLink, RunRecord};
use super::seal;
use super::sign::Signer;
use kit::inside::Inside;
use kit::redact::Redacted;

/// How often a signature may be overtaken by another writer before the others have to wait.
const OVERTAKEN: usize = 3;

/// Writes the record, unsigned, into a folder that the caller trusts; see [`write_signed`].
///
/// # Errors
/// As [`write_signed`].
pub fn write(record: &RunRecord, runs_dir: &Path) -> Result<PathBuf, RecordError> {
    write_signed(record, &Inside::top(runs_dir), None)
}

/// Writes the record to `<runs>/<run_id>.json` and returns that path. The folder is made
/// when it is missing. The file appears whole or not at all, and an existing one is never
/// overwritten. What the record follows is found here, while no other writer of this machine
/// adds to the folder; what `record.follows` says does not matter.
///
/// With a signer, `<run_id>.json.sig` appears after the record and never without it: killed in
/// between, the record is whole and unsigned.
///
/// What is known to be secret by now is not written.
///
/// # Errors
/// See [`RecordError`]; after each of them the folder is as it was.
pub fn write_signed(
    record: &RunRecord,
    runs: &Inside,
    signer: Option<&Signer>,
) -> Result<PathBuf, RecordError> {
    if !is_file_name(&record.run_id) {
        return Err(RecordError::RunId {
            run_id: record.run_id.clone(),
        });
    }
    runs.check()?;
    let runs_dir = runs.path();
    let runs_dir = runs_dir.as_path();
    let path = runs_dir.join(format!("{}.json", record.run_id));
    fs::create_dir_all(runs_dir).map_err(|source| RecordError::Folder {
        path: runs_dir.to_owned(),
        source,
    })?;
    let record =
        crate::secrets::redactor()
            .clean(record)
            .map_err(|source| RecordError::Redact {
                run_id: record.run_id.clone(),
                source,
            })?;
    let mut overtaken = 0;
    loop {
        // A signature may wait for a person's touch, and the other writers should not. So what
        // was signed is only put there if nothing was written meanwhile.
        let early = if signer.is_none() || overtaken == OVERTAKEN {
            Some(lock(runs_dir)?)
        } else {
            None
        };
        let follows = heads_of(runs_dir)?;
        let bytes = bytes_of(&record, follows.clone())?;
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
        if alone || heads_of(runs_dir)? == follows {
            clear_litter(runs_dir);
            place(&path, runs_dir, &bytes, signature.as_deref())?;
            return Ok(path);
        }
        overtaken += 1;
    }
}

fn bytes_of(
    record: &Redacted<RunRecord>,
    follows: Vec<RecordLink>,
) -> Result<Vec<u8>, RecordError> {
    let record = RunRecord {
        follows,
        ..RunRecord::clone(record)
    };
    let mut json = serde_json::to_vec_pretty(&record).map_err(|source| RecordError::Serialise {
        run_id: record.run_id.clone(),
        source,
    })?;
    json.push(b'\n');
    Ok(seal::seal(&json))
}

/// Reads a record. Fields that this version does not know are ignored.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::Syntax`], and [`RecordError::Schema`] for every schema
/// but [`SCHEMA`](super::SCHEMA).
pub fn read(path: &Path) -> Result<RunRecord, RecordError> {
    let bytes = fs::read(path).map_err(|source| RecordError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &bytes)
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
