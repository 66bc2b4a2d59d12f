//! Alerts as files, in the reference's name and shape, for whoever reads the folder.
//!
//! `alerts/<YYYYMMDDTHHMMSSZ>-<app>-<reason>.json` holds `app`, `reason`, `ts` and `version`, a
//! rollback `attempted`, `last_good` and `recovered`, a hold `notes`. Ours beyond that are
//! `evidence` (what was seen) and `retracts`.
//!
//! - One alert per app, reason and version is enough while nobody has seen it: the next is only
//!   counted, in the audit log.
//! - Names go by the second. When a name is taken (here or in `seen/`), the alert takes the
//!   next free second, in its name and in `ts`, so that both keep the reference's shape.
//! - Files are made in the root and moved into place whole, so that a reader of the folder
//!   never sees a part of one, nor a temporary name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::Version;
use super::audit::{Audit, AuditError};
use super::layout::Layout;
use kit::atomic;
use kit::redact::Redactor;

/// The reason of a retraction.
pub const RETRACTED: &str = "retracted";

/// So many seconds ahead an alert looks for a free name before it gives up.
const MOST_SECONDS: i64 = 3600;

/// What to raise.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The app.
    pub app: String,
    /// The reason: lower-case letters, digits and `-`, as `unhealthy-on-latest`.
    pub reason: String,
    /// The version that it is about; `null` in the file where none is known.
    pub version: Option<Version>,
    /// What else the reference says with it.
    pub detail: Detail,
    /// What was seen.
    pub evidence: Option<Value>,
}

/// What the reference adds to some alerts.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one of them in a run")]
pub enum Detail {
    /// Nothing.
    Plain,
    /// A rollback.
    Rollback {
        /// The version that failed.
        attempted: Version,
        /// The version that was gone back to.
        last_good: Option<Version>,
        /// Whether that one is healthy.
        recovered: bool,
    },
    /// A hold, with the release notes.
    Hold {
        /// The notes.
        notes: String,
    },
}

/// What became of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raised {
    /// A new file.
    Written(PathBuf),
    /// The same was said in this file, and nobody has seen it yet.
    Known(PathBuf),
}

/// Why an alert could not be raised, read or archived.
#[derive(Debug, Error)]
pub enum AlertError {
    /// The reason cannot be part of a file name.
    #[error("`{0}` is no reason for an alert: lower-case letters, digits and `-` only")]
    Reason(String),
    /// Not the name of an alert in the folder.
    #[error("there is no unseen alert `{0}`")]
    Unknown(String),
    /// An alert of that name was archived before.
    #[error("`{0}` is in `seen/` already")]
    SeenBefore(String),
    /// No free name.
    #[error("no free name for an alert was found within an hour of {0}")]
    NoName(String),
    /// That an alert was raised again could not be counted.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A file or folder.
    #[error("cannot {what} `{path}`: {source}")]
    File {
        /// What was to be done.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// One alert as it lies in the folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filed {
    /// Its file name.
    pub file: String,
    /// Whether it is in `seen/`.
    pub seen: bool,
    /// What it says, or why it cannot be read.
    pub content: Content,
}

/// What a file in the folder says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// An alert, ours or the reference's.
    Alert(Map<String, Value>),
    /// Something that is no JSON object.
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

/// The alerts of a layout.
#[derive(Clone, Copy, Debug)]
pub struct Alerts<'a> {
    layout: &'a Layout,
    redactor: &'a Redactor,
}

impl<'a> Alerts<'a> {
    /// The alerts of a layout; what is written goes through the redactor.
    pub fn new(layout: &'a Layout, redactor: &'a Redactor) -> Self {
        Alerts { layout, redactor }
    }

