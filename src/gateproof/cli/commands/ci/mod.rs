//! `gateproof ci`: the push job. It observes, reports in the forms that CI servers take, owns no
//! document, and ends with a verdict of its own.

mod clones;
mod pipeline;
mod softened;

use crate::cli::terminal;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::record::Act;
use crate::report::{
    Annotation, Dialect, Remarks, RunReport, RunVerdict, annotations, left_out, step_summary,
    stop_commands,
};
use crate::run::{Options, Role};
use claim::outcome::ExitCode;
use kit::interrupt::Interrupt;

use crate::cli::claims::{current_folder, load, selected};
use crate::cli::options::{
    FileOptions, HostOptions, OutputOptions, ProgressOption, RUN_EXIT_CODES, SelectionOptions,
};
use crate::cli::progress::report_error;
use crate::cli::runs::{Located, Runs, locate};
use crate::cli::store::RecordStore;
use crate::cli::watched::Watched;

use clones::{CloneOptions, CloneReport};
use pipeline::Pipeline;
use softened::SofteningReport;

/// Run as the push job: observe, annotate and report, and disturb nothing
///
/// Reads the claim files, the clone and its upstream, and the hosts. Checks that do more than
/// observe are SKIPPED. Writes a record of each run into reports/runs/, the requested reports,
/// and the page of the job where GITHUB_STEP_SUMMARY or GITEA_STEP_SUMMARY names it.
#[derive(Clone, Debug, Args)]
#[command(after_help = format!("Examples:
  gateproof ci --junit junit.xml
  gateproof ci --pipeline drone > .drone.yml

{RUN_EXIT_CODES}"))]
pub(crate) struct CiOptions {
    #[command(flatten)]
    files: FileOptions,
    #[command(flatten)]
    selection: SelectionOptions,
    #[command(flatten)]
    output: OutputOptions,
    /// How to annotate; auto is github if GITHUB_ACTIONS is true, else plain, and none beside a
    /// report that programs read
    #[arg(long, value_enum, value_name = "FORM", default_value = "auto")]
    annotations: AnnotationForm,
    #[command(flatten)]
    clone: CloneOptions,
    /// Print a ready pipeline file for this CI server, and run nothing
    #[arg(long, value_enum, value_name = "SERVER")]
    pipeline: Option<Pipeline>,
    #[command(flatten)]
    hosts: HostOptions,
    #[command(flatten)]
    progress: ProgressOption,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AnnotationForm {
    Auto,
    Github,
    Plain,
    None,
}

impl AnnotationForm {
    /// The runners of GitHub and of Gitea both set `GITHUB_ACTIONS=true`.
    fn dialect(self, report: &RunReport) -> Option<Dialect> {
        let actions = || std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
        match self {
            AnnotationForm::None => None,
            AnnotationForm::Github => Some(Dialect::GitHub),
            AnnotationForm::Plain => Some(Dialect::Plain),
            // A program reads standard output.
            AnnotationForm::Auto if report.remarks != Remarks::Stdout => None,
            AnnotationForm::Auto if actions() => Some(Dialect::GitHub),
            AnnotationForm::Auto => Some(Dialect::Plain),
        }
    }
}

pub(crate) async fn ci(options: CiOptions) -> anyhow::Result<ExitCode> {
    if let Some(pipeline) = options.pipeline {
        terminal::out(pipeline.file());
        return Ok(ExitCode::Success);
    }
    options.output.hide_secrets();
    let color = options.files.color.on_stdout();
    let mut job = Job {
        dialect: options.annotations.dialect(options.output.format),
        runs: Runs::new(&options.output, options.progress.quiet, color, Watched::Yes),
        options: &options,
        softened: false,
        not_run: None,
    };
    job.observe().await?;
    Ok(job.conclude())
}

struct Job<'o> {
    options: &'o CiOptions,
    dialect: Option<Dialect>,
    runs: Runs<'o>,
    /// Whether a claim file demands less than before and gives no reason.
    softened: bool,
    /// Why nothing was run.
    not_run: Option<&'static str>,
}

