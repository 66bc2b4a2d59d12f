//! `gateproof record`: a check drafted from a real run of its command.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::cli::claims::current_folder;
use crate::cli::options::{HostOptions, ProgressOption};
use crate::cli::runs;
use crate::cli::terminal;
use crate::cli::watched::Watched;
use crate::import::RecordedCommand;
use crate::record::{Act, CheckRecord, ObservationRecord, RunRecord};
use crate::report::text;
use crate::run::{Options, Selection};
use claim::ClaimFile;
use claim::outcome::ExitCode;
use kit::interrupt::Interrupt;
use kit::text::Scope;
use kit::yaml::source::Source;
use std::time::Duration;

/// Draft a check from a run of its command, and show what proves that it can fail
///
/// Reads nothing but what the command shows. Runs it twice, and once more among failing tools; a command that
/// is known to change something is refused. Writes the draft as a claim file to standard output.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof record -- systemctl is-active nginx
  gateproof record --host web --id disk -- 'df --output=pcent / | tail -1' > claims/disk.yaml

Exit codes:
  0  drafted, and something shows that the check can fail
  1  it ended otherwise the second time
  2  the command is refused, or the command line is wrong
  3  it could not be run
  4  drafted, and the check passes also where it should not; a control is proposed")]
pub(crate) struct RecordOptions {
    /// Run it on this host, as `ssh` knows it (default: on this machine)
    #[arg(long, value_name = "SSH")]
    host: Option<String>,
    /// The id of the check (default: the first words of the command)
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// What it shows, in words (default: the command)
    #[arg(long, value_name = "WORDS")]
    claim: Option<String>,
    #[command(flatten)]
    hosts: HostOptions,
    #[command(flatten)]
    progress: ProgressOption,
    /// The command: one shell line, or several words
    #[arg(value_name = "COMMAND", required = true, last = true)]
    command: Vec<String>,
}

pub(crate) async fn record(options: RecordOptions) -> anyhow::Result<ExitCode> {
    let line = match options.command.as_slice() {
        [line] => line.clone(),
        words => kit::shell::join(words),
    };
    let asked = RecordedCommand {
        line,
        id: options.id.clone(),
        claim: options.claim.clone(),
        host: options.host.clone(),
    };
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    let Some(look) = read(asked.looked_at()) else {
        return Ok(ExitCode::Invalid);
    };
    let record = run(&look, &options, &interrupt, false).await?;
    let Some((exit, stdout, cut)) = record.checks.first().and_then(seen) else {
        let why = record
            .checks
            .first()
            .map(|check| text::visible(&check.observed));
        let why = why.unwrap_or_else(|| "it was not run".to_owned());
        terminal::err(&format!("nothing is drafted: {why}\n"));
        return Ok(ExitCode::CouldNotCheck);
    };
    let text = asked.drafted(exit, &stdout, cut);
    let Some(draft) = read(text.clone()) else {
        return Ok(ExitCode::Invalid);
    };
    let tried = run(&draft, &options, &interrupt, true).await?;
    terminal::out(&text);
    if let Some(check) = tried.checks.first() {
        terminal::err(&told(check));
    }
    Ok(runs::exit_of(&tried))
}

/// The claim file, or `None` after what is wrong with it was printed.
fn read(text: String) -> Option<ClaimFile> {
    let source = Source {
        path: "the draft".into(),
        text,
    };
    match claim::read::parse(Arc::new(source), &Scope::new()) {
        Ok(file) => Some(file),
        Err(invalid) => {
            terminal::err(&invalid.render(false));
            None
        }
    }
}

async fn run(
    file: &ClaimFile,
    options: &RecordOptions,
    interrupt: &Interrupt,
    teeth: bool,
) -> anyhow::Result<RunRecord> {
    let run = Options {
        role: None,
        act: Act::Verify,
        selection: Selection::default(),
        reach: options.hosts.reach(),
        folder: current_folder()?,
        repository: None,
        allow_destructive: false,
        besides: None,
        program: std::env::current_exe().ok(),
        teeth,
        lease_wait: Duration::ZERO,
        jobs: None,
        fail_fast: false,
        shuffle: None,
        activity: Default::default(),
    };
    // The first look has no expectation that anybody wrote, so its outcome is not told.
    let quiet = options.progress.quiet || !teeth;
    Ok(runs::run(file, &run, interrupt, quiet, Watched::No).await)
}

/// The exit code and standard output, and whether that was cut.
fn seen(check: &CheckRecord) -> Option<(i32, String, bool)> {
    match check.observation.as_ref()? {
        ObservationRecord::Command { exit, stdout, .. } => {
            Some(((*exit)?, stdout.text.clone(), stdout.truncated))
        }
        ObservationRecord::Http(_) => None,
    }
}

/// What was tried with the draft.
fn told(check: &CheckRecord) -> String {
    let mut text = format!("{}: {}\n", check.id, check.outcome.name());
    if let Some(teeth) = &check.teeth {
        text.push_str(&format!(
            "  what shows that it can fail: {}\n",
            teeth.describe()
        ));
        for unnoticed in &teeth.unnoticed {
            text.push_str(&format!("  it does not notice: {unnoticed}\n"));
        }
        if let Some(hint) = &teeth.hint {
            text.push_str(&format!("  hint: {hint}\n"));
        }
    }
    for finding in &check.findings {
        if let Some(note) = &finding.note {
            text.push_str(&format!("  {note}\n"));
        }
    }
    text
}