    /// Raises an alert, unless the same is there unseen.
    ///
    /// # Errors
    /// [`AlertError`]; nothing is left behind then.
    pub fn raise(&self, alert: &Alert, now: DateTime<Utc>) -> Result<Raised, AlertError> {
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if alert.reason.is_empty() || !alert.reason.bytes().all(good) {
            return Err(AlertError::Reason(alert.reason.clone()));
        }
        let same = |filed: &Filed| {
            filed.text("app") == Some(&alert.app)
                && filed.text("reason") == Some(&alert.reason)
                && filed.text("version") == alert.version.as_ref().map(Version::tag)
        };
        // What was taken back is not said any more: when it is true again, it is news.
        let unseen = self.unseen()?;
        let all = self.list()?;
        let taken_back = |file: &str| all.iter().any(|filed| filed.text("retracts") == Some(file));
        let known = unseen
            .iter()
            .find(|filed| same(filed) && !taken_back(&filed.file));
        if let Some(known) = known {
            self.audit(alert, "alert-known", &known.file, now)?;
            return Ok(Raised::Known(self.layout.alerts().join(&known.file)));
        }
        let more = alert.detail.fields();
        let more = more
            .into_iter()
            .chain(alert.evidence.clone().map(|value| ("evidence", value)));
        let path = self.file(
            &alert.app,
            &alert.reason,
            alert.version.as_ref(),
            more.collect(),
            now,
        )?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The alert is there; that the log could not take it must not undo that.
        let _ = self.audit(alert, "alert", &name, now);
        Ok(Raised::Written(path))
    }

    /// Takes back what was said of a version that is healthy now: for each alert of that app
    /// and version, seen or not, one file `<ts>-<app>-retracted.json` that names it. Alerts
    /// that were taken back before are left out.
    ///
    /// # Errors
    /// [`AlertError`].
    pub fn retract(
        &self,
        app: &str,
        version: &Version,
        now: DateTime<Utc>,
    ) -> Result<Vec<PathBuf>, AlertError> {
        let of_version = |filed: &Filed| {
            let version_of = filed.text("attempted").or_else(|| filed.text("version"));
            version_of == Some(version.tag())
        };
        self.take_back(app, Some(version), of_version, now)
    }

    /// Takes back every alert of an app with this reason, whatever version it is about: what it
    /// says is over. `version` is what runs now.
    ///
    /// # Errors
    /// [`AlertError`].
    pub fn retract_reason(
        &self,
        app: &str,
        reason: &str,
        version: Option<&Version>,
        now: DateTime<Utc>,
    ) -> Result<Vec<PathBuf>, AlertError> {
        let of_reason = |filed: &Filed| filed.text("reason") == Some(reason);
        self.take_back(app, version, of_reason, now)
    }

