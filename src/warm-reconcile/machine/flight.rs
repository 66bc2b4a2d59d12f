//! The flight recorder: what one run saw and did, for whoever argues about it afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Machine;
use crate::Version;
use crate::decide::Plan;
use crate::driver::DriverReport;
use crate::gate::Timeline;
use crate::layout::AppPaths;
use crate::state_file::{self, StateError};
use crate::world::Gathered;
use kit::redact::Redactor;

/// So many records of runs are kept for an app.
const KEPT: usize = 30;

/// What is on record of the run so far. Shared, so that a run that is cut short has one, too.
#[derive(Debug, Default)]
pub struct Flight {
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    run_id: String,
    head: Map<String, Value>,
    rounds: Vec<Value>,
    tools: Vec<Value>,
    gates: Vec<Value>,
    data: Vec<Value>,
    remarks: Vec<String>,
    notes: String,
    version: Option<Version>,
}

/// A gate that is being waited at. Its probes are on record when it is dropped: also when the
/// run is told to stop in the middle of it.
pub(super) struct OpenGate<'f> {
    flight: &'f Flight,
    version: Version,
    fresh: bool,
    pub(super) timeline: Timeline,
}

impl Drop for OpenGate<'_> {
    fn drop(&mut self) {
        let (version, fresh) = (&self.version, self.fresh);
        let gate = json!({ "version": version, "fresh": fresh, "timeline": self.timeline });
        self.flight.with(|told| told.gates.push(gate));
    }
}

impl Flight {
    fn with<T>(&self, change: impl FnOnce(&mut Told) -> T) -> T {
        change(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn begin(&self, machine: &Machine<'_>, what: &str) {
        self.with(|told| {
            told.run_id = machine.run_id.clone();
            let head = json!({
                "app": machine.site.spec.app, "run": machine.run_id, "what": what,
                "started": machine.started,
            });
            if let Value::Object(head) = head {
                told.head = head;
            }
        });
    }

    pub(super) fn decided(&self, seen: &Gathered, plan: &Plan) {
        let probe = seen.probe.as_ref();
        let round = json!({
            "plan": plan,
            "world": seen.world,
            "probe": probe.map(|(seen, weight)| json!({ "seen": seen, "worth": format!("{weight:?}") })),
        });
        let world = &seen.world;
        let running = world.running.as_ref().and_then(|one| one.release.as_ref());
        let newest = world.newest.as_ref().map(|newest| &newest.release);
        let about = plan.deploys().or(running).or(newest);
        self.with(|told| {
            told.rounds.push(round);
            told.version = about.map(|release| release.version.clone());
            told.remarks.extend(seen.remarks.iter().cloned());
        });
    }

    pub(super) fn gate(&self, version: &Version, fresh: bool) -> OpenGate<'_> {
        OpenGate {
            flight: self,
            version: version.clone(),
            fresh,
            timeline: Timeline::default(),
        }
    }

    /// The version that the last decision was about.
    pub(super) fn version(&self) -> Option<Version> {
        self.with(|told| told.version.clone())
    }

    pub(super) fn tool(&self, report: &DriverReport) {
        let report = json!(report);
        self.with(|told| told.tools.push(report));
    }

    /// What was done about the data of a stateful app.
    pub(super) fn data(&self, what: &str, seen: &impl serde::Serialize, took: Duration) {
        let step = json!({ "what": what, "seen": seen, "took_ms": took.as_millis() as u64 });
        self.with(|told| told.data.push(step));
    }

    pub(super) fn remark(&self, text: String) {
        self.with(|told| told.remarks.push(text));
    }

    pub(super) fn notes(&self, notes: String) {
        self.with(|told| told.notes = notes);
    }

    pub(super) fn notes_text(&self) -> String {
        self.with(|told| told.notes.clone())
    }

    /// What was noticed on the way.
    pub fn remarks(&self) -> Vec<String> {
        self.with(|told| told.remarks.clone())
    }

    /// What an alert carries of it: the last gate (of a rollback: the one that failed) with the
    /// last of its probes, and what was remarked.
    pub(super) fn evidence(&self) -> Option<Value> {
        self.with(|told| {
            let failed = |gate: &&Value| gate["timeline"]["verdict"]["verdict"] != "healthy";
            let gate = told.gates.iter().rev().find(failed).or(told.gates.last());
            let mut gate = gate.cloned().unwrap_or_default();
            // What failed before any gate has its reason in the remarks.
            if gate.is_null() && told.remarks.is_empty() {
                return None;
            }
            if let Some(timeline) = gate["timeline"].as_object_mut() {
                timeline.remove("changes");
                timeline.remove("facts");
            }
            Some(json!({ "run": told.run_id, "remarks": told.remarks, "gate": gate }))
        })
    }

    /// Where the run's record lies.
    pub(super) fn path(&self, paths: &AppPaths) -> PathBuf {
        let name = self.with(|told| format!("{}.json", told.run_id));
        paths.runs().join(name)
    }

    /// Writes the record; the oldest go. Nothing is written of a run that has not begun.
    ///
    /// # Errors
    /// [`StateError`]; never a reason to end a run differently.
    pub fn write(
        &self,
        paths: &AppPaths,
        redactor: &Redactor,
        ended: &str,
    ) -> Result<Option<PathBuf>, StateError> {
        let mut value = self.with(|told| {
            let mut all = told.head.clone();
            all.insert("ended".into(), ended.into());
            all.insert("rounds".into(), told.rounds.clone().into());
            all.insert("tools".into(), told.tools.clone().into());
            all.insert("gates".into(), told.gates.clone().into());
            if !told.data.is_empty() {
                all.insert("data".into(), told.data.clone().into());
            }
            all.insert("remarks".into(), told.remarks.clone().into());
            Value::Object(all)
        });
        if value.get("run").is_none() {
            return Ok(None);
        }
        redactor.value(&mut value);
        let path = self.path(paths);
        state_file::write_json(&path, &value)?;
        prune(&paths.runs());
        Ok(Some(path))
    }
}

/// Names begin with the time: sorted, the oldest come first. What cannot be removed stays.
fn prune(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let files = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    let surplus = files.len().saturating_sub(KEPT);
    for path in files.into_iter().take(surplus) {
        let _ = fs::remove_file(path);
    }
}
