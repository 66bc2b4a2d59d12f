//! `gateproof claim`: the Builder claims gates.

use crate::cli::terminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::gate::sources;
use crate::record::{Act, ChangedFiles, GateWords, RunRecord, Signer};
use crate::report::documents::{self, Document};
use crate::report::markdown::{ClaimStanding, claim_block, journal_entry};
use crate::role::{
    Checkout, CommitRequest, RecordHistory, Refusal, Verdict, assess, join_reasons, subject,
    untracked,
};
use crate::run::{Purpose, Repository, Role};
use claim::ClaimFile;
use claim::codes;
use claim::outcome::{ExitCode, worst};
use kit::interrupt::Interrupt;
use kit::yaml::codes::Code;

use crate::cli::claims::{current_folder, in_tree, load_from_tree};
use crate::cli::cold::{
    ColdOptions, GateRun, print_clone_notes, print_damaged, run_gate, told_waits,
};
use crate::cli::options::RUN_EXIT_CODES;
use crate::cli::progress::refuse;
use crate::cli::publish::{PublishOptions, WrittenFiles, publish};
use crate::cli::runs::exit_of;
use crate::cli::signing::Trial;
use crate::cli::softening::{SofteningNotes, since_accepted};

/// Builder: run gates from a cold clone of HEAD, and claim those that pass
///
/// Reads git (it fetches the upstream branch), the claim file of the commit, and the hosts. Writes
/// the record, the block of the gate in STATUS if the gate passes, and an entry in JOURNAL.
/// Refuses if nobody else could fetch what you claim.
#[derive(Clone, Debug, Args)]
#[command(after_help = format!("Examples:
  gateproof claim M1 --push
  gateproof claim M1 M2 --file claims/m.yaml

{RUN_EXIT_CODES}"))]
pub(crate) struct ClaimOptions {
    /// The gates to claim, all of one claim file
    #[arg(required = true, value_name = "GATE")]
    gates: Vec<String>,
    /// The claim file (default: the one of claims/ that has the gates)
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Overwrite blocks of STATUS that were edited by hand
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    cold: ColdOptions,
    #[command(flatten)]
    publish: PublishOptions,
}

pub(crate) async fn claim(options: ClaimOptions) -> anyhow::Result<ExitCode> {
    let here = current_folder()?;
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    let (checkout, named) = match ready(&here, options.file.as_deref()).await {
        Ok(ready) => ready,
        Err(why) => return Ok(refuse(codes::NOT_CLAIMABLE, &kit::error_chain(&why))),
    };
    print_clone_notes(&checkout, Purpose::Claim);
    let repository = Arc::new(Repository::cold(&checkout.root, &checkout.head).await?);
    let tree = repository.clone_folder().await.context("clone HEAD")?;
    let file = match find(&tree, named, &options) {
        Ok(file) => file,
        Err(code) => return Ok(code),
    };
    let written = WrittenFiles::new(&checkout.root, &file.docs);
    let documents = [Document::Status, Document::Journal];
    for gate in &options.gates {
        let role = Role::Builder;
        let taken = written.would_take(&documents, &file.phase, gate, role, options.force);
        if let Err(error) = taken {
            let why = kit::error_chain(&*error);
            return Ok(refuse(codes::NOT_CLAIMABLE, &why));
        }
    }
    let signer = options.cold.signer(&checkout.root)?;
    let (root, author) = (&checkout.root, checkout.author.as_deref());
    if let Some(why) = Trial::of(root, author, signer.as_ref())?.refuses("the claim", &[]) {
        return Ok(refuse(codes::NOT_SIGNED, &why));
    }
    let history = RecordHistory::read(&checkout.root, &[&checkout.head], true).await?;
    print_damaged(&history);
    let claiming = Claiming {
        options: &options,
        checkout: &checkout,
        file: &file,
        signer: signer.as_ref(),
    };
    let mut codes = Vec::new();
    for gate in &options.gates {
        if codes.contains(&ExitCode::Unrestored) || interrupt.signal().is_some() {
            terminal::err(&format!("{gate}: not run\n"));
            codes.push(ExitCode::CouldNotCheck);
            continue;
        }
        let run = GateRun {
            role: Role::Builder,
            act: Act::Claim,
            claimed_by: None,
        };
        let waits = told_waits(&file, gate, &checkout, &options.cold).await?;
        let of = (&file, gate.as_str());
        let softened = SofteningNotes::of(since_accepted(root, &history, of, None).await);
        if !options.cold.quiet() {
            terminal::err(&softened.shown);
        }
        let mut record = run_gate(&file, gate, &repository, run, &options.cold, &interrupt).await?;
        record.notes.extend(softened.notes);
        record.notes.extend(waits);
        let of = (&file, gate.as_str());
        add_changed_files(&mut record, &checkout, &history, of).await;
        codes.push(judge(&mut record, gate));
        let after = after(&history, &file.phase, gate);
        claiming.store(&record, gate, after.as_deref()).await?;
    }
    Ok(worst(codes).unwrap_or(ExitCode::CouldNotCheck))
}

