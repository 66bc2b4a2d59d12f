//! `gateproof statement`: a record as an in-toto Statement.

use crate::cli::terminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::record::{StoredRecord, read_phase};
use crate::report::statement;
use claim::outcome::ExitCode;

use crate::cli::claims::current_folder;
use crate::cli::options::SigningOptions;

/// Print a record as an in-toto Statement in a DSSE envelope
///
/// Reads the record and the records of its phase. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  printed; without a signing key the envelope has no signature
  3  there is no such record, it is damaged, or it is not about a commit")]
pub(crate) struct StatementOptions {
    /// The id of the run, or the file of its record
    run: String,
    /// Print the Statement itself, without an envelope and unsigned
    #[arg(long)]
    bare: bool,
    #[command(flatten)]
    signing: SigningOptions,
    /// Where records are (default: reports/ of the current folder)
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

pub(crate) fn statement(options: &StatementOptions) -> anyhow::Result<ExitCode> {
    let stored = find(options)?;
    let statement = statement::statement(&stored.record, &stored.link)?;
    if options.bare {
        terminal::out(&format!("{statement:#}\n"));
        return Ok(ExitCode::Success);
    }
    let signer = options.signing.signer(true, &current_folder()?)?;
    let envelope = statement::envelope(&statement, signer.as_ref())?;
    if signer.is_none() {
        terminal::err("the envelope has no signature; sign it with --sign KEY\n");
    }
    terminal::out(&format!("{envelope:#}\n"));
    Ok(ExitCode::Success)
}

/// The record, if it is whole.
fn find(options: &StatementOptions) -> anyhow::Result<StoredRecord> {
    let named = Path::new(&options.run);
    let (folders, run) = if named.extension().is_some_and(|end| end == "json") {
        let folder = match named.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let run = named.file_stem().unwrap_or_default().to_string_lossy();
        (vec![folder.to_owned()], run.into_owned())
    } else {
        let reports = options.reports.as_deref();
        let runs = reports.unwrap_or(Path::new("reports")).join("runs");
        let entries = std::fs::read_dir(&runs)
            .with_context(|| format!("list the phases in {}", runs.display()))?;
        let phases = entries.flatten().map(|entry| entry.path()).collect();
        (phases, options.run.clone())
    };
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let phase = read_phase(folder)?;
        if let Some(stored) = phase.find(&run) {
            if !phase.is_sound(&run) {
                bail!("the record of run {run} is damaged; `gateproof audit` says more");
            }
            return Ok(stored.clone());
        }
    }
    bail!("there is no readable record of run {run}; name its file, or its folder with --reports")
}
