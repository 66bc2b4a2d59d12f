//! `gateproof log`: what was run, the newest first.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::cli::options::ListingFormat;
use crate::cli::softening::short;
use crate::cli::{stored, terminal};
use crate::record::{Act, RunRecord, read_phase};
use crate::report::{self, text, verdict_of};
use claim::outcome::ExitCode;

/// List the recorded runs, the newest first
///
/// Reads the records. Writes nothing. Whether a record counts towards a gate is what `status` tells.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof log
  gateproof log --gate M1 --format json

Exit codes:
  0  listed
  3  the records cannot be read")]
pub(crate) struct LogOptions {
    /// Only runs of this phase
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// Only runs that cover this gate as a whole
    #[arg(long, value_name = "ID")]
    gate: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "30")]
    limit: usize,
    /// What to print on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: ListingFormat,
    /// Where records are (default: reports/ of the current folder)
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

pub(crate) fn log(options: &LogOptions) -> anyhow::Result<ExitCode> {
    let mut records: Vec<RunRecord> = Vec::new();
    for folder in stored::phases(options.reports.as_deref())? {
        let phase = read_phase(&folder)?;
        for fault in &phase.faults {
            terminal::err(&format!("{}/{fault}\n", folder.display()));
        }
        records.extend(phase.sound().map(|stored| stored.record.clone()));
    }
    records.retain(|record| {
        let of_phase = options
            .phase
            .as_ref()
            .is_none_or(|phase| *phase == record.claim.phase);
        of_phase
            && options
                .gate
                .as_ref()
                .is_none_or(|gate| record.gates.contains(gate))
    });
    records.sort_by(|a, b| (b.ended, &b.run_id).cmp(&(a.ended, &a.run_id)));
    let left = records.len().saturating_sub(options.limit);
    records.truncate(options.limit);
    match options.format {
        ListingFormat::Json => {
            let entries: Vec<_> = records.iter().map(entry).collect();
            terminal::out(&format!("{}\n", serde_json::to_string_pretty(&entries)?));
        }
        ListingFormat::Table => {
            terminal::out(&table(&records));
            if left > 0 {
                terminal::err(&format!("{left} older are not shown; --limit shows more\n"));
            }
        }
    }
    Ok(ExitCode::Success)
}

/// A run in the JSON form; fields are only ever added.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LogEntry<'r> {
    run_id: &'r str,
    ended: DateTime<Utc>,
    act: Act,
    role: Option<&'r str>,
    /// The git author, `Name <mail>`, where git knows one.
    author: Option<&'r str>,
    /// `user@machine`.
    who: &'r str,
    phase: &'r str,
    /// Gates whose checks were all selected.
    gates: &'r [String],
    /// Full hash of what was checked.
    commit: Option<&'r str>,
    /// What the run says of its gates, in a word.
    verdict: &'static str,
    exit_code: u8,
}

fn entry(record: &RunRecord) -> LogEntry<'_> {
    LogEntry {
        run_id: &record.run_id,
        ended: record.ended,
        act: record.act,
        role: record.role.as_deref(),
        author: record.author.as_deref(),
        who: &record.who,
        phase: &record.claim.phase,
        gates: &record.gates,
        commit: record.commit(),
        verdict: verdict_of(std::slice::from_ref(record)).word(),
        exit_code: record.exit_code,
    }
}

fn table(records: &[RunRecord]) -> String {
    if records.is_empty() {
        return "no run is recorded here\n".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "Ended", "Act", "Phase", "Gates", "Result", "Commit", "By", "Run",
    ]);
    for record in records {
        let verdict = verdict_of(std::slice::from_ref(record));
        let decides = !record.checks.is_empty();
        let commit = record.commit().map_or("-", short).to_owned();
        let cells = [
            report::time(record.ended),
            record.act.name().to_owned(),
            record.claim.phase.clone(),
            record.gates.join(", "),
            if decides {
                verdict.word().to_owned()
            } else {
                "-".to_owned()
            },
            commit,
            record.author.clone().unwrap_or_else(|| record.who.clone()),
            record.run_id.clone(),
        ];
        // Names come from somebody else.
        table.add_row(cells.map(|cell| text::visible(&cell)));
    }
    let lines = table.to_string();
    lines
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}
