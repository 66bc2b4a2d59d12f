//! The acts: forward to a new version, or back to the one before.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};

use super::restart::Before;
use super::{End, Machine, RunError, TRIES, is_last_good, kind_of};
use crate::reconcile::app_file;
use crate::reconcile::decide::{Plan, Release, Resume};
use crate::reconcile::driver::{self, Cx, Driver, DriverReport, keep_images};
use crate::reconcile::engine::{EngineError, StackView, current_version, digests};
use crate::reconcile::gate::{Doubt, Inconclusive, Verdict, Window};
use crate::reconcile::journal::{self, Event, Journal, JournalError, Kind, State, Step, Target};
use crate::reconcile::last_good::{self, Known, LastGood};
use crate::reconcile::outcome::Outcome;
use crate::reconcile::quarantine::{Quarantine, Quarantined};
use crate::reconcile::recipe::{Fetch, Recipe};
use crate::reconcile::world::Gathered;

/// Folders for the tools, gone with the run.
pub(super) struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    fn new() -> Result<Workspace, RunError> {
        let folder = tempfile::Builder::new()
            .prefix("warm-reconcile-")
            .tempdir()
            .map_err(RunError::Scratch)?;
        for name in ["recipe", "scratch"] {
            std::fs::create_dir(folder.path().join(name)).map_err(RunError::Scratch)?;
        }
        Ok(Workspace { folder })
    }

    fn recipe(&self) -> PathBuf {
        self.folder.path().join("recipe")
    }

    pub(super) fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }
}

/// Why a deploy came to nothing.
enum Deployed {
    /// The tool came to its end, and the engine was written to, or may have been.
    Perhaps,
    /// Nothing of it reached the engine, and why.
    Not(String),
}

