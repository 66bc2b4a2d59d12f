//! `gateproof claim`: the Builder claims gates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::record::{Act, RunRecord, Signer};
use crate::report::documents::{Block, Document};
use crate::report::markdown::{claim_block, journal_entry};
use crate::role::{
    Checkout, CommitRequest, RecordHistory, Refusal, Verdict, assess, join_reasons, subject,
    untracked,
};
use crate::run::{Purpose, Repository, Role};
use claim::ClaimFile;
use claim::outcome::{ExitCode, worst};
use kit::interrupt::Interrupt;
use kit::yaml::codes::Code;

use crate::cli::console;
use crate::cli::roles::{How, Publish, Written, exit_of, load, notes_of, publish, run_gate, told};
use crate::cli::verify::refuse;

#[derive(Clone, Debug, Args)]
pub(crate) struct ClaimOptions {
    /// The gates to claim, all of one claim file
    #[arg(required = true, value_name = "GATE")]
    gates: Vec<String>,
    /// The claim file; else the one of claims/ that has the gates
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Overwrite blocks of STATUS that were edited by hand
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    publish: Publish,
}

pub(crate) async fn claim(wish: ClaimOptions) -> anyhow::Result<ExitCode> {
    let here = std::env::current_dir().context("find the current folder")?;
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    let (checkout, named) = match ready(&here, wish.file.as_deref()).await {
        Ok(ready) => ready,
        Err(why) => return Ok(refuse(Code::NOT_CLAIMABLE, &why.to_string())),
    };
    notes_of(&checkout, Purpose::Claim);
    let repository = Arc::new(Repository::cold(&checkout.root, &checkout.head).await?);
    let tree = repository.clone_folder().await.context("clone HEAD")?;
    let file = match find(&tree, named, &wish) {
        Ok(file) => file,
        Err(code) => return Ok(code),
    };
    for gate in &wish.gates {
        let written = Written::into(&checkout.root, &file.docs);
        if let Err(error) = would_take(&written, &file, gate, wish.force) {
            return Ok(refuse(Code::NOT_CLAIMABLE, &format!("{error:#}")));
        }
    }
    let signer = wish.how.signer(&checkout.root)?;
    let history = RecordHistory::read(&checkout.root, &[&checkout.head], true).await?;
    told(&history);
    let mut codes = Vec::new();
    for gate in &wish.gates {
        if codes.contains(&ExitCode::Unrestored) || interrupt.signal().is_some() {
            console::err(&format!("{gate}: not run\n"));
            codes.push(ExitCode::CouldNotCheck);
            continue;
        }
        let how = (Role::Builder, Act::Claim, None);
        let mut record = run_gate(&file, gate, &repository, how, &wish.how, &interrupt).await?;
        let assessment = assess(&record, gate);
        codes.push(assessment.verdict.exit_code(exit_of(&record)));
        if assessment.verdict != Verdict::Pass {
            // Only a claim that was made is recorded as one.
            record.act = Act::Verify;
            let why = join_reasons(&assessment.reasons);
            console::err(&format!("{gate} is not claimed: {why}\n"));
            record.notes.push(format!(
                "a claim of {gate} was tried and not made, {}: {why}",
                assessment.verdict.name()
            ));
        }
        let after = after(&history, &file.phase, gate);
        let record = (&record, signer.as_ref());
        keep(&checkout, &file, gate, record, after.as_deref(), &wish).await?;
    }
    Ok(worst(codes).unwrap_or(ExitCode::CouldNotCheck))
}

/// The checkout, and the named claim file's path in it.
async fn ready(here: &Path, file: Option<&Path>) -> Result<(Checkout, Option<PathBuf>), Refusal> {
    let checkout = Checkout::read(here).await?;
    let mut named = None;
    if let Some(file) = file {
        let shown = file.display().to_string();
        let full = std::fs::canonicalize(here.join(file));
        let root = std::fs::canonicalize(&checkout.root);
        let path = match (full, root) {
            (Ok(full), Ok(root)) => full.strip_prefix(root).map(Path::to_owned).ok(),
            _ => None,
        };
        let Some(path) = path else {
            return Err(Refusal::UntrackedClaim { path: shown });
        };
        if untracked(&checkout.root, &path.to_string_lossy()).await {
            return Err(Refusal::UntrackedClaim { path: shown });
        }
        named = Some(path);
    }
    checkout.may_claim()?;
    Ok((checkout, named))
}

