//! What records and attestations have in common: a file that was written once, by a person, at a
//! time, about a claim file at a commit.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::record::{Act, StoredAttestation, StoredRecord, signature_of};

/// The evidence files of one kind that a phase has.
pub(super) struct EvidenceFiles<'a> {
    /// `records`, `attestations`.
    pub(super) noun: &'static str,
    pub(super) folder: &'a Path,
    pub(super) all: Vec<EvidenceFile<'a>>,
}

impl EvidenceFiles<'_> {
    /// `2 of 3 records are`, and in the end which.
    pub(super) fn some(&self, some: &[&str], what: &str) -> String {
        let few = some.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let more = match some.len() {
            0..=3 => String::new(),
            all => format!(" and {} more", all - 3),
        };
        format!(
            "{} of {} {} are {what}: {few}{more}",
            some.len(),
            self.all.len(),
            self.noun
        )
    }
}

/// A record or an attestation under audit.
pub(super) struct EvidenceFile<'a> {
    pub(super) path: &'a Path,
    /// `run x`, `attestation x`.
    pub(super) name: String,
    /// The git author: `Name <mail>`.
    pub(super) author: Option<&'a str>,
    /// When the run began or the attestation was given.
    pub(super) began: DateTime<Utc>,
    /// When it was over.
    pub(super) ended: DateTime<Utc>,
    /// The claim file's path from the top, and its digest.
    pub(super) claim: (&'a str, &'a str),
    /// The commit it is about.
    pub(super) commit: Option<&'a str>,
    /// The branch that had the commit then.
    pub(super) branch: Option<&'a str>,
    /// Whether it may be about a claim file that was not committed: a read-only run may.
    pub(super) loose: bool,
}

impl<'a> EvidenceFile<'a> {
    pub(super) fn of_record(stored: &'a StoredRecord) -> EvidenceFile<'a> {
        let record = &stored.record;
        let state = record.repository.as_ref();
        EvidenceFile {
            path: &stored.path,
            name: format!("run {}", stored.link.run_id),
            author: record.author.as_deref(),
            began: record.started,
            ended: record.ended,
            claim: (&record.claim.path, &record.claim.sha256),
            commit: state.map(|state| state.commit.as_str()),
            branch: state.and_then(|state| state.branch.as_deref()),
            loose: record.act == Act::Verify && state.is_some_and(|state| state.dirty),
        }
    }

    pub(super) fn of_attestation(stored: &'a StoredAttestation) -> EvidenceFile<'a> {
        let attestation = &stored.attestation;
        EvidenceFile {
            path: &stored.path,
            name: format!("attestation {}", attestation.id),
            author: Some(&attestation.author),
            began: attestation.at,
            ended: attestation.at,
            claim: (&attestation.claim_path, &attestation.claim_sha256),
            commit: Some(&attestation.commit),
            branch: None,
            loose: false,
        }
    }

    /// Where its signature is, if it has one.
    pub(super) fn signature(&self) -> PathBuf {
        signature_of(self.path)
    }

    /// The mail address of its author.
    pub(super) fn mail(&self) -> Option<&'a str> {
        self.author.and_then(mail)
    }
}

/// The mail address of an author, as git writes it.
pub(super) fn mail(author: &str) -> Option<&str> {
    let (_, rest) = author.rsplit_once('<')?;
    let mail = rest.strip_suffix('>')?.trim();
    (!mail.is_empty()).then_some(mail)
}
