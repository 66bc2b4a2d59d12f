//! Snapshots of an app's volumes: `snapshot/meta.json` and `snapshot/volumes/<volume>.tar`, as
//! in the reference, with a manifest beside each tar file that says what exactly it holds.
//!
//! - **Taking**: only while nothing uses the volumes (asked before and after), after the space
//!   was checked, into `snapshot.new/`; the tar files are read back and compared with the
//!   manifests before the folder is moved into place.
//! - **Keeping**: the snapshot that was there becomes `snapshot.previous/` and stays until
//!   [`Snapshots::prove`]. While there is a previous one, the current one is unproven, and a
//!   new one replaces only that: a retry never takes the last proven one away.
//! - **Setting aside**: what a restore by hand replaces goes to `snapshot.aside/` first, until the
//!   next one or the next proven snapshot.
//! - **Restoring**: the snapshot's own digests first, so that a damaged one never costs the data
//!   that is there; then everything in the volume goes and is made again, and is compared with
//!   the manifest at the end. It can be repeated after a crash at any point.
//!
//! What is kept of a file: content, holes, kind, mode, owner, modification time, extended
//! attributes with ACLs and capabilities, hard links. Not kept: access and change times, inode
//! flags (an immutable or append-only file makes [`Snapshots::take`] refuse).
//!
//! Everything here blocks; from async code it belongs into `spawn_blocking`. Whoever calls what
//! writes must hold the app's lock.

mod content;
mod files;
mod manifest;
mod pack;
mod report;
mod space;
mod store;
#[cfg(test)]
mod tests;
mod tree;
mod unpack;

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

use crate::Version;
use crate::state::file::StateError;

pub use content::Form;
pub use manifest::{Attributes, Entry, Node, RelPath};
pub use report::{Difference, Report};
pub use store::Snapshots;

/// A volume, and where its files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name in the engine.
    pub name: String,
    /// Its folder on this machine (`docker volume inspect -f '{{.Mountpoint}}'`).
    pub mountpoint: PathBuf,
}

/// Who uses a volume. Every container counts, running or not, of Swarm or not.
pub trait Users {
    /// The names of those who use it; empty when nobody does.
    ///
    /// # Errors
    /// When that cannot be found out: then nothing is touched.
    fn of(&self, volume: &str) -> Result<Vec<String>, String>;
}

impl<F: Fn(&str) -> Result<Vec<String>, String>> Users for F {
    fn of(&self, volume: &str) -> Result<Vec<String>, String> {
        self(volume)
    }
}

/// What is to be snapshotted, for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The run. Taking again in the same run gives the snapshot that was taken.
    pub run_id: &'a str,
    pub recipe: &'a str,
    pub domain: &'a str,
    /// The recipe's commit that ran until now.
    pub commit: &'a str,
    /// The version that ran until now.
    pub version: &'a Version,
    /// When, UTC.
    pub at: DateTime<Utc>,
    pub volumes: &'a [Volume],
}

/// `meta.json`: the first six fields are the reference's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    pub recipe: String,
    pub domain: String,
    pub commit: String,
    /// The version whose data this is.
    pub version: Version,
    /// When it was taken: `20260613T054428Z`.
    pub ts: String,
    /// The names of the volumes.
    pub volumes: Vec<String>,
    /// The run that took it.
    pub run_id: String,
    /// Every other file of the snapshot, by its path in it.
    pub files: BTreeMap<String, FileDigest>,
}

/// The form of [`Meta::ts`].
const TIME: &str = "%Y%m%dT%H%M%SZ";

impl Meta {
    /// When it was taken, where that can be read.
    pub fn taken(&self) -> Option<DateTime<Utc>> {
        let at = chrono::NaiveDateTime::parse_from_str(&self.ts, TIME).ok()?;
        Some(at.and_utc())
    }
}

/// A file of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// Its size, in bytes.
    pub size: u64,
    pub sha256: String,
}

/// A snapshot that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub folder: PathBuf,
    /// The SHA-256 of its `meta.json`, which holds the digests of all the rest.
    pub id: String,
    /// What it says of itself.
    pub meta: Meta,
}

/// About what a snapshot would take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// The bytes in each volume's files.
    pub volumes: BTreeMap<String, u64>,
    pub bytes: u64,
    /// Files, folders and all the rest.
    pub entries: u64,
    /// What has to be free, in bytes, with headers and a margin.
    pub needed: u64,
    /// What is free where snapshots are kept, in bytes.
    pub free: u64,
}

/// Why something could not be done with a snapshot. What was there before is still there,
/// except after a failed restore, which says so.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// A volume is in use.
    #[error("volume `{volume}` is in use by {}: a copy of it would not be one state", users.join(", "))]
    InUse { volume: String, users: Vec<String> },
    /// It could not be found out who uses a volume.
    #[error("cannot find out who uses volume `{volume}`: {why}")]
    Users { volume: String, why: String },
    /// The name of a volume cannot be a file's.
    #[error("`{0}` cannot be the name of a volume")]
    VolumeName(String),
    #[error("a snapshot needs {needed} bytes under `{folder}`, and {free} are free")]
    NoSpace {
        folder: PathBuf,
        /// With the margin, in bytes.
        needed: u64,
        /// In bytes.
        free: u64,
    },
    /// Something changed while it was read.
    #[error("`{path}` changed while it was read")]
    Changed { path: String },
    /// Another file system within the volume: it would be neither copied nor cleared.
    #[error("another file system is mounted at `{path}` within the volume")]
    Mounted { path: String },
    /// An immutable or append-only file could not be restored.
    #[error("`{path}` is immutable or append-only (chattr): it could not be restored")]
    Fixed { path: String },
    /// The snapshot is not what was written.
    #[error("the snapshot is damaged at `{path}`: {why}")]
    Damaged { path: String, why: String },
    /// A volume of the snapshot was not given.
    #[error("the snapshot holds volume `{0}`, and it is not known where that is now")]
    NoVolume(String),
    /// What was restored is not what was snapshotted.
    #[error("the restored volumes differ from the snapshot: {}", told(.0))]
    Different(Box<Report>),
    /// The scratch folder of a rehearsal is not empty.
    #[error("the scratch folder `{0}` is not empty, and a rehearsal clears its folder")]
    NotEmpty(PathBuf),
    /// A file or folder.
    #[error("cannot {what} `{path}`: {source}")]
    Io {
        /// What was to be done.
        what: &'static str,
        path: String,
        source: io::Error,
    },
    #[error(transparent)]
    File(#[from] StateError),
}

impl SnapshotError {
    pub(super) fn io(what: &'static str, path: impl Display, error: impl Into<io::Error>) -> Self {
        SnapshotError::Io {
            what,
            path: path.to_string(),
            source: error.into(),
        }
    }
}

fn told(report: &Report) -> String {
    let first = report.differences.first();
    let first = first.map_or_else(String::new, |difference| {
        format!(
            "{}/{}: {}",
            difference.place, difference.path, difference.what
        )
    });
    let more = (report.differences.len() as u64 + report.more).saturating_sub(1);
    if more == 0 {
        first
    } else {
        format!("{first}, and {more} more")
    }
}
