//! `gateproof show`: recorded runs as they were reported.

use std::path::PathBuf;

use clap::Args;
use kit::console;

use crate::cli::options::{ColorOption, run_report};
use crate::cli::{stored, terminal};
use crate::record::{RunRecord, StoredRecord, read_phase};
use crate::report::{ReportInput, RunReport, verdict_of};
use claim::outcome::ExitCode;

/// Show recorded runs again, in any format of a report
///
/// Reads the records and the others of their phases. Runs nothing. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof show
  gateproof show 20261121T120000Z-0badc0de --format markdown
  gateproof show CLAIM REVIEW --format html > m1.html

Exit codes:
  0  shown, whatever the run found
  3  there is no such record, or it is damaged")]
pub(crate) struct ShowOptions {
    /// The ids of the runs, or the files of their records (default: the newest run)
    #[arg(value_name = "RUN")]
    runs: Vec<String>,
    /// What to print on standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = run_report())]
    format: &'static RunReport,
    #[command(flatten)]
    color: ColorOption,
    /// Where records are (default: reports/ of the current folder)
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

pub(crate) fn show(options: &ShowOptions) -> anyhow::Result<ExitCode> {
    let reports = options.reports.as_deref();
    let runs = match options.runs.as_slice() {
        [] => vec![newest(reports)?],
        named => named.to_vec(),
    };
    let found = runs.iter().map(|run| stored::find(run, reports));
    let found: Vec<StoredRecord> = found.collect::<anyhow::Result<_>>()?;
    let records: Vec<RunRecord> = found.iter().map(|it| it.record.clone()).collect();
    let text = match found.as_slice() {
        [only] => std::fs::read_to_string(&only.path).ok(),
        _ => None,
    };
    let verdict = verdict_of(&records);
    let input = ReportInput {
        records: &records,
        verdict: &verdict,
        warnings: &[],
        single: records.len() == 1,
        stored: text.as_deref(),
        width: console::width(),
        color: options.color.on_stdout(),
    };
    terminal::out(&options.format.render(&input)?);
    Ok(ExitCode::Success)
}

/// The newest run of which there is a sound record.
fn newest(reports: Option<&std::path::Path>) -> anyhow::Result<String> {
    let mut newest = None;
    for folder in stored::phases(reports)? {
        let phase = read_phase(&folder)?;
        let runs = phase
            .sound()
            .filter(|stored| !stored.record.checks.is_empty());
        newest = newest.max(
            runs.map(|it| (it.record.ended, it.record.run_id.clone()))
                .max(),
        );
    }
    newest.map(|(_, run)| run).ok_or_else(|| {
        anyhow::anyhow!("no run is recorded here; name the folder of records with --reports")
    })
}
