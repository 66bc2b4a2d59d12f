//! `abra`, as the reference does it.
//!
//! Its known traps: fatal errors go to standard output, with exit 1 or 0; `undeploy` returns
//! while containers still stop; its own convergence monitor gives up on slow starts; and all
//! runs share one tree of recipes (`~/.abra/recipes`), which a checkout changes under another
//! run's feet. So: the engine is asked what came of it, and each run has an `ABRA_DIR` of its
//! own with its own clone of the recipe, beside the operator's servers.
//!
//! abra could not be installed where this was built: the driver is tested against a scripted
//! stand-in that has these traps (`checks/fixtures/abra`).

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::gone::take_down;
use super::{Cx, DriverError, DriverReport, Exported, Undeployed, files};

/// An app that abra knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abra {
    pub stack: String,
    /// The app's domain: abra's name for it.
    pub domain: String,
    pub recipe: String,
    /// The recipe's git repository; it is only read.
    pub repository: PathBuf,
    /// The operator's `ABRA_DIR`; its `servers` folder holds the app's env file.
    pub abra_dir: PathBuf,
}

impl Abra {
    /// The command lines: a clone of the recipe, the tag checked out in it, and the deploy
    /// (`-o` offline, `-n` no input, `-f` force).
    pub fn deploy_argv(&self, cx: &Cx<'_>, tag: &str) -> Vec<Vec<String>> {
        let clone = self.clone_in(cx.scratch).display().to_string();
        let (git, abra) = (cx.programs.git.as_str(), cx.programs.abra.as_str());
        let tag_ref = format!("refs/tags/{tag}");
        let checkout = [
            git, "-C", &clone, "checkout", "--quiet", "--force", "--detach", &tag_ref,
        ];
        let deploy = [abra, "app", "deploy", &self.domain, tag, "-o", "-n", "-f"];
        vec![
            self.clone_argv(cx),
            checkout.map(str::to_owned).into(),
            deploy.map(str::to_owned).into(),
        ]
    }

    fn clone_argv(&self, cx: &Cx<'_>) -> Vec<String> {
        let clone = self.clone_in(cx.scratch).display().to_string();
        let repository = self.repository.display().to_string();
        let git = &cx.programs.git;
        [
            git,
            "clone",
            "--quiet",
            "--no-checkout",
            "--",
            &repository,
            &clone,
        ]
        .map(str::to_owned)
        .into()
    }

    pub fn undeploy_argv(&self, abra: &str) -> Vec<String> {
        [abra, "app", "undeploy", &self.domain, "-n"]
            .map(str::to_owned)
            .into()
    }

    /// Stops at the first git command that fails: abra on another version's files would deploy
    /// something else than was asked for.
    pub(super) async fn deploy(
        &self,
        exported: &Exported,
        cx: &Cx<'_>,
    ) -> Result<DriverReport, DriverError> {
        self.prepare(cx)?;
        let end = Instant::now() + cx.limit;
        let mut report = DriverReport::default();
        for argv in self.deploy_argv(cx, exported.release.version.tag()) {
            let remaining = end.saturating_duration_since(Instant::now());
            report
                .run(cx, remaining, argv, self.env(cx), cx.scratch)
                .await;
            if !report.last_exited_0() {
                break;
            }
        }
        Ok(report)
    }

    pub(super) async fn undeploy(&self, cx: &Cx<'_>) -> Result<Undeployed, DriverError> {
        self.prepare(cx)?;
        // abra would fetch a recipe that is not there.
        let commands = vec![self.clone_argv(cx), self.undeploy_argv(&cx.programs.abra)];
        Ok(take_down(cx, &self.stack, commands, self.env(cx)).await)
    }

    fn env(&self, cx: &Cx<'_>) -> Vec<(String, String)> {
        let folder = own_dir(cx.scratch).display().to_string();
        vec![
            ("ABRA_DIR".to_owned(), folder),
            ("DOCKER_HOST".to_owned(), cx.engine.docker_host()),
        ]
    }

    fn clone_in(&self, scratch: &Path) -> PathBuf {
        own_dir(scratch).join("recipes").join(&self.recipe)
    }

    /// This run's own folder for abra. Made again from nothing, so that a repeat begins clean.
    fn prepare(&self, cx: &Cx<'_>) -> Result<(), DriverError> {
        let own = own_dir(cx.scratch);
        match std::fs::remove_dir_all(&own) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(files(&own)(error)),
            _ => {}
        }
        let recipes = own.join("recipes");
        std::fs::create_dir_all(&recipes).map_err(files(&recipes))?;
        for shared in ["servers", "catalogue", "vendor"] {
            let (theirs, ours) = (self.abra_dir.join(shared), own.join(shared));
            // Only the servers have to be there; abra says so itself if they are not.
            if theirs.exists() {
                symlink(&theirs, &ours).map_err(files(&ours))?;
            }
        }
        Ok(())
    }
}

fn own_dir(scratch: &Path) -> PathBuf {
    scratch.join("abra")
}

#[cfg(test)]
#[path = "abra_tests.rs"]
mod tests;
