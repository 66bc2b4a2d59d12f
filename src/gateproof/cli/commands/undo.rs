//! `gateproof undo`: what earlier runs left disturbed, and how to put it right.

use crate::cli::terminal;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::run::{LeftHost, LeftOver, left_over, machine_named};
use claim::ClaimFile;
use claim::codes;
use claim::outcome::{ExitCode, worst};
use kit::count::count_of;
use kit::text::Scope;
use reach::undo::OwnerLife;

use crate::cli::claims::in_folder;
use crate::cli::options::{HostOptions, ListingFormat};

/// The lines of an undoing's log that are shown.
const LOG_LINES: usize = 5;

/// List what earlier runs left disturbed, and undo it
///
/// Reads the claim files for their hosts, and the undoings that are pending on these hosts and on
/// this machine. Writes on the hosts, with --run and --forget only.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof undo
  gateproof undo --host local --run
  gateproof undo --forget ID --why \"scaled up by hand\"

Exit codes:
  0  nothing is pending
  2  the claim file or the command line is wrong
  3  a host could not be asked, or its state folder is not as it should be
  5  UNRESTORED: something is pending")]
pub(crate) struct UndoOptions {
    /// Claim files, for their hosts (default: every *.yaml and *.yml of claims/)
    files: Vec<PathBuf>,
    /// Only this machine: local, a host of the claim files, or an ssh destination (repeatable)
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// Undo what is pending, check whether it is back, and then clear it
    #[arg(long, conflicts_with = "forget")]
    run: bool,
    /// Clear what a person has put right, without undoing it
    #[arg(long, value_name = "ID", requires = "why")]
    forget: Option<String>,
    /// Why it may be forgotten; the host keeps a note of it
    #[arg(long, value_name = "TEXT", requires = "forget")]
    why: Option<String>,
    #[command(flatten)]
    hosts: HostOptions,
    /// What to print on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: ListingFormat,
}

/// The JSON form; fields are only ever added.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Listing<'l> {
    schema: &'static str,
    pending: usize,
    hosts: &'l [LeftHost],
}

pub(crate) async fn undo(options: UndoOptions) -> anyhow::Result<ExitCode> {
    if options
        .why
        .as_deref()
        .is_some_and(|why| why.trim().is_empty())
    {
        return Ok(refuse(
            "--why must not be empty: write why it may be forgotten",
        ));
    }
    let files = match claim_files(&options) {
        Ok(files) => files,
        Err(code) => return Ok(code),
    };
    let reach = options.hosts.reach();
    let mut hosts = left_over(&files, &options.host, &reach).await;
    let mut codes = Vec::new();
    if options.run {
        let program = std::env::current_exe().context("find this program")?;
        for host in &mut hosts {
            host.perform(&reach, Some(&program)).await;
        }
    }
    if let (Some(id), Some(why)) = (&options.forget, &options.why) {
        codes.extend(forget(&mut hosts, id, why).await);
    }
    for host in &hosts {
        host.close().await;
    }
    let pending = hosts.iter().map(LeftHost::open).sum();
    match options.format {
        ListingFormat::Json => {
            let listing = Listing {
                schema: "gateproof.undo/1",
                pending,
                hosts: &hosts,
            };
            terminal::out(&format!("{}\n", serde_json::to_string_pretty(&listing)?));
        }
        ListingFormat::Table => terminal::out(&text(&hosts, pending)),
    }
    if pending > 0 {
        codes.push(ExitCode::Unrestored);
    }
    if hosts
        .iter()
        .any(|host| host.fault.is_some() || !host.wrong.is_empty())
    {
        codes.push(ExitCode::CouldNotCheck);
    }
    Ok(worst(codes).unwrap_or(ExitCode::Success))
}

async fn forget(hosts: &mut [LeftHost], id: &str, why: &str) -> Option<ExitCode> {
    for host in hosts.iter_mut() {
        match host.forget(id, why).await {
            Ok(true) => return None,
            Ok(false) => {}
            Err(why) => {
                terminal::err(&format!("gateproof: {why}\n"));
                return Some(ExitCode::CouldNotCheck);
            }
        }
    }
    if hosts.iter().any(|host| host.fault.is_some()) {
        terminal::err(&format!(
            "gateproof: nothing named `{id}` is pending on the hosts that answer\n"
        ));
        return None;
    }
    Some(refuse(&format!(
        "--forget {id}: nothing with that id is pending; `gateproof undo` lists what is"
    )))
}

fn text(hosts: &[LeftHost], pending: usize) -> String {
    let mut out = String::new();
    for host in hosts {
        if let Some(fault) = &host.fault {
            out.push_str(&format!("{}: {fault}\n", host.host));
        }
        if let Some(lease) = &host.lease {
            out.push_str(&format!(
                "{} is disturbed by {}\n",
                machine_named(&host.host),
                lease.holder
            ));
        }
        for wrong in &host.wrong {
            out.push_str(&format!("{}: {wrong}\n", machine_named(&host.host)));
        }
        for one in &host.pending {
            out.push_str(&entry(&host.host, one));
        }
    }
    let is_unsure = |host: &LeftHost| host.fault.is_some() || !host.wrong.is_empty();
    out + &match pending {
        0 if hosts.iter().any(is_unsure) => {
            "whether anything is pending there is not known\n".to_owned()
        }
        0 => "nothing is pending\n".to_owned(),
        n => count_of(n, "undoing is", "undoings are") + " pending\n",
    }
}

fn entry(host: &str, one: &LeftOver) -> String {
    let (pending, ticket) = (&one.pending, &one.pending.ticket);
    let holder = &ticket.holder;
    let owner = match pending.life {
        OwnerLife::Alive => "its run is alive and undoes it itself",
        OwnerLife::Dead => "its run is gone",
        OwnerLife::Rebooted => {
            "the host was rebooted since, so nothing undoes it by itself any more"
        }
    };
    let mut out = format!(
        "{host}: {}\n  {}; {owner}\n  disturbed by {holder}\n",
        pending.id, pending.state,
    );
    for line in pending.would_run() {
        out.push_str(&format!("  would run: {line}\n"));
    }
    let log: Vec<&str> = pending.log.trim().lines().collect();
    for line in log.iter().skip(log.len().saturating_sub(LOG_LINES)) {
        out.push_str(&format!("  it printed: {line}\n"));
    }
    if let Some(result) = &one.message {
        let mark = if one.cleared {
            "cleared"
        } else {
            "NOT CLEARED"
        };
        out.push_str(&format!("  {mark}: {result}\n"));
    }
    // Nothing from a host may steer the terminal.
    out.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
}

/// The named claim files, or those of claims/ if there are any.
fn claim_files(options: &UndoOptions) -> Result<Vec<ClaimFile>, ExitCode> {
    let paths = if options.files.is_empty() {
        in_folder(Path::new("claims")).unwrap_or_default()
    } else {
        options.files.clone()
    };
    let mut files = Vec::new();
    for path in paths {
        match claim::read::load(&path, &Scope::new()) {
            Ok(file) => files.push(file),
            Err(invalid) => {
                terminal::err(&invalid.render(false));
                return Err(ExitCode::Invalid);
            }
        }
    }
    Ok(files)
}

fn refuse(why: &str) -> ExitCode {
    terminal::err(&format!("error[{}]: {why}\n", codes::COMMAND_LINE.0));
    ExitCode::Invalid
}
