//! Versions that were deployed, failed, and are not tried again by themselves.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Version;
use crate::spec::Release;
use crate::state::file::{self, StateError};
use crate::state::layout::AppPaths;
use kit::redact::Redacted;

/// One version in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantined {
    pub version: Version,
    /// The image digest of each service, as far as they were known.
    pub digests: BTreeMap<String, String>,
    pub reason: String,
    /// Since when, UTC.
    pub since: DateTime<Utc>,
    /// The run in which it failed.
    pub run_id: String,
}

/// The quarantine of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantine {
    /// Its entries, oldest first.
    pub entries: Vec<Quarantined>,
}

impl Quarantine {
    /// Reads it; nothing is in quarantine when there is no file.
    ///
    /// # Errors
    /// [`StateError`]: what is in quarantine is then not known, and nothing may be deployed.
    pub fn read(paths: &AppPaths) -> Result<Quarantine, StateError> {
        Ok(file::read_json(&paths.quarantine())?.unwrap_or_default())
    }

    /// What forbids a version. A tag that was moved to other images is another thing and may be
    /// tried; a tag whose images are not known (no digests on either side) may not.
    pub fn forbids(&self, release: &Release) -> Option<&Quarantined> {
        self.entries.iter().find(|entry| {
            let unknown = entry.digests.is_empty() || release.digests.is_empty();
            entry.version == release.version && (unknown || entry.digests == release.digests)
        })
    }

    /// Puts a release into quarantine, on the disk. Repeating it for the same run changes nothing.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn put(
        paths: &AppPaths,
        release: &Release,
        reason: &Redacted<String>,
        run_id: &str,
        since: DateTime<Utc>,
    ) -> Result<(), StateError> {
        let mut quarantine = Quarantine::read(paths)?;
        if quarantine.forbids(release).is_none() {
            quarantine.entries.push(Quarantined {
                version: release.version.clone(),
                digests: release.digests.clone(),
                reason: reason.to_string(),
                since,
                run_id: run_id.to_owned(),
            });
            file::write_json(&paths.quarantine(), &quarantine)?;
        }
        Ok(())
    }

    /// Lets a version go, on the disk. Says whether it was in quarantine.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn release(paths: &AppPaths, version: &Version) -> Result<bool, StateError> {
        let mut quarantine = Quarantine::read(paths)?;
        let before = quarantine.entries.len();
        quarantine.entries.retain(|entry| entry.version != *version);
        let released = quarantine.entries.len() < before;
        if released {
            file::write_json(&paths.quarantine(), &quarantine)?;
        }
        Ok(released)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::layout::Layout;

    fn digests(text: &str) -> BTreeMap<String, String> {
        let pair = |digest: &str| ("app".to_owned(), digest.to_owned());
        (!text.is_empty()).then(|| pair(text)).into_iter().collect()
    }

    #[test]
    fn forbids_the_same_thing_and_what_cannot_be_told_from_it() {
        let root = tempfile::tempdir().unwrap();
        let paths = Layout::new(root.path()).unwrap().app("a", "a").unwrap();
        let version = |tag| Version::parse(tag).unwrap();
        let release = |tag, digest| Release {
            digests: digests(digest),
            ..Release::of_version(version(tag))
        };
        let put = |digest| {
            let reason = Redacted::own("unhealthy").to_text();
            let since = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
            Quarantine::put(
                &paths,
                &release("1.0.0+v1", digest),
                &reason,
                "run-1",
                since,
            )
            .unwrap();
        };
        put("sha256:a");
        put("sha256:a");
        let found = Quarantine::read(&paths).unwrap();
        assert_eq!(found.entries.len(), 1);
        let forbids = |tag, digest| found.forbids(&release(tag, digest)).is_some();
        assert!(forbids("1.0.0+v1", "sha256:a"));
        assert!(forbids("1.0.0+v1", ""));
        assert!(!forbids("1.0.0+v1", "sha256:b"));
        assert!(!forbids("1.0.1+v1", "sha256:a"));
        put("sha256:b");
        assert!(Quarantine::release(&paths, &version("1.0.0+v1")).unwrap());
        assert!(!Quarantine::release(&paths, &version("1.0.0+v1")).unwrap());
        assert_eq!(Quarantine::read(&paths).unwrap(), Quarantine::default());
    }

    #[test]
    fn a_damaged_quarantine_is_not_an_empty_one() {
        let root = tempfile::tempdir().unwrap();
        let paths = Layout::new(root.path()).unwrap().app("a", "a").unwrap();
        paths.prepare().unwrap();
        for bad in ["", "{}", "[]", "{\"entries\":[{}]}"] {
            std::fs::write(paths.quarantine(), bad).unwrap();
            assert!(
                matches!(Quarantine::read(&paths), Err(StateError::Damaged { .. })),
                "{bad}"
            );
        }
    }
}
