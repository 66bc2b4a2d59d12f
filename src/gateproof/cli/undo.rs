//! `gateproof undo`: what earlier runs left disturbed, and what is done about it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::run::{LeftHost, LeftOver, left_over, machine_named};
use claim::ClaimFile;
use claim::outcome::{ExitCode, worst};
use kit::text::Scope;
use kit::yaml::codes::Code;
use reach::host::ReachOptions;
use reach::undo::OwnerLife;

use crate::cli::console;

pub(crate) const EXIT_CODES: &str = "Exit codes:
  0  nothing is pending
  2  the claim file or the command line is wrong
  3  a host could not be asked
  5  UNRESTORED: something is pending";

/// What to list, and what to do about it.
#[derive(Clone, Debug, Args)]
pub(crate) struct UndoOptions {
    /// Claim files, for their hosts; every *.yaml of claims/ without them
    files: Vec<PathBuf>,
    /// Only this machine: `local`, a host of the claim files, or an ssh destination (repeatable)
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// Undo what is pending, look whether it is back, and clear it then
    #[arg(long, conflicts_with = "forget")]
    run: bool,
    /// Clear what a person has put right, without undoing it
    #[arg(long, value_name = "ID", requires = "why")]
    forget: Option<String>,
    /// Why it may be forgotten; it is noted on the host
    #[arg(long, value_name = "TEXT", requires = "forget")]
    why: Option<String>,
    /// Another ssh configuration than your own
    #[arg(long, value_name = "FILE", env = "GATEPROOF_SSH_CONFIG")]
    ssh_config: Option<PathBuf>,
    /// How long to wait for a host to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    connect_timeout: Duration,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
}

/// The JSON form; fields are only ever added.
#[derive(Serialize)]
struct Listing<'l> {
    schema: &'static str,
    pending: usize,
    hosts: &'l [LeftHost],
}

pub(crate) async fn undo(wish: UndoOptions) -> anyhow::Result<ExitCode> {
    if wish.why.as_deref().is_some_and(|why| why.trim().is_empty()) {
        return Ok(refuse("--why: say why it may be forgotten"));
    }
    let files = match claim_files(&wish) {
        Ok(files) => files,
        Err(code) => return Ok(code),
    };
    let reach = ReachOptions {
        ssh_config: wish.ssh_config.clone(),
        connect_timeout: wish.connect_timeout,
    };
    let mut hosts = left_over(&files, &wish.host, &reach).await;
    let mut codes = Vec::new();
    if wish.run {
        let program = std::env::current_exe().context("find this program")?;
        for host in &mut hosts {
            host.perform(&reach, Some(&program)).await;
        }
    }
    if let (Some(id), Some(why)) = (&wish.forget, &wish.why) {
        codes.extend(forget(&mut hosts, id, why).await);
    }
    for host in &hosts {
        host.close().await;
    }
    let pending = hosts.iter().map(LeftHost::open).sum();
    match wish.format {
        Form::Json => {
            let listing = Listing {
                schema: "gateproof.undo/1",
                pending,
                hosts: &hosts,
            };
            console::out(&format!("{}\n", serde_json::to_string_pretty(&listing)?));
        }
        Form::Text => console::out(&text(&hosts, pending)),
    }
    if pending > 0 {
        codes.push(ExitCode::Unrestored);
    }
    if hosts.iter().any(|host| host.fault.is_some()) {
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
                console::err(&format!("gateproof: {why}\n"));
                return Some(ExitCode::CouldNotCheck);
            }
        }
    }
    if hosts.iter().any(|host| host.fault.is_some()) {
        console::err(&format!(
            "gateproof: nothing named `{id}` is pending on the hosts that answer\n"
        ));
        return None;
    }
    Some(refuse(&format!(
        "--forget {id}: nothing of that name is pending; `gateproof undo` lists what is"
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
        for one in &host.pending {
            out.push_str(&entry(&host.host, one));
        }
    }
    match pending {
        0 => out.push_str("nothing is pending\n"),
        1 => out.push_str("1 undoing is pending\n"),
        many => out.push_str(&format!("{many} undoings are pending\n")),
    }
    out
}

fn entry(host: &str, one: &LeftOver) -> String {
    let (pending, ticket) = (&one.pending, &one.pending.ticket);
    let holder = &ticket.holder;
    let owner = match pending.life {
        OwnerLife::Alive => "its run lives, and undoes it itself",
        OwnerLife::Dead => "its run is gone",
        OwnerLife::Rebooted => {
            "the host was rebooted since, and nothing undoes it by itself any more"
        }
    };
    let mut out = format!(
        "{host}: {}\n  {}; {owner}\n  disturbed by {holder}\n",
        pending.id, pending.state,
    );
    for line in &ticket.runs {
        out.push_str(&format!("  would run: {line}\n"));
    }
    let log: Vec<&str> = pending.log.trim().lines().collect();
    for line in log.iter().skip(log.len().saturating_sub(5)) {
        out.push_str(&format!("  it printed: {line}\n"));
    }
    if let Some(message) = &one.message {
        let mark = if one.cleared {
            "cleared"
        } else {
            "NOT CLEARED"
        };
        out.push_str(&format!("  {mark}: {message}\n"));
    }
    // Nothing from a host may steer the terminal.
    out.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
}

/// The claim files that were named, or those of claims/ when there are some; a file that cannot
/// be read keeps nobody from being asked but must be said.
fn claim_files(wish: &UndoOptions) -> Result<Vec<ClaimFile>, ExitCode> {
    let mut paths = wish.files.clone();
    if paths.is_empty() {
        let entries = std::fs::read_dir("claims").into_iter().flatten().flatten();
        let yaml = |path: &PathBuf| path.extension().is_some_and(|e| e == "yaml" || e == "yml");
        paths = entries.map(|entry| entry.path()).filter(yaml).collect();
        paths.sort();
    }
    let mut files = Vec::new();
    for path in paths {
        match claim::read::load(&path, &Scope::new()) {
            Ok(file) => files.push(file),
            Err(invalid) => {
                console::err(&invalid.render(false));
                return Err(ExitCode::Invalid);
            }
        }
    }
    Ok(files)
}

fn refuse(why: &str) -> ExitCode {
    console::err(&format!("error[{}]: {why}\n", Code::COMMAND_LINE.0));
    ExitCode::Invalid
}
