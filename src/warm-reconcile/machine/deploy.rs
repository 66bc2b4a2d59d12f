//! Bringing a version onto the engine, and taking the app off it.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::restart::Before;
use super::workspace::Workspace;
use super::{Machine, RunError};
use crate::deploy::{self, Cx, Driver, DriverReport, Left, store_images, wait_until_gone};
use crate::engine::{EngineError, StackView};
use crate::inspect::{drift, volumes};
use crate::recipe::{Fetch, Recipe};
use crate::snapshot::Volume;
use crate::spec::Release;

/// The pause between looks at who uses a volume.
const EVERY: Duration = Duration::from_millis(250);

/// Why a deploy came to nothing.
pub(super) enum Deployed {
    /// The tool came to its end, and the engine was written to, or may have been.
    Perhaps,
    /// Nothing of it reached the engine, and why.
    Not(String),
}

impl Machine<'_> {
    /// The recipe's files as they were at the target's commit, and its images by id where all
    /// of them are still here.
    pub(super) async fn export(
        &self,
        target: &Release,
        work: &Workspace,
    ) -> Result<deploy::Exported, RunError> {
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
        let mut release = target.clone();
        // By id only this machine has them, and Swarm may start the tasks on another.
        if !release.digests.is_empty() && !self.site.spec.stateful && self.has_other_nodes().await {
            release.digests.clear();
        }
        for id in release.digests.clone().values() {
            if !matches!(self.site.engine.image(id).await, Ok(Some(_))) {
                release.digests.clear();
                break;
            }
        }
        Ok(deploy::Exported {
            release,
            folder: work.recipe(),
        })
    }

    /// To take back what was changed by hand, each service gets the very image that it was deployed
    /// with: another name for it would be another spec, and start also what nobody has changed.
    pub(super) fn as_deployed(&self, mut exported: deploy::Exported) -> deploy::Exported {
        let version = &exported.release.version;
        if self.converges.load(Ordering::Relaxed)
            && let Ok(Some(known)) = drift::read(&self.site.paths)
            && known.version == *version
        {
            exported.release.digests = known.images();
        }
        exported
    }

    /// Whether another node of the swarm takes tasks. Where that is not known, none does.
    async fn has_other_nodes(&self) -> bool {
        let nodes = self.site.engine.nodes().await.unwrap_or_default();
        nodes.iter().filter(|node| node.takes_tasks).count() > 1
    }

    /// `again`: it ran before, so that the engine may have its very spec already. Not where the
    /// app was taken down: what starts anew must not be started twice.
    pub(super) async fn deploy(
        &self,
        exported: &deploy::Exported,
        work: &Workspace,
        again: Option<Before>,
    ) -> Deployed {
        let spec = &self.site.spec;
        let version = &exported.release.version;
        self.say(&format!("deploying {version}"), spec.times.deploy);
        let before = self.look().await;
        if before.as_ref().is_ok_and(|view| view.services.is_empty()) {
            // A stack that was just removed loses its networks a while after its services, and a
            // deploy into that fails (moby#29293).
            let stack = &spec.stack;
            let limit = spec.times.undeploy;
            if let Some(left) = wait_until_gone(&self.site.engine, stack, limit).await {
                self.flight.remark(format!(
                    "of the stack before there is still {}",
                    serde_json::json!(left)
                ));
            }
        }
        let scratch = work.scratch();
        let driver = Driver::of(spec, &self.site.abra_dir);
        let report = match driver.deploy(exported, &self.cx(&scratch)).await {
            Ok(report) => report,
            Err(error) => return Deployed::Not(error.to_string()),
        };
        self.flight.tool(&report);
        let stood = before.as_ref().is_ok_and(|view| !view.services.is_empty());
        if let Some(before) = again.filter(|_| stood) {
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

    /// Takes the app down, to its last container and network; its volumes stay. `Some`: what is
    /// still there at the deadline.
    ///
    /// # Errors
    /// When the engine could not be asked at the end: whether it is down is not known.
    pub(super) async fn undeploy(&self, work: &Workspace) -> Result<Option<String>, RunError> {
        let limit = self.site.spec.times.undeploy;
        self.say("taking it down", limit);
        let scratch = work.scratch();
        let cx = Cx {
            limit,
            ..self.cx(&scratch)
        };
        let driver = Driver::of(&self.site.spec, &self.site.abra_dir);
        let begun = Instant::now();
        let done = match driver.undeploy(&cx).await {
            Ok(done) => done,
            Err(error) => return Ok(Some(error.to_string())),
        };
        if !done.report.commands.is_empty() {
            self.flight.tool(&done.report);
        }
        self.flight.data("undeployed", &done.left, begun.elapsed());
        match &done.left {
            None => Ok(None),
            Some(Left::Unknown(why)) => Err(RunError::Unseen(why.clone())),
            Some(left) => {
                let forgotten = match left.forgotten() {
                    [] => String::new(),
                    names => format!(
                        "; Swarm has forgotten what is left: `docker rm --force {}` ends it",
                        names.join(" ")
                    ),
                };
                Ok(Some(format!(
                    "it is not down after {}: {}{forgotten}; {}",
                    humantime::format_duration(limit),
                    serde_json::json!(left),
                    said(&done.report)
                )))
            }
        }
    }

    /// Waits until no container in any state, of Swarm or not, uses these volumes; with `own`
    /// those of the app's own stack do not count. `Some`: who still does at the deadline.
    ///
    /// # Errors
    /// When the engine cannot be asked at the end.
    pub(super) async fn unused(
        &self,
        volumes: &[Volume],
        own: bool,
    ) -> Result<Option<String>, RunError> {
        let limit = self.site.spec.times.undeploy;
        self.say("waiting until nobody uses its volumes", limit);
        let end = Instant::now() + limit;
        let stack = own.then_some(self.site.spec.stack.as_str());
        loop {
            let seen = self.site.engine.containers().await;
            let seen = seen.map(|containers| volumes::others(&containers, volumes, stack));
            match seen {
                Ok(users) if users.is_empty() => return Ok(None),
                Ok(users) if Instant::now() + EVERY >= end => {
                    return Ok(Some(format!("still in use: {}", users.join(", "))));
                }
                Err(error) if Instant::now() + EVERY >= end => return Err(RunError::Engine(error)),
                _ => tokio::time::sleep(EVERY).await,
            }
        }
    }

    pub(super) async fn look(&self) -> Result<StackView, EngineError> {
        self.site.engine.observe(&self.site.spec.stack).await
    }

    pub(super) fn cx<'c>(&'c self, scratch: &'c Path) -> Cx<'c> {
        Cx {
            host: &self.site.host,
            engine: &self.site.engine,
            scratch,
            limit: self.site.spec.times.deploy,
            programs: &self.site.programs,
        }
    }

    /// Keeps the images of a version under names of ours. That it did not work is told.
    pub(super) async fn keep(&self, target: &Release, work: &Workspace) {
        if target.digests.is_empty() {
            return;
        }
        let scratch = work.scratch();
        let cx = self.cx(&scratch);
        let stack = &self.site.spec.stack;
        let kept = store_images(stack, &target.version, &target.digests, &cx).await;
        if !kept.sounds_good() {
            let why = said(&kept);
            let version = &target.version;
            self.flight
                .remark(format!("the images of {version} are not kept: {why}"));
        }
    }
}

/// What a tool said, for people.
pub(super) fn said(report: &DriverReport) -> String {
    let output = report.commands.last().map(|last| last.output.trim());
    match output.filter(|output| !output.is_empty()) {
        Some(output) => format!("{}: {output}", report.summary()),
        None => report.summary(),
    }
}
