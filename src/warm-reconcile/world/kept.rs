//! What of the past is still here: the version that can be gone back to, and whose data lies on
//! the volumes of a stateful app.

use std::collections::BTreeMap;

use super::{OnRecord, Site, env_hash, release_of, target_of_tag};
use crate::decide::{Ask, Release};
use crate::driver::kept_image;
use crate::journal::{Journal, State, Target};
use crate::last_good::Known;
use crate::recipe::Tags;
use crate::snapshot::{SnapshotError, Snapshots};

/// Whose data lies on the volumes, and whether a restore was cut short on it: last-good's, unless
/// the last run got further than it could bring to an end.
pub(super) fn data_of(
    last: Option<&Journal>,
    record: &OnRecord,
    good: Option<&Target>,
) -> (Option<Release>, bool) {
    let settled = (good.map(release_of), false);
    let Some(last) = last.filter(|last| last.plan().stateful) else {
        return settled;
    };
    let written = last.records().last().map(|record| record.at);
    if let Some(Known::Whole(good)) = &record.last_good
        && written.is_some_and(|at| good.committed_at > at)
    {
        // Recorded after that run: what it left is history.
        return settled;
    }
    let plan = last.plan();
    let left = Some(release_of(&plan.to));
    match () {
        () if last.state() == State::Committed => settled,
        () if last.reached(State::Restored) && last.needs_restore() => {
            (plan.from.as_ref().map(release_of), false)
        }
        () if last.reached(State::Restoring) => (left, true),
        () if last.may_have_deployed() => (left, false),
        () => settled,
    }
}

/// Of a stateful app: the version whose data is in the snapshot that last-good names. Its files
/// are read only when a rollback is asked for; a restore reads them in any case.
pub(super) async fn paired(
    site: &Site,
    record: &OnRecord,
    running: &Target,
    ask: Ask,
    remarks: &mut Vec<String>,
) -> Option<Target> {
    let Some(Known::Whole(good)) = &record.last_good else {
        return None;
    };
    let id = good.snapshot.clone()?;
    if good.version != running.version {
        return None;
    }
    let store = Snapshots::new(&site.paths);
    let found = tokio::task::spawn_blocking(move || {
        let found = store.find(|snapshot| snapshot.id == id)?;
        let report = match &found {
            Some(found) if ask == Ask::RollBack => store.verify(found)?,
            _ => Default::default(),
        };
        Ok::<_, SnapshotError>((found, report.differences.into_iter().next()))
    });
    match found.await {
        Ok(Ok((Some(found), None))) => {
            let mut target = Target {
                version: found.meta.version,
                commit: Some(found.meta.commit),
                digests: BTreeMap::new(),
                env_hash: Some(env_hash(&site.spec)),
            };
            with_kept_images(site, good.digests.keys(), &mut target).await;
            return Some(target);
        }
        Ok(Ok((_, Some(bad)))) => remarks.push(format!(
            "the snapshot of the data before {} is damaged at {}: {}",
            good.version, bad.place, bad.what
        )),
        Ok(Ok((None, None))) => remarks.push(format!(
            "the snapshot of the data before {} is gone",
            good.version
        )),
        Ok(Err(error)) => remarks.push(error.to_string()),
        Err(error) => remarks.push(error.to_string()),
    }
    None
}

async fn with_kept_images(
    site: &Site,
    services: impl Iterator<Item = &String>,
    target: &mut Target,
) {
    for service in services {
        let name = kept_image(&site.spec.stack, service, &target.version);
        if let Ok(Some(image)) = site.engine.image(&name).await {
            target.digests.insert(service.clone(), image.id);
        }
    }
}

