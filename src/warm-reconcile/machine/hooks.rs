//! The commands that the app file names around a change of what runs: as lists of words, with a
//! deadline. What they say is on record.

use super::act::untouched;
use super::deploy::said;
use super::{End, Machine, RunError};
use crate::decide::Plan;
use crate::decide::outcome::{ExitCode, Outcome};
use crate::deploy::DriverReport;
use crate::inspect::Gathered;

impl Machine<'_> {
    /// The hook before a change. `Some`: it failed, and nothing was touched; a rollback goes on.
    pub(super) async fn hook_before(
        &self,
        plan: &Plan,
        seen: &Gathered,
    ) -> Result<Option<End>, RunError> {
        let argv = &self.site.spec.hooks.before;
        if argv.is_empty() {
            return Ok(None);
        }
        let running = seen.world.running.as_ref().and_then(|one| one.release());
        let from = running.map_or("", |release| release.version.tag());
        let version = plan.deploys().map(|to| to.version.clone());
        let to = version.as_ref().map_or("", crate::Version::tag);
        let report = self
            .hook("before", argv, &[("FROM", from), ("TO", to)])
            .await?;
        if report.sounds_good() {
            return Ok(None);
        }
        self.flight
            .remark(format!("the hook `before` failed: {}", said(&report)));
        if matches!(plan, Plan::RollBack { .. }) {
            // A way back waits for nobody.
            return Ok(None);
        }
        Ok(Some(untouched(Outcome::InconclusiveHook, version)))
    }

    /// The hook at the end of a run that changed something. A run that the next one goes on with
    /// is not at its end. That the hook fails is told.
    pub(super) async fn hook_after(&self, end: &End) {
        let argv = &self.site.spec.hooks.after;
        let ended = end.acted && end.outcome.exit() != ExitCode::Inconclusive;
        if argv.is_empty() || !ended {
            return;
        }
        let version = end.version.as_ref().map_or("", crate::Version::tag);
        let with = [("TO", version), ("OUTCOME", end.outcome.name())];
        match self.hook("after", argv, &with).await {
            Ok(report) if report.sounds_good() => {}
            Ok(report) => self
                .flight
                .remark(format!("the hook `after` failed: {}", said(&report))),
            Err(error) => self
                .flight
                .remark(format!("the hook `after` was not run: {error}")),
        }
    }

    async fn hook(
        &self,
        which: &str,
        argv: &[String],
        with: &[(&str, &str)],
    ) -> Result<DriverReport, RunError> {
        let spec = &self.site.spec;
        let limit = spec.times.hook;
        self.say(&format!("the hook `{which}`"), limit);
        let work = self.workspace()?;
        let scratch = work.scratch();
        let own = [("APP", spec.app.as_str()), ("STACK", &spec.stack)];
        let env = own.iter().chain(with);
        let env = env.map(|(name, value)| (format!("WARM_RECONCILE_{name}"), (*value).to_owned()));
        let mut report = DriverReport::default();
        let cx = self.cx(&scratch);
        report
            .run(&cx, limit, argv.to_vec(), env.collect(), &scratch)
            .await;
        self.flight.tool(&report);
        Ok(report)
    }
}
