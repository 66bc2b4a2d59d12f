//! The audit: are the records what was recorded, and do the documents say what the records say?
//!
//! It checks the records of a phase against each other (the chain), their signatures and git
//! (commits, times, and that nobody ever edited one), attestations in the same way, and the
//! documents against the records. It believes nothing that is written in one place only.

mod attestations;
mod blocks;
mod documents;
mod evidence_file;
mod finding;
mod git_checks;
mod records;
mod repository;
mod roles;
pub mod rule;
mod signatures;
mod text;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use thiserror::Error;

pub use finding::AuditFinding;
#[cfg(test)]
pub(crate) use roles::why_not;
pub use text::text;

use crate::gate::counts::{Counted, Evidence, Signers, count};
use crate::gate::sources::{self, SignersError};
use crate::record::{
    ATTESTATIONS, PhaseRecords, RecordError, RecordLink, StoredRecord, read_phase,
};
use attestations::Words;
use evidence_file::{EvidenceFile, EvidenceFiles};
use finding::Log;
use kit::git::GitError;
use repository::Repo;

/// Name and version of an audit's JSON form.
pub const SCHEMA: &str = "gateproof.audit/1";

/// How far two clocks may be apart before a time is taken for wrong; commits have whole seconds.
const TOLERANCE: TimeDelta = TimeDelta::seconds(60);

/// What is audited, and how strictly.
#[derive(Clone, Debug)]
pub struct AuditRequest {
    /// A folder in the repository.
    pub folder: PathBuf,
    /// The folder in which `runs/<phase>` are; `reports` of the repository without it.
    pub reports: Option<PathBuf>,
    /// Folders of documents, besides the reports and those that the records name.
    pub docs: Vec<PathBuf>,
    /// One phase; all of them without it.
    pub phase: Option<String>,
    /// Whether an unsigned record is a finding.
    pub require_signatures: bool,
    /// Who may sign; `claims/allowed_signers` or what git is configured with without it.
    pub allowed_signers: Option<PathBuf>,
    /// The time of the audit.
    pub now: DateTime<Utc>,
}

/// Why nothing could be audited.
#[derive(Debug, Error)]
pub enum AuditError {
    #[error(
        "`{path}` is in no git repository; what records are about, and that nobody edited them, is known only by git"
    )]
    NoRepository { path: PathBuf },
    #[error(
        "`{path}` is a shallow clone, and its history cannot be judged; run `git fetch --unshallow`"
    )]
    Shallow { path: PathBuf },
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Records(#[from] RecordError),
    #[error(transparent)]
    Signers(#[from] SignersError),
    #[error("cannot read `{path}`: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("there is no record and no document of {what} below `{path}`: nothing was audited")]
    Nothing {
        /// `any phase`, or `phase x`.
        what: String,
        /// The folder of the reports.
        path: PathBuf,
    },
}

/// What an audit showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Audit {
    /// Name and version of this form: `gateproof.audit/1`.
    pub schema: &'static str,
    pub at: DateTime<Utc>,
    /// HEAD at that time.
    pub commit: Option<String>,
    /// What there was.
    pub phases: Vec<PhaseSummary>,
    /// Who wrote the lines of claims/allowed_signers, and when.
    pub signers: Vec<String>,
    /// What is not as it should be.
    pub findings: Vec<AuditFinding>,
    /// What could not be checked, and why.
    pub unchecked: Vec<String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// What there was of a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PhaseSummary {
    pub phase: String,
    pub records: usize,
    /// How many of them are signed, and by somebody who may.
    pub signed: usize,
    /// How many of them are in HEAD as they are.
    pub committed: usize,
    /// How many words of people there are for `human:` checks.
    pub attestations: usize,
    /// How many blocks of ours there are in documents.
    pub blocks: usize,
    /// How many verdicts people wrote.
    pub verdicts: usize,
    /// The newest records: whoever keeps these digests can tell later whether anything before
    /// them was changed, also when git's history was.
    pub heads: Vec<RecordLink>,
}

/// One phase under audit.
struct Case<'a> {
    request: &'a AuditRequest,
    repo: &'a mut Repo,
    chain: &'a PhaseRecords,
    /// Who made the records and attestations; of REVIEW nothing ([`documents`] adds it).
    evidence: &'a Evidence,
    /// Which of the sound records count.
    counted: &'a Counted<'a>,
    log: Log,
}