/// The claim file of the clone that has all the gates.
fn find(tree: &Path, named: Option<PathBuf>, wish: &ClaimOptions) -> Result<ClaimFile, ExitCode> {
    let paths = match named {
        Some(path) => vec![path],
        None => claims_of(tree),
    };
    if paths.is_empty() {
        let why = "claims/ of the commit has no claim file; name one with --file";
        return Err(refuse(Code::UNREADABLE, why));
    }
    let loaded: Vec<Option<ClaimFile>> = paths
        .iter()
        .map(|path| load(tree, path, wish.how.color))
        .collect();
    if loaded.iter().any(Option::is_none) {
        return Err(ExitCode::Invalid);
    }
    let files: Vec<ClaimFile> = loaded.into_iter().flatten().collect();
    let has = |file: &ClaimFile, gate: &String| file.gates.iter().any(|g| g.id == *gate);
    for gate in &wish.gates {
        let owners: Vec<&ClaimFile> = files.iter().filter(|file| has(file, gate)).collect();
        let why = match owners.len() {
            0 => format!(
                "{gate}: no such gate in the claim files of the commit; `gateproof list` shows those of the tree"
            ),
            1 => continue,
            _ => {
                let names: Vec<String> = owners
                    .iter()
                    .map(|file| file.source.path.display().to_string())
                    .collect();
                format!(
                    "{gate} is in {}; say which with --file",
                    names.join(" and ")
                )
            }
        };
        return Err(refuse(Code::UNKNOWN_SELECTION, &why));
    }
    let all = |file: &ClaimFile| wish.gates.iter().all(|gate| has(file, gate));
    files.into_iter().find(all).ok_or_else(|| {
        let why = "the gates are in different claim files; claim one phase at a time";
        refuse(Code::COMMAND_LINE, why)
    })
}

/// The claim files in `claims/` of a clone, by their paths in it.
pub(crate) fn claims_of(tree: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(tree.join("claims")).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| Path::new("claims").join(entry.file_name()))
        .filter(|path| {
            let end = path.extension();
            end.is_some_and(|end| end == "yaml" || end == "yml")
        })
        .collect();
    paths.sort();
    paths
}

/// Whether the documents would take the blocks, before anything is run.
fn would_take(
    written: &Written<'_>,
    file: &ClaimFile,
    gate: &str,
    force: bool,
) -> anyhow::Result<()> {
    for document in [Document::Status, Document::Journal] {
        let block = Block {
            document,
            phase: file.phase.clone(),
            gate: gate.to_owned(),
            run_id: "before".to_owned(),
            inputs: Vec::new(),
            body: "\n".to_owned(),
        };
        let path = written.path(document, &file.phase);
        let opened = document.open(&path, Some(Role::Builder))?;
        opened.would_take(&[block], force)?;
    }
    Ok(())
}

/// What a claim of the gate would come after: the findings of a FAIL, or the FAIL itself.
fn after(history: &RecordHistory, phase: &str, gate: &str) -> Option<String> {
    let failed = history.failed(phase, gate)?;
    let filed: Vec<&str> = failed.filed.iter().map(|f| f.id.as_str()).collect();
    Some(match filed.is_empty() {
        true => format!("FAIL @{}", failed.ended.format("%Y-%m-%dT%H:%MZ")),
        false => format!("{} fix", filed.join(", ")),
    })
}

/// Writes record and documents, and commits them when that is wished.
async fn keep(
    checkout: &Checkout,
    file: &ClaimFile,
    gate: &str,
    (record, signer): (&RunRecord, Option<&Signer>),
    after: Option<&str>,
    wish: &ClaimOptions,
) -> anyhow::Result<()> {
    let mut written = Written::into(&checkout.root, &file.docs);
    written.record(record, signer).await?;
    if let Some(block) = claim_block(record, gate, after) {
        written.block(&block, Role::Builder, wish.force)?;
    }
    if let Some(block) = journal_entry(record, gate) {
        written.block(&block, Role::Builder, false)?;
    }
    let commit = CommitRequest {
        subject: subject(record, gate, after),
        body: format!(
            "Commit: {}\nClaim file: {} (sha256 {})\nRun: {}",
            checkout.head, record.claim.path, record.claim.sha256, record.run_id
        ),
        files: &written.files,
    };
    publish(
        &checkout.root,
        Some(checkout),
        commit,
        &wish.publish,
        wish.how.quiet,
    )
    .await
}
