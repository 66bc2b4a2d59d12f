//! Finding stored records, for the commands that show them.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::record::{StoredRecord, read_phase};

/// The folders of records, one a phase, sorted: below `reports`, or below `reports/` of the current folder.
///
/// # Errors
/// When they cannot be listed.
pub(crate) fn phases(reports: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
    let runs = reports.unwrap_or(Path::new("reports")).join("runs");
    let entries = std::fs::read_dir(&runs)
        .with_context(|| format!("list the phases in {}", runs.display()))?;
    let mut phases: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    phases.retain(|path| path.is_dir());
    phases.sort();
    Ok(phases)
}

/// The record of a run, by its id or its file, if it is whole.
///
/// # Errors
/// In words, where there is none or it is damaged.
pub(crate) fn find(run: &str, reports: Option<&Path>) -> anyhow::Result<StoredRecord> {
    let named = Path::new(run);
    let (folders, run) = if named.extension().is_some_and(|end| end == "json") {
        let folder = match named.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let run = named.file_stem().unwrap_or_default().to_string_lossy();
        (vec![folder.to_owned()], run.into_owned())
    } else {
        (phases(reports)?, run.to_owned())
    };
    for folder in &folders {
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