/// The checkout, and the path of the named claim file in it.
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
fn find(
    tree: &Path,
    named: Option<PathBuf>,
    options: &ClaimOptions,
) -> Result<ClaimFile, ExitCode> {
    let paths = match named {
        Some(path) => vec![path],
        None => in_tree(tree),
    };
    if paths.is_empty() {
        let why = "the commit has no claim file in claims/; name one with --file";
        return Err(refuse(Code::UNREADABLE, why));
    }
    // Every file is read, so that all errors are printed at once.
    let loaded: Vec<Option<ClaimFile>> = paths
        .iter()
        .map(|path| load_from_tree(tree, path, options.cold.color))
        .collect();
    let loaded: Option<Vec<ClaimFile>> = loaded.into_iter().collect();
    let files = loaded.ok_or(ExitCode::Invalid)?;
    for gate in &options.gates {
        has_one_owner(&files, gate).map_err(|why| refuse(codes::UNKNOWN_SELECTION, &why))?;
    }
    let all = |file: &ClaimFile| options.gates.iter().all(|gate| has(file, gate));
    files.into_iter().find(all).ok_or_else(|| {
        let why = "the gates are in different claim files; claim one phase at a time";
        refuse(codes::COMMAND_LINE, why)
    })
}

fn has(file: &ClaimFile, gate: &str) -> bool {
    file.gates.iter().any(|other| other.id == gate)
}

fn has_one_owner(files: &[ClaimFile], gate: &str) -> Result<(), String> {
    let owners: Vec<String> = files
        .iter()
        .filter(|file| has(file, gate))
        .map(|file| file.source.path.display().to_string())
        .collect();
    match owners.as_slice() {
        [] => Err(format!(
            "{gate}: no such gate in the claim files of the commit; `gateproof list` shows those of the working tree"
        )),
        [_] => Ok(()),
        several => Err(format!(
            "{gate} is in {}; name one of them with --file",
            several.join(" and ")
        )),
    }
}

/// Decides whether the run is a claim, and notes in its record why it is not.
fn judge(record: &mut RunRecord, gate: &str) -> ExitCode {
    let assessment = assess(record, gate);
    let code = assessment.verdict.exit_code(exit_of(record));
    if assessment.verdict != Verdict::Pass {
        // Only a claim that was made is recorded as one.
        record.act = Act::Verify;
        let why = join_reasons(&assessment.reasons);
        terminal::err(&format!("{gate} is not claimed: {why}\n"));
        record.notes.push(format!(
            "a claim of {gate} was tried and not made, {}: {why}",
            assessment.verdict.name()
        ));
    }
    code
}

/// Puts the files into the record that changed since the gate, or one that comes before it, was claimed
/// last.
async fn add_changed_files(
    record: &mut RunRecord,
    checkout: &Checkout,
    history: &RecordHistory,
    (file, gate): (&ClaimFile, &str),
) {
    let before = file.gates.iter().filter(|it| it.id == gate);
    let before = before.flat_map(|it| it.after.iter().rev());
    let of = |gate: &String| {
        let claim = history.claim(&file.phase, gate)?;
        Some((gate.clone(), claim.repository.as_ref()?.commit.clone()))
    };
    let mut earlier = [gate.to_owned()].iter().chain(before).find_map(of);
    let Some((claimed, commit)) = earlier.take() else {
        return;
    };
    let files = sources::files_between(&checkout.root, file, &commit, &checkout.head).await;
    let Ok(files) = files else { return };
    let since = Some(ChangedFiles {
        gate: claimed,
        commit,
        files,
    });
    match record.words.iter_mut().find(|words| words.gate == gate) {
        Some(words) => words.since = since,
        None => record.words.push(GateWords {
            gate: gate.to_owned(),
            since,
            ..GateWords::default()
        }),
    }
}

/// What a claim of the gate comes after: the findings of a FAIL, or the FAIL itself.
fn after(history: &RecordHistory, phase: &str, gate: &str) -> Option<String> {
    let failed = history.failed(phase, gate)?;
    let filed: Vec<&str> = failed.filed.iter().map(|f| f.id.as_str()).collect();
    Some(if filed.is_empty() {
        format!("FAIL @{}", failed.ended.format("%Y-%m-%dT%H:%MZ"))
    } else {
        format!("{} fix", filed.join(", "))
    })
}

/// What the claims of one command have in common.
struct Claiming<'c> {
    options: &'c ClaimOptions,
    checkout: &'c Checkout,
    file: &'c ClaimFile,
    signer: Option<&'c Signer>,
}

impl Claiming<'_> {
    /// Writes the record and the documents, and commits them if that is requested.
    async fn store(
        &self,
        record: &RunRecord,
        gate: &str,
        after: Option<&str>,
    ) -> anyhow::Result<()> {
        let root = &self.checkout.root;
        let mut written = WrittenFiles::new(root, &self.file.docs);
        written.record(record, self.signer).await?;
        let standing = ClaimStanding {
            after,
            passed: None,
        };
        if let Some(block) = claim_block(record, gate, standing) {
            written.block(&block, Role::Builder, self.options.force)?;
            let phase = &record.claim.phase;
            documents::reopen(&written.place(Document::Status, phase)?, phase)?;
        }
        if let Some(block) = journal_entry(record, gate) {
            written.block(&block, Role::Builder, false)?;
        }
        let commit = CommitRequest {
            subject: subject(record, gate, after),
            body: format!(
                "Commit: {}\nClaim file: {} (sha256 {})\nRun: {}",
                self.checkout.head, record.claim.path, record.claim.sha256, record.run_id
            ),
            files: &written.files,
        };
        let (options, quiet) = (&self.options.publish, self.options.cold.quiet());
        publish(root, Some(self.checkout), commit, options, quiet).await
    }
}
