//! `gateproof statement`: a record as an in-toto Statement.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::record::{StoredRecord, read_phase};
use crate::report::statement;
use claim::outcome::ExitCode;

use crate::cli::console;
use crate::cli::signing::SigningOptions;

#[derive(Clone, Debug, Args)]
pub(crate) struct StatementOptions {
    /// The run, or the file of its record
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

pub(crate) async fn statement(options: StatementOptions) -> anyhow::Result<ExitCode> {
    let stored = find(&options)?;
    let statement = statement::statement(&stored.record, &stored.link)?;
    if options.bare {
        console::out(&format!("{statement:#}\n"));
        return Ok(ExitCode::Success);
    }
    let folder = std::env::current_dir().context("find the current folder")?;
    let signer = options.signing.signer(true, &folder)?;
    let envelope = statement::envelope(&statement, signer.as_ref())?;
    if signer.is_none() {
        console::err("the envelope has no signature; sign it with --sign KEY\n");
    }
    console::out(&format!("{envelope:#}\n"));
    Ok(ExitCode::Success)
}

/// The record, when nothing is wrong with it.
fn find(options: &StatementOptions) -> anyhow::Result<StoredRecord> {
    let named = Path::new(&options.run);
    let reports = options.reports.clone().unwrap_or_else(|| "reports".into());
    let (folders, run) = match named.extension().is_some_and(|end| end == "json") {
        true => {
            let folder = named
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let run = named.file_stem().unwrap_or_default();
            let folder = folder.unwrap_or(Path::new(".")).to_owned();
            (vec![folder], run.to_string_lossy().into_owned())
        }
        false => {
            let runs = reports.join("runs");
            let entries = std::fs::read_dir(&runs)
                .with_context(|| format!("list the phases in {}", runs.display()))?;
            (
                entries.flatten().map(|entry| entry.path()).collect(),
                options.run.clone(),
            )
        }
    };
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let phase = read_phase(folder)?;
        if let Some(stored) = phase.find(&run) {
            if !phase.is_sound(&run) {
                bail!("the record of run {run} is damaged; `gateproof audit` tells more");
            }
            return Ok(stored.clone());
        }
    }
    bail!(
        "there is no record of run {run} that can be read; name its file, or its folder with --reports"
    )
}
