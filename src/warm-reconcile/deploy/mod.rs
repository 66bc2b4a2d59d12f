//! How an app is deployed and taken down: the write path, through the tools that own it.
//!
//! Every command is an argument vector that no shell reads, in its own process group, with a
//! deadline that kills the tree, both streams captured and an environment that holds nothing
//! but what is named. What the tools say is reported and decides nothing: exit 0 has been seen
//! after an automatic rollback, and exit 1 after a deploy that came up well. The truth is
//! [`crate::engine`]'s.

mod abra;
pub mod assumptions;
mod command;
mod compose;
mod env;
mod gone;
mod images;
mod scale;
pub mod shape;
mod stack;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use abra::Abra;
pub use command::{CommandEnd, CommandReport, DriverReport};
pub use gone::{Left, Undeployed, wait_until_gone};
pub use images::{
    fetch_image, forget_images, is_stored_for, store_images, stored_image, stored_images,
};
pub use scale::{restart, scale};
pub use stack::Stack;

use crate::AppSpec;
use crate::engine::Engine;
use crate::spec::{self, Release};
use reach::host::Host;

/// A release with the files to deploy it from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Its digests, where there are any, are ids of images that take the place of the compose
    /// files' images (`stack` driver): for last-good, so that no registry is asked and what runs
    /// is what ran. A new version has none.
    pub release: Release,
    /// The recipe as it is at the release's commit (`stack` driver).
    pub folder: PathBuf,
}

/// The programs that are run; each a name that is looked up in `PATH`, or a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The Docker command line.
    pub docker: String,
    pub abra: String,
    pub git: String,
}

impl Default for Programs {
    fn default() -> Self {
        Programs {
            docker: "docker".into(),
            abra: "abra".into(),
            git: "git".into(),
        }
    }
}

/// What a driver works with.
#[derive(Clone, Copy, Debug)]
pub struct Cx<'a> {
    /// Where the tools run: this machine.
    pub host: &'a Host,
    /// The engine they write to, and that is asked what became of it.
    pub engine: &'a Engine,
    /// An empty folder of this run, outside the recipe; its path is absolute.
    pub scratch: &'a Path,
    /// The deadline of the whole operation.
    pub limit: Duration,
    pub programs: &'a Programs,
}

/// Why a deploy was not even begun. Nothing was written to the engine.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// A compose file of the recipe cannot be used.
    #[error("compose file {file}: {detail}")]
    Compose {
        file: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A file that the deploy needs cannot be read or written.
    #[error("{path}: {error}")]
    Files {
        /// The file or folder.
        path: String,
        error: std::io::Error,
    },
}

/// A way to deploy one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driver {
    /// `docker stack deploy` from the recipe's compose files.
    Stack(Stack),
    /// `abra app deploy`.
    Abra(Abra),
}

impl Driver {
    /// The driver that the spec names. `abra_dir` is the operator's own (`~/.abra`), from which
    /// the servers' env files are taken.
    pub fn of(spec: &AppSpec, abra_dir: &Path) -> Driver {
        match spec.driver {
            spec::Driver::Stack => Driver::Stack(Stack {
                stack: spec.stack.clone(),
                domain: spec.domain.clone(),
                compose: spec.compose.clone(),
                env: spec.env.clone(),
            }),
            spec::Driver::Abra => Driver::Abra(Abra {
                stack: spec.stack.clone(),
                domain: spec.domain.clone(),
                recipe: spec.recipe.clone(),
                repository: spec.repository.clone(),
                abra_dir: abra_dir.to_owned(),
            }),
        }
    }

    pub fn stack(&self) -> &str {
        match self {
            Driver::Stack(driver) => &driver.stack,
            Driver::Abra(driver) => &driver.stack,
        }
    }

    /// Deploys a release, and returns as soon as the tool does: what came of it, the engine
    /// tells. Can be repeated.
    ///
    /// # Errors
    /// A [`DriverError`] when it was not even begun. A tool that failed is a report.
    pub async fn deploy(
        &self,
        exported: &Exported,
        cx: &Cx<'_>,
    ) -> Result<DriverReport, DriverError> {
        match self {
            Driver::Stack(driver) => driver.deploy(exported, cx).await,
            Driver::Abra(driver) => driver.deploy(exported, cx).await,
        }
    }

    /// Lets the tool read the release's files before anything is touched. `None` with the `abra`
    /// driver: abra fills the files in by itself, and has no command that only reads them.
    ///
    /// # Errors
    /// A [`DriverError`] when the files cannot be used.
    pub async fn read(
        &self,
        exported: &Exported,
        cx: &Cx<'_>,
    ) -> Result<Option<shape::FilesRead>, DriverError> {
        match self {
            Driver::Stack(driver) => Ok(Some(driver.read(exported, cx).await?)),
            Driver::Abra(_) => Ok(None),
        }
    }

    /// Takes the app down and waits until its services, tasks, containers and networks are gone;
    /// its volumes stay. Can be repeated, also when it is down already.
    ///
    /// # Errors
    /// A [`DriverError`] when it was not even begun. What is left after the deadline is told.
    pub async fn undeploy(&self, cx: &Cx<'_>) -> Result<Undeployed, DriverError> {
        match self {
            Driver::Stack(driver) => Ok(driver.undeploy(cx).await),
            Driver::Abra(driver) => driver.undeploy(cx).await,
        }
    }
}

fn files(path: &Path) -> impl Fn(std::io::Error) -> DriverError + '_ {
    |error| DriverError::Files {
        path: path.display().to_string(),
        error,
    }
}
