//! Runs, gates and phases as people and programs read them. Everything is made from a
//! [`RunRecord`] that was redacted before.
//!
//! [`RUN_REPORTS`] lists the reports of runs: a new one is a file with a function, and a module and
//! an entry here. [`documents`] writes the blocks of STATUS, JOURNAL and REVIEW; [`phase`] shows the
//! state of gates.

mod annotations;
pub mod documents;
pub(crate) mod explain;
mod hook;
mod html;
mod junit;
pub mod markdown;
mod markdown_table;
mod paint;
pub mod phase;
mod reason;
mod run_verdict;
#[cfg(test)]
pub(crate) mod sample;
mod sarif;
pub mod statement;
mod step_summary;
mod table;
mod tap;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::record::RunRecord;
use crate::secrets;
use kit::atomic;
use kit::redact::Redacted;

pub use annotations::{Annotation, Dialect, Level, annotation_lines, annotations, stop_commands};
pub use hook::hook;
pub use html::html;
pub use junit::junit;
pub use markdown_table::markdown_table;
pub use run_verdict::{RunVerdict, left_out, verdict_of};
pub use sarif::sarif;
pub use step_summary::step_summary;
pub use table::{progress_line, table};
pub use tap::tap;
pub use text::time;

/// A form in which runs are reported. `--format` offers each of them.
#[derive(Debug)]
pub struct RunReport {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// When `verify` prints it.
    pub printed: Printed,
    /// Where a push job puts its own lines beside it.
    pub remarks: Remarks,
    render: fn(&ReportInput<'_>) -> Result<String, ReportError>,
}

/// When a report is printed while several claim files are run one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printed {
    /// For each run, as soon as it has ended and before its record is stored.
    EachRun,
    /// For each run, as soon as its record is stored.
    EachRecord,
    /// Once, for all runs.
    AllRuns,
}

/// Where a line can stand that belongs to no run, so that it does not spoil a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remarks {
    /// On standard output, as it is: people read the report.
    Stdout,
    /// On standard output, after this prefix: it begins a comment.
    Comment(&'static str),
    /// On standard error.
    Stderr,
}

/// What a report is made from. The records were redacted before.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'r> {
    pub records: &'r [RunRecord],
    /// What the program ends with.
    pub verdict: &'r RunVerdict,
    /// What is wrong beside the runs, such as a stale clone.
    pub warnings: &'r [String],
    /// Whether `records` is one run of several that are reported one after the other.
    pub single: bool,
    /// The stored text of a single run's record, which is sealed and names its predecessor.
    pub stored: Option<&'r str>,
    /// In terminal columns.
    pub width: usize,
    pub color: bool,
}

/// Every report of runs.
pub static RUN_REPORTS: [RunReport; 10] = [
    RunReport {
        name: "table",
        help: "A table for each gate, and an explanation of every check that is not a PASS",
        printed: Printed::EachRun,
        remarks: Remarks::Stdout,
        render: |input| Ok(tables(input)),
    },
    RunReport {
        name: "markdown",
        help: "A compact Markdown table, to be pasted into an issue or a chat",
        printed: Printed::AllRuns,
        remarks: Remarks::Stderr,
        render: |input| Ok(markdown_table(input.records, input.verdict)),
    },
    RunReport {
        name: "json",
        help: "The records: `verify` prints each as it is stored, `ci` prints a list",
        printed: Printed::EachRecord,
        remarks: Remarks::Stderr,
        render: json,
    },
    RunReport {
        name: "tap",
        help: "Test Anything Protocol, version 13",
        printed: Printed::AllRuns,
        remarks: Remarks::Comment("# "),
        render: |input| Ok(tap(input.records, input.verdict)),
    },
    RunReport {
        name: "junit",
        help: "JUnit XML",
        printed: Printed::AllRuns,
        remarks: Remarks::Stderr,
        render: |input| Ok(junit(input.records, input.verdict)?),
    },
    RunReport {
        name: "sarif",
        help: "SARIF 2.1.0, for code hosts and editors",
        printed: Printed::AllRuns,
        remarks: Remarks::Stderr,
        render: |input| Ok(serde_json::to_string_pretty(&sarif(input.records))? + "\n"),
    },
    RunReport {
        name: "html",
        help: "One page to look at, which needs nothing else",
        printed: Printed::AllRuns,
        remarks: Remarks::Stderr,
        render: |input| Ok(html(input.records, input.verdict, input.warnings)),
    },
    RunReport {
        name: "plain",
        help: "`file:line:col: error: …` for each check that is not a PASS, as compilers write it",
        printed: Printed::AllRuns,
        remarks: Remarks::Stdout,
        render: |input| Ok(annotation_lines(input.records, Dialect::Plain)),
    },
    RunReport {
        name: "github",
        help: "Workflow commands of GitHub's and Gitea's Actions",
        printed: Printed::AllRuns,
        remarks: Remarks::Stdout,
        render: |input| Ok(annotation_lines(input.records, Dialect::GitHub)),
    },
    RunReport {
        name: "step-summary",
        help: "Markdown for the page of a CI job",
        printed: Printed::AllRuns,
        remarks: Remarks::Stderr,
        render: |input| Ok(step_summary(input.records, input.verdict, input.warnings)),
    },
];

impl RunReport {
    pub fn named(name: &str) -> Option<&'static RunReport> {
        RUN_REPORTS.iter().find(|report| report.name == name)
    }

    /// The report as text.
    ///
    /// # Errors
    /// [`ReportError::Junit`], [`ReportError::Json`].
    pub fn render(&self, input: &ReportInput<'_>) -> Result<Redacted<String>, ReportError> {
        Ok(secrets::redact_known(&(self.render)(input)?))
    }

    /// Writes the report to a file, whole or not at all. A missing folder is made.
    ///
    /// # Errors
    /// See [`ReportError`].
    pub fn write(&self, path: &Path, input: &ReportInput<'_>) -> Result<(), ReportError> {
        let text = self.render(input)?;
        let failed = |source| ReportError::Write {
            report: self.name,
            path: path.to_owned(),
            source,
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let staged = atomic::stage(folder, self.name, text.as_bytes()).map_err(failed)?;
        staged.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Why a report could not be made or written.
#[derive(Debug, Error)]
pub enum ReportError {
    #[error("the JUnit report cannot be written as XML")]
    Junit(#[from] quick_junit::SerializeError),
    #[error("the records cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The file cannot be written. What was there before is still there.
    #[error("cannot write the {report} report `{path}`")]
    Write {
        report: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}

fn tables(input: &ReportInput<'_>) -> String {
    let table = |record| format!("\n{}", table(record, input.width, input.color));
    input.records.iter().map(table).collect()
}

fn json(input: &ReportInput<'_>) -> Result<String, ReportError> {
    let text = match (input.single, input.stored, input.records) {
        (true, Some(stored), _) => return Ok(stored.to_owned()),
        (true, None, [record]) => serde_json::to_string_pretty(record)?,
        _ => serde_json::to_string_pretty(input.records)?,
    };
    Ok(text + "\n")
}
