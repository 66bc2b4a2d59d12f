//! The end of a run: who has to hear of it, and what stays on record.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::alarm::unheard;
use super::flight::Ended;
use super::{End, Machine};
use crate::Version;
use crate::decide::outcome::{ExitCode, Outcome};
use crate::decide::way_out::{About, way_out};
use crate::report::alert::{Alert, Alerts, Detail, Raised};
use crate::report::log::Log;
use crate::report::log::LogError;
use crate::report::metrics::{self, Counters, Metrics, RunLabel};
use crate::report::relay::{self, relay};
use crate::state::file::StateError;
use crate::state::history::{self, HistoryEntry};
use crate::state::journal::{Journal, JournalState, State};
use crate::state::last_good;
use crate::state::quarantine::Quarantine;
use kit::error_chain;
use kit::redact::Redacted;

/// How many runs the history holds.
const STORED: usize = 100;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    pub app: String,
    pub run: String,
    /// How it ended; `None` where there was nothing to resume.
    pub outcome: Option<Outcome>,
    /// The version that this is about.
    pub version: Option<Version>,
    /// The alert that was raised, or stands already.
    pub alert: Option<PathBuf>,
    pub flight: Option<PathBuf>,
    /// What else was noticed.
    pub remarks: Vec<Redacted<String>>,
}

/// A [`Report`] as it is printed as JSON.
#[derive(Debug, Serialize)]
pub struct ReportDocument<'a> {
    app: &'a str,
    #[serde(serialize_with = "kit::redact::own_run_id")]
    run: &'a str,
    outcome: Option<Outcome>,
    exit: u8,
    version: Option<&'a Version>,
    alert: Option<&'a Path>,
    flight: Option<&'a Path>,
    remarks: &'a [Redacted<String>],
}

/// What the log says of a run.
#[derive(Serialize)]
struct LogFields<'a> {
    #[serde(serialize_with = "kit::redact::own_run_id")]
    run: &'a str,
    outcome: Outcome,
    version: Option<&'a Version>,
    attempted: Option<&'a Version>,
    acted: bool,
}

impl Report {
    /// The status to exit with.
    pub fn exit(&self) -> ExitCode {
        self.outcome.map_or(ExitCode::Current, Outcome::exit)
    }

    pub fn document(&self) -> ReportDocument<'_> {
        ReportDocument {
            app: &self.app,
            run: &self.run,
            outcome: self.outcome,
            exit: self.exit().code(),
            version: self.version.as_ref(),
            alert: self.alert.as_deref(),
            flight: self.flight.as_deref(),
            remarks: &self.remarks,
        }
    }

    /// As one line and one for each remark.
    pub fn text(&self) -> String {
        let outcome = self.outcome.map_or("nothing to resume", Outcome::name);
        let version = self.version.as_ref().map_or("", Version::tag);
        let mut text = format!("{}: {outcome} {version}", self.app)
            .trim_end()
            .to_owned();
        text.push('\n');
        for remark in &self.remarks {
            text.push_str(&format!("  {remark}\n"));
        }
        text
    }
}