/// Audits the phases of a repository.
///
/// # Errors
/// [`AuditError`] when it could not be done at all. A single thing that could not be checked is
/// in [`Audit::unchecked`].
pub fn audit(request: &AuditRequest) -> Result<Audit, AuditError> {
    let mut repo = Repo::open(&request.folder)?;
    let reports = match &request.reports {
        Some(named) => sources::reports_folder(named).map_err(|source| AuditError::Read {
            path: named.clone(),
            source,
        })?,
        None => repo.root.join("reports"),
    };
    let docs = documents::folders(request, &repo.root, &reports);
    let mut result = Audit {
        schema: SCHEMA,
        at: request.now,
        commit: repo.head.clone(),
        phases: Vec::new(),
        signers: Vec::new(),
        findings: Vec::new(),
        unchecked: Vec::new(),
        notes: Vec::new(),
    };
    let signers = signatures::signers(request, &repo.root)?;
    result.signers = signatures::lines(&signers);
    for phase in phases(request, (&repo.root, &reports), &docs) {
        let chain = read_phase(&reports.join("runs").join(&phase))?;
        let words = Words::read(&repo.root, &phase)?;
        let evidence = evidence(&repo.root, &signers, &chain, &words)?;
        let sound: Vec<&StoredRecord> = chain.sound().collect();
        let counted = count(&sound, &evidence);
        let mut case = Case {
            request,
            log: Log::new(&repo.root, &phase),
            repo: &mut repo,
            chain: &chain,
            evidence: &evidence,
            counted: &counted,
        };
        let documents = documents::read(&case, &docs)?;
        let recorded = !chain.records.is_empty() || !chain.faults.is_empty();
        if !recorded && documents.is_empty() && words.is_empty() {
            continue;
        }
        records::chain(&mut case);
        let files = EvidenceFiles {
            noun: "records",
            folder: &chain.folder,
            all: chain.records.iter().map(EvidenceFile::of_record).collect(),
        };
        let committed = git_checks::history(&mut case, &files)?;
        git_checks::times(&mut case, &files.all);
        // A veto and its lifting are about no commit.
        let runs: Vec<EvidenceFile<'_>> = chain
            .records
            .iter()
            .filter(|stored| stored.record.is_run())
            .map(EvidenceFile::of_record)
            .collect();
        git_checks::commits(&mut case, &runs)?;
        roles::roles(&mut case);
        let signed = signatures::records(&mut case, &files);
        attestations::attestations(&mut case, &words)?;
        let (blocks, verdicts) = documents::documents(&mut case, &documents)?;
        result.phases.push(PhaseSummary {
            phase,
            records: chain.records.len(),
            signed,
            committed,
            attestations: words.len(),
            blocks,
            verdicts,
            heads: chain.heads.clone(),
        });
        result.findings.append(&mut case.log.findings);
        result.notes.append(&mut case.log.notes);
        result.unchecked.append(&mut case.log.unchecked);
    }
    if result.phases.is_empty() {
        return Err(AuditError::Nothing {
            what: match &request.phase {
                Some(phase) => format!("phase `{phase}`"),
                None => "any phase".to_owned(),
            },
            path: reports,
        });
    }
    Ok(result)
}

/// Who made the records and the attestations of a phase.
fn evidence(
    root: &Path,
    signers: &Signers,
    chain: &PhaseRecords,
    words: &Words,
) -> Result<Evidence, AuditError> {
    Ok(Evidence {
        signatures: sources::of_records(root, signers, &chain.records)?,
        attestations: sources::of_attestations(root, signers, words.stored().to_vec())?,
        signers: signers.clone(),
        ..Evidence::default()
    })
}

/// The phases that have records, attestations or documents.
fn phases(
    request: &AuditRequest,
    (root, reports): (&Path, &Path),
    docs: &[PathBuf],
) -> BTreeSet<String> {
    if let Some(phase) = &request.phase {
        return BTreeSet::from([phase.clone()]);
    }
    let names = |folder: &Path| -> Vec<(String, bool)> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, entry.path().is_dir())
            })
            .collect()
    };
    let of_records = [reports.join("runs"), root.join(ATTESTATIONS)]
        .into_iter()
        .flat_map(|folder| names(&folder))
        .filter_map(|(name, folder)| folder.then_some(name));
    let of_documents = docs
        .iter()
        .flat_map(|folder| names(folder))
        .filter_map(|(name, _)| {
            let name = name.strip_suffix(".md")?;
            let (kind, phase) = name.split_once('-')?;
            documents::KINDS.contains(&kind).then(|| phase.to_owned())
        });
    of_records.chain(of_documents).collect()
}
