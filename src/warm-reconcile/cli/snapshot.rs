//! `warm-reconcile snapshot`: the snapshots of an app, and whether they would bring its data back.

use std::path::Path;

use anyhow::Context;
use chrono::Utc;
use serde_json::{Value, json};

use crate::AppSpec;
use crate::decide::outcome::ExitCode as Code;
use crate::snapshot::{Report, Snapshot, SnapshotError, Snapshots};
use crate::state::last_good::{self, Known};
use crate::state::layout::AppPaths;
use crate::state::lock::Lock;
use kit::count::count;

use super::options::SnapshotCommand;
use super::output::Output;
use super::{Ended, Session};

/// One of the places in which a snapshot lies.
struct Slot {
    name: &'static str,
    what: &'static str,
    found: Result<Option<Snapshot>, SnapshotError>,
}

impl Session {
    pub(super) fn snapshot(&self, app: &str, what: Option<&SnapshotCommand>) -> Ended {
        let spec = self.app(app)?;
        let paths = self.paths(spec)?;
        match what {
            None | Some(SnapshotCommand::List) => list(&paths, &self.output),
            Some(SnapshotCommand::Verify) => {
                each(spec, &paths, "verify", &self.output, |store, snapshot| {
                    Ok(store.verify(snapshot)?)
                })
            }
            Some(SnapshotCommand::Rehearse { scratch }) => {
                each(spec, &paths, "rehearse", &self.output, |store, snapshot| {
                    rehearse(store, snapshot, &paths, scratch.as_deref())
                })
            }
        }
    }
}

fn slots(paths: &AppPaths) -> [Slot; 3] {
    let store = Snapshots::new(paths);
    let slot = |name, what, found| Slot { name, what, found };
    [
        slot("current", "the newest", store.current()),
        slot(
            "previous",
            "the last proven one, until the newest is proven",
            store.previous(),
        ),
        slot("aside", "the data before a restore by hand", store.aside()),
    ]
}

fn list(paths: &AppPaths, output: &Output) -> Ended {
    let pair = match last_good::read(paths)? {
        Some(Known::Whole(good)) => good.snapshot,
        _ => None,
    };
    let mut all = Vec::new();
    let mut damaged = false;
    for slot in slots(paths) {
        match slot.found {
            Ok(None) => {}
            Ok(Some(found)) => all.push(document(slot.name, slot.what, &found, pair.as_deref())),
            Err(error) => {
                damaged = true;
                all.push(json!({ "slot": slot.name, "damaged": error.to_string() }));
            }
        }
    }
    if output.wants_json() {
        output.document(&all);
    } else if all.is_empty() {
        output.text("there is no snapshot\n");
    } else {
        all.iter().for_each(|one| output.text(&line(one)));
    }
    Ok(if damaged {
        Code::Degraded.code()
    } else {
        Code::Current.code()
    })
}

fn document(slot: &str, what: &str, found: &Snapshot, pair: Option<&str>) -> Value {
    let bytes: u64 = found.meta.files.values().map(|file| file.size).sum();
    json!({
        "slot": slot, "what": what, "id": found.id, "version": found.meta.version,
        "taken": found.meta.ts, "run": found.meta.run_id, "volumes": found.meta.volumes,
        "bytes": bytes, "folder": found.folder,
        "rollback_goes_here": pair == Some(found.id.as_str()),
    })
}

fn line(one: &Value) -> String {
    let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    if let Some(why) = one["damaged"].as_str() {
        return format!("{:<9} DAMAGED: {why}\n", text("slot"));
    }
    let volumes = one["volumes"].as_array().map(Vec::as_slice);
    let volumes: Vec<&str> = volumes
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let pair = if one["rollback_goes_here"] == true {
        ", `rollback` goes here"
    } else {
        ""
    };
    format!(
        "{:<9} {} of {}, {}, volumes {} ({}{pair})\n",
        text("slot"),
        text("taken"),
        text("version"),
        count(one["bytes"].as_u64().unwrap_or_default(), "byte"),
        volumes.join(" "),
        text("what"),
    )
}

/// Checks every snapshot. 30 when one of them would not bring its data back.
fn each(
    spec: &AppSpec,
    paths: &AppPaths,
    what: &str,
    output: &Output,
    check: impl Fn(&Snapshots, &Snapshot) -> anyhow::Result<Report>,
) -> Ended {
    anyhow::ensure!(
        paths.home().is_dir(),
        "`{}` has no state folder, and so no snapshot",
        spec.app
    );
    // A run would move the folders while they are read.
    let _lock = Lock::acquire(paths, "by-hand", &format!("snapshot {what}"), Utc::now())?;
    let store = Snapshots::new(paths);
    let (mut all, mut bad) = (Vec::new(), false);
    for slot in slots(paths) {
        let found = match slot.found {
            Ok(None) => continue,
            Ok(Some(found)) => found,
            Err(error) => {
                bad = true;
                all.push(json!({ "slot": slot.name, "good": false, "why": error.to_string() }));
                continue;
            }
        };
        let report = check(&store, &found)?;
        bad |= !report.differences.is_empty();
        all.push(json!({
            "slot": slot.name, "id": found.id, "version": found.meta.version,
            "good": report.differences.is_empty(), "report": report,
        }));
    }
    anyhow::ensure!(!all.is_empty(), "`{}` has no snapshot to {what}", spec.app);
    if output.wants_json() {
        output.document(&all);
    } else {
        all.iter()
            .for_each(|one| output.text(&report_text(one, what)));
    }
    Ok(if bad {
        Code::Degraded.code()
    } else {
        Code::Current.code()
    })
}

fn report_text(one: &Value, what: &str) -> String {
    let slot = one["slot"].as_str().unwrap_or_default();
    if let Some(why) = one["why"].as_str() {
        return format!("{slot:<9} DAMAGED: {why}\n");
    }
    let report = &one["report"];
    let head = format!(
        "{slot:<9} {}: {}, {} of files",
        one["version"].as_str().unwrap_or_default(),
        count(report["entries"].as_u64().unwrap_or_default(), "entry"),
        count(report["bytes"].as_u64().unwrap_or_default(), "byte")
    );
    if one["good"] == true {
        return match what {
            "rehearse" => format!("{head}, restored and compared: all is as it was\n"),
            _ => format!("{head}: all is as it was written\n"),
        };
    }
    let mut text = format!("{head}: DAMAGED\n");
    for difference in report["differences"].as_array().into_iter().flatten() {
        let part = |name: &str| difference[name].as_str().unwrap_or_default().to_owned();
        text.push_str(&format!(
            "  {}/{}: {}\n",
            part("place"),
            part("path"),
            part("what")
        ));
    }
    text
}

/// Restores into a folder of its own, which is removed again.
fn rehearse(
    store: &Snapshots,
    snapshot: &Snapshot,
    paths: &AppPaths,
    scratch: Option<&Path>,
) -> anyhow::Result<Report> {
    let place = scratch.unwrap_or_else(|| paths.home());
    let folder = tempfile::Builder::new()
        .prefix("rehearsal-")
        .tempdir_in(place)
        .with_context(|| format!("make a scratch folder in {}", place.display()))?;
    Ok(store.rehearse(snapshot, folder.path())?)
}
