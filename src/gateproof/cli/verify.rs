//! `gateproof verify`, and the reading-only `check` and `list`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::record::{Act, RunRecord, Signer};
use crate::report::documents::{self, Document};
use crate::report::{Verdict, verdict_of, write_junit};
use crate::role::{ReviewKind, review_block};
use crate::run::{Options, Repository, Role, RunEvent, select};
use claim::ClaimFile;
use claim::outcome::{ExitCode, worst};
use kit::interrupt::Interrupt;
use kit::yaml::codes::Code;
use reach::host::SshOptions;

use crate::cli::console;
use crate::cli::options::{Allowed, FileOptions, Format, VerifyOptions};

pub(crate) async fn verify(wish: VerifyOptions) -> anyhow::Result<ExitCode> {
    let Some(files) = load(&wish.files) else {
        return Ok(ExitCode::Invalid);
    };
    let selection = wish.selection();
    if let Some((option, name)) = selection.unknown(&files) {
        return Ok(refuse(
            Code::UNKNOWN_SELECTION,
            &format!(
                "{option} {name}: no such name in the claim files; `gateproof list` shows them"
            ),
        ));
    }
    let wanted: Vec<&ClaimFile> = files
        .iter()
        .filter(|file| !select(file, &selection).is_empty())
        .collect();
    if wanted.is_empty() {
        return Ok(refuse(
            Code::NOTHING_SELECTED,
            "no check is left after --gate, --check and --tag; a run of nothing is no success",
        ));
    }
    let signer = match wish.signing.signer(wish.role.is_some(), Path::new(".")) {
        Ok(signer) => signer,
        Err(error) => return Ok(refuse(Code::COMMAND_LINE, &error.to_string())),
    };
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    let folder = std::env::current_dir().context("find the current folder")?;
    // All of them before anything is run: a revision that is not there is a wrong command line.
    let mut found = Vec::new();
    for file in wanted {
        match repository(file, &wish, &folder).await {
            Ok(repository) => found.push((file, repository)),
            Err(why) => return Ok(refuse(Code::COMMAND_LINE, &why)),
        }
    }
    let mut codes = Vec::new();
    let mut records = Vec::new();
    for (file, repository) in found {
        if codes.contains(&ExitCode::Unrestored) {
            // What is seen on a host that is not back means nothing.
            let path = file.source.path.display();
            console::err(&format!(
                "{path}: not run, because something is not restored\n"
            ));
            continue;
        }
        let (record, seen) = verify_file(
            file,
            repository,
            &wish,
            &folder,
            &interrupt,
            signer.as_ref(),
        )
        .await?;
        records.push(record);
        codes.extend(seen);
    }
    if let Some(path) = &wish.junit {
        let verdict = Verdict {
            code: worst(codes.iter().copied()).unwrap_or(ExitCode::CouldNotCheck),
            ..verdict_of(&records)
        };
        if let Err(error) = write_junit(path, &records, &verdict) {
            console::err(&format!("gateproof: {error}\n"));
            codes.push(ExitCode::CouldNotCheck);
        }
    }
    Ok(worst(codes).unwrap_or(ExitCode::CouldNotCheck))
}

/// The repository around a claim file, at the wanted revision.
async fn repository(
    file: &ClaimFile,
    wish: &VerifyOptions,
    folder: &Path,
) -> Result<Option<Arc<Repository>>, String> {
    let path = folder.join(&file.source.path);
    let found = Repository::find(&path, wish.at.as_deref(), wish.worktree)
        .await
        .map_err(|fault| fault.to_string())?;
    match (&wish.at, found) {
        (Some(at), None) => Err(format!(
            "--at {at}: {} is in no git repository",
            file.source.path.display()
        )),
        (_, found) => Ok(found.map(Arc::new)),
    }
}

