//! The files of a phase's folder as they are, each by itself.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::RecordError;
use super::fault::RecordFaultKind;
use super::model::{RecordLink, RunRecord, SCHEMA};
use super::seal::{self, Seal};
use kit::digest;

/// A file of a phase's folder.
pub(super) struct RecordFile {
    pub(super) path: PathBuf,
    /// The name without `.json`.
    pub(super) stem: String,
    pub(super) content: Result<Content, RecordFaultKind>,
}

pub(super) struct Content {
    pub(super) sha256: String,
    pub(super) seal: Seal,
    pub(super) record: Result<Box<RunRecord>, String>,
}

impl RecordFile {
    pub(super) fn link(&self) -> Option<RecordLink> {
        self.content.as_ref().ok().map(|content| RecordLink {
            run_id: self.stem.clone(),
            sha256: content.sha256.clone(),
        })
    }

    pub(super) fn record(&self) -> Option<&RunRecord> {
        self.content.as_ref().ok()?.record.as_deref().ok()
    }
}

/// The links that the next record of a folder has to carry.
pub(super) fn heads_of(folder: &Path) -> Result<Vec<RecordLink>, RecordError> {
    Ok(heads(&scan(folder)?.0))
}

/// All files of records by name, and all signatures. A name that begins with a dot is a temporary
/// file of a writer; a file with another ending is not ours.
pub(super) fn scan(folder: &Path) -> Result<(Vec<RecordFile>, Vec<PathBuf>), RecordError> {
    let failed = |source| RecordError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => return Err(failed(error)),
    };
    let (mut files, mut signatures) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if let Some(stem) = name.strip_suffix(".json").map(str::to_owned) {
            files.push(read_file(path, stem));
        } else if name.ends_with(".json.sig") {
            signatures.push(path);
        }
    }
    files.sort_by(|a, b| a.stem.cmp(&b.stem));
    signatures.sort();
    Ok((files, signatures))
}

fn read_file(path: PathBuf, stem: String) -> RecordFile {
    match fs::read(&path) {
        Ok(bytes) => file_of(path, stem, &bytes),
        Err(error) => RecordFile {
            path,
            stem,
            content: Err(RecordFaultKind::Unreadable {
                why: error.to_string(),
            }),
        },
    }
}

pub(super) fn file_of(path: PathBuf, stem: String, bytes: &[u8]) -> RecordFile {
    let content = Content {
        sha256: digest::sha256(bytes),
        seal: seal::look(bytes),
        record: parse(&path, bytes)
            .map(Box::new)
            .map_err(|error| error.to_string()),
    };
    RecordFile {
        path,
        stem,
        content: Ok(content),
    }
}

/// The files that no record follows, also those that cannot be understood, so that the next
/// record pins them down as they are.
pub(super) fn heads(files: &[RecordFile]) -> Vec<RecordLink> {
    let followed: BTreeSet<&str> = files
        .iter()
        .filter_map(RecordFile::record)
        .flat_map(|record| &record.follows)
        .map(|link| link.run_id.as_str())
        .collect();
    files
        .iter()
        .filter(|file| !followed.contains(file.stem.as_str()))
        .filter_map(RecordFile::link)
        .collect()
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
