//! Metrics for the node exporter's textfile collector, in the Prometheus text format 0.0.4: one
//! file per app, so that two runs never write the same file.

#[cfg(test)]
pub(crate) mod tests;
mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Version;
use crate::state::file::{self, StateError};
use crate::state::history::History;
use crate::state::journal::State;
use crate::state::layout::AppPaths;
use kit::redact::{Redacted, Redactor};
use text::{COUNTER, GAUGE, Label, Text};

/// How a run ended, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunLabel {
    Current,
    Upgraded,
    Held,
    RolledBack,
    Degraded,
    Inconclusive,
}

impl RunLabel {
    pub const ALL: [RunLabel; 6] = [
        RunLabel::Current,
        RunLabel::Upgraded,
        RunLabel::Held,
        RunLabel::RolledBack,
        RunLabel::Degraded,
        RunLabel::Inconclusive,
    ];

    fn name(self) -> &'static str {
        match self {
            RunLabel::Current => "current",
            RunLabel::Upgraded => "upgraded",
            RunLabel::Held => "held",
            RunLabel::RolledBack => "rolled-back",
            RunLabel::Degraded => "degraded",
            RunLabel::Inconclusive => "inconclusive",
        }
    }
}

/// How a run of the history ended, as a label: the journal's own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndLabel {
    Committed,
    RolledBack,
    Degraded,
    Held,
    Inconclusive,
}

impl EndLabel {
    pub const ALL: [EndLabel; 5] = [
        EndLabel::Committed,
        EndLabel::RolledBack,
        EndLabel::Degraded,
        EndLabel::Held,
        EndLabel::Inconclusive,
    ];

    fn of(state: State) -> EndLabel {
        match state {
            State::Committed => EndLabel::Committed,
            State::RolledBack => EndLabel::RolledBack,
            State::Degraded => EndLabel::Degraded,
            State::Held => EndLabel::Held,
            _ => EndLabel::Inconclusive,
        }
    }

    fn name(self) -> &'static str {
        match self {
            EndLabel::Committed => "committed",
            EndLabel::RolledBack => "rolled-back",
            EndLabel::Degraded => "degraded",
            EndLabel::Held => "held",
            EndLabel::Inconclusive => "inconclusive",
        }
    }
}

/// What is reported of an app after a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    pub app: String,
    pub recipe: String,
    /// The version that runs, if it is known.
    pub version: Option<Version>,
    pub last_good: Option<Version>,
    pub outcome: RunLabel,
    /// How long the run took.
    pub duration: Duration,
    /// When the run ended.
    pub ended: DateTime<Utc>,
    pub counters: Counters,
    /// Unseen alerts of the app.
    pub alerts: u64,
    /// How many runs of the history ended how.
    pub history: BTreeMap<EndLabel, u64>,
}

/// What one run's metrics take over from the run before. Kept in a file of its own; where that
/// is lost the counters begin anew, which the format's readers allow for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// When a run last ended as `current` or `upgraded`; it survives runs that did not.
    pub last_success: Option<DateTime<Utc>>,
    pub runs: BTreeMap<RunLabel, u64>,
}

impl Counters {
    /// The counters as the run before left them.
    pub fn read(paths: &AppPaths) -> Counters {
        let read = file::read_json(&paths.counters());
        read.ok().flatten().unwrap_or_default()
    }

    /// Counts a run that ended at this moment.
    pub fn count(&mut self, outcome: RunLabel, ended: DateTime<Utc>) {
        *self.runs.entry(outcome).or_default() += 1;
        if matches!(outcome, RunLabel::Current | RunLabel::Upgraded) {
            self.last_success = Some(ended);
        }
    }
}

/// How many runs of a history ended how.
pub fn ends(history: &History) -> BTreeMap<EndLabel, u64> {
    let mut all = BTreeMap::new();
    for entry in &history.entries {
        *all.entry(EndLabel::of(entry.end)).or_default() += 1;
    }
    all
}

/// Replaces the app's metrics and its counters, each file whole.
///
/// # Errors
/// [`StateError::Write`]; never a reason to stop.
pub fn write(paths: &AppPaths, metrics: &Metrics, redactor: &Redactor) -> Result<(), StateError> {
    file::write_unsynced(&paths.metrics(), metrics.text(redactor).as_bytes())?;
    file::write_json_unsynced(&paths.counters(), &metrics.counters)
}

impl Metrics {
    /// The text of the file.
    pub fn text(&self, redactor: &Redactor) -> Redacted<String> {
        let app = Label::foreign("app", &self.app, redactor);
        let tag = |version: &Option<Version>| version.as_ref().map_or("", Version::tag).to_owned();
        let mut text = Text::default();
        text.family(
            "warm_reconcile_info",
            GAUGE,
            "What runs, and what was last seen healthy.",
        );
        text.sample(
            &[
                app.clone(),
                Label::foreign("recipe", &self.recipe, redactor),
                Label::foreign("version", &tag(&self.version), redactor),
                Label::foreign("last_good", &tag(&self.last_good), redactor),
            ],
            1.0,
        );
        text.family(
            "warm_reconcile_last_run_outcome",
            GAUGE,
            "1 for the outcome of the last run, 0 for every other one.",
        );
        for outcome in RunLabel::ALL {
            let labels = [app.clone(), Label::own("outcome", outcome.name())];
            text.sample(&labels, f64::from(u8::from(outcome == self.outcome)));
        }
        text.family("warm_reconcile_runs_total", COUNTER, "Runs by outcome.");
        for outcome in RunLabel::ALL {
            let labels = [app.clone(), Label::own("outcome", outcome.name())];
            let count = self.counters.runs.get(&outcome).copied();
            text.sample(&labels, count.unwrap_or_default() as f64);
        }
        text.family(
            "warm_reconcile_history_runs",
            GAUGE,
            "Runs in the stored history that changed something, by their end.",
        );
        for end in EndLabel::ALL {
            let labels = [app.clone(), Label::own("end", end.name())];
            let count = self.history.get(&end).copied();
            text.sample(&labels, count.unwrap_or_default() as f64);
        }
        let mut single = |name, help, value| {
            text.family(name, GAUGE, help);
            text.sample(std::slice::from_ref(&app), value);
        };
        single(
            "warm_reconcile_last_run_duration_seconds",
            "How long the last run took.",
            self.duration.as_secs_f64(),
        );
        single(
            "warm_reconcile_last_run_timestamp_seconds",
            "When the last run ended.",
            seconds(self.ended),
        );
        if let Some(at) = self.counters.last_success {
            single(
                "warm_reconcile_last_success_timestamp_seconds",
                "When a run last ended with a healthy, current app.",
                seconds(at),
            );
        }
        single(
            "warm_reconcile_unseen_alerts",
            "Alerts of the app that nobody has seen yet.",
            self.alerts as f64,
        );
        text.text
    }
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}