async fn verify_file(
    file: &ClaimFile,
    repository: Option<Arc<Repository>>,
    wish: &VerifyOptions,
    folder: &Path,
    interrupt: &Interrupt,
    signer: Option<&Signer>,
) -> anyhow::Result<(RunRecord, Vec<ExitCode>)> {
    let options = Options {
        role: wish.role.map(Role::from),
        act: Act::Verify,
        selection: wish.selection(),
        ssh: SshOptions {
            config_file: wish.ssh_config.clone(),
            connect_timeout: wish.connect_timeout,
        },
        folder: folder.to_owned(),
        repository: repository.clone(),
        allow_destructive: wish.allow.contains(&Allowed::Destructive),
        besides: None,
        program: std::env::current_exe().ok(),
        lease_wait: wish.wait_lease,
    };
    let quiet = wish.quiet;
    let mut progress = |event: &RunEvent| {
        if !quiet {
            console::err(&tell(event));
        }
    };
    let record = crate::run::run(file, &options, interrupt, &mut progress).await;
    if wish.format == Format::Table {
        let color = console::color_out(wish.files.color);
        let table = crate::report::table(&record, console::width(), color);
        console::out(&format!("\n{table}"));
    }
    let root = repository
        .as_ref()
        .map_or(folder, |repository| repository.root())
        .to_owned();
    let mut codes = vec![ExitCode::try_from(record.exit_code).unwrap_or(ExitCode::CouldNotCheck)];
    let mut kept = None;
    if !wish.no_record {
        let written = keep(&record, wish, &root, signer, &mut kept);
        if let Err(error) = written {
            // A run without its record is no success, and never hides what the run has shown.
            console::err(&format!("gateproof: {error:#}\n"));
            codes.push(ExitCode::CouldNotCheck);
        }
    }
    if wish.format == Format::Json {
        // The record as it is kept: with what it follows, and its seal.
        let text = kept.and_then(|path| std::fs::read_to_string(path).ok());
        console::out(&match text {
            Some(text) => text,
            None => format!("{}\n", serde_json::to_string_pretty(&record)?),
        });
    }
    Ok((record, codes))
}

/// Writes the record, whose path is `kept` then, and the documents of a role that owns some.
fn keep(
    record: &RunRecord,
    wish: &VerifyOptions,
    root: &Path,
    signer: Option<&Signer>,
    kept: &mut Option<PathBuf>,
) -> anyhow::Result<()> {
    let reports = wish.reports.clone().unwrap_or_else(|| root.join("reports"));
    let runs = reports.join("runs").join(&record.claim.phase);
    std::fs::create_dir_all(&runs)
        .with_context(|| format!("create the folder {}", runs.display()))?;
    if let Some(signer) = signer.filter(|_| !wish.quiet) {
        console::err(&format!("signing the record with {}\n", signer.key()));
    }
    let path = crate::record::write_signed(record, &runs, signer)
        .with_context(|| format!("write the record into {}", runs.display()))?;
    *kept = Some(path.clone());
    let mut written = vec![path];
    let role = wish.role.map(Role::from);
    if matches!(role, Some(Role::Builder | Role::Adversary)) {
        let docs = match &wish.reports {
            Some(reports) => reports.clone(),
            None => root.join(&record.claim.docs),
        };
        std::fs::create_dir_all(&docs)
            .with_context(|| format!("create the folder {}", docs.display()))?;
        let path = |document: Document| docs.join(document.file_name(&record.claim.phase));
        if role == Some(Role::Builder) {
            let (status, journal) = (path(Document::Status), path(Document::Journal));
            for gate in documents::claimed_gates(&status, record) {
                console::err(&format!(
                    "{gate} is claimed, and STATUS keeps that; `gateproof claim {gate}` claims it anew\n"
                ));
            }
            documents::update_status(&status, record, wish.force)?;
            documents::append_journal(&journal, record)?;
            written.extend([status, journal]);
        } else {
            let review = path(Document::Review);
            let mut gates: Vec<&str> = record.checks.iter().map(|c| c.gate.as_str()).collect();
            gates.dedup();
            let blocks: Vec<_> = gates
                .iter()
                .filter_map(|gate| review_block(record, gate, ReviewKind::ReadOnly, None))
                .collect();
            let document = Document::Review.open(&review, role)?;
            document.write(&blocks, false)?;
            written.push(review);
        }
    }
    if !wish.quiet {
        for path in written {
            let shown = path.strip_prefix(root).unwrap_or(&path);
            console::err(&format!("wrote {}\n", shown.display()));
        }
    }
    Ok(())
}

