//! The last version that was seen healthy.
//!
//! Two files, so that the reference and people can read the version and we can read the rest:
//! `last_good` holds the version alone, `last_good.json` the record. The rename of `last_good`
//! is the one moment at which a version becomes last-good: the record is laid beside it before
//! (`last_good.next.json`) and moved to its place after. Whatever is cut short in between, the
//! version in `last_good` decides which of the two records speaks of it. When neither does,
//! something else (the reference, a person) wrote it, and only the version is known.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Version;
use crate::spec::Release;
use crate::state::file::{self, StateError, damaged};
use crate::state::layout::AppPaths;
use kit::atomic;

/// A release that was deployed and seen healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "LastGoodFile", into = "LastGoodFile")]
pub struct LastGood {
    pub release: Release,
    /// The SHA-256 of the app's spec.
    pub spec_hash: String,
    /// When it was committed, UTC.
    pub committed_at: DateTime<Utc>,
    /// The run that committed it.
    pub run_id: String,
    /// The id of the snapshot that was taken before it was deployed.
    pub snapshot: Option<String>,
}

/// The record as it lies on the disk; what is not known is empty there.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastGoodFile {
    version: Version,
    commit: String,
    digests: BTreeMap<String, String>,
    env_hash: String,
    spec_hash: String,
    committed_at: DateTime<Utc>,
    run_id: String,
    snapshot: Option<String>,
}

impl From<LastGoodFile> for LastGood {
    fn from(file: LastGoodFile) -> LastGood {
        let known = |text: String| Some(text).filter(|text| !text.is_empty());
        LastGood {
            release: Release {
                version: file.version,
                commit: known(file.commit),
                digests: file.digests,
                env_hash: known(file.env_hash),
            },
            spec_hash: file.spec_hash,
            committed_at: file.committed_at,
            run_id: file.run_id,
            snapshot: file.snapshot,
        }
    }
}

impl From<LastGood> for LastGoodFile {
    fn from(good: LastGood) -> LastGoodFile {
        LastGoodFile {
            version: good.release.version,
            commit: good.release.commit.unwrap_or_default(),
            digests: good.release.digests,
            env_hash: good.release.env_hash.unwrap_or_default(),
            spec_hash: good.spec_hash,
            committed_at: good.committed_at,
            run_id: good.run_id,
            snapshot: good.snapshot,
        }
    }
}

/// What is known of last-good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    Whole(LastGood),
    /// The version alone: something else wrote `last_good`.
    Version(Version),
}

impl Known {
    pub fn version(&self) -> &Version {
        match self {
            Known::Whole(record) => &record.release.version,
            Known::Version(version) => version,
        }
    }
}

/// Reads last-good; `None` when there is none.
///
/// # Errors
/// [`StateError::Damaged`] when `last_good` is no version or the record that would speak of it
/// is damaged: what was good is then not guessed.
pub fn read(paths: &AppPaths) -> Result<Option<Known>, StateError> {
    let path = paths.last_good();
    let Some(bytes) = file::read_bytes(&path)? else {
        // Its record was laid there after it, by a commit: it speaks of a version that was seen
        // healthy, whatever became of the other file.
        let record: Option<LastGood> = file::read_json(&paths.last_good_record())?;
        return Ok(record.map(Known::Whole));
    };
    let text = String::from_utf8(bytes).map_err(|_| damaged(&path, "it is not text"))?;
    let line = text.lines().next().unwrap_or_default().trim();
    let version = Version::parse(line).map_err(|error| damaged(&path, error.to_string()))?;
    // The next one first: with an equal version it is the newer record.
    for candidate in [paths.last_good_next(), paths.last_good_record()] {
        let record: Option<LastGood> = file::read_json(&candidate)?;
        // A part of a version may be a version, too; ours end with the line.
        if let Some(record) = &record
            && !text.ends_with('\n')
            && record.release.version != version
            && record.release.version.tag().starts_with(line)
        {
            return Err(damaged(&path, "it is cut off"));
        }
        if let Some(record) = record.filter(|record| record.release.version == version) {
            return Ok(Some(Known::Whole(record)));
        }
    }
    Ok(Some(Known::Version(version)))
}