/// The version that was healthy here before last-good, with the images that were kept of it. Of
/// a stateful app see [`paired`]: only its snapshot would fit.
pub(super) async fn previous(site: &Site, record: &OnRecord, tags: &Tags) -> Option<Target> {
    let Some(Known::Whole(good)) = &record.last_good else {
        return None;
    };
    let healthy = record
        .history
        .iter()
        .rev()
        .filter_map(|entry| match entry.end {
            State::Committed => Some(&entry.to),
            State::RolledBack => entry.from.as_ref(),
            _ => None,
        });
    let mut healthy = healthy.filter(|version| **version < good.version);
    let mut target = target_of_tag(tags.get(healthy.next()?)?, &site.spec);
    with_kept_images(site, good.digests.keys(), &mut target).await;
    Some(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Version;
    use crate::journal::{Event, Kind, Plan, Step, Tries};
    use crate::last_good::LastGood;
    use crate::layout::Layout;
    use chrono::{DateTime, Utc};

    const OLD: &str = "1.0.0+v1";
    const NEW: &str = "1.1.0+v1";

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + second, 0).unwrap()
    }

    fn target(tag: &str) -> Target {
        Target {
            version: Version::parse(tag).unwrap(),
            commit: Some(tag.into()),
            digests: BTreeMap::new(),
            env_hash: None,
        }
    }

    /// Last-good is OLD, recorded at that second; a run from OLD to NEW went so far.
    fn asked(kind: Kind, events: &[Event], recorded: i64) -> (Option<Release>, bool) {
        let root = tempfile::tempdir().unwrap();
        let paths = Layout::new(root.path()).unwrap().app("kc", "kc").unwrap();
        let plan = Plan {
            run_id: "run".into(),
            app: "kc".into(),
            kind,
            at: at(1),
            from: Some(target(OLD)),
            to: target(NEW),
            stateful: true,
            tries: Tries {
                forward: 3,
                back: 3,
            },
            volumes: vec!["kc_data".into()],
            snapshot: (kind == Kind::Rollback).then(|| "id".into()),
        };
        let mut journal = Journal::begin(&paths, plan).unwrap();
        journal.start_try(at(2)).unwrap();
        for event in events {
            journal.advance(*event, Step::default(), at(3)).unwrap();
        }
        let record = OnRecord {
            last_good: Some(Known::Whole(LastGood {
                version: Version::parse(OLD).unwrap(),
                commit: OLD.into(),
                digests: BTreeMap::new(),
                env_hash: String::new(),
                spec_hash: String::new(),
                committed_at: at(recorded),
                run_id: "before".into(),
                snapshot: None,
            })),
            ..OnRecord::default()
        };
        data_of(Some(&journal), &record, Some(&target(OLD)))
    }

    #[test]
    fn the_data_is_of_the_newest_code_that_may_have_run_on_it() {
        use Event::*;
        let (old, new) = (
            Some(release_of(&target(OLD))),
            Some(release_of(&target(NEW))),
        );
        let up: &[Event] = &[Undeployed, SnapshotTaken, DeployStarted];
        let with = |more: &[Event]| [up, more].concat();
        for (events, data, torn) in [
            (vec![Undeployed, SnapshotTaken], &old, false),
            (
                vec![Undeployed, Failed, Restored, RollbackFailed],
                &old,
                false,
            ),
            (with(&[]), &new, false),
            (with(&[Deployed, Unhealthy, RollbackFailed]), &new, false),
            (with(&[Deployed, Unhealthy, Undeployed]), &new, true),
            (
                with(&[Deployed, Unhealthy, Undeployed, RollbackFailed]),
                &new,
                true,
            ),
            (
                with(&[Deployed, Unhealthy, Undeployed, Restored]),
                &old,
                false,
            ),
            (
                with(&[
                    Deployed, Unhealthy, Undeployed, Restored, Redeployed, Unhealthy,
                ]),
                &old,
                false,
            ),
        ] {
            let found = asked(Kind::Upgrade, &events, 0);
            assert_eq!(found, (data.clone(), torn), "{events:?}");
            // Seen healthy since: that run is history.
            assert_eq!(asked(Kind::Upgrade, &events, 9), (old.clone(), false));
        }
        let back = asked(Kind::Rollback, &[RollBackAsked, Undeployed], 0);
        assert_eq!(back, (new, true));
    }
}