/// One line for somebody who watches.
pub(crate) fn tell(event: &RunEvent) -> String {
    match event {
        RunEvent::Began { path, checks } => {
            let noun = if *checks == 1 { "check" } else { "checks" };
            format!("{path}: {checks} {noun}\n")
        }
        RunEvent::FixtureStep { fixture, step } => {
            let mark = if step.held { "·" } else { "!" };
            let line = format!("  {mark} {fixture}: {} {}", step.step, step.asked);
            let line: String = line.chars().take(110).collect();
            let seen = if step.held && step.step != "baseline" {
                String::new()
            } else {
                format!(" → {}", step.observed)
            };
            format!("{line}{seen}\n")
        }
        RunEvent::CheckDone(record) => {
            format!("  {}\n", crate::report::progress_line(record))
        }
        RunEvent::Notice(text) => format!("{text}\n"),
    }
}

pub(crate) fn check(wish: &FileOptions) -> ExitCode {
    let Some(files) = load(wish) else {
        return ExitCode::Invalid;
    };
    for file in &files {
        let gates = file.gates.len();
        let checks: usize = file.gates.iter().map(|gate| gate.checks.len()).sum();
        console::out(&format!(
            "{}: {gates} gate(s), {checks} check(s)\n",
            file.source.path.display()
        ));
    }
    ExitCode::Success
}

pub(crate) fn list(wish: &FileOptions) -> ExitCode {
    let Some(files) = load(wish) else {
        return ExitCode::Invalid;
    };
    for file in &files {
        console::out(&format!("{}\n", file.source.path.display()));
        for gate in &file.gates {
            console::out(&format!("  {}  {}\n", gate.id, gate.title));
            for check in &gate.checks {
                let with = match check.with.is_empty() {
                    true => String::new(),
                    false => format!(", with {}", check.with.join(", ")),
                };
                console::out(&format!(
                    "    {:<28} {} (on {}{with})\n",
                    check.id,
                    check.claim,
                    check.on.name()
                ));
            }
        }
    }
    ExitCode::Success
}

/// Reads the claim files, or says all that is wrong with all of them.
pub(crate) fn load(wish: &FileOptions) -> Option<Vec<ClaimFile>> {
    let paths = match find(wish) {
        Ok(paths) => paths,
        Err(why) => {
            refuse(Code::UNREADABLE, &why);
            return None;
        }
    };
    let mut files = Vec::new();
    let mut good = true;
    for path in paths {
        match claim::read::load(&path, &wish.overrides()) {
            Ok(file) => files.push(file),
            Err(invalid) => {
                good = false;
                console::err(&invalid.render(console::color_err(wish.color)));
            }
        }
    }
    good.then_some(files)
}

fn find(wish: &FileOptions) -> Result<Vec<PathBuf>, String> {
    if !wish.files.is_empty() {
        return Ok(wish.files.clone());
    }
    let entries = std::fs::read_dir("claims").map_err(|error| {
        format!("no claim file was named, and the folder claims/ cannot be read: {error}")
    })?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "yaml" || end == "yml")
        })
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err("no claim file was named, and claims/ has none".to_owned());
    }
    Ok(paths)
}

pub(crate) fn refuse(code: Code, why: &str) -> ExitCode {
    console::err(&format!(
        "error[{}]: {why}\nnothing was run. `gateproof explain {}` tells more.\n",
        code.0, code.0
    ));
    ExitCode::Invalid
}
