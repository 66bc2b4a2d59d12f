//! `gateproof teeth`: would the checks have passed without the change?

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::cli::claims::{current_folder, load, selected};
use crate::cli::options::{AskOptions, FileOptions, SelectionOptions};
use crate::cli::progress::refuse;
use crate::cli::runs;
use crate::cli::softening::short;
use crate::cli::terminal;
use crate::cli::watched::Watched;
use crate::record::{Act, CheckRecord, RunRecord};
use crate::report::text;
use crate::run::{Options, Repository};
use claim::codes;
use claim::outcome::{ExitCode, Outcome, worst};
use claim::{Check, ClaimFile, Gate, Place};
use kit::count::count_of;
use kit::interrupt::Interrupt;
use reach::host::Address;

/// Run the checks in the world before the change, and name those that pass there as well
///
/// A check that passes without the change says nothing about it. Reads the claim files as they are, runs
/// the checks `on: clone` in a cold clone of the base, and those of a host on the unfixed host that --host
/// names in its place. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof teeth --base HEAD~1
  gateproof teeth --base v1 --host web=web-before claims/shop.yaml

Exit codes:
  0  in each gate something did not pass there
  2  the claim file or the command line is wrong; nothing was run
  3  ERROR: nothing could be asked there
  4  TOOTHLESS: everything of a gate that was asked passed there as well
  5  UNRESTORED: something was disturbed and is not back")]
pub(crate) struct TeethOptions {
    #[command(flatten)]
    files: FileOptions,
    #[command(flatten)]
    selection: SelectionOptions,
    /// The commit before the change
    #[arg(long, value_name = "REV")]
    base: String,
    /// Ask this host, which is as it was before the change, in place of a host of the file (repeatable)
    #[arg(long = "host", value_name = "HOST=SSH", value_parser = host)]
    instead: Vec<(String, String)>,
    #[command(flatten)]
    ask: AskOptions,
}

fn host(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, ssh)) if !name.is_empty() && !ssh.is_empty() => {
            Ok((name.to_owned(), ssh.to_owned()))
        }
        _ => Err(
            "write HOST=SSH, the name of the file and how its unfixed twin is reached".to_owned(),
        ),
    }
}

pub(crate) async fn teeth(options: TeethOptions) -> anyhow::Result<ExitCode> {
    let Some(mut files) = load(&options.files) else {
        return Ok(ExitCode::Invalid);
    };
    for (name, ssh) in &options.instead {
        let mut named = files
            .iter_mut()
            .filter_map(|file| file.hosts.get_mut(name))
            .peekable();
        if named.peek().is_none() {
            let why = format!("--host {name}: the claim files have no such host");
            return Ok(refuse(codes::UNKNOWN_SELECTION, &why));
        }
        named.for_each(|host| host.address = Address::Ssh(ssh.clone()));
    }
    let selection = options.selection.selection(&[]);
    let chosen = match selected(&files, &selection) {
        Ok(chosen) => chosen,
        Err(code) => return Ok(code),
    };
    let folder = current_folder()?;
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    let mut codes = Vec::new();
    for file in chosen {
        let base =
            match Repository::find(&folder.join(&file.source.path), Some(&options.base), false)
                .await
            {
                Ok(Some(base)) => Arc::new(base),
                Ok(None) => {
                    let why = format!(
                        "{}: it is not in a git repository",
                        file.source.path.display()
                    );
                    return Ok(refuse(codes::COMMAND_LINE, &why));
                }
                Err(fault) => return Ok(refuse(codes::COMMAND_LINE, &kit::error_chain(&fault))),
            };
        let before = before_the_change(file, &options.instead);
        let record = ask(&before, &base, &folder, &options, &interrupt).await;
        terminal::out(&shown(file, &before, record.as_ref(), &base.state().commit));
        codes.push(verdict(file, record.as_ref()));
        if interrupt.signal().is_some() {
            break;
        }
    }
    Ok(worst(codes).unwrap_or(ExitCode::CouldNotCheck))
}

