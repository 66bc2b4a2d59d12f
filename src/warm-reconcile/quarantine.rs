//! Versions that were deployed, failed, and are not tried again by themselves.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Version;
use super::layout::AppPaths;
use super::state_file::{self, StateError};

/// One version in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantined {
    /// The version.
    pub version: Version,
    /// The image digest of each service, as far as they were known.
    pub digests: BTreeMap<String, String>,
    /// Why.
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
        Ok(state_file::read_json(&paths.quarantine())?.unwrap_or_default())
    }

    /// What forbids a version. A tag that was moved to other images is another thing and may be
    /// tried; a tag whose images are not known (no digests on either side) may not.
    pub fn forbids(
        &self,
        version: &Version,
        digests: &BTreeMap<String, String>,
    ) -> Option<&Quarantined> {
        self.entries.iter().find(|entry| {
            let unknown = entry.digests.is_empty() || digests.is_empty();
            entry.version == *version && (unknown || entry.digests == *digests)
        })
    }

    /// Puts a version into quarantine, on the disk. Repeating it for the same run changes nothing.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn put(paths: &AppPaths, new: Quarantined) -> Result<(), StateError> {
        let mut quarantine = Quarantine::read(paths)?;
        if quarantine.forbids(&new.version, &new.digests).is_none() {
            quarantine.entries.push(new);
            state_file::write_json(&paths.quarantine(), &quarantine)?;
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
            state_file::write_json(&paths.quarantine(), &quarantine)?;
        }
        Ok(released)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;

    fn digests(text: &str) -> BTreeMap<String, String> {
        let pair = |digest: &str| ("app".to_owned(), digest.to_owned());
        (!text.is_empty()).then(|| pair(text)).into_iter().collect()
    }

    #[test]
    fn forbids_the_same_thing_and_what_cannot_be_told_from_it() {
        let root = tempfile::tempdir().unwrap();
        let paths = Layout::new(root.path()).unwrap().app("a", "a").unwrap();
        let version = |tag| Version::parse(tag).unwrap();
        let bad = |digest| Quarantined {
            version: version("1.0.0+v1"),
            digests: digests(digest),
            reason: "unhealthy".into(),
            since: DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
            run_id: "run-1".into(),
        };
        Quarantine::put(&paths, bad("sha256:a")).unwrap();
        Quarantine::put(&paths, bad("sha256:a")).unwrap();
        let found = Quarantine::read(&paths).unwrap();
        assert_eq!(found.entries.len(), 1);
        assert!(
            found
                .forbids(&version("1.0.0+v1"), &digests("sha256:a"))
                .is_some()
        );
        assert!(found.forbids(&version("1.0.0+v1"), &digests("")).is_some());
        assert!(
            found
                .forbids(&version("1.0.0+v1"), &digests("sha256:b"))
                .is_none()
        );
        assert!(
            found
                .forbids(&version("1.0.1+v1"), &digests("sha256:a"))
                .is_none()
        );
        Quarantine::put(&paths, bad("sha256:b")).unwrap();
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
