//! Whether the clone of a push job is what it should be, before anything is run in it.

use std::path::Path;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::Job;
use crate::report::{Annotation, Dialect, Level};
use crate::run::{CloneFinding, CloneQuestion, Purpose, Wanted, clone_facts, clone_findings};
use kit::console;

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

impl Job<'_> {
    /// Reports what is wrong with the clones, and whether the job may go on.
    pub(super) async fn clones_are_good(
        &mut self,
        located: &[Located<'_>],
        folder: &Path,
    ) -> anyhow::Result<bool> {
        let mut roots: Vec<&Path> = located
            .iter()
            .filter_map(|(_, repository)| repository.as_ref().map(|r| r.root()))
            .collect();
        roots.sort();
        roots.dedup();
        let here = std::fs::canonicalize(folder).ok();
        let mut good = true;
        for root in roots {
            let question = CloneQuestion {
                branch: branch_of_the_job(),
                offline: self.options.clone.offline,
                ..CloneQuestion::default()
            };
            let facts = clone_facts(root, &question)
                .await
                .context("look at the clone")?;
            // The job's commit is one of the job's own repository.
            let own = here.as_ref().is_some_and(|here| here.starts_with(root));
            let wanted = Wanted {
                branch: self.options.clone.branch.clone(),
                commit: if own { commit_of_the_job() } else { None },
            };
            for finding in clone_findings(&facts, &wanted) {
                good &= !self.report_finding(&finding);
            }
        }
        if !good {
            console::err(
                "gateproof: nothing was run, because the clone is not what it should be; `--clone-faults warn` goes on all the same\n",
            );
        }
        Ok(good)
    }

    /// Reports a finding; true if it ends the job.
    fn report_finding(&mut self, finding: &CloneFinding) -> bool {
        let stops = finding.wrong.stops(Purpose::Ci)
            && self.options.clone.clone_faults == CloneFaults::Stop;
        let title = format!("clone {}", finding.wrong.name());
        let message = format!("{}; {}", finding.what, finding.remedy);
        self.runs.warnings.push(format!("{title}: {message}"));
        let annotation = Annotation {
            level: if stops { Level::Error } else { Level::Warning },
            place: None,
            title,
            message,
        };
        match self.dialect {
            Some(Dialect::GitHub) => self.remark(&annotation.line(Dialect::GitHub)),
            _ => console::err(&format!("{}\n", annotation.line(Dialect::Plain))),
        }
        stops
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