/// The file with the checks that can be asked in the world before the change.
fn before_the_change(file: &ClaimFile, instead: &[(String, String)]) -> ClaimFile {
    let mut before = file.clone();
    let there = |place: &Place| match place {
        Place::Clone => true,
        Place::Host(name) => instead.iter().any(|(host, _)| host == name),
        Place::Local => false,
    };
    // A fixture may also act on this machine, as it does in every run.
    let disturbs = |name: &String| {
        let place = file.fixtures.get(name).map(|fixture| &fixture.on);
        place.is_none_or(|place| !there(place) && *place != Place::Local)
    };
    for gate in &mut before.gates {
        let mut kept: Vec<Check> = Vec::new();
        for check in std::mem::take(&mut gate.checks) {
            let asked = there(&check.on)
                && !check.with.iter().any(disturbs)
                && check
                    .needs
                    .iter()
                    .all(|id| kept.iter().any(|it| it.id == *id));
            if asked {
                kept.push(check);
            }
        }
        gate.checks = kept;
    }
    before
}

async fn ask(
    before: &ClaimFile,
    base: &Arc<Repository>,
    folder: &Path,
    options: &TeethOptions,
    interrupt: &Interrupt,
) -> Option<RunRecord> {
    if before.gates.iter().all(|gate| gate.checks.is_empty()) {
        return None;
    }
    let run = Options {
        role: None,
        act: Act::Verify,
        selection: options.selection.selection(&[]),
        reach: options.ask.hosts.reach(),
        folder: folder.to_owned(),
        repository: Some(Arc::clone(base)),
        allow_destructive: options.ask.allows_destructive(),
        besides: None,
        program: std::env::current_exe().ok(),
        teeth: false,
        lease_wait: options.ask.wait_lease,
        jobs: options.ask.jobs,
        fail_fast: false,
        shuffle: None,
        activity: Default::default(),
    };
    Some(
        runs::run(
            before,
            &run,
            interrupt,
            options.ask.progress.quiet,
            Watched::No,
        )
        .await,
    )
}

/// What of a gate was asked before the change.
fn asked<'r>(record: Option<&'r RunRecord>, gate: &Gate) -> Vec<&'r CheckRecord> {
    let all = record.map_or(&[][..], |record| record.checks.as_slice());
    all.iter()
        .filter(|check| check.gate == gate.id && check.outcome != Outcome::Skipped)
        .collect()
}

fn shown(file: &ClaimFile, before: &ClaimFile, record: Option<&RunRecord>, commit: &str) -> String {
    let commit = short(commit);
    let mut out = format!(
        "{} at {commit}, before the change\n",
        file.source.path.display()
    );
    for (gate, kept) in file.gates.iter().zip(&before.gates) {
        let asked = asked(record, gate);
        let passed = asked
            .iter()
            .filter(|check| check.outcome == Outcome::Pass)
            .count();
        if asked.is_empty() {
            out.push_str(&format!("\n{}: nothing was asked\n", gate.id));
        } else {
            let had = count_of(passed, "check passes", "checks pass");
            out.push_str(&format!(
                "\n{}: {had} also before the change, of {} that were asked\n",
                gate.id,
                asked.len()
            ));
        }
        for check in &asked {
            let word = match check.outcome {
                Outcome::Pass => "passes as well",
                _ => "does not pass",
            };
            out.push_str(&format!(
                "  {word:<15} {}: {}\n",
                check.id,
                text::visible(&check.observed)
            ));
        }
        for check in gate
            .checks
            .iter()
            .filter(|check| !kept.checks.iter().any(|it| it.id == check.id))
        {
            out.push_str(&format!(
                "  {:<15} {}: {}\n",
                "not asked",
                check.id,
                why_not(check)
            ));
        }
    }
    out
}

fn why_not(check: &Check) -> String {
    match &check.on {
        Place::Local => "it asks this machine, which has no world before the change".to_owned(),
        Place::Host(name) => format!("--host {name}=SSH names a host that is as it was before"),
        Place::Clone => {
            "it needs a check or a fixture that is not there before the change".to_owned()
        }
    }
}

fn verdict(file: &ClaimFile, record: Option<&RunRecord>) -> ExitCode {
    let unrestored = record.is_some_and(|record| record.exit_code == ExitCode::Unrestored as u8);
    if unrestored {
        return ExitCode::Unrestored;
    }
    let gates: Vec<Vec<&CheckRecord>> = file.gates.iter().map(|gate| asked(record, gate)).collect();
    let green = |checks: &Vec<&CheckRecord>| {
        !checks.is_empty() && checks.iter().all(|check| check.outcome == Outcome::Pass)
    };
    if gates.iter().all(Vec::is_empty) {
        ExitCode::CouldNotCheck
    } else if gates.iter().any(green) {
        ExitCode::Toothless
    } else {
        ExitCode::Success
    }
}
