//! A run that could not be carried on, for an error of our own: somebody has to hear of it, too.
//!
//! The error itself is still the run's result. What goes wrong here is only remarked.

use chrono::Utc;
use serde_json::json;

use super::{End, Machine, RunError};
use crate::Version;
use crate::decide::outcome::{ExitCode, Outcome};
use crate::report::alert::{Alert, Alerts, Detail, Raised};
use crate::state::journal::{Journal, JournalState};
use crate::state::last_good;
use crate::state::lock::LockError;

impl Machine<'_> {
    /// Raises the alert of a run that ended in an error, once for each app and version while
    /// nobody has seen it.
    pub(super) async fn alarm(&self, error: &RunError) {
        if is_said_to_whom_it_concerns(error) {
            return;
        }
        let now = Utc::now();
        let version = self.concerned();
        let end = End {
            outcome: Outcome::InconclusiveError,
            version: version.clone(),
            attempted: None,
            acted: true,
        };
        let remarks = self.flight.remarks();
        let alert = Alert {
            app: self.site.spec.app.clone(),
            reason: end.outcome.name(),
            version,
            detail: Detail::Plain,
            evidence: Some(json!({
                "run": self.run_id, "error": error.to_string(), "remarks": remarks,
            })),
        };
        let alerts = Alerts::new(self.site.paths.layout(), self.redactor());
        match alerts.raise(&alert, now) {
            Ok(Raised::Known(_)) => {}
            Ok(Raised::Written(path)) => self.relay(&path).await,
            Err(unraised) => self.flight.remark(unheard(&unraised)),
        }
        if let Err(unwritten) = self.log(&end, now) {
            self.flight.remark(unwritten.to_string());
        }
        let unseen = alerts.unseen_of(&self.site.spec.app).unwrap_or_default();
        if let Err(unwritten) = self.metrics(&end, now, unseen.len()) {
            self.flight.remark(unwritten.to_string());
        }
    }

    /// Takes back what earlier errors said, once a run came to an end again. What it ended with
    /// raises an alert of its own.
    pub(super) fn all_clear(&self, end: &End) -> Result<(), crate::report::alert::AlertError> {
        let well = [ExitCode::Current, ExitCode::Held, ExitCode::RolledBack];
        if !well.contains(&end.outcome.exit()) {
            return Ok(());
        }
        let alerts = Alerts::new(self.site.paths.layout(), self.redactor());
        let reason = Outcome::InconclusiveError.name();
        let app = &self.site.spec.app;
        alerts
            .retract_reason(app, reason, end.version.as_ref(), Utc::now())
            .map(drop)
    }

    /// The version that an error is about: what was being deployed, else what was last seen or
    /// recorded. `None` where nothing is known.
    fn concerned(&self) -> Option<Version> {
        let paths = &self.site.paths;
        if let Ok(JournalState::Unfinished(open)) = Journal::open(paths) {
            return Some(open.plan().to.version.clone());
        }
        let good = || last_good::read(paths).ok().flatten();
        self.flight
            .about()
            .and_then(|about| about.version)
            .or_else(|| good().map(|known| known.version().clone()))
    }
}

/// What is said when an alert could not be raised.
pub(super) fn unheard(error: &crate::report::alert::AlertError) -> String {
    format!("THE ALERT COULD NOT BE RAISED: {error}")
}

/// Another run has the app and will say how it ends; a plan that does not fit any more is told
/// to the person who brought it.
fn is_said_to_whom_it_concerns(error: &RunError) -> bool {
    matches!(
        error,
        RunError::Lock(LockError::Busy { .. }) | RunError::Moved(_)
    )
}
