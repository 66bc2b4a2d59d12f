//! What a run leaves on record: last-good, and the quarantine.

use chrono::Utc;

use super::{Machine, RunError};
use crate::engine::{current_version, digests};
use crate::inspect::{Gathered, Site};
use crate::spec::app_file;
use crate::spec::{Release, ReleaseId};
use crate::state::file::StateError;
use crate::state::journal;
use crate::state::last_good::{self, Known, LastGood};
use crate::state::quarantine::Quarantine;

impl Machine<'_> {
    pub(super) async fn quarantine(&self, plan: &journal::Plan, why: &str) -> Result<(), RunError> {
        let version = &plan.to.version;
        if is_last_good(self.site, version)? {
            return Ok(());
        }
        let mut release = plan.to.clone();
        if let Ok(view) = self.look().await
            && current_version(&view, &self.site.spec).as_ref() == Some(version)
        {
            release.digests = digests(&view);
        }
        let reason = self.redactor().redact(why);
        let paths = &self.site.paths;
        Ok(Quarantine::put(
            paths,
            &release,
            &reason,
            &plan.run_id,
            Utc::now(),
        )?)
    }

    /// Makes what was just seen healthy last-good, with the images that really run and the
    /// snapshot of the data before it.
    pub(super) async fn commit(
        &self,
        target: &Release,
        run_id: &str,
        snapshot: Option<String>,
    ) -> Result<(), RunError> {
        let view = self.look().await.map_err(|error| {
            // The journal still says Gating: the next run looks again.
            RunError::Engine(error)
        })?;
        let target = Release {
            digests: digests(&view),
            ..target.clone()
        };
        let work = self.workspace()?;
        self.keep(&target, &work).await;
        self.write_good(&target, run_id, snapshot)
    }

    /// The same after a rollback, where last-good mostly is what it was. The data before it is
    /// no longer kept then.
    pub(super) async fn commit_if_new(
        &self,
        target: &Release,
        run_id: &str,
    ) -> Result<(), RunError> {
        match last_good::read(&self.site.paths)? {
            Some(Known::Whole(good)) if is_of(&good, target) => Ok(()),
            _ => self.commit(target, run_id, None).await,
        }
    }

    /// Records what runs, healthy, as last-good for the first time.
    pub(super) fn adopt(&self, seen: &Gathered, release: &ReleaseId) -> Result<(), RunError> {
        let target = seen.release(release).ok_or_else(|| self.unsettled())?;
        self.write_good(target, &self.run_id, None)
    }

    fn write_good(
        &self,
        target: &Release,
        run_id: &str,
        snapshot: Option<String>,
    ) -> Result<(), RunError> {
        let spec = app_file::to_json(&self.site.spec).to_string();
        // The same version again keeps the snapshot of the data before it.
        let known = match last_good::read(&self.site.paths)? {
            Some(Known::Whole(good)) if is_of(&good, target) => good.snapshot,
            _ => None,
        };
        let record = LastGood {
            release: target.clone(),
            spec_hash: kit::digest::sha256(spec),
            committed_at: Utc::now(),
            run_id: run_id.to_owned(),
            snapshot: snapshot.or(known),
        };
        Ok(last_good::commit(&self.site.paths, &record)?)
    }
}

fn is_of(good: &LastGood, target: &Release) -> bool {
    let same_commit = good.release.commit.is_some() && good.release.commit == target.commit;
    good.release.version == target.version && same_commit
}

/// Whether this version is last-good: read again where it counts.
fn is_last_good(site: &Site, version: &crate::Version) -> Result<bool, StateError> {
    let known = last_good::read(&site.paths)?;
    Ok(known.is_some_and(|known| known.version() == version))
}
