//! The folder of alerts: who reads it finds whole files, the unseen ones beside `seen/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use super::error::AlertError;
use crate::state::layout::Layout;
use kit::atomic;

/// One alert as it lies in the folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filed {
    pub file: String,
    /// Whether it is in `seen/`.
    pub seen: bool,
    pub content: Content,
}

/// What a file in the folder holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// An alert, ours or the reference's.
    Alert(Map<String, Value>),
    /// Not a JSON object, and why.
    Damaged(String),
}

impl Filed {
    /// A field of text.
    pub fn text(&self, field: &str) -> Option<&str> {
        match &self.content {
            Content::Alert(fields) => fields.get(field)?.as_str(),
            Content::Damaged(_) => None,
        }
    }
}

/// Moves an alert to `seen/`, where it never replaces one.
pub(super) fn archive(layout: &Layout, file: &str) -> Result<PathBuf, AlertError> {
    let folder = layout.seen_alerts();
    let failed = |what, path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| AlertError::File { what, path, source }
    };
    fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
    let (from, to) = (layout.alerts().join(file), folder.join(file));
    match rename_new(&from, &to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(AlertError::SeenBefore(file.to_owned()));
        }
        other => other.map_err(failed("archive", &from))?,
    }
    atomic::sync_folder(&folder)
        .and_then(|()| atomic::sync_folder(&layout.alerts()))
        .map_err(failed("sync", &folder))?;
    Ok(to)
}

fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

/// The alerts in a folder, by name and so by time; none when there is no folder.
pub(super) fn read_folder(folder: &Path, seen: bool) -> Result<Vec<Filed>, AlertError> {
    let failed = |source| AlertError::File {
        what: "read the folder",
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let file = entry.file_name().to_string_lossy().into_owned();
        if file.starts_with('.') || !file.ends_with(".json") {
            continue;
        }
        let content = match fs::read(entry.path()) {
            // Somebody archived or removed it in between.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => Content::Damaged(error.to_string()),
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_or_else(|error| Content::Damaged(error.to_string()), Content::Alert),
        };
        all.push(Filed {
            file,
            seen,
            content,
        });
    }
    all.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(all)
}
