//! The flight recorder: what one run observed and did, for those who look into it afterwards.
//!
//! What is recorded goes through the redactor as it comes in, so that nothing else is in here.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::Machine;
use crate::Version;
use crate::decide::Plan;
use crate::decide::outcome::Outcome;
use crate::decide::way_out::About;
use crate::deploy::DriverReport;
use crate::health::{Timeline, Verdict};
use crate::inspect::Gathered;
use crate::state::file::{self, StateError};
use crate::state::layout::AppPaths;
use kit::redact::{Redacted, Redactor};

/// How many records of runs are stored for an app.
const STORED: usize = 30;

/// What is on record of the run so far. Shared, so that also a run that is cut short has one.
#[derive(Debug)]
pub struct Flight<'r> {
    redactor: &'r Redactor,
    recorded: Mutex<Recorded>,
}

#[derive(Debug, Default)]
struct Recorded {
    head: Option<Head>,
    rounds: Vec<Redacted<Value>>,
    tools: Vec<Redacted<Value>>,
    gates: Vec<GateRecord>,
    data: Vec<Redacted<Value>>,
    why: Vec<Redacted<Value>>,
    remarks: Vec<Redacted<String>>,
    notes: String,
    about: Option<About>,
}

#[derive(Debug)]
struct Head {
    app: String,
    run: String,
    what: Redacted<&'static str>,
    started: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct GateRecord {
    version: Version,
    fresh: bool,
    timeline: Timeline,
}

/// The file of a run.
#[derive(Serialize)]
struct FlightFile<'a> {
    app: &'a str,
    #[serde(serialize_with = "kit::redact::own_run_id")]
    run: &'a str,
    what: Redacted<&'static str>,
    #[serde(serialize_with = "kit::redact::own")]
    started: DateTime<Utc>,
    ended: Ended<'a>,
    rounds: &'a [Redacted<Value>],
    tools: &'a [Redacted<Value>],
    gates: &'a [GateRecord],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    data: &'a [Redacted<Value>],
    /// Of each version that failed: what the engine and its containers said of it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    why: &'a [Redacted<Value>],
    remarks: &'a [Redacted<String>],
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Ended<'a> {
    Outcome(Outcome),
    /// The error that cut it short.
    Error(&'a str),
}

/// A gate that is being waited at. Its probes are on record when it is dropped: also when the
/// run is stopped in the middle of it.
pub(super) struct OpenGate<'f> {
    flight: &'f Flight<'f>,
    version: Version,
    fresh: bool,
    pub(super) timeline: Timeline,
}

impl Drop for OpenGate<'_> {
    fn drop(&mut self) {
        let gate = GateRecord {
            version: self.version.clone(),
            fresh: self.fresh,
            timeline: std::mem::take(&mut self.timeline),
        };
        self.flight.with(|recorded| recorded.gates.push(gate));
    }
}

