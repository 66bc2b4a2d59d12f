//! `gateproof ci`: the push job's one line. It observes, says what it saw in the forms that CI
//! servers take, owns no document, and ends with a verdict of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::record::{Act, RunRecord};
use crate::report::markdown::escape::defuse;
use crate::report::{self, Annotation, Dialect, Level, RunVerdict};
use crate::run::{
    CloneFinding, CloneQuestion, Options, Purpose, Repository, Role, RunEvent, Selection, Wanted,
    clone_facts, clone_findings, select,
};
use claim::ClaimFile;
use claim::outcome::{ExitCode, worst};
use kit::interrupt::Interrupt;
use kit::yaml::codes::Code;
use reach::host::SshOptions;

use crate::cli::options::FileOptions;
use crate::cli::{console, verify};

mod server;

use server::{Pipeline, branch_of_the_job, commit_of_the_job};

#[derive(Clone, Debug, Args)]
pub(crate) struct CiOptions {
    #[command(flatten)]
    files: FileOptions,
    /// Only this gate (repeatable)
    #[arg(long, value_name = "ID")]
    gate: Vec<String>,
    /// Only checks with this tag (repeatable)
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Write a JUnit XML report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// How to annotate; `auto` asks the environment
    #[arg(long, value_enum, value_name = "FORM", default_value = "auto")]
    annotations: Annotations,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "table")]
    format: CiFormat,
    /// The branch that the claims speak of
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// What to do when the clone is not what it should be
    #[arg(long, value_enum, value_name = "WHAT", default_value = "stop")]
    clone_faults: CloneFaults,
    /// Do not ask the upstream whether the clone is up to date
    #[arg(long)]
    offline: bool,
    /// Print a ready pipeline file for this CI server, and run nothing
    #[arg(long, value_enum, value_name = "SERVER")]
    pipeline: Option<Pipeline>,
    /// Another ssh configuration than your own
    #[arg(long, value_name = "FILE", env = "GATEPROOF_SSH_CONFIG")]
    ssh_config: Option<PathBuf>,
    /// How long to wait for a host to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    connect_timeout: Duration,
    /// Where records go (default: reports/ of the repository)
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
    /// Write no record
    #[arg(long)]
    no_record: bool,
    /// Do not tell what is going on
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Annotations {
    Auto,
    Github,
    Plain,
    None,
}