impl Machine<'_> {
    /// Carries out a plan that changes what runs.
    pub(super) async fn act(&self, plan: &Plan, seen: Gathered) -> Result<End, RunError> {
        let running = seen
            .world
            .running
            .as_ref()
            .and_then(|one| one.release.clone());
        let notes = seen.notes_text();
        let mut journal = match (plan, seen.journal) {
            (Plan::Resume(_), Some(journal)) => journal,
            (_, journal) => {
                let seen = Gathered { journal, ..seen };
                self.begin(plan, &seen)?
            }
        };
        let end = match plan {
            Plan::RollBack { .. } => {
                journal.advance(Event::RollBackAsked, Step::default(), Utc::now())?;
                self.back(journal).await?
            }
            Plan::Resume(Resume::Back { .. }) => self.resume_back(journal).await?,
            _ => {
                let to = journal.plan().to.version.app().to_owned();
                let moves = running.is_none_or(|running| running.version.app() != to);
                let fresh = moves && !matches!(plan, Plan::Resume(_));
                self.forward(journal, fresh).await?
            }
        };
        if let Plan::Hold {
            reason, held_back, ..
        } = plan
            && end.outcome == Outcome::Redeployed
        {
            self.flight.notes(notes);
            return Ok(End {
                outcome: reason.outcome(),
                version: held_back.as_ref().map(|held| held.version.clone()),
                ..end
            });
        }
        Ok(end)
    }

    /// Writes the plan down. Nothing is touched before.
    fn begin(&self, plan: &Plan, seen: &Gathered) -> Result<Journal, RunError> {
        let known = |release: &Release| {
            let target = seen.target(release);
            target.cloned().unwrap_or_else(|| Target {
                version: release.version.clone(),
                commit: None,
                digests: BTreeMap::new(),
                env_hash: None,
            })
        };
        let (from, to) = match plan {
            Plan::Upgrade {
                from,
                to,
                back_to,
                adopt,
                ..
            } => {
                if *adopt {
                    self.adopt(seen, from)?;
                }
                (back_to.as_ref().map(known), known(to))
            }
            // What is left stands where a new version would, and what is gone back to before it.
            Plan::RollBack { from, to, .. } => {
                let left = from.as_ref().unwrap_or(to);
                (Some(known(to)), known(left))
            }
            Plan::Redeploy { release }
            | Plan::Hold {
                redeploy: Some(release),
                ..
            } => (Some(known(release)), known(release)),
            other => {
                let to = other.deploys().ok_or_else(|| self.unsettled())?;
                (None, known(to))
            }
        };
        let plan = journal::Plan {
            run_id: self.run_id.clone(),
            app: self.site.spec.app.clone(),
            kind: kind_of(plan),
            at: Utc::now(),
            from,
            to,
            stateful: self.site.spec.stateful,
            tries: TRIES,
        };
        Ok(Journal::begin(&self.site.paths, plan)?)
    }

    /// From wherever the journal stands to a healthy `to`, or back.
    async fn forward(&self, mut journal: Journal, fresh: bool) -> Result<End, RunError> {
        let to = journal.plan().to.clone();
        journal.start_try(Utc::now())?;
        if journal.state() != State::Gating {
            let work = Workspace::new()?;
            let release = self.export(&to, &work).await?;
            if let Some(from) = journal.plan().from.clone() {
                self.keep(&from, &work).await;
            }
            if journal.state() == State::Planned {
                journal.advance(Event::DeployStarted, Step::default(), Utc::now())?;
            }
            let again = journal.plan().from.as_ref() == Some(&to);
            let again = again.then_some(Before::Unhealthy(journal.plan().at));
            if let Deployed::Not(why) = self.deploy(&release, &work, again).await {
                return self.failed(journal, Event::Failed, &why).await;
            }
            let until = Some(self.gate_ends());
            let step = Step { until, note: None };
            journal.advance(Event::Deployed, step, Utc::now())?;
        }
        let window = self.window(&journal, journal.plan().at);
        match self
            .gate(&to.version, to.digests.clone(), window, fresh)
            .await?
        {
            Verdict::Healthy => {
                self.commit(&to, &journal.plan().run_id).await?;
                journal.advance(Event::Healthy, Step::default(), Utc::now())?;
                let outcome = match (journal.plan().kind, &journal.plan().from) {
                    (Kind::First, _) => Outcome::Deployed,
                    (Kind::Redeploy, None) => Outcome::BroughtBack,
                    (Kind::Redeploy, Some(_)) => Outcome::Redeployed,
                    (Kind::Upgrade | Kind::Rollback, _) => Outcome::Upgraded,
                };
                self.history(&journal);
                Ok(end(outcome, &to.version))
            }
            Verdict::Unhealthy(why) => {
                self.failed(journal, Event::Unhealthy, &why.to_string())
                    .await
            }
            Verdict::Inconclusive(why) => {
                journal.give_back(Utc::now())?;
                self.flight.remark(format!("undecided: {why}"));
                Ok(end(undecided(&why), &to.version))
            }
            Verdict::Waiting => Err(self.unsettled()),
        }
    }

    /// `to` is given up: into quarantine first, then back.
    async fn failed(&self, mut journal: Journal, event: Event, why: &str) -> Result<End, RunError> {
        let plan = journal.plan().clone();
        self.flight
            .remark(format!("{} failed: {why}", plan.to.version));
        let step = Step {
            until: None,
            note: Some(why.to_owned()),
        };
        let same = plan
            .from
            .as_ref()
            .is_some_and(|from| from.version == plan.to.version);
        if !same {
            self.quarantine(&plan, why).await?;
        }
        if plan.from.is_none() || same {
            journal.advance(Event::NoWayBack, step, Utc::now())?;
            self.history(&journal);
            let outcome = match same {
                true => Outcome::UnhealthyOnLatest,
                false => Outcome::NothingToRollBackTo,
            };
            return Ok(end(outcome, &plan.to.version));
        }
        journal.advance(event, step, Utc::now())?;
        self.back(journal).await
    }

    /// Goes on with a run that goes back, or turns one whose tries are used up.
    async fn resume_back(&self, mut journal: Journal) -> Result<End, RunError> {
        if journal.state().direction() == Some(journal::Direction::Forward) {
            let why = "its tries are used up";
            return self.failed(journal, Event::Failed, why).await;
        }
        // A kill may have come between the quarantine and the turn, and never the other way.
        match journal.start_try(Utc::now()) {
            Ok(()) => self.back(journal).await,
            Err(JournalError::NoTriesLeft { .. }) => {
                self.rollback_failed(journal, Event::RollbackFailed, "no try is left")
            }
            Err(error) => Err(error.into()),
        }
    }

    /// From wherever the journal stands to what ran before. Its try is counted already.
    async fn back(&self, mut journal: Journal) -> Result<End, RunError> {
        let plan = journal.plan().clone();
        let Some(to) = plan.from.clone() else {
            return self.rollback_failed(journal, Event::RollbackFailed, "nothing to go back to");
        };
        if journal.state() == State::RollingBack {
            // A stateless app has nothing to restore.
            journal.advance(Event::Restored, Step::default(), Utc::now())?;
        }
        // What the engine did to the version that was given up is no word on this deploy.
        let restored = journal.records().iter().rev();
        let mut restored = restored.filter(|record| record.state == State::Restored);
        let intent = restored.next_back().map_or(plan.at, |record| record.at);
        if journal.state() == State::Restored {
            let work = Workspace::new()?;
            let release = match self.export(&to, &work).await {
                Ok(release) => release,
                Err(error) => {
                    let why = error.to_string();
                    return self.rollback_failed(journal, Event::RollbackFailed, &why);
                }
            };
            let before = Before::Unknown(intent);
            if self.runs_already(&to, &plan.to).await {
                self.restart_what_hangs(before, &work).await;
            } else if let Deployed::Not(why) = self.deploy(&release, &work, Some(before)).await {
                return self.rollback_failed(journal, Event::RollbackFailed, &why);
            }
            let until = Some(self.gate_ends());
            let step = Step { until, note: None };
            journal.advance(Event::Redeployed, step, Utc::now())?;
        }
        let window = self.window(&journal, intent);
        let images = to.digests.clone();
        match self.gate(&to.version, images, window, false).await? {
            Verdict::Healthy => {
                self.commit_if_new(&to, &plan.run_id).await?;
                if plan.kind == Kind::Rollback {
                    // Only now is what was left not last-good any more.
                    self.quarantine(&plan, "rolled back by hand").await?;
                }
                journal.advance(Event::Healthy, Step::default(), Utc::now())?;
                self.history(&journal);
                Ok(End {
                    attempted: Some(plan.to.version),
                    ..end(Outcome::RolledBack, &to.version)
                })
            }
            Verdict::Unhealthy(why) => {
                self.rollback_failed(journal, Event::Unhealthy, &why.to_string())
            }
            Verdict::Inconclusive(why) => {
                self.rollback_failed(journal, Event::Undecidable, &why.to_string())
            }
            Verdict::Waiting => Err(self.unsettled()),
        }
    }

    fn rollback_failed(
        &self,
        mut journal: Journal,
        event: Event,
        why: &str,
    ) -> Result<End, RunError> {
        self.flight.remark(format!("the rollback failed: {why}"));
        let step = Step {
            until: None,
            note: Some(why.to_owned()),
        };
        journal.advance(event, step, Utc::now())?;
        self.history(&journal);
        let plan = journal.plan();
        let back_to = plan.from.as_ref().unwrap_or(&plan.to);
        Ok(End {
            attempted: Some(plan.to.version.clone()),
            ..end(Outcome::RollbackFailed, &back_to.version)
        })
    }

    /// The recipe's files as they were at the target's commit, and its images by id where all
    /// of them are still here.
    async fn export(&self, target: &Target, work: &Workspace) -> Result<driver::Release, RunError> {
        let commit = target.commit.as_deref().filter(|commit| !commit.is_empty());
        let commit = commit.ok_or_else(|| RunError::NoCommit(target.version.to_string()))?;
        let recipe = Recipe::new(&self.site.host, &self.site.spec.repository);
        if self.may_fetch.load(Ordering::Relaxed)
            && !recipe.has(commit).await
            && let Fetch::Failed(error) = recipe.fetch(false).await
        {
            self.flight
                .remark(format!("the recipe was not fetched: {error}"));
        }
        recipe.export(commit, &work.recipe()).await?;
        let mut images = target.digests.clone();
        for id in target.digests.values() {
            if !matches!(self.site.engine.image(id).await, Ok(Some(_))) {
                images.clear();
                break;
            }
        }
        Ok(driver::Release {
            version: target.version.clone(),
            folder: work.recipe(),
            images,
        })
    }

    /// `again`: it ran before, so that the engine may have its very spec already.
    async fn deploy(
        &self,
        release: &driver::Release,
        work: &Workspace,
        again: Option<Before>,
    ) -> Deployed {
        let spec = &self.site.spec;
        self.say(&format!("deploying {}", release.version), spec.times.deploy);
        let before = self.look().await;
        let scratch = work.scratch();
        let driver = Driver::of(spec, &self.site.abra_dir);
        let report = match driver.deploy(release, &self.cx(&scratch)).await {
            Ok(report) => report,
            Err(error) => return Deployed::Not(error.to_string()),
        };
        self.flight.tool(&report);
        if let Some(before) = again {
            self.restart_what_hangs(before, work).await;
        }
        // A tool's word decides nothing, but where it fails and no service was written to since,
        // there is nothing to wait for.
        let untouched = match (before, self.look().await) {
            (Ok(before), Ok(after)) => before.indexes() == after.indexes(),
            _ => false,
        };
        match !report.sounds_good() && untouched {
            true => Deployed::Not(said(&report)),
            false => Deployed::Perhaps,
        }
    }

    pub(super) async fn look(&self) -> Result<StackView, EngineError> {
        self.site.engine.observe(&self.site.spec.stack).await
    }

    pub(super) fn cx<'c>(&'c self, scratch: &'c std::path::Path) -> Cx<'c> {
        Cx {
            host: &self.site.host,
            engine: &self.site.engine,
            scratch,
            limit: self.site.spec.times.deploy,
            programs: &self.site.programs,
        }
    }

    /// Keeps the images of a version under names of ours. That it did not work is told.
    async fn keep(&self, target: &Target, work: &Workspace) {
        if target.digests.is_empty() {
            return;
        }
        let scratch = work.scratch();
        let cx = self.cx(&scratch);
        let stack = &self.site.spec.stack;
        let kept = keep_images(stack, &target.version, &target.digests, &cx).await;
        if !kept.sounds_good() {
            let why = said(&kept);
            let version = &target.version;
            self.flight
                .remark(format!("the images of {version} are not kept: {why}"));
        }
    }

    fn gate_ends(&self) -> DateTime<Utc> {
        Window::new(Utc::now(), self.site.spec.times.gate).deadline
    }

    /// The gate's time: what the journal says, or anew where that has passed or was given up.
    /// The tries bound how often.
    fn window(&self, journal: &Journal, intent: DateTime<Utc>) -> Window {
        let soon = Utc::now() + TimeDelta::seconds(1);
        let deadline = journal.until().filter(|until| *until > soon);
        Window {
            intent,
            deadline: deadline.unwrap_or_else(|| self.gate_ends()),
        }
    }

    async fn quarantine(&self, plan: &journal::Plan, why: &str) -> Result<(), RunError> {
        let version = &plan.to.version;
        if is_last_good(self.site, version)? {
            return Ok(());
        }
        let mut images = plan.to.digests.clone();
        if let Ok(view) = self.look().await
            && current_version(&view, &self.site.spec).as_ref() == Some(version)
        {
            images = digests(&view);
        }
        let entry = Quarantined {
            version: version.clone(),
            digests: images,
            reason: why.to_owned(),
            since: Utc::now(),
            run_id: plan.run_id.clone(),
        };
        Ok(Quarantine::put(&self.site.paths, entry)?)
    }

    /// Makes what was just seen healthy last-good, with the images that really run.
    async fn commit(&self, target: &Target, run_id: &str) -> Result<(), RunError> {
        let view = self.look().await.map_err(|error| {
            // The journal still says Gating: the next run looks again.
            RunError::Engine(error)
        })?;
        let target = Target {
            digests: digests(&view),
            ..target.clone()
        };
        let work = Workspace::new()?;
        self.keep(&target, &work).await;
        self.write_good(&target, run_id)
    }

    /// The same after a rollback, where last-good mostly is what it was.
    async fn commit_if_new(&self, target: &Target, run_id: &str) -> Result<(), RunError> {
        match last_good::read(&self.site.paths)? {
            Some(Known::Whole(good))
                if good.version == target.version
                    && Some(&good.commit) == target.commit.as_ref() =>
            {
                Ok(())
            }
            _ => self.commit(target, run_id).await,
        }
    }

    /// Records what runs, healthy, as last-good for the first time.
    pub(super) fn adopt(&self, seen: &Gathered, release: &Release) -> Result<(), RunError> {
        let target = seen.target(release).ok_or_else(|| self.unsettled())?;
        self.write_good(target, &self.run_id)
    }

    fn write_good(&self, target: &Target, run_id: &str) -> Result<(), RunError> {
        let spec = app_file::to_json(&self.site.spec).to_string();
        let record = LastGood {
            version: target.version.clone(),
            commit: target.commit.clone().unwrap_or_default(),
            digests: target.digests.clone(),
            env_hash: target.env_hash.clone().unwrap_or_default(),
            spec_hash: crate::digest::sha256(spec),
            committed_at: Utc::now(),
            run_id: run_id.to_owned(),
            snapshot: None,
        };
        Ok(last_good::commit(&self.site.paths, &record)?)
    }
}

fn end(outcome: Outcome, version: &crate::reconcile::Version) -> End {
    End {
        outcome,
        version: Some(version.clone()),
        attempted: None,
        acted: true,
    }
}

fn undecided(why: &Inconclusive) -> Outcome {
    match why {
        Inconclusive::Doubt(Doubt::Engine(_) | Doubt::Poisoned(_)) => Outcome::InconclusiveEngine,
        _ => Outcome::InconclusiveGate,
    }
}

/// What a tool said, for people.
fn said(report: &DriverReport) -> String {
    let output = report.commands.last().map(|last| last.output.trim());
    match output.filter(|output| !output.is_empty()) {
        Some(output) => format!("{}: {output}", report.summary()),
        None => report.summary(),
    }
}