impl<'r> Flight<'r> {
    /// An empty record, which holds nothing that did not go through this redactor.
    pub fn new(redactor: &'r Redactor) -> Flight<'r> {
        Flight {
            redactor,
            recorded: Mutex::default(),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Recorded) -> T) -> T {
        change(&mut self.recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn redactor(&self) -> &'r Redactor {
        self.redactor
    }

    pub(super) fn begin(&self, machine: &Machine<'_>, what: &'static str) {
        let head = Head {
            app: machine.site.spec.app.clone(),
            run: machine.run_id.clone(),
            what: Redacted::own(what),
            started: machine.started,
        };
        self.with(|recorded| recorded.head = Some(head));
    }

    pub(super) fn decided(&self, gathered: &Gathered, plan: &Plan, about: About) {
        let probe = gathered.probe.as_ref();
        let round = self.redactor.document(&Round {
            plan,
            world: &gathered.world,
            probe: probe.map(|(observed, weight)| ProbeRecord {
                seen: observed,
                worth: format!("{weight:?}"),
            }),
        });
        self.with(|recorded| {
            recorded.rounds.push(round);
            recorded.about = Some(about);
        });
        for remark in &gathered.remarks {
            self.remark(remark);
        }
    }

    pub(super) fn gate(&self, version: &Version, fresh: bool) -> OpenGate<'_> {
        OpenGate {
            flight: self,
            version: version.clone(),
            fresh,
            timeline: Timeline::default(),
        }
    }

    /// What the last decision was about; `None` before the first one.
    pub(super) fn about(&self) -> Option<About> {
        self.with(|recorded| recorded.about.clone())
    }

    pub(super) fn tool(&self, report: &DriverReport) {
        let report = self.redactor.document(report);
        self.with(|recorded| recorded.tools.push(report));
    }

    /// What was done about the data of a stateful app.
    pub(super) fn data(&self, what: &'static str, details: &impl Serialize, took: Duration) {
        let step = self.redactor.document(&DataRecord {
            what: Redacted::own(what),
            seen: details,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
        self.with(|recorded| recorded.data.push(step));
    }

    /// What the engine and the containers of a version that failed said.
    pub(super) fn why(&self, words: &impl Serialize) {
        let words = self.redactor.document(words);
        self.with(|recorded| recorded.why.push(words));
    }

    pub(super) fn remark(&self, text: impl AsRef<str>) {
        let text = self.redactor.redact(text.as_ref());
        self.with(|recorded| {
            if !recorded.remarks.contains(&text) {
                recorded.remarks.push(text);
            }
        });
    }

    pub(super) fn notes(&self, notes: String) {
        self.with(|recorded| recorded.notes = notes);
    }

    pub(super) fn notes_text(&self) -> String {
        self.with(|recorded| recorded.notes.clone())
    }

    /// What was noticed on the way.
    pub fn remarks(&self) -> Vec<Redacted<String>> {
        self.with(|recorded| recorded.remarks.clone())
    }

    /// What an alert carries of it: the last gate (of a rollback: the one that failed) with the
    /// last of its probes, and the remarks.
    pub(super) fn evidence(&self) -> Option<Value> {
        self.with(|recorded| {
            let failed = |gate: &&GateRecord| gate.timeline.verdict != Some(Verdict::Healthy);
            let gates = &recorded.gates;
            let gate = gates.iter().rev().find(failed).or(gates.last());
            // What failed before any gate has its reason in the remarks.
            if gate.is_none() && recorded.remarks.is_empty() {
                return None;
            }
            let mut gate = json!(gate);
            if let Some(timeline) = gate["timeline"].as_object_mut() {
                timeline.remove("changes");
                timeline.remove("facts");
            }
            let run = recorded.head.as_ref().map(|head| &head.run);
            Some(json!({
                "run": run, "remarks": recorded.remarks, "gate": gate, "why": recorded.why,
            }))
        })
    }

    /// Where the run's record lies; `None` for a run that has not begun.
    pub(super) fn path(&self, paths: &AppPaths) -> Option<PathBuf> {
        let name = self.with(|recorded| Some(format!("{}.json", recorded.head.as_ref()?.run)))?;
        Some(paths.runs().join(name))
    }

    /// Writes the record; the oldest go. Nothing is written of a run that has not begun.
    ///
    /// # Errors
    /// [`StateError`]; never a reason to end a run differently.
    pub fn write(&self, paths: &AppPaths, ended: Ended<'_>) -> Result<Option<PathBuf>, StateError> {
        let document = self.with(|recorded| {
            let head = recorded.head.as_ref()?;
            let file = FlightFile {
                app: &head.app,
                run: &head.run,
                what: head.what,
                started: head.started,
                ended,
                rounds: &recorded.rounds,
                tools: &recorded.tools,
                gates: &recorded.gates,
                data: &recorded.data,
                why: &recorded.why,
                remarks: &recorded.remarks,
            };
            Some(self.redactor.document(&file))
        });
        let (Some(document), Some(path)) = (document, self.path(paths)) else {
            return Ok(None);
        };
        place(&path, &document)?;
        prune(&paths.runs());
        Ok(Some(path))
    }
}

/// The one way to the folder of runs.
fn place(path: &Path, document: &Redacted<Value>) -> Result<(), StateError> {
    file::write_json(path, document)
}

#[derive(Serialize)]
struct Round<'a> {
    plan: &'a Plan,
    world: &'a crate::decide::World,
    probe: Option<ProbeRecord<'a>>,
}

#[derive(Serialize)]
struct ProbeRecord<'a> {
    seen: &'a crate::health::Seen,
    worth: String,
}

#[derive(Serialize)]
struct DataRecord<'a, T> {
    what: Redacted<&'static str>,
    seen: &'a T,
    took_ms: u64,
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
    let surplus = files.len().saturating_sub(STORED);
    for path in files.into_iter().take(surplus) {
        let _ = fs::remove_file(path);
    }
}
