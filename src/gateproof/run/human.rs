//! `human:` checks of a run: gathers what was attested and how its object stands now, and turns
//! the judgement ([`crate::attest`]) into a record.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::attest::{AttestationRequest, AttestationResult, Candidate, VoidReason, judge};
use crate::gate::counts::{Signature, Signed, Signers, not_signed};
use crate::gate::sources;
use crate::record::{
    ATTESTATIONS, Attested, CheckRecord, Finding, StoredAttestation, read_attestations,
    without_own_files,
};
use claim::outcome::Outcome;
use claim::read::is_inside;
use claim::{Check, ClaimFile, HumanProbe, Place};
use kit::digest;
use kit::text::Scope;
use reach::host::Fault;

use super::options::Options;
use super::places::Places;
use super::recorded::remark;
use super::repository::Repository;
use kit::git;

/// The part of a record that an attestation decides.
#[derive(Debug)]
pub(super) struct HumanResult {
    outcome: Outcome,
    observed: String,
    findings: Vec<Finding>,
    attestation: Option<Attested>,
}

impl HumanResult {
    /// A record with this in it.
    pub(super) fn into_record(self, blank: CheckRecord) -> CheckRecord {
        CheckRecord {
            outcome: self.outcome,
            observed: self.observed,
            findings: self.findings,
            attestation: self.attestation,
            attempts: 1,
            ..blank
        }
    }

    fn error(observed: &str, findings: Vec<Finding>) -> HumanResult {
        HumanResult {
            outcome: Outcome::Error,
            observed: observed.to_owned(),
            findings,
            attestation: None,
        }
    }
}

/// Finds a person's attestation for a check, and judges it.
pub(super) async fn attestation(
    file: &ClaimFile,
    options: &Options,
    places: &Places,
    (gate, check, human): (&str, &Check, &HumanProbe),
    scope: &Scope,
) -> HumanResult {
    let undecidable =
        |why: String| HumanResult::error("cannot be told", vec![remark("human", why)]);
    let Some(repository) = &options.repository else {
        return undecidable(
            "there is no git repository with a commit around the claim file, so nobody can attest anything about it".to_owned(),
        );
    };
    let folder = match places.reach(&check.on).await {
        Ok((_, at)) => PathBuf::from(at.cwd.unwrap_or_default()),
        Err(fault) => return undecidable(fault.to_string()),
    };
    let named = human.artefact.as_ref().map(|text| text.render(scope));
    let artefact = match named.as_deref().map(|path| now(&folder, path)) {
        Some(Err(why)) => {
            let path = named.unwrap_or_default();
            return undecidable(format!("the artefact `{path}` cannot be read: {why}"));
        }
        Some(Ok(sha256)) => named.map(|path| (path, sha256)),
        None => None,
    };
    let folder_of_attestations = repository.root().join(ATTESTATIONS).join(&file.phase);
    let (stored, unreadable) = match read_attestations(&folder_of_attestations) {
        Ok(found) => found,
        Err(error) => return undecidable(format!("{ATTESTATIONS}/{}: {error}", file.phase)),
    };
    let (claim_sha256, state) = (file.source.digest(), repository.state());
    let mut facts = Facts {
        file,
        repository,
        commit: &state.commit,
        // What no check names was named from the top folder.
        top: match check.on {
            Place::Clone => folder,
            _ => repository.root().to_owned(),
        },
        artefact: artefact.as_ref().map(|(_, sha256)| sha256.clone()),
        moved: HashMap::new(),
        signers: match sources::signers(repository.root(), None) {
            Ok(signers) => signers,
            Err(error) => return undecidable(kit::error_chain(&error)),
        },
        claimants: match &options.besides {
            Some(claim) => claim.author.iter().cloned().collect(),
            None => Vec::new(),
        },
    };
    let mut candidates = Vec::new();
    for one in stored {
        let attestation = &one.attestation;
        if (attestation.gate.as_str(), attestation.check.as_str()) == (gate, check.id.as_str()) {
            candidates.push(facts.candidate(one).await);
        }
    }
    let judged = judge(
        &candidates,
        &AttestationRequest {
            phase: &file.phase,
            gate,
            check: &check.id,
            claim_sha256: &claim_sha256,
            commit: &state.commit,
            fresh_for: file.fresh_for,
            now: Utc::now(),
            besides: options.besides.as_ref(),
        },
    );
    match &judged {
        AttestationResult::Valid(taken) => {
            attested(taken, judged.outcome(), options, repository.root())
        }
        AttestationResult::Awaited(newest) => {
            let command = attest_command(gate, &check.id, artefact.as_ref());
            awaited(&command, newest.as_ref(), &unreadable)
        }
    }
}

/// What is known about the objects of attestations.
struct Facts<'r> {
    file: &'r ClaimFile,
    repository: &'r Repository,
    commit: &'r str,
    top: PathBuf,
    /// The digest of the artefact that the check names.
    artefact: Option<String>,
    /// Who may sign, and who has made the claim that is judged.
    signers: Signers,
    claimants: Vec<String>,
    /// By commit: what has changed since.
    moved: HashMap<String, Option<String>>,
}

