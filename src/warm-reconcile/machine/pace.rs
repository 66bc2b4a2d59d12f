//! How long the steps of the last stateful upgrade took, and what that tells of the next one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Machine;
use crate::decide::Downtime;
use crate::snapshot::Space;
use crate::state::file::{self, StateError};
use crate::state::journal::{Journal, State};
use crate::state::layout::AppPaths;

/// A snapshot of less takes as long as one of so many bytes: then its files are not what takes time.
const LEAST: u64 = 64 << 20;

/// How long the steps of an upgrade took, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pace {
    /// Until no container used the volumes.
    undeploy_ms: u64,
    snapshot_ms: u64,
    /// What the snapshot took on the disk.
    snapshot_bytes: u64,
    /// From the deploy until it was healthy.
    start_ms: u64,
}

impl Pace {
    pub(super) fn read(paths: &AppPaths) -> Result<Option<Pace>, StateError> {
        file::read_json(&paths.pace())
    }

    /// Of an upgrade that has just ended; `None` where a part of it was done more than once.
    fn of(journal: &Journal, bytes: u64, now: DateTime<Utc>) -> Option<Pace> {
        let once = |state: State| {
            let records = journal.records().iter();
            let mut of_it = records.filter(|record| record.state == state);
            let first = of_it.next()?.at;
            of_it.next().is_none().then_some(first)
        };
        let planned = journal.records().first()?.at;
        let (quiet, kept) = (once(State::Quiesced)?, once(State::Snapshotted)?);
        let took = |from: DateTime<Utc>, to: DateTime<Utc>| {
            u64::try_from((to - from).num_milliseconds()).ok()
        };
        Some(Pace {
            undeploy_ms: took(planned, quiet)?,
            snapshot_ms: took(quiet, kept)?,
            snapshot_bytes: bytes,
            start_ms: took(kept, now)?,
        })
    }

    /// How long the next upgrade would take the app down.
    pub(super) fn downtime(&self, space: &Space) -> Downtime {
        let scaled = u128::from(self.snapshot_ms) * u128::from(space.bytes.max(LEAST))
            / u128::from(self.snapshot_bytes.max(LEAST));
        Downtime {
            undeploy_ms: self.undeploy_ms,
            snapshot_ms: u64::try_from(scaled).unwrap_or(u64::MAX),
            start_ms: self.start_ms,
        }
    }
}

impl Machine<'_> {
    /// Puts the pace of a stateful upgrade on record. It is for people: a failure is told.
    pub(super) fn record_pace(&self, journal: &Journal) {
        if !journal.keeps_data() {
            return;
        }
        let bytes = match self.pair(journal) {
            Ok(taken) => taken.meta.files.values().map(|file| file.size).sum(),
            Err(_) => return,
        };
        if let Some(pace) = Pace::of(journal, bytes, Utc::now())
            && let Err(error) = file::write_json(&self.site.paths.pace(), &pace)
        {
            self.flight.remark(error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_snapshot_goes_with_its_bytes_and_the_rest_stays() {
        let pace = Pace {
            undeploy_ms: 10_000,
            snapshot_ms: 20_000,
            snapshot_bytes: 1 << 30,
            start_ms: 5_000,
        };
        let of = |bytes| {
            pace.downtime(&Space {
                bytes,
                ..Space::default()
            })
        };
        assert_eq!(of(1 << 30).total_ms(), 35_000);
        assert_eq!(of(3 << 30).snapshot_ms, 60_000);
        // A few bytes are not kept in no time.
        assert_eq!(of(0).snapshot_ms, of(LEAST).snapshot_ms);
        assert_eq!(of(0).snapshot_ms, 1250);
    }
}
