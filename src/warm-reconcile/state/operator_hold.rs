//! What people said: leave this app as it is, stay on this version, and this version may be
//! deployed.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Version;
use crate::state::file::{self, StateError};
use crate::state::layout::AppPaths;

/// An app that is left as it is, by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    pub reason: String,
    pub who: String,
    /// Since when, UTC.
    pub since: DateTime<Utc>,
}

/// A person's word that a version may be deployed although it would be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ack {
    pub who: String,
    /// When, UTC.
    pub at: DateTime<Utc>,
}

/// A person's word that an app goes to this version, and stays on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    pub version: Version,
    pub who: String,
    /// Since when, UTC.
    pub since: DateTime<Utc>,
}

/// The version that an app is pinned to.
///
/// # Errors
/// [`StateError`]: which version is wanted is then not known, and nothing may be deployed.
pub fn pin(paths: &AppPaths) -> Result<Option<Pin>, StateError> {
    file::read_json(&paths.pin())
}

/// Pins an app; a pin that is there already is replaced.
///
/// # Errors
/// [`StateError`].
pub fn set_pin(paths: &AppPaths, pin: &Pin) -> Result<(), StateError> {
    file::write_json(&paths.pin(), pin)
}

/// Lets an app follow the newest version again, and gives back the pin that was on it.
///
/// # Errors
/// [`StateError`].
pub fn unpin(paths: &AppPaths) -> Result<Option<Pin>, StateError> {
    lift(&paths.pin())
}

/// The hold on an app.
///
/// # Errors
/// [`StateError`]: whether it is held is then not known, and nothing may be deployed.
pub fn hold(paths: &AppPaths) -> Result<Option<Hold>, StateError> {
    file::read_json(&paths.hold())
}

/// Holds an app; a hold that is there already is replaced.
///
/// # Errors
/// [`StateError`].
pub fn set_hold(paths: &AppPaths, hold: &Hold) -> Result<(), StateError> {
    file::write_json(&paths.hold(), hold)
}

/// Releases an app and gives back the hold that was on it.
///
/// # Errors
/// [`StateError`].
pub fn release(paths: &AppPaths) -> Result<Option<Hold>, StateError> {
    lift(&paths.hold())
}

/// Removes a person's word, and gives it back. A damaged one goes too: it is a person who asks.
fn lift<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    let word = match file::read_json(path) {
        Err(StateError::Damaged { .. }) => None,
        other => other?,
    };
    file::remove(path)?;
    Ok(word)
}

/// The acknowledgement of exactly this version.
///
/// # Errors
/// [`StateError`].
pub fn ack(paths: &AppPaths, version: &Version) -> Result<Option<Ack>, StateError> {
    Ok(acks(paths)?.remove(version.tag()))
}

/// All acknowledgements, by tag.
///
/// # Errors
/// [`StateError`].
pub fn acks(paths: &AppPaths) -> Result<BTreeMap<String, Ack>, StateError> {
    Ok(file::read_json(&paths.acks())?.unwrap_or_default())
}

/// Acknowledges a version. It counts for no other.
///
/// # Errors
/// [`StateError`].
pub fn set_ack(paths: &AppPaths, version: &Version, ack: Ack) -> Result<(), StateError> {
    let mut all = acks(paths)?;
    all.insert(version.tag().to_owned(), ack);
    file::write_json(&paths.acks(), &all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::layout::Layout;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    #[test]
    fn a_hold_stands_until_it_is_released_and_damage_is_no_release() {
        let root = tempfile::tempdir().unwrap();
        let paths = Layout::new(root.path()).unwrap().app("a", "a").unwrap();
        assert_eq!(hold(&paths).unwrap(), None);
        let mine = Hold {
            reason: "migration".into(),
            who: "me".into(),
            since: at(),
        };
        set_hold(&paths, &mine).unwrap();
        assert_eq!(hold(&paths).unwrap(), Some(mine.clone()));
        assert_eq!(release(&paths).unwrap(), Some(mine));
        assert_eq!(release(&paths).unwrap(), None);
        std::fs::write(paths.hold(), "").unwrap();
        assert!(hold(&paths).is_err());
        release(&paths).unwrap();
        assert_eq!(hold(&paths).unwrap(), None);
    }

    #[test]
    fn a_pin_stands_until_it_is_taken_off() {
        let root = tempfile::tempdir().unwrap();
        let paths = Layout::new(root.path()).unwrap().app("a", "a").unwrap();
        assert_eq!(pin(&paths).unwrap(), None);
        let mine = Pin {
            version: Version::parse("1.0.0+v1").unwrap(),
            who: "me".into(),
            since: at(),
        };
        set_pin(&paths, &mine).unwrap();
        assert_eq!(pin(&paths).unwrap(), Some(mine.clone()));
        assert_eq!(unpin(&paths).unwrap(), Some(mine));
        assert_eq!(unpin(&paths).unwrap(), None);
        std::fs::write(paths.pin(), "{").unwrap();
        assert!(pin(&paths).is_err());
        unpin(&paths).unwrap();
        assert_eq!(pin(&paths).unwrap(), None);
    }

    #[test]
    fn an_acknowledgement_counts_for_its_version_only() {
        let root = tempfile::tempdir().unwrap();
        let paths = Layout::new(root.path()).unwrap().app("a", "a").unwrap();
        let version = |tag| Version::parse(tag).unwrap();
        let word = Ack {
            who: "me".into(),
            at: at(),
        };
        set_ack(&paths, &version("2.0.0+v1"), word.clone()).unwrap();
        assert_eq!(ack(&paths, &version("2.0.0+v1")).unwrap(), Some(word));
        assert_eq!(ack(&paths, &version("2.0.0+v1.1")).unwrap(), None);
    }
}
