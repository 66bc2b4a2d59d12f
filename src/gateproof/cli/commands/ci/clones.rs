//! Whether the clone of a push job is what it should be, before anything is run in it.

use std::path::Path;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::report::{Annotation, Level};
use crate::run::{
    CloneFinding, CloneQuestion, ExpectedClone, Purpose, clone_facts, clone_findings,
};

use crate::cli::runs::Located;

#[derive(Clone, Debug, Args)]
pub(super) struct CloneOptions {
    /// The branch that the claims are about
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// What to do if the clone is not what it should be
    #[arg(long, value_enum, value_name = "ACTION", default_value = "stop")]
    clone_faults: CloneFaults,
    /// Do not ask the upstream whether the clone is up to date
    #[arg(long)]
    offline: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CloneFaults {
    /// Run nothing, and end with 3
    Stop,
    /// Print it and go on
    Warn,
}

/// What is wrong with the clones of the claim files.
#[derive(Default)]
pub(super) struct CloneReport {
    pub(super) annotations: Vec<Annotation>,
    /// Whether nothing may be run because of it.
    pub(super) stops: bool,
}

impl CloneReport {
    /// Looks at each clone once.
    pub(super) async fn of(
        located: &[Located<'_>],
        folder: &Path,
        options: &CloneOptions,
    ) -> anyhow::Result<CloneReport> {
        let mut roots: Vec<&Path> = located
            .iter()
            .filter_map(|(_, repository)| repository.as_ref().map(|r| r.root()))
            .collect();
        roots.sort();
        roots.dedup();
        let here = std::fs::canonicalize(folder).ok();
        let mut report = CloneReport::default();
        for root in roots {
            let question = CloneQuestion {
                branch: branch_of_the_job(),
                offline: options.offline,
                ..CloneQuestion::default()
            };
            let facts = clone_facts(root, &question)
                .await
                .context("look at the clone")?;
            // The job's commit is one of the job's own repository.
            let own = here.as_ref().is_some_and(|here| here.starts_with(root));
            let wanted = ExpectedClone {
                branch: options.branch.clone(),
                commit: if own { commit_of_the_job() } else { None },
            };
            for finding in clone_findings(&facts, &wanted) {
                report.add(&finding, options);
            }
        }
        Ok(report)
    }

    fn add(&mut self, finding: &CloneFinding, options: &CloneOptions) {
        let stops = finding.wrong.stops(Purpose::Ci) && options.clone_faults == CloneFaults::Stop;
        self.stops |= stops;
        self.annotations.push(Annotation {
            level: if stops { Level::Error } else { Level::Warning },
            place: None,
            title: format!("clone {}", finding.wrong.name()),
            message: format!("{}; {}", finding.what, finding.remedy),
        });
    }
}

/// The branch that the CI server names: its clone may have none checked out.
fn branch_of_the_job() -> Option<String> {
    let on_actions = std::env::var("GITHUB_REF_TYPE").is_ok_and(|kind| kind == "branch");
    let names: &[&str] = if on_actions {
        &["GITHUB_REF_NAME"]
    } else {
        &["DRONE_BRANCH", "CI_COMMIT_BRANCH"]
    };
    names
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|branch| !branch.is_empty()))
}

/// The commit that the CI server names.
fn commit_of_the_job() -> Option<String> {
    ["GITHUB_SHA", "DRONE_COMMIT_SHA", "CI_COMMIT_SHA"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|sha| sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit()))
}
