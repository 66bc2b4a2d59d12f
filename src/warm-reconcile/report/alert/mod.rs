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

mod error;
mod folder;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::Version;
use crate::report::log::{Log, LogError};
use crate::state::layout::Layout;
use kit::atomic;
use kit::redact::{Redacted, Redactor};

pub use error::AlertError;
pub use folder::{Content, Filed};
use folder::{archive, read_folder};

/// The reason of a retraction.
pub const RETRACTED: &str = "retracted";

/// So many seconds ahead an alert looks for a free name before it gives up.
const MOST_SECONDS: i64 = 3600;

#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    pub app: String,
    /// Lower-case letters, digits and `-`, as `unhealthy-on-latest`.
    pub reason: &'static str,
    /// The version that it is about; `null` in the file where none is known.
    pub version: Option<Version>,
    /// What else the reference writes with it.
    pub detail: Detail,
    pub evidence: Option<Value>,
}

/// What the reference adds to some alerts.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one of them in a run")]
pub enum Detail {
    Plain,
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
        notes: String,
    },
}

/// What became of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raised {
    /// In a new file.
    Written(PathBuf),
    /// This file holds the same alert already, and nobody has seen it yet.
    Known(PathBuf),
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
            return Err(AlertError::Reason(alert.reason.to_owned()));
        }
        let same = |filed: &Filed| {
            self.says(filed, "app", Some(&alert.app))
                && filed.text("reason") == Some(alert.reason)
                && self.says(filed, "version", alert.version.as_ref().map(Version::tag))
        };
        // A retracted alert that is true again is news.
        let all = self.list()?;
        let known = all
            .iter()
            .find(|filed| !filed.seen && same(filed) && !self.is_retracted(&filed.file, &all));
        if let Some(known) = known {
            self.log(alert, "alert-known", &known.file, now)?;
            return Ok(Raised::Known(self.layout.alerts().join(&known.file)));
        }
        let path = self.file(&AlertFile::of(alert), now)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The alert is there; a log that cannot be written must not undo that.
        let _ = self.log(alert, "alert", &name, now);
        Ok(Raised::Written(path))
    }

    /// Retracts what was said of a version that is healthy now: for each alert of that app and
    /// version, seen or not, one file `<ts>-<app>-retracted.json` that names it. Alerts that
    /// were retracted before are left out.
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
            let field = match filed.text("attempted") {
                Some(_) => "attempted",
                None => "version",
            };
            self.says(filed, field, Some(version.tag()))
        };
        self.retract_all(app, Some(version), of_version, now)
    }

    /// Retracts every alert of an app with this reason, whatever version it is about. `version`
    /// is what runs now.
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
        self.retract_all(app, version, of_reason, now)
    }

    fn retract_all(
        &self,
        app: &str,
        version: Option<&Version>,
        is_meant: impl Fn(&Filed) -> bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<PathBuf>, AlertError> {
        let all = self.list()?;
        let is_open = |filed: &&Filed| {
            self.says(filed, "app", Some(app))
                && is_meant(filed)
                && filed.text("reason") != Some(RETRACTED)
                && !self.is_retracted(&filed.file, &all)
        };
        let retraction = |filed: &Filed| {
            let file = AlertFile {
                retracts: Some(&filed.file),
                ..AlertFile::new(app, RETRACTED, version)
            };
            self.file(&file, now)
        };
        all.iter().filter(is_open).map(retraction).collect()
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

    /// The unseen alerts of one app.
    ///
    /// # Errors
    /// [`AlertError::File`].
    pub fn unseen_of(&self, app: &str) -> Result<Vec<Filed>, AlertError> {
        let mut unseen = self.unseen()?;
        unseen.retain(|filed| self.says(filed, "app", Some(app)));
        Ok(unseen)
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
        archive(self.layout, file)
    }

    /// Whether a field of an alert holds this value, as it was written: without secrets.
    fn says(&self, filed: &Filed, field: &str, value: Option<&str>) -> bool {
        filed.text(field) == value.map(|value| self.redactor.text(value)).as_deref()
    }

    fn is_retracted(&self, file: &str, all: &[Filed]) -> bool {
        all.iter().any(|filed| {
            filed.text("retracts").is_some() && self.says(filed, "retracts", Some(file))
        })
    }

    fn log(
        &self,
        alert: &Alert,
        what: &str,
        file: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LogError> {
        let fields = LogFields {
            reason: alert.reason,
            version: alert.version.as_ref().map(Version::tag),
            file,
        };
        Log::new(self.layout, self.redactor).write(now, &alert.app, what, &fields)
    }

    fn file(&self, alert: &AlertFile<'_>, now: DateTime<Utc>) -> Result<PathBuf, AlertError> {
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
            let name = format!("{ts}-{}-{}.json", alert.app, alert.reason);
            if self.layout.seen_alerts().join(&name).exists() {
                continue;
            }
            let document = self.redactor.document(&AlertFile {
                ts,
                ..alert.clone()
            });
            let path = folder.join(&name);
            match self.place(&document, &name, &path) {
                Ok(()) => {
                    atomic::sync_folder(&folder).map_err(failed)?;
                    return Ok(path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(AlertError::NoName(now.to_rfc3339()))
    }

    /// Moves a whole file to its place, unless there is one already.
    fn place(&self, document: &Redacted<Value>, name: &str, path: &Path) -> io::Result<()> {
        let json = format!("{document}\n");
        let staged = atomic::stage(self.layout.root(), name, json.as_bytes())?;
        staged
            .persist_noclobber(path)
            .map_err(|error| error.error)?;
        Ok(())
    }
}

/// An alert as it is written: the fields of the reference, then ours.
#[derive(Clone, Serialize)]
struct AlertFile<'a> {
    app: &'a str,
    reason: Redacted<&'static str>,
    ts: String,
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempted: Option<&'a str>,
    /// `null` where a rollback had nothing to go back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_good: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retracts: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'a Value>,
}

impl<'a> AlertFile<'a> {
    fn new(app: &'a str, reason: &'static str, version: Option<&'a Version>) -> AlertFile<'a> {
        AlertFile {
            app,
            reason: Redacted::own(reason),
            ts: String::new(),
            version: version.map(Version::tag),
            attempted: None,
            last_good: None,
            recovered: None,
            notes: None,
            retracts: None,
            evidence: None,
        }
    }

    fn of(alert: &'a Alert) -> AlertFile<'a> {
        let mut file = AlertFile::new(&alert.app, alert.reason, alert.version.as_ref());
        file.evidence = alert.evidence.as_ref();
        match &alert.detail {
            Detail::Plain => {}
            Detail::Rollback {
                attempted,
                last_good,
                recovered,
            } => {
                file.attempted = Some(attempted.tag());
                file.last_good = Some(last_good.as_ref().map(Version::tag));
                file.recovered = Some(*recovered);
            }
            Detail::Hold { notes } => file.notes = Some(notes),
        }
        file
    }
}

/// What the log says of an alert.
#[derive(Serialize)]
struct LogFields<'a> {
    reason: &'a str,
    version: Option<&'a str>,
    file: &'a str,
}

#[cfg(test)]
mod tests;