impl Facts<'_> {
    async fn candidate(&mut self, stored: StoredAttestation) -> Candidate {
        let attestation = &stored.attestation;
        let artefact_now = match (&self.artefact, &attestation.artefact) {
            (Some(sha256), _) => Some(Ok(sha256.clone())),
            (None, Some(then)) => Some(now(&self.top, &then.path)),
            (None, None) => None,
        };
        let commit = attestation.commit.clone();
        let moved = match self.moved.get(&commit) {
            Some(known) => known.clone(),
            None => {
                let found = self.since(&commit).await;
                self.moved.insert(commit, found.clone());
                found
            }
        };
        Candidate {
            not_signed: self.not_signed(&stored),
            stored,
            artefact_now,
            moved,
        }
    }

    /// Why an attestation does not count by its signature.
    fn not_signed(&self, stored: &StoredAttestation) -> Option<String> {
        let root = self.repository.root();
        let found = sources::of_attestations(root, &self.signers, vec![stored.clone()]);
        let signature = match found {
            Ok(found) => found.signature(&stored.sha256),
            Err(error) => Signature::Unchecked(kit::error_chain(&error)),
        };
        let file = Signed {
            what: "it",
            author: Some(&stored.attestation.author),
            signature: &signature,
        };
        not_signed(file, &self.signers, &self.claimants).map(|why| why.to_string())
    }

    /// What the checked commit has changed since another one, besides what gateproof writes.
    async fn since(&self, attested: &str) -> Option<String> {
        if attested == self.commit {
            return None;
        }
        if attested.len() < 40 || !attested.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some("that is not a commit".to_owned());
        }
        let ours = without_own_files(&self.file.docs);
        let args = ["diff", "--name-only", "--no-renames", attested, self.commit];
        let args: Vec<&str> = args
            .into_iter()
            .chain(["--", "."])
            .chain(ours.iter().map(String::as_str))
            .collect();
        match git::ask(self.repository.root(), &args).await {
            Ok(names) => names
                .lines()
                .next()
                .map(|first| match names.lines().count() - 1 {
                    0 => format!("`{first}` differs"),
                    more => format!("`{first}` and {more} more differ"),
                }),
            Err(fault) => Some(format!(
                "what differs cannot be told: {}",
                first_line(&fault.into())
            )),
        }
    }
}

/// Whether the tree differs from HEAD in anything but what gateproof writes.
///
/// # Errors
/// When git fails.
pub async fn tree_differs(file: &ClaimFile, root: &Path) -> Result<bool, Fault> {
    let ours = without_own_files(&file.docs);
    let args = ["status", "--porcelain", "--untracked-files=all", "--", "."];
    let ours = ours.iter().map(String::as_str);
    let args: Vec<&str> = args.into_iter().chain(ours).collect();
    Ok(!git::ask(root, &args).await?.is_empty())
}

fn first_line(fault: &Fault) -> String {
    fault
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The digest of a file below a folder.
fn now(folder: &Path, path: &str) -> Result<String, String> {
    if !is_inside(path) {
        return Err("it is not a relative path inside of the place's folder".to_owned());
    }
    let read = kit::regular::open(&folder.join(path)).and_then(digest::of_reader);
    read.map(|(sha256, _)| sha256)
        .map_err(|error| error.to_string())
}

/// The command that ends the waiting.
fn attest_command(gate: &str, check: &str, artefact: Option<&(String, String)>) -> String {
    let line = kit::shell::join(&["gateproof", "attest", gate, check]);
    let about = match artefact {
        Some((path, sha256)) => format!(" (artefact {path}, sha256 {sha256})"),
        None => String::new(),
    };
    format!("{line} --saw \"…\"{about}")
}

fn attested(taken: &Candidate, outcome: Outcome, options: &Options, root: &Path) -> HumanResult {
    let attestation = &taken.stored.attestation;
    let file = taken
        .stored
        .path
        .strip_prefix(root)
        .unwrap_or(&taken.stored.path);
    let at = attestation.at.format("%Y-%m-%dT%H:%MZ");
    HumanResult {
        outcome,
        observed: format!(
            "attested by {} at {at}: {}",
            attestation.author, attestation.words
        ),
        findings: Vec::new(),
        attestation: Some(Attested {
            file: file.display().to_string(),
            sha256: taken.stored.sha256.clone(),
            author: attestation.author.clone(),
            clone_id: attestation.clone_id.clone(),
            at: attestation.at,
            commit: attestation.commit.clone(),
            artefact: attestation.artefact.clone(),
            words: attestation.words.clone(),
            besides: options.besides.clone(),
        }),
    }
}

/// No attestation holds. What somebody else has observed is not shown: a reviewer is blind.
fn awaited(
    command: &str,
    newest: Option<&(&Candidate, Vec<VoidReason>)>,
    unreadable: &[String],
) -> HumanResult {
    let mut findings = vec![remark("human", format!("awaiting a person: {command}"))];
    if let Some((candidate, void)) = newest {
        let attestation = &candidate.stored.attestation;
        let why: Vec<String> = void.iter().map(ToString::to_string).collect();
        let at = attestation.at.format("%Y-%m-%dT%H:%MZ");
        let note = format!(
            "that of {} at {at} is void: {}",
            attestation.author,
            why.join("; ")
        );
        findings.push(remark("attestation", note));
    }
    let faults = unreadable.iter();
    findings.extend(faults.map(|why| remark("attestation", format!("cannot be read: {why}"))));
    HumanResult::error("awaiting a person", findings)
}
