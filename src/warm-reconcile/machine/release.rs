//! After a run that ended well: what of it is put on record, and which images are let go.

use std::collections::BTreeSet;

use super::Machine;
use crate::Version;
use crate::deploy::{forget_images, is_stored_for, stored_images};
use crate::inspect::drift::{self, Deployed};
use crate::snapshot::Snapshots;
use crate::state::file::StateError;
use crate::state::history;
use crate::state::journal::State;
use crate::state::last_good;
use crate::state::operator_hold;

/// So many versions before last-good keep their images, the newest of those that were healthy.
const BEFORE: usize = 2;

impl Machine<'_> {
    /// What is done once a version is healthy and the journal is closed. Nothing of it changes how
    /// the run ended; what goes wrong is told.
    pub(super) async fn settle(&self, version: &Version) {
        self.record_deployed(version).await;
        if let Err(why) = self.release_images().await {
            self.flight
                .remark(format!("images of old versions were not released: {why}"));
        }
    }

    /// Puts on record what the services are, so that later runs see what others change.
    pub(super) async fn record_deployed(&self, version: &Version) {
        match self.look().await {
            Ok(view) => {
                let deployed = Deployed::of(version, &view);
                if let Err(error) = drift::write(&self.site.paths, &deployed) {
                    self.flight.remark(error.to_string());
                }
            }
            Err(error) => self
                .flight
                .remark(format!("what was deployed is not on record: {error}")),
        }
    }

    /// Lets go of the images of versions that nothing refers to.
    async fn release_images(&self) -> Result<(), String> {
        let stack = &self.site.spec.stack;
        let named = self.site.engine.images_named(&stored_images(stack)).await;
        let mut named = named.map_err(|error| error.to_string())?;
        let referred = self.referred()?;
        named.retain(|name| !is_stored_for(name, &referred));
        if named.is_empty() {
            return Ok(());
        }
        let work = self.workspace().map_err(|error| error.to_string())?;
        let scratch = work.scratch();
        let report = forget_images(&named, &self.cx(&scratch)).await;
        self.flight.tool(&report);
        match report.sounds_good() {
            true => Ok(()),
            false => Err(report.summary()),
        }
    }

    /// The versions that a run may still go to without a registry: last-good, those before it that
    /// were healthy, those with a snapshot, and a pinned one.
    fn referred(&self) -> Result<BTreeSet<Version>, String> {
        let unread = |error: StateError| error.to_string();
        let paths = &self.site.paths;
        let mut all = BTreeSet::new();
        let good = last_good::read(paths).map_err(unread)?;
        all.extend(good.map(|good| good.version().clone()));
        let past = history::read(paths).map_err(unread)?.entries;
        // What a version replaced was healthy too, or adopted.
        let healthy = past.iter().rev().flat_map(|entry| {
            let replaced = entry.from.as_ref();
            let replaced = replaced.filter(|_| entry.end == State::Committed);
            [entry.healthy(), replaced]
        });
        for version in healthy.flatten() {
            if all.len() <= BEFORE {
                all.insert(version.clone());
            }
        }
        let store = Snapshots::new(paths);
        for snapshot in [store.current(), store.previous(), store.aside()] {
            let snapshot = snapshot.map_err(|error| error.to_string())?;
            all.extend(snapshot.map(|found| found.meta.version));
        }
        let pin = operator_hold::pin(paths).map_err(unread)?;
        all.extend(pin.map(|pin| pin.version));
        Ok(all)
    }
}
