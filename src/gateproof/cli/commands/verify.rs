//! `gateproof verify`: run claim files and show what holds.

use clap::{Args, ValueEnum};

use crate::record::Act;
use crate::role::{LocalClone, other_role};
use crate::run::{Options, Role, select};
use claim::codes;
use claim::outcome::{ExitCode, worst};
use kit::interrupt::Interrupt;

use anyhow::Context;

use crate::cli::accept;
use crate::cli::claims::{current_folder, load, selected};
use crate::cli::failed::failed;
use crate::cli::options::{
    FileOptions, OutputOptions, RUN_EXIT_CODES, RunOptions, SelectionOptions,
};
use crate::cli::progress::refuse;
use crate::cli::runs::{Located, Runs, exit_of, locate};
use crate::cli::store::RecordStore;
use crate::cli::terminal;
use crate::cli::watched::Watched;

/// Run the checks of claim files and show what holds
///
/// Reads the claim files, a fresh clone of HEAD for checks `on: clone`, and the hosts. Writes a
/// record of each run into reports/runs/, and with --as the documents of that role. Claims nothing
/// and judges nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = format!("Examples:
  gateproof verify
  gateproof verify claims/m1.yaml --gate M1 --check new-probe
  gateproof verify claims/m1.yaml --format markdown --no-record

{RUN_EXIT_CODES}"))]
pub(crate) struct VerifyOptions {
    #[command(flatten)]
    files: FileOptions,
    #[command(flatten)]
    selection: SelectionOptions,
    /// Run only this check, and the checks that it needs (repeatable)
    #[arg(long, value_name = "ID")]
    check: Vec<String>,
    /// Run in a role: builder writes STATUS and JOURNAL, adversary writes REVIEW but gives no
    /// verdict, ci runs only checks that observe
    #[arg(
        long = "as",
        value_enum,
        value_name = "ROLE",
        conflicts_with = "no_record"
    )]
    role: Option<RoleName>,
    /// Check this revision instead of HEAD
    #[arg(long, value_name = "REV", conflicts_with = "worktree")]
    at: Option<String>,
    /// Run checks `on: clone` in the working tree as it is; such a run never counts towards a gate
    #[arg(long)]
    worktree: bool,
    /// Also show that each check can fail: run its command among failing tools, and change what it saw
    #[arg(long)]
    teeth: bool,
    /// Rewrite the snapshots that are all that a check fails by, from what it saw, and show the
    /// difference; such a run never counts towards a gate, and CI refuses it
    #[arg(long, conflicts_with_all = ["at", "role"])]
    accept: bool,
    /// Ask nothing more after a check that does not pass
    #[arg(long)]
    fail_fast: bool,
    /// Run only what did not pass in the last recorded run, and what it needs
    #[arg(long, conflicts_with_all = ["check", "gate", "tag"])]
    failed: bool,
    /// Take the checks in another order, where they may have one; the same number gives the same order
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    output: OutputOptions,
    /// Overwrite blocks of STATUS that were edited by hand
    #[arg(long, requires = "role")]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RoleName {
    Builder,
    Adversary,
    Ci,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::Builder => Role::Builder,
            RoleName::Adversary => Role::Adversary,
            RoleName::Ci => Role::Ci,
        }
    }
}

pub(crate) async fn verify(options: VerifyOptions) -> anyhow::Result<ExitCode> {
    options.output.hide_secrets();
    let Some(files) = load(&options.files) else {
        return Ok(ExitCode::Invalid);
    };
    let mut selection = options.selection.selection(&options.check);
    let chosen = match selected(&files, &selection) {
        Ok(chosen) => chosen,
        Err(code) => return Ok(code),
    };
    if chosen.is_empty() {
        return Ok(refuse(
            codes::NOTHING_SELECTED,
            "no check matches --gate, --check and --tag together; a run without checks is not a success",
        ));
    }
    let role = options.role.map(Role::from);
    let folder = current_folder()?;
    let signer = match options.run.signing.signer(role.is_some(), &folder) {
        Ok(signer) => signer,
        Err(error) => return Ok(refuse(codes::COMMAND_LINE, &kit::error_chain(&error))),
    };
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    // All of them before anything is run: an unknown revision is a wrong command line.
    let at = options.at.as_deref();
    let mut located = match locate(chosen, &folder, at, options.worktree).await {
        Ok(located) => located,
        Err(fault) => return Ok(refuse(codes::COMMAND_LINE, &kit::error_chain(&fault))),
    };
    if options.failed {
        let failed = failed(&located, &folder, options.output.reports.as_deref())?;
        if failed.is_empty() {
            terminal::err("each check passed when it was last asked, so all of them are run\n");
        } else {
            selection.failed = Some(failed);
            located.retain(|(file, _)| !select(file, &selection).is_empty());
        }
    }
    if let Some(role) = role
        && let Some(here) = LocalClone::find(&folder).await
    {
        let history = here.history().await?;
        let author = here.author.as_deref();
        let refused = |(file, _): &Located<'_>| other_role(&history, &file.phase, author, role);
        if let Some(why) = located.iter().find_map(refused) {
            return Ok(refuse(codes::SAME_HANDS, &why));
        }
    }
    if options.accept {
        let refused = located.iter().find_map(|(file, repository)| {
            let root = repository.as_ref().map(|it| it.root());
            accept::may_accept(file, root, &folder).err()
        });
        if let Some(why) = refused {
            return Ok(refuse(why.code(), &kit::error_chain(&why)));
        }
    }
    let run = Options {
        role,
        act: Act::Verify,
        selection,
        reach: options.run.ask.hosts.reach(),
        folder,
        repository: None,
        allow_destructive: options.run.ask.allows_destructive(),
        besides: None,
        program: std::env::current_exe().ok(),
        teeth: options.teeth,
        lease_wait: options.run.ask.wait_lease,
        jobs: options.run.ask.jobs,
        fail_fast: options.fail_fast,
        shuffle: options.shuffle,
        activity: Default::default(),
    };
    let quiet = options.run.ask.progress.quiet;
    let store = RecordStore {
        role,
        signer: signer.as_ref(),
        force: options.force,
        quiet,
    };
    if !options.output.no_record {
        let reports = options.output.reports.as_deref();
        let outside = located.iter().find_map(|(file, repository)| {
            let root = repository.as_ref().map_or(&*run.folder, |it| it.root());
            store.may_store(file, root, reports).err()
        });
        if let Some(why) = outside {
            return Ok(refuse(codes::OUTSIDE, &why.to_string()));
        }
    }
    let color = options.files.color.on_stdout();
    let mut runs = Runs::new(&options.output, quiet, color, Watched::No);
    runs.accepts = options.accept;
    runs.run_all(located, &run, &store, &interrupt).await?;
    let mut verdict = runs.verdict();
    // Each file was named, so one of which nothing could be run is not a success.
    let codes = runs.records.iter().map(exit_of).chain([verdict.code]);
    verdict.code = worst(codes).unwrap_or(ExitCode::CouldNotCheck);
    runs.print_all(&verdict)?;
    runs.write_reports(&mut verdict);
    Ok(verdict.code)
}
