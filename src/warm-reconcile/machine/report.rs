//! The end of a run: who has to hear of it, and what stays on record.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::alarm::unheard;
use super::{End, Machine};
use crate::alert::{Alert, Alerts, Detail, Raised};
use crate::audit::Audit;
use crate::history::{self, Entry};
use crate::journal::{Journal, JournalState, State};
use crate::metrics::{self, Before, Metrics};
use crate::outcome::{ExitCode, Outcome};
use crate::relay::{self, relay};
use crate::{Version, last_good};

/// So many runs are kept in the history.
const KEPT: usize = 100;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// The app.
    pub app: String,
    /// The run's id.
    pub run: String,
    /// How it ended; `None` where there was nothing to resume.
    pub outcome: Option<Outcome>,
    /// The version that this is about.
    pub version: Option<Version>,
    /// The alert that was raised, or stands already.
    pub alert: Option<PathBuf>,
    /// The flight record.
    pub flight: Option<PathBuf>,
    /// What else was noticed.
    pub remarks: Vec<String>,
}

impl Report {
    /// The status to exit with.
    pub fn exit(&self) -> ExitCode {
        self.outcome.map_or(ExitCode::Current, Outcome::exit)
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        json!({
            "app": self.app, "run": self.run, "outcome": self.outcome, "exit": self.exit().code(),
            "version": self.version, "alert": self.alert, "flight": self.flight,
            "remarks": self.remarks,
        })
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
        if matches!(end.outcome, Outcome::RollbackFailed | Outcome::DataTooNew) {
            self.flight.remark(super::again::advice(&site.spec.app));
        }
        let now = Utc::now();
        let mut remarks = self.flight.remarks();
        let mut flight = None;
        // A healthy, current app leaves no trace but its metrics.
        if end.acted || end.outcome != Outcome::NoopHealthy {
            match self
                .flight
                .write(&site.paths, self.redactor, end.outcome.name())
            {
                Ok(path) => flight = path,
                Err(error) => remarks.push(error.to_string()),
            }
            if let Err(error) = self.audit(&end, now) {
                remarks.push(error.to_string());
            }
        }
        let alerts = Alerts::new(site.paths.layout(), self.redactor);
        if let (ExitCode::Current | ExitCode::RolledBack, Some(version)) =
            (end.outcome.exit(), &end.version)
            && let Err(error) = alerts.retract(&site.spec.app, version, now)
        {
            remarks.push(error.to_string());
        }
        if let Err(error) = self.all_clear(&end) {
            remarks.push(error.to_string());
        }
        let mut raised = None;
        if let Some(alert) = self.alert(&end) {
            match alerts.raise(&alert, now) {
                Ok(Raised::Known(path)) => raised = Some(path),
                Ok(Raised::Written(path)) => {
                    self.relay(&path).await;
                    raised = Some(path);
                }
                Err(error) => remarks.push(unheard(&error)),
            }
        }
        let unseen = alerts.unseen().unwrap_or_default();
        let unseen = unseen
            .iter()
            .filter(|filed| filed.text("app") == Some(&site.spec.app));
        if let Err(error) = self.metrics(&end, now, unseen.count()) {
            remarks.push(error.to_string());
        }
        let _ = self
            .notify
            .status(&format!("{}: {}", site.spec.app, end.outcome));
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
            reason: end.outcome.name().to_owned(),
            version,
            detail,
            evidence: self.flight.evidence(),
        })
    }

    pub(super) async fn relay(&self, path: &std::path::Path) {
        let spec = &self.site.spec;
        let relayed = relay(&spec.alert_relay, path, relay::DEADLINE).await;
        if relayed != relay::Relayed::NotAsked {
            let log = Audit::new(self.site.paths.layout(), self.redactor);
            // The file is the alert; that it was not carried on is at most a line in the log.
            let _ = log.write(Utc::now(), &spec.app, "relay", relayed.fields());
        }
    }

    pub(super) fn audit(
        &self,
        end: &End,
        now: DateTime<Utc>,
    ) -> Result<(), crate::audit::AuditError> {
        let mut fields = Map::new();
        fields.insert("run".into(), self.run_id.as_str().into());
        fields.insert("outcome".into(), end.outcome.name().into());
        fields.insert("version".into(), json!(end.version));
        fields.insert("attempted".into(), json!(end.attempted));
        fields.insert("acted".into(), end.acted.into());
        let log = Audit::new(self.site.paths.layout(), self.redactor);
        log.write(now, &self.site.spec.app, "run", fields)
    }

    pub(super) fn metrics(
        &self,
        end: &End,
        now: DateTime<Utc>,
        alerts: usize,
    ) -> Result<(), crate::state_file::StateError> {
        let paths = &self.site.paths;
        let success = end.outcome.exit() == ExitCode::Current;
        let before = std::fs::read_to_string(paths.metrics()).unwrap_or_default();
        let before = Before::read(&before);
        let good = last_good::read(paths).ok().flatten();
        // Where no file says it any more: then last-good was seen healthy.
        let committed = good.as_ref().and_then(|known| match known {
            last_good::Known::Whole(record) => Some(record.committed_at),
            last_good::Known::Version(_) => None,
        });
        let good = good.map(|known| known.version().clone());
        let name = metric_name(end);
        let past = history::read(paths).unwrap_or_default();
        let metrics = Metrics {
            app: self.site.spec.app.clone(),
            recipe: self.site.spec.recipe.clone(),
            version: end.version.clone(),
            last_good: good,
            outcome: name.to_owned(),
            duration: self.began.elapsed(),
            ended: now,
            last_success: match success {
                true => Some(now),
                false => before.last_success.or(committed),
            },
            alerts: u64::try_from(alerts).unwrap_or(u64::MAX),
            runs: before.and_one(name),
            history: metrics::ends(&past),
        };
        metrics::write(paths, &metrics)
    }

    /// Adds a run that came to its end. It decides little, so that it fails is only told.
    pub(super) fn history(&self, journal: &Journal) {
        let evidence = self.flight.path(&self.site.paths);
        self.remember(journal, Utc::now(), Some(evidence));
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
        let entry = Entry {
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
        if let Err(error) = history::add(paths, entry, KEPT, &pinned) {
            self.flight.remark(error.to_string());
        }
    }
}

fn metric_name(end: &End) -> &'static str {
    match (end.outcome.exit(), end.acted) {
        (ExitCode::Current, true) => "upgraded",
        (ExitCode::Current, false) => "current",
        (ExitCode::Held, _) => "held",
        (ExitCode::RolledBack, _) => "rolled-back",
        (ExitCode::Degraded, _) => "degraded",
        (ExitCode::Inconclusive, _) => "inconclusive",
    }
}