/// Makes a version last-good. It may be repeated at will.
///
/// # Errors
/// [`StateError::Write`]; last-good is then the old one or the new one, whole.
pub fn commit(paths: &AppPaths, record: &LastGood) -> Result<(), StateError> {
    begin(paths, record)?;
    let line = format!("{}\n", record.release.version);
    file::write_bytes(&paths.last_good(), line.as_bytes())?;
    settle(paths)
}

/// The first step: the record lies beside the present one.
fn begin(paths: &AppPaths, record: &LastGood) -> Result<(), StateError> {
    // A commit that was killed before its last step is ended first: its record is still the
    // next one, which is about to be written over.
    if let Ok(Some(Known::Whole(good))) = read(paths)
        && file::read_json::<LastGood>(&paths.last_good_next())?.as_ref() == Some(&good)
    {
        settle(paths)?;
    }
    file::write_json(&paths.last_good_next(), record)
}

/// The next record becomes the present one.
fn settle(paths: &AppPaths) -> Result<(), StateError> {
    let to = paths.last_good_record();
    fs::rename(paths.last_good_next(), &to)
        .and_then(|()| atomic::sync_folder(to.parent().unwrap_or(Path::new("/"))))
        .map_err(|source| StateError::Write { path: to, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::layout::Layout;
    use std::time::Duration;
    use test_kit::children;

    fn paths(root: &Path) -> AppPaths {
        Layout::new(root)
            .unwrap()
            .app("traefik", "traefik")
            .unwrap()
    }

    fn record(tag: &str) -> LastGood {
        LastGood {
            release: Release {
                version: Version::parse(tag).unwrap(),
                commit: Some("c0ffee".into()),
                digests: BTreeMap::from([("app".into(), format!("sha256:{tag}"))]),
                env_hash: Some("e".into()),
            },
            spec_hash: "s".into(),
            committed_at: DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
            run_id: tag.into(),
            snapshot: None,
        }
    }

    #[test]
    fn the_reference_reads_the_version_and_we_read_all() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        assert_eq!(read(&paths).unwrap(), None);
        commit(&paths, &record("5.1.1+v3.6.15")).unwrap();
        assert_eq!(fs::read(paths.last_good()).unwrap(), b"5.1.1+v3.6.15\n");
        assert_eq!(
            read(&paths).unwrap(),
            Some(Known::Whole(record("5.1.1+v3.6.15")))
        );
        assert!(!paths.last_good_next().exists());
    }

    #[test]
    fn cut_short_after_each_write_it_is_the_old_or_the_new_one_whole() {
        let (old, new) = (record("5.1.1+v3.6.15"), record("5.2.0+v3.7.15"));
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        commit(&paths, &old).unwrap();
        file::write_json(&paths.last_good_next(), &new).unwrap();
        assert_eq!(read(&paths).unwrap(), Some(Known::Whole(old.clone())));
        fs::write(paths.last_good(), "5.2.0+v3.7.15\n").unwrap();
        assert_eq!(read(&paths).unwrap(), Some(Known::Whole(new.clone())));
        commit(&paths, &new).unwrap();
        assert_eq!(read(&paths).unwrap(), Some(Known::Whole(new)));
    }

    #[test]
    fn cut_short_twice_it_still_has_the_record_of_the_one_that_is_good() {
        let [one, two, three] = ["5.1.1+v3.6.15", "5.2.0+v3.7.15", "5.3.0+v3.7.15"].map(record);
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        commit(&paths, &one).unwrap();
        // Killed before the last step of the second commit, and after the first of the third.
        file::write_json(&paths.last_good_next(), &two).unwrap();
        fs::write(paths.last_good(), "5.2.0+v3.7.15\n").unwrap();
        begin(&paths, &three).unwrap();
        assert_eq!(read(&paths).unwrap(), Some(Known::Whole(two)));
    }

    #[test]
    fn what_the_reference_wrote_is_known_by_its_version_alone() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        commit(&paths, &record("5.1.1+v3.6.15")).unwrap();
        for text in ["5.0.0+v3.6.2", "5.0.0+v3.6.2\n"] {
            fs::write(paths.last_good(), text).unwrap();
            let version = Version::parse("5.0.0+v3.6.2").unwrap();
            assert_eq!(read(&paths).unwrap(), Some(Known::Version(version)));
        }
    }

    #[test]
    fn a_record_without_last_good_is_the_last_good() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        commit(&paths, &record("5.1.1+v3.6.15")).unwrap();
        fs::remove_file(paths.last_good()).unwrap();
        let known = Some(Known::Whole(record("5.1.1+v3.6.15")));
        assert_eq!(read(&paths).unwrap(), known);
        // Torn, it is an error, and never none.
        fs::write(paths.last_good_record(), "{\"version\":").unwrap();
        assert!(matches!(read(&paths), Err(StateError::Damaged { .. })));
        // The first commit was killed before it counted.
        fs::remove_file(paths.last_good_record()).unwrap();
        file::write_json(&paths.last_good_next(), &record("5.2.0+v3.7.15")).unwrap();
        assert_eq!(read(&paths).unwrap(), None);
    }

    #[test]
    fn damage_is_an_error_and_never_none() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        commit(&paths, &record("5.1.1+v3.6.15")).unwrap();
        for bad in [&b""[..], b"\xff\xfe", b"latest\n", b"\0\0\0\0"] {
            fs::write(paths.last_good(), bad).unwrap();
            assert!(
                matches!(read(&paths), Err(StateError::Damaged { .. })),
                "{bad:?}"
            );
        }
        fs::write(paths.last_good(), "5.1.1+v3.6.15\n").unwrap();
        fs::write(paths.last_good_record(), "{").unwrap();
        assert!(matches!(read(&paths), Err(StateError::Damaged { .. })));
    }

    #[test]
    #[ignore = "only as the child of `killed_at_any_moment_it_is_a_version_that_was_committed`"]
    fn child_that_commits_until_it_is_killed() {
        let Some(root) = children::child_folder() else {
            return;
        };
        for count in 0u64.. {
            commit(&paths(&root), &record(&format!("5.{count}.0+v3.{count}"))).unwrap();
        }
    }

    #[test]
    fn killed_at_any_moment_it_is_a_version_that_was_committed() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        for round in 0..15u64 {
            let child = children::child(
                "state::last_good::tests::child_that_commits_until_it_is_killed",
                root.path(),
            );
            std::thread::sleep(Duration::from_millis(40 + round * 5 % 17));
            child.kill();
            match read(&paths).unwrap() {
                None => {}
                Some(Known::Whole(found)) => assert_eq!(found, record(found.release.version.tag())),
                Some(Known::Version(version)) => panic!("no record of {version}"),
            }
        }
        assert!(read(&paths).unwrap().is_some(), "no child ever committed");
    }

    #[test]
    fn on_a_full_disk_the_old_one_stays() {
        let Some(disk) = children::small_disk("256k") else {
            return;
        };
        let paths = paths(disk.path());
        commit(&paths, &record("5.1.1+v3.6.15")).unwrap();
        disk.fill();
        let error = commit(&paths, &record("5.2.0+v3.7.15")).unwrap_err();
        assert!(error.is_disk_full(), "{error}");
        assert_eq!(
            read(&paths).unwrap(),
            Some(Known::Whole(record("5.1.1+v3.6.15")))
        );
        disk.empty();
        commit(&paths, &record("5.2.0+v3.7.15")).unwrap();
    }
}