impl Annotations {
    /// GitHub's and Gitea's runners both say `GITHUB_ACTIONS=true`.
    fn dialect(self, format: CiFormat) -> Option<Dialect> {
        let actions = || std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
        match self {
            Annotations::None => None,
            Annotations::Github => Some(Dialect::GitHub),
            Annotations::Plain => Some(Dialect::Plain),
            // Standard output is for a program to read.
            Annotations::Auto if format != CiFormat::Table => None,
            Annotations::Auto if actions() => Some(Dialect::GitHub),
            Annotations::Auto => Some(Dialect::Plain),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CiFormat {
    Table,
    Tap,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CloneFaults {
    /// Run nothing, and end with 3
    Stop,
    /// Say it and go on
    Warn,
}

pub(crate) async fn ci(wish: CiOptions) -> anyhow::Result<ExitCode> {
    if let Some(pipeline) = wish.pipeline {
        console::out(pipeline.file());
        return Ok(ExitCode::Success);
    }
    let mut job = Job {
        dialect: wish.annotations.dialect(wish.format),
        folder: std::env::current_dir().context("find the current folder")?,
        warnings: Vec::new(),
        records: Vec::new(),
        codes: Vec::new(),
        not_run: None,
        wish,
    };
    job.observe().await?;
    Ok(job.tell())
}

struct Job {
    wish: CiOptions,
    dialect: Option<Dialect>,
    folder: PathBuf,
    warnings: Vec<String>,
    records: Vec<RunRecord>,
    /// What went wrong beside the runs.
    codes: Vec<ExitCode>,
    /// Why nothing was run.
    not_run: Option<&'static str>,
}

impl Job {
    /// Looks at the clone, and then runs what may be observed.
    async fn observe(&mut self) -> anyhow::Result<()> {
        let Some(files) = verify::load(&self.wish.files) else {
            self.codes.push(ExitCode::Invalid);
            self.not_run = Some("a claim file is wrong");
            return Ok(());
        };
        let selection = Selection {
            gates: self.wish.gate.clone(),
            checks: Vec::new(),
            tags: self.wish.tag.clone(),
        };
        if let Some((option, name)) = selection.unknown(&files) {
            let why = format!(
                "{option} {name}: no such name in the claim files; `gateproof list` shows them"
            );
            self.codes
                .push(verify::refuse(Code::UNKNOWN_SELECTION, &why));
            return Ok(());
        }
        let interrupt = Interrupt::listen().context("install the signal handlers")?;
        let mut found: Vec<(&ClaimFile, Option<Arc<Repository>>)> = Vec::new();
        for file in &files {
            if select(file, &selection).is_empty() {
                continue;
            }
            let path = self.folder.join(&file.source.path);
            let repository = Repository::find(&path, None, false).await?;
            found.push((file, repository.map(Arc::new)));
        }
        if !self.clones_are_good(&found).await? {
            self.codes.push(ExitCode::CouldNotCheck);
            self.not_run = Some("the clone is not what it should be");
            return Ok(());
        }
        let token = self.token();
        self.runner(&token, 0);
        for (file, repository) in found {
            if self
                .records
                .iter()
                .any(|r| r.exit_code == ExitCode::Unrestored as u8)
            {
                // What is seen on a host that is not back means nothing.
                let path = file.source.path.display();
                console::err(&format!(
                    "{path}: not run, because something is not restored\n"
                ));
                continue;
            }
            self.run(file, repository, &selection, &interrupt).await;
        }
        self.print_records()?;
        self.runner(&token, 1);
        Ok(())
    }

    /// Says what is wrong with the clones before anything is run in them.
    async fn clones_are_good(
        &mut self,
        found: &[(&ClaimFile, Option<Arc<Repository>>)],
    ) -> anyhow::Result<bool> {
        let mut roots: Vec<&Path> = found
            .iter()
            .filter_map(|(_, repository)| repository.as_ref().map(|r| r.root()))
            .collect();
        roots.sort();
        roots.dedup();
        let mut good = true;
        for root in roots {
            let question = CloneQuestion {
                branch: branch_of_the_job(),
                offline: self.wish.offline,
                ..CloneQuestion::default()
            };
            let facts = clone_facts(root, &question)
                .await
                .context("look at the clone")?;
            let here = std::fs::canonicalize(&self.folder).ok();
            let wanted = Wanted {
                branch: self.wish.branch.clone(),
                // The job's commit is that of its own repository.
                commit: match here.is_some_and(|here| here.starts_with(root)) {
                    true => commit_of_the_job(),
                    false => None,
                },
            };
            for finding in clone_findings(&facts, &wanted) {
                good &= !self.clone_finding(&finding);
            }
        }
        if !good {
            console::err(
                "gateproof: nothing was run, because the clone is not what it should be; `--clone-faults warn` goes on all the same\n",
            );
        }
        Ok(good)
    }

    /// Tells a finding; true when it ends the job.
    fn clone_finding(&mut self, finding: &CloneFinding) -> bool {
        let stops = finding.wrong.stops(Purpose::Ci) && self.wish.clone_faults == CloneFaults::Stop;
        let text = format!("{}; {}", finding.what, finding.remedy);
        let annotation = Annotation {
            level: if stops { Level::Error } else { Level::Warning },
            place: None,
            title: format!("clone {}", finding.wrong.name()),
            message: text.clone(),
        };
        match self.dialect {
            Some(Dialect::GitHub) => self.say(&annotation.line(Dialect::GitHub)),
            _ => console::err(&format!("{}\n", annotation.line(Dialect::Plain))),
        }
        self.warnings
            .push(format!("clone {}: {text}", finding.wrong.name()));
        stops
    }

    async fn run(
        &mut self,
        file: &ClaimFile,
        repository: Option<Arc<Repository>>,
        selection: &Selection,
        interrupt: &Interrupt,
    ) {
        let root = repository
            .as_ref()
            .map_or(self.folder.as_path(), |repository| repository.root())
            .to_owned();
        let options = Options {
            role: Some(Role::Ci),
            act: Act::Ci,
            selection: selection.clone(),
            ssh: SshOptions {
                config_file: self.wish.ssh_config.clone(),
                connect_timeout: self.wish.connect_timeout,
            },
            folder: self.folder.clone(),
            repository,
            allow_destructive: false,
            besides: None,
            program: std::env::current_exe().ok(),
            lease_wait: std::time::Duration::ZERO,
        };
        let quiet = self.wish.quiet;
        let mut progress = |event: &RunEvent| {
            if !quiet {
                console::err(&defuse(&verify::tell(event)));
            }
        };
        let run = crate::run::run(file, &options, interrupt, &mut progress);
        // The compiler gives up on the layout of futures nested this deep.
        let mut record = Box::pin(run).await;
        record.notes.extend(self.warnings.iter().cloned());
        if !self.wish.no_record
            && let Err(error) = self.keep(&record, &root)
        {
            // A run without its record is no success, and never hides what the run has shown.
            console::err(&format!("gateproof: {error:#}\n"));
            self.codes.push(ExitCode::CouldNotCheck);
        }
        self.records.push(record);
    }

    fn keep(&self, record: &RunRecord, root: &Path) -> anyhow::Result<()> {
        let reports = match &self.wish.reports {
            Some(reports) => reports.clone(),
            None => root.join("reports"),
        };
        let runs = reports.join("runs").join(&record.claim.phase);
        let path = crate::record::write(record, &runs)
            .with_context(|| format!("write the record into {}", runs.display()))?;
        if !self.wish.quiet {
            let shown = path.strip_prefix(root).unwrap_or(&path);
            console::err(&format!("wrote {}\n", shown.display()));
        }
        Ok(())
    }

    fn print_records(&self) -> anyhow::Result<()> {
        match self.wish.format {
            CiFormat::Table => {
                let color = console::color_out(self.wish.files.color);
                for record in &self.records {
                    let table = report::table(record, console::width(), color);
                    console::out(&format!("\n{}", defuse(&table)));
                }
            }
            CiFormat::Tap => console::out(&report::tap(&self.records)),
            CiFormat::Json => {
                console::out(&format!(
                    "{}\n",
                    serde_json::to_string_pretty(&self.records)?
                ));
            }
        }
        Ok(())
    }

    /// Annotates, writes the reports, and says the verdict.
    fn tell(&mut self) -> ExitCode {
        let mut verdict = report::verdict_of(&self.records);
        if let Some(why) = self.not_run {
            verdict.tally = format!("nothing was run, because {why}");
        }
        let codes = self.codes.iter().copied().chain([verdict.code]);
        verdict.code = worst(codes).unwrap_or(ExitCode::CouldNotCheck);
        if let Some(path) = &self.wish.junit
            && let Err(error) = report::write_junit(path, &self.records, &verdict)
        {
            console::err(&format!("gateproof: {error}\n"));
            verdict.code =
                worst([verdict.code, ExitCode::CouldNotCheck]).unwrap_or(ExitCode::CouldNotCheck);
        }
        if let Err(error) = self.summarise(&verdict) {
            // The verdict itself does not need it.
            console::err(&format!("gateproof: {error:#}\n"));
        }
        if let Some(dialect) = self.dialect {
            for annotation in self.records.iter().flat_map(report::annotations) {
                self.say(&annotation.line(dialect));
            }
        }
        self.say(&verdict.line());
        verdict.code
    }

    /// Appends to the page of the job, where there is one.
    fn summarise(&self, verdict: &RunVerdict) -> anyhow::Result<()> {
        let path = ["GITHUB_STEP_SUMMARY", "GITEA_STEP_SUMMARY"]
            .iter()
            .find_map(|name| std::env::var_os(name).filter(|path| !path.is_empty()));
        let Some(path) = path else {
            return Ok(());
        };
        let text = report::step_summary(&self.records, verdict, &self.warnings);
        let file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("write the step summary {}", Path::new(&path).display()))
    }

    /// A line of ours, where it does not spoil what a program reads.
    fn say(&self, line: &str) {
        match self.wish.format {
            CiFormat::Table => console::out(&format!("{line}\n")),
            // TAP's own comments.
            CiFormat::Tap => console::out(&format!("# {line}\n")),
            CiFormat::Json => console::err(&format!("{line}\n")),
        }
    }

    /// Makes an Actions runner deaf to what checks print (0), or not any more (1).
    fn runner(&self, token: &str, which: usize) {
        if self.dialect == Some(Dialect::GitHub) {
            console::out(&report::hush(token)[which]);
        }
    }

    /// Nothing that is run can know it.
    fn token(&self) -> String {
        use std::hash::{BuildHasher, Hasher};
        let random = || std::hash::RandomState::new().build_hasher().finish();
        format!("gateproof-{:016x}{:016x}", random(), random())
    }
}
