//! `gateproof done`: writes `## DONE` with its evidence.

use crate::cli::terminal;
use std::path::PathBuf;

use clap::Args;

use crate::gate::state::PhaseStatus;
use crate::report::documents::{self, Written};
use crate::report::phase;
use claim::codes;
use claim::outcome::{ExitCode, worst};
use kit::console;
use kit::inside::{Inside, NotInside};

use crate::cli::claims::{current_folder, load};
use crate::cli::gate_state::{StateOptions, gate_state};
use crate::cli::options::{ColorOption, FileOptions};
use crate::cli::progress::refuse;

/// Write `## DONE` with its evidence into STATUS, if nothing is in the way
///
/// Reads the claim files of the phase, the records, STATUS and REVIEW, and the hosts. Writes the
/// DONE block into STATUS.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  written, or already there with the same evidence
  1  a gate may not be called done; nothing was written
  2  the claim file or the command line is wrong
  6  as 1, and STALE is all that is in the way")]
pub(crate) struct DoneOptions {
    /// The phase
    phase: String,
    /// Its claim file (default: those of claims/; repeatable)
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    state: StateOptions,
    /// Overwrite a DONE block that was edited by hand
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    color: ColorOption,
}

pub(crate) async fn done(options: DoneOptions) -> anyhow::Result<ExitCode> {
    let Some(mut files) = load(&FileOptions::of(options.files.clone(), options.color)) else {
        return Ok(ExitCode::Invalid);
    };
    files.retain(|file| file.phase == options.phase);
    if files.is_empty() {
        let why = format!(
            "no claim file has the phase `{}`; name it with --file",
            options.phase
        );
        return Ok(refuse(codes::UNKNOWN_SELECTION, &why));
    }
    let mut phases = Vec::new();
    let mut paths = Vec::new();
    for file in &files {
        let (status, path) = match gate_state(file, &options.state, true).await {
            Err(error) if error.is::<NotInside>() => {
                return Ok(refuse(codes::OUTSIDE, &error.to_string()));
            }
            state => state?,
        };
        phases.push(status);
        paths.push(path);
    }
    paths.sort_by_key(Inside::path);
    paths.dedup();
    let [path] = paths.as_slice() else {
        let why = "the claim files of the phase have different `docs:`, so it has several STATUS documents";
        return Ok(refuse(codes::COMMAND_LINE, why));
    };
    let Some(block) = phase::done_block(&phases) else {
        let color = options.color.on_stderr();
        for status in &phases {
            terminal::err(&phase::table(status, console::width(), color));
        }
        terminal::err("not done; nothing was written\n");
        return Ok(worst(phases.iter().map(PhaseStatus::exit_code)).unwrap_or(ExitCode::Failed));
    };
    let verb = match documents::write_phase(path, &block, options.force)? {
        Written::Created | Written::Updated => "wrote",
        Written::Unchanged => "unchanged",
    };
    let here = current_folder()?;
    let path = path.path();
    let shown = path.strip_prefix(&here).unwrap_or(&path);
    terminal::out(&format!("{verb} {}\n", shown.display()));
    Ok(ExitCode::Success)
}
