//! The list of run reports. A new report is a file with a function, and an entry here.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{
    Dialect, RunVerdict, annotation_lines, junit, markdown_table, step_summary, table, tap,
};
use crate::record::RunRecord;
use kit::atomic;

/// A form in which runs are reported. `--format` offers each of them.
#[derive(Debug)]
pub struct RunReport {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// When `verify` prints it.
    pub timing: Timing,
    /// Where a push job puts its own lines beside it.
    pub remarks: Remarks,
    render: fn(&ReportInput<'_>) -> Result<String, ReportError>,
}

/// When a report is printed while several claim files are run one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
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
pub static RUN_REPORTS: [RunReport; 8] = [
    RunReport {
        name: "table",
        help: "A table for each gate, and an explanation of every check that is not a PASS",
        timing: Timing::EachRun,
        remarks: Remarks::Stdout,
        render: |input| Ok(tables(input)),
    },
    RunReport {
        name: "markdown",
        help: "A compact Markdown table, to be pasted into an issue or a chat",
        timing: Timing::AllRuns,
        remarks: Remarks::Stderr,
        render: |input| Ok(markdown_table(input.records, input.verdict)),
    },
    RunReport {
        name: "json",
        help: "The records: `verify` prints each as it is stored, `ci` prints a list",
        timing: Timing::EachRecord,
        remarks: Remarks::Stderr,
        render: json,
    },
    RunReport {
        name: "tap",
        help: "Test Anything Protocol, version 14",
        timing: Timing::AllRuns,
        remarks: Remarks::Comment("# "),
        render: |input| Ok(tap(input.records)),
    },
    RunReport {
        name: "junit",
        help: "JUnit XML",
        timing: Timing::AllRuns,
        remarks: Remarks::Stderr,
        render: |input| Ok(junit(input.records, input.verdict)?),
    },
    RunReport {
        name: "plain",
        help: "`file:line:col: error: …` for each check that is not a PASS, as compilers write it",
        timing: Timing::AllRuns,
        remarks: Remarks::Stdout,
        render: |input| Ok(annotation_lines(input.records, Dialect::Plain)),
    },
    RunReport {
        name: "github",
        help: "Workflow commands of GitHub's and Gitea's Actions",
        timing: Timing::AllRuns,
        remarks: Remarks::Stdout,
        render: |input| Ok(annotation_lines(input.records, Dialect::GitHub)),
    },
    RunReport {
        name: "step-summary",
        help: "Markdown for the page of a CI job",
        timing: Timing::AllRuns,
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
    pub fn render(&self, input: &ReportInput<'_>) -> Result<String, ReportError> {
        (self.render)(input)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::record;
    use crate::report::verdict_of;

    fn input<'r>(records: &'r [RunRecord], verdict: &'r RunVerdict) -> ReportInput<'r> {
        ReportInput {
            records,
            verdict,
            warnings: &[],
            single: false,
            stored: None,
            width: 100,
            color: false,
        }
    }

    #[test]
    fn every_report_has_a_name_of_its_own_and_says_something_about_a_red_run() {
        let records = [record()];
        let verdict = verdict_of(&records);
        for report in &RUN_REPORTS {
            let found = RunReport::named(report.name).unwrap();
            assert!(
                std::ptr::eq(found, report),
                "{} is there twice",
                report.name
            );
            let text = report.render(&input(&records, &verdict)).unwrap();
            assert!(text.contains("spec"), "{}: {text}", report.name);
            assert!(text.ends_with('\n'), "{}", report.name);
        }
        assert!(RunReport::named("html").is_none());
    }

    #[test]
    fn json_is_the_stored_text_of_a_single_run_and_a_list_of_several() {
        let records = [record()];
        let verdict = verdict_of(&records);
        let json = RunReport::named("json").unwrap();
        let list = json.render(&input(&records, &verdict)).unwrap();
        let list: Vec<RunRecord> = serde_json::from_str(&list).unwrap();
        assert_eq!(list, records);
        let single = ReportInput {
            single: true,
            ..input(&records, &verdict)
        };
        let one: RunRecord = serde_json::from_str(&json.render(&single).unwrap()).unwrap();
        assert_eq!(one, records[0]);
        let stored = ReportInput {
            stored: Some("as stored"),
            ..single
        };
        assert_eq!(json.render(&stored).unwrap(), "as stored");
    }

    #[test]
    fn a_file_is_written_with_its_folder_and_one_that_cannot_be_is_named_once() {
        let folder = tempfile::tempdir().unwrap();
        let records = [record()];
        let verdict = verdict_of(&records);
        let report = RunReport::named("markdown").unwrap();
        let path = folder.path().join("new/run.md");
        report.write(&path, &input(&records, &verdict)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, report.render(&input(&records, &verdict)).unwrap());
        let below = path.join("run.md");
        let error = report
            .write(&below, &input(&records, &verdict))
            .unwrap_err();
        let said = kit::error_chain(&error);
        assert!(
            said.starts_with("cannot write the markdown report"),
            "{said}"
        );
        assert_eq!(said.matches("run.md/run.md").count(), 1, "{said}");
    }
}
