//! The runs of the past, as many as are kept.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Version;
use crate::state::file::{self, StateError};
use crate::state::journal::State;
use crate::state::layout::AppPaths;

/// One run that came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub run_id: String,
    /// When it began, UTC.
    pub started: DateTime<Utc>,
    /// When it ended, UTC.
    pub ended: DateTime<Utc>,
    /// What it went from.
    pub from: Option<Version>,
    /// What it went to, or tried to.
    pub to: Version,
    pub end: State,
    /// The file with its evidence, if there is one.
    pub evidence: Option<String>,
}

impl HistoryEntry {
    /// The version that it saw healthy at its end.
    pub fn healthy(&self) -> Option<&Version> {
        match self.end {
            State::Committed => Some(&self.to),
            State::RolledBack => self.from.as_ref(),
            _ => None,
        }
    }
}

/// The history of an app, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The entries that could be read.
    pub entries: Vec<HistoryEntry>,
    /// Lines that could not. They are dropped when the next run is added.
    pub damaged: usize,
}

/// Reads the history. It decides nothing, so a damaged line is counted and no error.
///
/// # Errors
/// [`StateError::Read`].
pub fn read(paths: &AppPaths) -> Result<History, StateError> {
    let bytes = file::read_bytes(&paths.history())?.unwrap_or_default();
    let mut history = History::default();
    for line in bytes
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        match serde_json::from_slice(line) {
            Ok(entry) => history.entries.push(entry),
            Err(_) => history.damaged += 1,
        }
    }
    Ok(history)
}

/// Adds a run and keeps the newest `retention` ones, and besides them the newest run of each of
/// the `pinned` versions (the current one and last-good), however old. A run that is already
/// there is replaced, so that adding can be repeated.
///
/// # Errors
/// [`StateError`]; the history is then as it was.
pub fn add(
    paths: &AppPaths,
    entry: HistoryEntry,
    retention: usize,
    pinned: &[&Version],
) -> Result<(), StateError> {
    let mut entries = read(paths)?.entries;
    entries.retain(|old| old.run_id != entry.run_id);
    entries.push(entry);
    let mut bytes = Vec::new();
    for entry in prune(entries, retention, pinned) {
        serde_json::to_writer(&mut bytes, &entry).map_err(|error| StateError::Write {
            path: paths.history(),
            source: error.into(),
        })?;
        bytes.push(b'\n');
    }
    file::write_bytes(&paths.history(), &bytes)
}

fn prune(
    mut entries: Vec<HistoryEntry>,
    retention: usize,
    pinned: &[&Version],
) -> Vec<HistoryEntry> {
    let first_kept = entries.len().saturating_sub(retention);
    let newest_of: HashSet<usize> = pinned
        .iter()
        .filter_map(|version| entries.iter().rposition(|entry| entry.to == **version))
        .collect();
    let mut at = 0;
    entries.retain(|_| {
        let keep = at >= first_kept || newest_of.contains(&at);
        at += 1;
        keep
    });
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::layout::Layout;
    use proptest::prelude::*;

    fn version(minor: usize) -> Version {
        Version::parse(&format!("1.{minor}.0+v1")).unwrap()
    }

    fn entry(run: usize, minor: usize) -> HistoryEntry {
        let at = DateTime::from_timestamp(1_780_000_000 + run as i64, 0).unwrap();
        HistoryEntry {
            run_id: format!("run-{run}"),
            started: at,
            ended: at,
            from: None,
            to: version(minor),
            end: State::Committed,
            evidence: None,
        }
    }

    #[test]
    fn a_run_is_added_once_and_a_damaged_line_is_counted() {
        let root = tempfile::tempdir().unwrap();
        let paths = Layout::new(root.path()).unwrap().app("a", "a").unwrap();
        assert_eq!(read(&paths).unwrap(), History::default());
        for _ in 0..2 {
            add(&paths, entry(1, 1), 5, &[]).unwrap();
        }
        let mut bytes = std::fs::read(paths.history()).unwrap();
        bytes.extend_from_slice(b"{\"run_id\": \n");
        std::fs::write(paths.history(), bytes).unwrap();
        let history = read(&paths).unwrap();
        assert_eq!(
            (history.entries.as_slice(), history.damaged),
            (&[entry(1, 1)][..], 1)
        );
    }

    proptest! {
        #[test]
        fn the_newest_and_the_pinned_are_never_pruned(
            minors in proptest::collection::vec(0usize..6, 0..40),
            retention in 0usize..10,
            pinned in proptest::collection::vec(0usize..8, 0..3),
        ) {
            let all: Vec<HistoryEntry> = minors.iter().enumerate().map(|(run, &minor)| entry(run, minor)).collect();
            let versions: Vec<Version> = pinned.iter().map(|&minor| version(minor)).collect();
            let kept = prune(all.clone(), retention, &versions.iter().collect::<Vec<_>>());
            prop_assert!(kept.len() <= retention + pinned.len());
            for new in all.iter().rev().take(retention) { prop_assert!(kept.contains(new)); }
            for version in &versions {
                let newest = all.iter().rev().find(|entry| entry.to == *version);
                prop_assert!(newest.is_none_or(|newest| kept.contains(newest)));
            }
            // In their order, and nothing that was not there.
            let mut rest = all.iter();
            prop_assert!(kept.iter().all(|kept| rest.any(|entry| entry == kept)));
        }
    }
}