    fn take_back(
        &self,
        app: &str,
        version: Option<&Version>,
        meant: impl Fn(&Filed) -> bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<PathBuf>, AlertError> {
        let all = self.list()?;
        let taken_back = |file: &str| all.iter().any(|filed| filed.text("retracts") == Some(file));
        let about = |filed: &&Filed| {
            filed.text("app") == Some(app)
                && meant(filed)
                && filed.text("reason") != Some(RETRACTED)
                && !taken_back(&filed.file)
        };
        all.iter()
            .filter(about)
            .map(|filed| {
                let more = vec![("retracts", Value::from(filed.file.as_str()))];
                self.file(app, RETRACTED, version, more, now)
            })
            .collect()
    }

    /// All alerts, the unseen ones first, each part by name and so by time.
    ///
    /// # Errors
    /// [`AlertError::File`].
    pub fn list(&self) -> Result<Vec<Filed>, AlertError> {
        let mut all = self.unseen()?;
        all.extend(read_folder(&self.layout.seen_alerts(), true)?);
        Ok(all)
    }

    /// The unseen alerts.
    ///
    /// # Errors
    /// [`AlertError::File`].
    pub fn unseen(&self) -> Result<Vec<Filed>, AlertError> {
        read_folder(&self.layout.alerts(), false)
    }

    /// One alert by its file name, seen or not.
    ///
    /// # Errors
    /// [`AlertError::Unknown`].
    pub fn show(&self, file: &str) -> Result<Filed, AlertError> {
        let found = self.list()?.into_iter().find(|filed| filed.file == file);
        found.ok_or_else(|| AlertError::Unknown(file.to_owned()))
    }

    /// Moves an alert to `seen/`. An alert that is there already is never replaced.
    ///
    /// # Errors
    /// [`AlertError`].
    pub fn seen(&self, file: &str) -> Result<PathBuf, AlertError> {
        // Only a name that is in the list, so that no path can be given.
        if !self.unseen()?.iter().any(|filed| filed.file == file) {
            return Err(AlertError::Unknown(file.to_owned()));
        }
        let folder = self.layout.seen_alerts();
        let failed = |what, path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| AlertError::File { what, path, source }
        };
        fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
        let (from, to) = (self.layout.alerts().join(file), folder.join(file));
        match rename_new(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(AlertError::SeenBefore(file.to_owned()));
            }
            other => other.map_err(failed("archive", &from))?,
        }
        atomic::sync_folder(&folder)
            .and_then(|()| atomic::sync_folder(&self.layout.alerts()))
            .map_err(failed("sync", &folder))?;
        Ok(to)
    }

    fn audit(
        &self,
        alert: &Alert,
        what: &str,
        file: &str,
        now: DateTime<Utc>,
    ) -> Result<(), AuditError> {
        let fields = [
            ("reason", Some(alert.reason.as_str())),
            ("version", alert.version.as_ref().map(Version::tag)),
            ("file", Some(file)),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.into()));
        let log = Audit::new(self.layout, self.redactor);
        log.write(now, &alert.app, what, fields.into_iter().collect())
    }

    fn file(
        &self,
        app: &str,
        reason: &str,
        version: Option<&Version>,
        more: Vec<(&str, Value)>,
        now: DateTime<Utc>,
    ) -> Result<PathBuf, AlertError> {
        let folder = self.layout.alerts();
        let failed = |source| AlertError::File {
            what: "write an alert into",
            path: folder.clone(),
            source,
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        for second in 0..MOST_SECONDS {
            let ts = (now + TimeDelta::seconds(second))
                .format("%Y%m%dT%H%M%SZ")
                .to_string();
            let name = format!("{ts}-{app}-{reason}.json");
            if self.layout.seen_alerts().join(&name).exists() {
                continue;
            }
            let mut fields = Map::new();
            fields.insert("app".into(), app.into());
            fields.insert("reason".into(), reason.into());
            fields.insert("ts".into(), ts.into());
            fields.insert("version".into(), version.map(Version::tag).into());
            for (field, value) in &more {
                let mut value = value.clone();
                self.redactor.value(&mut value);
                fields.insert((*field).to_owned(), value);
            }
            let json = format!("{}\n", Value::Object(fields));
            let staged =
                atomic::stage(self.layout.root(), &name, json.as_bytes()).map_err(failed)?;
            match staged.persist_noclobber(folder.join(&name)) {
                Ok(_) => {
                    atomic::sync_folder(&folder).map_err(failed)?;
                    return Ok(folder.join(name));
                }
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error.error)),
            }
        }
        Err(AlertError::NoName(now.to_rfc3339()))
    }
}

impl Detail {
    fn fields(&self) -> Vec<(&'static str, Value)> {
        match self {
            Detail::Plain => Vec::new(),
            Detail::Rollback {
                attempted,
                last_good,
                recovered,
            } => vec![
                ("attempted", attempted.tag().into()),
                ("last_good", last_good.as_ref().map(Version::tag).into()),
                ("recovered", (*recovered).into()),
            ],
            Detail::Hold { notes } => vec![("notes", notes.as_str().into())],
        }
    }
}

fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

fn read_folder(folder: &Path, seen: bool) -> Result<Vec<Filed>, AlertError> {
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

#[cfg(test)]
mod tests;
