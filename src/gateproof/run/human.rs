//! `human:` checks of a run: gathers what was attested and how its object stands now, and turns
//! the judgement ([`crate::attest`]) into a record.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::attest::{AttestationRequest, AttestationResult, Candidate, VoidReason, judge};
use crate::record::{
    ATTESTATIONS, Attested, CheckRecord, Finding, StoredAttestation, read_attestations,
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

/// The part of a record that a person's word decides.
#[derive(Debug)]
pub(super) struct Seen {
    outcome: Outcome,
    observed: String,
    findings: Vec<Finding>,
    attestation: Option<Attested>,
}

impl Seen {
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

    fn error(observed: &str, findings: Vec<Finding>) -> Seen {
        Seen {
            outcome: Outcome::Error,
            observed: observed.to_owned(),
            findings,
            attestation: None,
        }
    }
}

/// Looks for a person's word about a check.
pub(super) async fn look(
    file: &ClaimFile,
    options: &Options,
    places: &Places,
    (gate, check, human): (&str, &Check, &HumanProbe),
    scope: &Scope,
) -> Seen {
    let not_told = |why: String| Seen::error("cannot be told", vec![remark("human", why)]);
    let Some(repository) = &options.repository else {
        return not_told(
            "there is no git repository with a commit around the claim file, so nobody can attest anything about it".to_owned(),
        );
    };
    let folder = match places.reach(&check.on).await {
        Ok((_, at)) => PathBuf::from(at.cwd.unwrap_or_default()),
        Err(fault) => return not_told(fault.to_string()),
    };
    let named = human.artefact.as_ref().map(|text| text.render(scope));
    let artefact = match named.as_deref().map(|path| now(&folder, path)) {
        Some(Err(why)) => {
            let path = named.unwrap_or_default();
            return not_told(format!("the artefact `{path}` cannot be read: {why}"));
        }
        Some(Ok(sha256)) => named.map(|path| (path, sha256)),
        None => None,
    };
    let kept = repository.root().join(ATTESTATIONS).join(&file.phase);
    let (kept, unreadable) = match read_attestations(&kept) {
        Ok(found) => found,
        Err(error) => return not_told(format!("{ATTESTATIONS}/{}: {error}", file.phase)),
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
    };
    let mut candidates = Vec::new();
    for one in kept {
        let said = &one.attestation;
        if (said.gate.as_str(), said.check.as_str()) == (gate, check.id.as_str()) {
            candidates.push(facts.candidate(one).await);
        }
    }
    let word = judge(
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
    match &word {
        AttestationResult::Valid(taken) => {
            attested(taken, word.outcome(), options, repository.root())
        }
        AttestationResult::Awaited(newest) => {
            let wish = wish(gate, &check.id, artefact.as_ref());
            awaited(&wish, newest.as_ref(), &unreadable)
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
    /// By commit: what has changed since.
    moved: HashMap<String, Option<String>>,
}

impl Facts<'_> {
    async fn candidate(&mut self, kept: StoredAttestation) -> Candidate {
        let said = &kept.attestation;
        let artefact_now = match (&self.artefact, &said.artefact) {
            (Some(sha256), _) => Some(Ok(sha256.clone())),
            (None, Some(then)) => Some(now(&self.top, &then.path)),
            (None, None) => None,
        };
        let commit = said.commit.clone();
        let moved = match self.moved.get(&commit) {
            Some(known) => known.clone(),
            None => {
                let found = self.since(&commit).await;
                self.moved.insert(commit, found.clone());
                found
            }
        };
        Candidate {
            stored: kept,
            artefact_now,
            moved,
        }
    }

    /// What the checked commit has changed since another one, besides what gateproof writes.
    async fn since(&self, attested: &str) -> Option<String> {
        if attested == self.commit {
            return None;
        }
        if attested.len() < 40 || !attested.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some("that is no commit".to_owned());
        }
        let ours = written_by_us(self.file);
        let words = ["diff", "--name-only", "--no-renames", attested, self.commit];
        let words: Vec<&str> = words
            .into_iter()
            .chain(["--", "."])
            .chain(ours.iter().map(String::as_str))
            .collect();
        match git::ask(self.repository.root(), &words).await {
            Ok(names) => names
                .lines()
                .next()
                .map(|first| match names.lines().count() - 1 {
                    0 => format!("`{first}` differs"),
                    more => format!("`{first}` and {more} more differ"),
                }),
            Err(fault) => Some(format!(
                "what differs cannot be told: {}",
                told(&fault.into())
            )),
        }
    }
}

/// What gateproof writes itself, as pathspecs that leave it out: nobody looks at that.
fn written_by_us(file: &ClaimFile) -> Vec<String> {
    let folders = ["reports/runs", ATTESTATIONS];
    let folders = folders.map(|folder| format!(":(top,exclude){folder}"));
    let documents = ["STATUS", "JOURNAL", "REVIEW"].map(|document| {
        let path = file.docs.join(format!("{document}-{}.md", file.phase));
        format!(":(top,exclude,literal){}", path.display())
    });
    folders.into_iter().chain(documents).collect()
}

/// Whether the tree differs from HEAD in anything but what gateproof writes.
///
/// # Errors
/// When git cannot tell.
pub async fn tree_differs(file: &ClaimFile, root: &Path) -> Result<bool, Fault> {
    let ours = written_by_us(file);
    let words = ["status", "--porcelain", "--untracked-files=all", "--", "."];
    let ours = ours.iter().map(String::as_str);
    let words: Vec<&str> = words.into_iter().chain(ours).collect();
    Ok(!git::ask(root, &words).await?.is_empty())
}

fn told(fault: &Fault) -> String {
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
    let read = File::open(folder.join(path)).and_then(digest::of_reader);
    read.map(|(sha256, _)| sha256)
        .map_err(|error| error.to_string())
}

/// The command that ends the waiting.
fn wish(gate: &str, check: &str, artefact: Option<&(String, String)>) -> String {
    let line = kit::shell::join(&["gateproof", "attest", gate, check]);
    let about = match artefact {
        Some((path, sha256)) => format!(" (artefact {path}, sha256 {sha256})"),
        None => String::new(),
    };
    format!("{line} --saw \"…\"{about}")
}

fn attested(taken: &Candidate, outcome: Outcome, options: &Options, root: &Path) -> Seen {
    let said = &taken.stored.attestation;
    let file = taken
        .stored
        .path
        .strip_prefix(root)
        .unwrap_or(&taken.stored.path);
    let at = said.at.format("%Y-%m-%dT%H:%MZ");
    Seen {
        outcome,
        observed: format!("attested by {} at {at}: {}", said.author, said.words),
        findings: Vec::new(),
        attestation: Some(Attested {
            file: file.display().to_string(),
            sha256: taken.stored.sha256.clone(),
            author: said.author.clone(),
            clone_id: said.clone_id.clone(),
            at: said.at,
            commit: said.commit.clone(),
            artefact: said.artefact.clone(),
            words: said.words.clone(),
            besides: options.besides.clone(),
        }),
    }
}

/// Nobody's word holds. What somebody else has seen is not told: a reviewer is blind.
fn awaited(
    wish: &str,
    newest: Option<&(&Candidate, Vec<VoidReason>)>,
    unreadable: &[String],
) -> Seen {
    let mut findings = vec![remark("human", format!("awaiting a person: {wish}"))];
    if let Some((candidate, void)) = newest {
        let said = &candidate.stored.attestation;
        let why: Vec<String> = void.iter().map(ToString::to_string).collect();
        let at = said.at.format("%Y-%m-%dT%H:%MZ");
        let note = format!(
            "that of {} at {at} is void: {}",
            said.author,
            why.join("; ")
        );
        findings.push(remark("attestation", note));
    }
    let faults = unreadable.iter();
    findings.extend(faults.map(|why| remark("attestation", format!("cannot be read: {why}"))));
    Seen::error("awaiting a person", findings)
}
