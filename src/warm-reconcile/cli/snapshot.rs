//! `warm-reconcile snapshot`: the snapshots of an app, and whether they would bring its data back.

use std::path::Path;

use anyhow::Context;
use chrono::Utc;
use serde_json::{Value, json};

use crate::AppSpec;
use crate::app_file::{Apps, Environment};
use crate::last_good::{self, Known};
use crate::layout::{AppPaths, Layout};
use crate::lock::Lock;
use crate::outcome::ExitCode as Code;
use crate::snapshot::{Report, Snapshot, SnapshotError, Snapshots};

use crate::cli::options::SnapshotCommand;
use crate::cli::{Ended, known, out, print_json};

/// One of the places in which a snapshot lies.
struct Slot {
    name: &'static str,
    what: &'static str,
    found: Result<Option<Snapshot>, SnapshotError>,
}

pub(crate) fn snapshot(
    env: &Environment,
    apps: &Apps,
    app: &str,
    what: Option<&SnapshotCommand>,
    json: bool,
) -> Ended {
    let spec = known(apps, app)?;
    let paths = Layout::new(&env.warm_root)?.app(&spec.app, &spec.recipe)?;
    match what {
        None | Some(SnapshotCommand::List) => list(&paths, json),
        Some(SnapshotCommand::Verify) => each(spec, &paths, "verify", json, |store, snapshot| {
            Ok(store.verify(snapshot)?)
        }),
        Some(SnapshotCommand::Rehearse { scratch }) => {
            each(spec, &paths, "rehearse", json, |store, snapshot| {
                rehearse(store, snapshot, &paths, scratch.as_deref())
            })
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
            "the last proven one, kept until the newest is",
            store.previous(),
        ),
        slot(
            "aside",
            "what lay there before a restore that was asked for",
            store.aside(),
        ),
    ]
}

fn list(paths: &AppPaths, json: bool) -> Ended {
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
    if json {
        print_json(&Value::Array(all));
    } else if all.is_empty() {
        out("there is no snapshot\n");
    } else {
        all.iter().for_each(|one| out(&line(one)));
    }
    Ok(match damaged {
        true => Code::Degraded.code(),
        false => Code::Current.code(),
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
    let pair = match one["rollback_goes_here"] == true {
        true => ", `rollback` goes here",
        false => "",
    };
    format!(
        "{:<9} {} of {}, {} bytes, volumes {} ({}{pair})\n",
        text("slot"),
        text("taken"),
        text("version"),
        one["bytes"],
        volumes.join(" "),
        text("what"),
    )
}

/// Looks at every snapshot that there is. 30 when one of them would not bring its data back.
fn each(
    spec: &AppSpec,
    paths: &AppPaths,
    what: &str,
    json: bool,
    look: impl Fn(&Snapshots, &Snapshot) -> anyhow::Result<Report>,
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
        let report = look(&store, &found)?;
        bad |= !report.differences.is_empty();
        all.push(json!({
            "slot": slot.name, "id": found.id, "version": found.meta.version,
            "good": report.differences.is_empty(), "report": report,
        }));
    }
    anyhow::ensure!(!all.is_empty(), "`{}` has no snapshot to {what}", spec.app);
    if json {
        print_json(&Value::Array(all));
    } else {
        all.iter().for_each(|one| out(&told(one, what)));
    }
    Ok(match bad {
        true => Code::Degraded.code(),
        false => Code::Current.code(),
    })
}

fn told(one: &Value, what: &str) -> String {
    let slot = one["slot"].as_str().unwrap_or_default();
    if let Some(why) = one["why"].as_str() {
        return format!("{slot:<9} DAMAGED: {why}\n");
    }
    let report = &one["report"];
    let head = format!(
        "{slot:<9} {}: {} entries, {} bytes of files",
        one["version"].as_str().unwrap_or_default(),
        report["entries"],
        report["bytes"]
    );
    if one["good"] == true {
        return match what {
            "rehearse" => format!("{head}, restored and compared: all as it was\n"),
            _ => format!("{head}: all as it was written\n"),
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