impl Machine<'_> {
    /// Ends a run. Nothing that goes wrong here changes how it ended; it is told.
    pub(super) async fn close(&self, end: End) -> Report {
        let site = self.site;
        self.hook_after(&end).await;
        let way = self.about(&end);
        let way = way.and_then(|about| way_out(end.outcome, &about));
        if let Some(way) = way {
            self.flight.remark(way);
        }
        let now = Utc::now();
        let mut remarks = self.flight.remarks();
        let mut flight = None;
        // A healthy, current app leaves no trace but its metrics.
        if end.acted || end.outcome != Outcome::NoopHealthy {
            match self.flight.write(&site.paths, Ended::Outcome(end.outcome)) {
                Ok(path) => flight = path,
                Err(error) => remarks.push(self.failed_to_report(&error)),
            }
            if let Err(error) = self.log(&end, now) {
                remarks.push(self.failed_to_report(&error));
            }
        }
        let alerts = Alerts::new(site.paths.layout(), self.redactor());
        if let (ExitCode::Current | ExitCode::RolledBack, Some(version)) =
            (end.outcome.exit(), &end.version)
            && let Err(error) = alerts.retract(&site.spec.app, version, now)
        {
            remarks.push(self.failed_to_report(&error));
        }
        if let Err(error) = self.all_clear(&end) {
            remarks.push(self.failed_to_report(&error));
        }
        let mut raised = None;
        if let Some(alert) = self.alert(&end) {
            match alerts.raise(&alert, now) {
                Ok(Raised::Known(path)) => raised = Some(path),
                Ok(Raised::Written(path)) => {
                    self.relay(&path).await;
                    raised = Some(path);
                }
                Err(error) => remarks.push(self.redactor().redact(&unheard(&error))),
            }
        }
        let unseen = alerts.unseen_of(&site.spec.app).unwrap_or_default();
        if let Err(error) = self.metrics(&end, now, unseen.len()) {
            remarks.push(self.failed_to_report(&error));
        }
        let status = format!("{}: {}", site.spec.app, end.outcome);
        let _ = self.notify.status(&self.redactor().redact(&status));
        Report {
            app: site.spec.app.clone(),
            run: self.run_id.clone(),
            outcome: Some(end.outcome),
            version: end.version,
            alert: raised,
            flight,
            remarks,
        }
    }

    /// What the run was about, with what became of that.
    fn about(&self, end: &End) -> Option<About> {
        let about = self.flight.about()?;
        let version = end.attempted.as_ref().or(end.version.as_ref());
        let version = version.cloned().or(about.version);
        let quarantine = Quarantine::read(&self.site.paths).unwrap_or_default();
        let mut barred = quarantine.entries.iter();
        Some(About {
            quarantined: barred.any(|entry| Some(&entry.version) == version.as_ref()),
            version,
            ..about
        })
    }

    fn alert(&self, end: &End) -> Option<Alert> {
        if !end.outcome.alerts() {
            return None;
        }
        let version = end.attempted.as_ref().or(end.version.as_ref()).cloned();
        let detail = match (&end.attempted, end.outcome.exit()) {
            (Some(attempted), _) => Detail::Rollback {
                attempted: attempted.clone(),
                last_good: end.version.clone(),
                recovered: end.outcome == Outcome::RolledBack,
            },
            (None, ExitCode::Held) => Detail::Hold {
                notes: self.flight.notes_text(),
            },
            _ => Detail::Plain,
        };
        Some(Alert {
            app: self.site.spec.app.clone(),
            reason: end.outcome.name(),
            version,
            detail,
            evidence: self.flight.evidence(),
        })
    }

    pub(super) async fn relay(&self, path: &std::path::Path) {
        let spec = &self.site.spec;
        let relayed = relay(&spec.alert_relay, path, relay::DEADLINE).await;
        if relayed != relay::Relayed::NotAsked {
            let log = Log::new(self.site.paths.layout(), self.redactor());
            // The file is the alert; a failed relay is at most a line in the log.
            let _ = log.write(Utc::now(), &spec.app, "relay", &relayed);
        }
    }

    pub(super) fn log(&self, end: &End, now: DateTime<Utc>) -> Result<(), LogError> {
        let fields = LogFields {
            run: &self.run_id,
            outcome: end.outcome,
            version: end.version.as_ref(),
            attempted: end.attempted.as_ref(),
            acted: end.acted,
        };
        let log = Log::new(self.site.paths.layout(), self.redactor());
        log.write(now, &self.site.spec.app, "run", &fields)
    }

    pub(super) fn metrics(
        &self,
        end: &End,
        now: DateTime<Utc>,
        alerts: usize,
    ) -> Result<(), StateError> {
        let paths = &self.site.paths;
        let good = last_good::read(paths).ok().flatten();
        let mut counters = Counters::read(paths);
        if counters.last_success.is_none() {
            // Where the counters were lost: then last-good was seen healthy.
            counters.last_success = good.as_ref().and_then(|known| match known {
                last_good::Known::Whole(record) => Some(record.committed_at),
                last_good::Known::Version(_) => None,
            });
        }
        let outcome = label_of(end);
        counters.count(outcome, now);
        let past = history::read(paths).unwrap_or_default();
        let metrics = Metrics {
            app: self.site.spec.app.clone(),
            recipe: self.site.spec.recipe.clone(),
            version: end.version.clone(),
            last_good: good.map(|known| known.version().clone()),
            outcome,
            duration: self.began.elapsed(),
            ended: now,
            counters,
            alerts: u64::try_from(alerts).unwrap_or(u64::MAX),
            history: metrics::ends(&past),
        };
        metrics::write(paths, &metrics, self.redactor())
    }

    fn failed_to_report(&self, error: &(dyn std::error::Error + 'static)) -> Redacted<String> {
        self.redactor().redact(&error_chain(error))
    }

    /// Adds a run that came to its end. It decides little, so that it fails is only told.
    pub(super) fn history(&self, journal: &Journal) {
        let evidence = self.flight.path(&self.site.paths);
        self.remember(journal, Utc::now(), evidence);
    }

    /// A run that was killed between its last record and its line in the history gets that now:
    /// a rollback looks there for what was healthy.
    pub(super) fn complete_history(&self) {
        let paths = &self.site.paths;
        let Ok(JournalState::Ended(journal)) = Journal::open(paths) else {
            return;
        };
        let told = [State::Committed, State::RolledBack, State::Degraded];
        let Ok(past) = history::read(paths) else {
            return;
        };
        let run = &journal.plan().run_id;
        if told.contains(&journal.state()) && past.entries.iter().all(|one| one.run_id != *run) {
            let last = journal.records().last();
            let ended = last.map_or(journal.plan().at, |record| record.at);
            self.remember(&journal, ended, None);
        }
    }

    fn remember(&self, journal: &Journal, ended: DateTime<Utc>, evidence: Option<PathBuf>) {
        let paths = &self.site.paths;
        let plan = journal.plan();
        let entry = HistoryEntry {
            run_id: plan.run_id.clone(),
            started: plan.at,
            ended,
            from: plan.from.as_ref().map(|from| from.version.clone()),
            to: plan.to.version.clone(),
            end: journal.state(),
            evidence: evidence.map(|path| path.display().to_string()),
        };
        let good = last_good::read(paths).ok().flatten();
        let pinned: Vec<&Version> = good.iter().map(last_good::Known::version).collect();
        if let Err(error) = history::add(paths, entry, STORED, &pinned) {
            self.flight.remark(error.to_string());
        }
    }
}

fn label_of(end: &End) -> RunLabel {
    match (end.outcome.exit(), end.acted) {
        (ExitCode::Current, true) => RunLabel::Upgraded,
        (ExitCode::Current, false) => RunLabel::Current,
        (ExitCode::Held, _) => RunLabel::Held,
        (ExitCode::RolledBack, _) => RunLabel::RolledBack,
        (ExitCode::Degraded, _) => RunLabel::Degraded,
        (ExitCode::Inconclusive, _) => RunLabel::Inconclusive,
    }
}
