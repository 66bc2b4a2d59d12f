//! The end of a run: who has to hear of it, and what stays on record.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{End, Machine};
use crate::reconcile::alert::{Alert, Alerts, Detail, Raised};
use crate::reconcile::audit::Audit;
use crate::reconcile::history::{self, Entry};
use crate::reconcile::journal::Journal;
use crate::reconcile::metrics::{self, Metrics};
use crate::reconcile::outcome::{ExitCode, Outcome};
use crate::reconcile::relay::{self, relay};
use crate::reconcile::{Version, last_good};

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
        let mut raised = None;
        if let Some(alert) = self.alert(&end) {
            match alerts.raise(&alert, now) {
                Ok(Raised::Known(path)) => raised = Some(path),
                Ok(Raised::Written(path)) => {
                    self.relay(&path).await;
                    raised = Some(path);
                }
                Err(error) => remarks.push(format!("THE ALERT COULD NOT BE RAISED: {error}")),
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
        let version = end.attempted.as_ref().or(end.version.as_ref())?.clone();
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

    async fn relay(&self, path: &std::path::Path) {
        let spec = &self.site.spec;
        let relayed = relay(&spec.alert_relay, path, relay::DEADLINE).await;
        if relayed != relay::Relayed::NotAsked {
            let log = Audit::new(self.site.paths.layout(), self.redactor);
            // The file is the alert; that it was not carried on is at most a line in the log.
            let _ = log.write(Utc::now(), &spec.app, "relay", relayed.fields());
        }
    }

    fn audit(
        &self,
        end: &End,
        now: DateTime<Utc>,
    ) -> Result<(), crate::reconcile::audit::AuditError> {
        let mut fields = Map::new();
        fields.insert("run".into(), self.run_id.as_str().into());
        fields.insert("outcome".into(), end.outcome.name().into());
        fields.insert("version".into(), json!(end.version));
        fields.insert("attempted".into(), json!(end.attempted));
        fields.insert("acted".into(), end.acted.into());
        let log = Audit::new(self.site.paths.layout(), self.redactor);
        log.write(now, &self.site.spec.app, "run", fields)
    }

    fn metrics(
        &self,
        end: &End,
        now: DateTime<Utc>,
        alerts: usize,
    ) -> Result<(), crate::reconcile::state_file::StateError> {
        let paths = &self.site.paths;
        let success = end.outcome.exit() == ExitCode::Current;
        let before = std::fs::read_to_string(paths.metrics()).unwrap_or_default();
        let good = last_good::read(paths).ok().flatten();
        let good = good.map(|known| known.version().clone());
        let metrics = Metrics {
            app: self.site.spec.app.clone(),
            recipe: self.site.spec.recipe.clone(),
            version: end.version.clone(),
            last_good: good,
            outcome: metric_name(end).to_owned(),
            duration: self.began.elapsed(),
            ended: now,
            last_success: match success {
                true => Some(now),
                false => last_success(&before),
            },
            alerts: u64::try_from(alerts).unwrap_or(u64::MAX),
        };
        metrics::write(paths, &metrics)
    }

    /// Adds a run that came to its end. It decides little, so that it fails is only told.
    pub(super) fn history(&self, journal: &Journal) {
        let paths = &self.site.paths;
        let plan = journal.plan();
        let evidence = self.flight.path(paths);
        let entry = Entry {
            run_id: plan.run_id.clone(),
            started: plan.at,
            ended: Utc::now(),
            from: plan.from.as_ref().map(|from| from.version.clone()),
            to: plan.to.version.clone(),
            end: journal.state(),
            evidence: Some(evidence.display().to_string()),
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

/// What the last file said, so that a bad run does not forget the last good one.
fn last_success(text: &str) -> Option<DateTime<Utc>> {
    let mut lines = text.lines();
    let line =
        lines.find(|line| line.starts_with("warm_reconcile_last_success_timestamp_seconds{"))?;
    let seconds: f64 = line.rsplit_once(' ')?.1.parse().ok()?;
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    DateTime::from_timestamp_millis(i64::try_from(duration.as_millis()).ok()?)
}