impl Job<'_> {
    /// Checks the clones, and then runs what may be observed.
    async fn observe(&mut self) -> anyhow::Result<()> {
        let Some(files) = load(&self.options.files) else {
            self.runs.codes.push(ExitCode::Invalid);
            self.not_run = Some("a claim file is wrong");
            return Ok(());
        };
        let selection = self.options.selection.selection(&[]);
        let chosen = match selected(&files, &selection) {
            Ok(chosen) => chosen,
            Err(code) => {
                self.runs.codes.push(code);
                return Ok(());
            }
        };
        let interrupt = Interrupt::listen().context("install the signal handlers")?;
        let folder = current_folder()?;
        let located = locate(chosen, &folder, None, false).await?;
        let clones = CloneReport::of(&located, &folder, &self.options.clone).await?;
        for annotation in &clones.annotations {
            self.warn(annotation);
        }
        if clones.stops {
            terminal::err(
                "gateproof: nothing was run, because the clone is not what it should be; `--clone-faults warn` goes on all the same\n",
            );
            self.runs.codes.push(ExitCode::CouldNotCheck);
            self.not_run = Some("the clone is not what it should be");
            return Ok(());
        }
        self.compare_with_claims(&located).await?;
        let run = Options {
            role: Some(Role::Ci),
            act: Act::Ci,
            selection,
            reach: self.options.hosts.reach(),
            folder,
            repository: None,
            allow_destructive: false,
            besides: None,
            program: std::env::current_exe().ok(),
            teeth: false,
            lease_wait: std::time::Duration::ZERO,
            jobs: None,
            fail_fast: false,
            shuffle: None,
            activity: Default::default(),
        };
        let store = RecordStore {
            role: None,
            signer: None,
            force: false,
            quiet: self.options.progress.quiet,
        };
        let [stop, resume] = stop_commands(&token());
        self.workflow_command(&stop);
        self.runs.run_all(located, &run, &store, &interrupt).await?;
        self.runs.print_all(&self.runs.verdict())?;
        self.workflow_command(&resume);
        Ok(())
    }

    /// Reports what the claim files demand less of than where their gates were last accepted. Without a reason
    /// in the file this is a FAIL.
    async fn compare_with_claims(&mut self, located: &[Located<'_>]) -> anyhow::Result<()> {
        let report = SofteningReport::of(located).await?;
        if report.fails {
            self.runs.codes.push(ExitCode::Failed);
            self.softened = true;
        }
        for annotation in &report.annotations {
            self.warn(annotation);
        }
        Ok(())
    }

    /// Reports what is wrong beside the checks, and warns of it in every record and report.
    fn warn(&mut self, annotation: &Annotation) {
        let warning = format!("{}: {}", annotation.title, annotation.message);
        self.runs.warnings.push(warning);
        match self.dialect {
            Some(Dialect::GitHub) => self.remark(&annotation.line(Dialect::GitHub)),
            _ => terminal::err(&format!("{}\n", annotation.line(Dialect::Plain))),
        }
    }

    /// Annotates, writes the reports, and prints the verdict.
    fn conclude(&mut self) -> ExitCode {
        let mut verdict = self.runs.verdict();
        verdict.tally.push_str(&left_out(&self.runs.records));
        if self.softened {
            verdict
                .tally
                .push_str("; claims demand less than before, without a reason in `softened:`");
        }
        if let Some(why) = self.not_run {
            verdict.tally = format!("nothing was run, because {why}");
        }
        self.runs.write_reports(&mut verdict);
        if let Err(error) = self.append_step_summary(&verdict) {
            // The verdict itself does not need it.
            report_error(&*error);
        }
        if let Some(dialect) = self.dialect {
            for annotation in self.runs.records.iter().flat_map(annotations) {
                self.remark(&annotation.line(dialect));
            }
        }
        self.remark(&verdict.line());
        verdict.code
    }

    /// Appends to the page of the job, where there is one.
    fn append_step_summary(&self, verdict: &RunVerdict) -> anyhow::Result<()> {
        let path = ["GITHUB_STEP_SUMMARY", "GITEA_STEP_SUMMARY"]
            .iter()
            .find_map(|name| std::env::var_os(name).filter(|path| !path.is_empty()));
        let Some(path) = path else {
            return Ok(());
        };
        let text = step_summary(&self.runs.records, verdict, &self.runs.warnings);
        let file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("write the step summary {}", Path::new(&path).display()))
    }

    /// Prints a line that belongs to no run, so that it does not spoil the report.
    fn remark(&self, line: &str) {
        match self.options.output.format.remarks {
            Remarks::Stdout => terminal::out(&format!("{line}\n")),
            Remarks::Comment(mark) => terminal::out(&format!("{mark}{line}\n")),
            Remarks::Stderr => terminal::err(&format!("{line}\n")),
        }
    }

    /// Prints a line that an Actions runner obeys.
    fn workflow_command(&self, line: &str) {
        if self.dialect == Some(Dialect::GitHub) {
            terminal::out(line);
        }
    }
}

/// A text that no check can know.
fn token() -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = || std::hash::RandomState::new().build_hasher().finish();
    format!("gateproof-{:016x}{:016x}", random(), random())
}
