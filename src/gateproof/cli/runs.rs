//! Running claim files: the one route of `verify` and `ci` from selected files to stored records
//! and reports, and the one call of the engine for every command.

use crate::cli::{accept, terminal};
use std::path::Path;
use std::sync::Arc;

use crate::cli::live::Live;
use crate::cli::options::OutputOptions;
use crate::cli::progress::{describe, report_error};
use crate::cli::store::{RecordStore, StoredRun};
use crate::cli::watched::Watched;
use crate::record::RunRecord;
use crate::report::{Printed, Remarks, ReportInput, RunReport, RunVerdict, verdict_of};
use crate::run::{Options, Repository, RunEvent};
use claim::ClaimFile;
use claim::outcome::{ExitCode, worst};
use kit::console;
use kit::interrupt::Interrupt;
use kit::redact::Redacted;
use reach::host::Fault;

/// A claim file and the repository that it is in, at the revision to be checked.
pub(crate) type Located<'f> = (&'f ClaimFile, Option<Arc<Repository>>);

/// Runs one claim file and prints progress.
pub(crate) async fn run(
    file: &ClaimFile,
    options: &Options,
    interrupt: &Interrupt,
    quiet: bool,
    watched: Watched,
) -> RunRecord {
    let live = Live::new(watched);
    let mut progress = |event: &Redacted<RunEvent>| {
        if !quiet {
            live.say(&describe(event));
        }
    };
    // In a box: the layout of the futures around it would nest too deep for the compiler.
    let run = Box::pin(crate::run::run(file, options, interrupt, &mut progress));
    if quiet {
        return run.await;
    }
    let record = tokio::select! {
        record = run => record,
        () = live.show(&options.activity) => unreachable!("it goes on until the run has ended"),
    };
    live.end();
    record
}

/// The exit code that a record names.
pub(crate) fn exit_of(record: &RunRecord) -> ExitCode {
    ExitCode::try_from(record.exit_code).unwrap_or(ExitCode::CouldNotCheck)
}

/// The runs of one command.
pub(crate) struct Runs<'o> {
    output: &'o OutputOptions,
    quiet: bool,
    color: bool,
    watched: Watched,
    /// Whether snapshots take on what is seen.
    pub(crate) accepts: bool,
    /// What is wrong beside the runs; each record gets these as notes.
    pub(crate) warnings: Vec<String>,
    pub(crate) records: Vec<RunRecord>,
    /// Of several runs that one document reports: the text of each.
    texts: Vec<String>,
    /// Whether there are several.
    several: bool,
    /// What went wrong beside the runs.
    pub(crate) codes: Vec<ExitCode>,
}

