//! What of the past is still stored: the version to go back to, and whose data lies on the
//! volumes of a stateful app.

use super::Site;
use super::records::Records;
use crate::deploy::stored_image;
use crate::recipe::Tags;
use crate::snapshot::{SnapshotError, Snapshots};
use crate::spec::Release;
use crate::state::history::HistoryEntry;
use crate::state::journal::{Journal, State};
use crate::state::last_good::Known;

/// Whose data lies on the volumes, and whether a restore was cut short on it: last-good's, unless
/// the last run got further than it could bring to an end.
pub(super) fn data_of(
    last: Option<&Journal>,
    records: &Records,
    good: Option<&Release>,
) -> (Option<Release>, bool) {
    let settled = (good.cloned(), false);
    let Some(last) = last.filter(|last| last.plan().stateful) else {
        return settled;
    };
    let written = last.records().last().map(|record| record.at);
    if let Some(Known::Whole(good)) = &records.last_good
        && written.is_some_and(|at| good.committed_at > at)
    {
        // Recorded after that run: what it left is history.
        return settled;
    }
    let plan = last.plan();
    let left = Some(plan.to.clone());
    if last.state() == State::Committed {
        settled
    } else if last.reached(State::Restored) && last.needs_restore() {
        (plan.from.clone(), false)
    } else if last.reached(State::Restoring) {
        (left, true)
    } else if last.may_have_deployed() {
        (left, false)
    } else {
        settled
    }
}

/// Of a stateful app: the version whose data is in the snapshot that last-good names. Its files
/// are read only where they are `verified`; a restore reads them in any case.
pub(super) async fn paired(
    site: &Site,
    records: &Records,
    running: &Release,
    verified: bool,
    remarks: &mut Vec<String>,
) -> Option<Release> {
    let Some(Known::Whole(good)) = &records.last_good else {
        return None;
    };
    let id = good.snapshot.clone()?;
    if good.release.version != running.version {
        return None;
    }
    let store = Snapshots::new(&site.paths);
    let found = tokio::task::spawn_blocking(move || {
        let found = store.find(|snapshot| snapshot.id == id)?;
        let report = match &found {
            Some(found) if verified => store.verify(found)?,
            _ => Default::default(),
        };
        Ok::<_, SnapshotError>((found, report.differences.into_iter().next()))
    });
    match found.await {
        Ok(Ok((Some(found), None))) => {
            let commit = Some(found.meta.commit);
            let mut release = Release::of_commit(found.meta.version, commit, &site.spec);
            with_stored_images(site, good.release.digests.keys(), &mut release).await;
            return Some(release);
        }
        Ok(Ok((_, Some(bad)))) => remarks.push(format!(
            "the snapshot of the data before {} is damaged at {}: {}",
            good.release.version, bad.place, bad.what
        )),
        Ok(Ok((None, None))) => remarks.push(format!(
            "the snapshot of the data before {} is gone",
            good.release.version
        )),
        Ok(Err(error)) => remarks.push(error.to_string()),
        Err(error) => remarks.push(error.to_string()),
    }
    None
}

async fn with_stored_images(
    site: &Site,
    services: impl Iterator<Item = &String>,
    release: &mut Release,
) {
    for service in services {
        let name = stored_image(&site.spec.stack, service, &release.version);
        if let Ok(Some(image)) = site.engine.image(&name).await {
            release.digests.insert(service.clone(), image.id);
        }
    }
}

/// The version that was healthy here before last-good, with the images that are stored of it. Of
/// a stateful app see [`paired`]: only its snapshot would fit.
pub(super) async fn previous(site: &Site, records: &Records, tags: &Tags) -> Option<Release> {
    let Some(Known::Whole(good)) = &records.last_good else {
        return None;
    };
    let newest_first = records.history.iter().rev();
    let healthy = newest_first.filter_map(HistoryEntry::healthy);
    // Where nothing older was healthy in a run of ours: what the run that made this last-good
    // would have gone back to.
    let of_good =
        |entry: &&HistoryEntry| entry.end == State::Committed && entry.to == good.release.version;
    let before = records.history.iter().rev().find(of_good);
    let before = before.and_then(|entry| entry.from.as_ref());
    let healthy = healthy.chain(before);
    let mut healthy = healthy.filter(|version| **version < good.release.version);
    let mut release = tags.get(healthy.next()?)?.release(&site.spec);
    with_stored_images(site, good.release.digests.keys(), &mut release).await;
    Some(release)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Version;
    use crate::state::journal::{Event, Kind, Plan, Step, Tries};
    use crate::state::last_good::LastGood;
    use crate::state::layout::Layout;
    use chrono::{DateTime, Utc};
    use std::collections::BTreeMap;

    const OLD: &str = "1.0.0+v1";
    const NEW: &str = "1.1.0+v1";

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + second, 0).unwrap()
    }

    fn release(tag: &str) -> Release {
        Release {
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
            from: Some(release(OLD)),
            to: release(NEW),
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
        let records = Records {
            last_good: Some(Known::Whole(LastGood {
                release: release(OLD),
                spec_hash: String::new(),
                committed_at: at(recorded),
                run_id: "before".into(),
                snapshot: None,
            })),
            ..Records::default()
        };
        data_of(Some(&journal), &records, Some(&release(OLD)))
    }

    #[test]
    fn the_data_is_of_the_newest_code_that_may_have_run_on_it() {
        use Event::*;
        let (old, new) = (Some(release(OLD)), Some(release(NEW)));
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