impl<'o> Runs<'o> {
    pub(crate) fn new(
        output: &'o OutputOptions,
        quiet: bool,
        color: bool,
        watched: Watched,
    ) -> Runs<'o> {
        Runs {
            output,
            quiet,
            color,
            watched,
            accepts: false,
            warnings: Vec::new(),
            records: Vec::new(),
            texts: Vec::new(),
            several: false,
            codes: Vec::new(),
        }
    }

    /// Runs the files one after the other and stores their records. After one that leaves
    /// something disturbed no other is run: observations of such a host mean nothing.
    pub(crate) async fn run_all(
        &mut self,
        files: Vec<Located<'_>>,
        options: &Options,
        store: &RecordStore<'_>,
        interrupt: &Interrupt,
    ) -> anyhow::Result<()> {
        self.several = files.len() > 1;
        for (file, repository) in files {
            let unrestored = |record: &RunRecord| exit_of(record) == ExitCode::Unrestored;
            if self.records.iter().any(unrestored) {
                let path = file.source.path.display();
                terminal::err(&format!(
                    "{path}: not run, because something is not restored\n"
                ));
                continue;
            }
            let root = match &repository {
                Some(repository) => repository.root().to_owned(),
                None => options.folder.clone(),
            };
            let options = Options {
                repository,
                ..options.clone()
            };
            let mut record = run(file, &options, interrupt, self.quiet, self.watched).await;
            record.notes.extend(self.warnings.iter().cloned());
            if self.accepts
                && let Err(error) = accept::accept(file, &root, &options.folder, &mut record)
            {
                report_error(&error);
                self.codes.push(ExitCode::CouldNotCheck);
            }
            self.finish(record, &root, store)?;
        }
        Ok(())
    }

    /// Stores a record, and prints the reports that are printed for each run.
    fn finish(
        &mut self,
        record: RunRecord,
        root: &Path,
        store: &RecordStore<'_>,
    ) -> anyhow::Result<()> {
        self.print_each(Printed::EachRun, &record, None)?;
        let mut stored = StoredRun::default();
        if !self.output.no_record {
            let reports = self.output.reports.as_deref();
            if let Err(error) = store.store(&record, root, reports, &mut stored) {
                // A run without its record is not a success, and its results are shown all the same.
                report_error(&*error);
                self.codes.push(ExitCode::CouldNotCheck);
            }
            if !self.quiet {
                stored.print(root);
            }
        }
        self.print_each(Printed::EachRecord, &record, stored.record.as_deref())?;
        self.records.push(record);
        Ok(())
    }

    /// Nothing for a push job, which prints everything at its end.
    fn print_each(
        &mut self,
        printed: Printed,
        record: &RunRecord,
        stored: Option<&Path>,
    ) -> anyhow::Result<()> {
        let report = self.output.format;
        if self.watched == Watched::Yes || report.printed != printed {
            return Ok(());
        }
        let records = std::slice::from_ref(record);
        let verdict = verdict_of(records);
        let stored = stored.and_then(|path| std::fs::read_to_string(path).ok());
        let input = ReportInput {
            single: true,
            stored: stored.as_deref(),
            ..self.input(records, &verdict)
        };
        let text = report.render(&input)?;
        if self.several && printed == Printed::EachRecord {
            self.texts.push(text.trim_end().to_owned());
        } else {
            terminal::out(&text);
        }
        Ok(())
    }

    /// Prints the report that covers all runs, unless each run was reported already.
    pub(crate) fn print_all(&self, verdict: &RunVerdict) -> anyhow::Result<()> {
        let report = self.output.format;
        if self.watched == Watched::No && report.printed != Printed::AllRuns {
            if self.several && report.printed == Printed::EachRecord {
                terminal::out(&format!("[\n{}\n]\n", self.texts.join(",\n")));
            }
            return Ok(());
        }
        let text = report.render(&self.input(&self.records, verdict))?;
        terminal::out(&match report.remarks {
            Remarks::Stdout => self.watched.shown(&text),
            // A program reads it, and the report itself keeps decisions out.
            Remarks::Comment(_) | Remarks::Stderr => text.into_inner(),
        });
        Ok(())
    }

    /// The verdict on all runs, and on what went wrong beside them.
    pub(crate) fn verdict(&self) -> RunVerdict {
        let verdict = verdict_of(&self.records);
        let codes = self.codes.iter().copied().chain([verdict.code]);
        RunVerdict {
            code: worst(codes).unwrap_or(ExitCode::CouldNotCheck),
            ..verdict
        }
    }

    /// Writes the reports that go into files. One that cannot be written makes the verdict worse.
    pub(crate) fn write_reports(&self, verdict: &mut RunVerdict) {
        for (name, path) in [("junit", &self.output.junit), ("html", &self.output.html)] {
            if let (Some(path), Some(report)) = (path, RunReport::named(name)) {
                self.write_report(report, path, verdict);
            }
        }
    }

    fn write_report(&self, report: &RunReport, path: &Path, verdict: &mut RunVerdict) {
        if let Err(error) = report.write(path, &self.input(&self.records, verdict)) {
            report_error(&error);
            let codes = [verdict.code, ExitCode::CouldNotCheck];
            verdict.code = worst(codes).unwrap_or(ExitCode::CouldNotCheck);
        }
    }

    pub(crate) fn input<'r>(
        &'r self,
        records: &'r [RunRecord],
        verdict: &'r RunVerdict,
    ) -> ReportInput<'r> {
        ReportInput {
            records,
            verdict,
            warnings: &self.warnings,
            single: false,
            stored: None,
            width: console::width(),
            color: self.color,
        }
    }
}

/// The repository that each claim file is in, if any, at `at` or else HEAD.
pub(crate) async fn locate<'f>(
    files: Vec<&'f ClaimFile>,
    folder: &Path,
    at: Option<&str>,
    worktree: bool,
) -> Result<Vec<Located<'f>>, Fault> {
    let mut located = Vec::new();
    for file in files {
        let path = folder.join(&file.source.path);
        let found = Repository::find(&path, at, worktree).await?;
        if let (Some(at), None) = (at, &found) {
            let path = file.source.path.display();
            return Err(Fault::Other(format!(
                "--at {at}: {path} is not in a git repository"
            )));
        }
        located.push((file, found.map(Arc::new)));
    }
    Ok(located)
}
