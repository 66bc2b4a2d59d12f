//! Attestations: the files themselves, and the runs that used one as evidence.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::evidence_file::{EvidenceFile, EvidenceFiles, mail};
use super::{AuditError, Case, git_checks, rule, signatures};
use crate::record::{
    ATTESTATIONS, Act, Attested, SIGNATURE, StoredAttestation, StoredRecord, read_attestations,
    same_person,
};

/// The attestations of a phase.
pub(super) struct Words {
    folder: PathBuf,
    stored: Vec<StoredAttestation>,
    unreadable: Vec<String>,
}

impl Words {
    /// Reads them, where git has its repository.
    pub(super) fn read(root: &Path, phase: &str) -> Result<Words, AuditError> {
        let folder = root.join(ATTESTATIONS).join(phase);
        let read = read_attestations(&folder);
        let (stored, unreadable) = read.map_err(|source| AuditError::Read {
            path: folder.clone(),
            source,
        })?;
        Ok(Words {
            folder,
            stored,
            unreadable,
        })
    }

    pub(super) fn stored(&self) -> &[StoredAttestation] {
        &self.stored
    }

    pub(super) fn len(&self) -> usize {
        self.stored.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.unreadable.is_empty()
    }

    /// The attestation with that digest.
    fn find(&self, sha256: &str) -> Option<&StoredAttestation> {
        self.stored.iter().find(|one| one.sha256 == sha256)
    }
}

/// Audits them. Only those that a run used are checked against their commit: nothing rests on the
/// others, and they may name a commit that a rebase has replaced.
pub(super) fn attestations(case: &mut Case<'_>, words: &Words) -> Result<(), AuditError> {
    each_file(case, words)?;
    let mut files = EvidenceFiles {
        noun: "attestations",
        folder: &words.folder,
        all: words
            .stored
            .iter()
            .map(EvidenceFile::of_attestation)
            .collect(),
    };
    git_checks::history(case, &files)?;
    git_checks::times(case, &files.all);
    let digests: Vec<&str> = words.stored.iter().map(|it| it.sha256.as_str()).collect();
    signatures::attestations(case, &files, &digests);
    let taken = taken(case, words);
    files.all.retain(|file| taken.contains(file.path));
    git_checks::commits(case, &files.all)?;
    Ok(())
}

/// Each file by itself.
fn each_file(case: &mut Case<'_>, words: &Words) -> Result<(), AuditError> {
    for line in &words.unreadable {
        let (name, why) = line.split_once(": ").unwrap_or((line, ""));
        case.log.find(
            &rule::DAMAGED,
            &words.folder.join(name),
            format!("it cannot be read: {why}"),
            "an attestation",
        );
    }
    for one in &words.stored {
        if !one.whole {
            case.log.find(
                &rule::DAMAGED,
                &one.path,
                "it is not what was sealed",
                "the file as it was written and sealed",
            );
        }
        let named = format!("{}.json", one.attestation.id);
        if one.path.file_name().is_none_or(|name| *name != *named) {
            let found = format!("the attestation {}", one.attestation.id);
            let expected = format!("the name {named}");
            case.log.find(&rule::RENAMED, &one.path, found, expected);
        }
        if one.attestation.phase != case.log.phase {
            case.log.find(
                &rule::FOREIGN,
                &one.path,
                format!("an attestation of phase {}", one.attestation.phase),
                format!("attestations of phase {}", case.log.phase),
            );
        }
    }
    for path in lone_signatures(&words.folder).map_err(|source| AuditError::Read {
        path: words.folder.clone(),
        source,
    })? {
        let found = "a signature of nothing";
        case.log
            .find(&rule::LONE_SIGNATURE, &path, found, "the file beside it");
    }
    Ok(())
}

fn lone_signatures(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut lone = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let of = path
            .to_str()
            .and_then(|path| path.strip_suffix(SIGNATURE))
            .map(PathBuf::from);
        if of.is_some_and(|of| !of.exists()) {
            lone.push(path);
        }
    }
    lone.sort();
    Ok(lone)
}

/// Compares what the runs used with the attestations, and returns those files.
fn taken(case: &mut Case<'_>, words: &Words) -> BTreeSet<PathBuf> {
    let mut taken = BTreeSet::new();
    for stored in &case.chain.records {
        for check in &stored.record.checks {
            let Some(took) = &check.attestation else {
                continue;
            };
            match words.find(&took.sha256) {
                None => {
                    let found = format!(
                        "{} {} rests on {} with sha256 {}, which is not there",
                        check.gate, check.id, took.file, took.sha256
                    );
                    let expected = "the attestation as the run took it";
                    case.log.find(&rule::LINK, &stored.path, found, expected);
                }
                Some(one) => {
                    taken.insert(one.path.clone());
                    let differs = differences(took, one, (&check.gate, &check.id));
                    for (what, expected) in differs {
                        let found = format!("{} {} {what}", check.gate, check.id);
                        case.log.find(&rule::WORD, &stored.path, found, expected);
                    }
                }
            }
            own_word(case, stored, took, (&check.gate, &check.id));
        }
    }
    taken
}

/// Where a run describes an attestation differently from the attestation itself.
fn differences(
    took: &Attested,
    one: &StoredAttestation,
    (gate, check): (&str, &str),
) -> Vec<(String, String)> {
    let attestation = &one.attestation;
    let pairs = [
        ("author", took.author.as_str(), attestation.author.as_str()),
        ("words", &took.words, &attestation.words),
        ("commit", &took.commit, &attestation.commit),
        ("gate", gate, &attestation.gate),
        ("check", check, &attestation.check),
    ];
    let texts = pairs.into_iter().filter(|(_, a, b)| a != b);
    let mut found: Vec<(String, String)> = texts
        .map(|(what, a, b)| (format!("records the {what} `{a}`"), format!("`{b}`")))
        .collect();
    if (took.at, &took.artefact) != (attestation.at, &attestation.artefact) {
        let told = "records another time or artefact of its attestation".to_owned();
        found.push((told, "those of the attestation".to_owned()));
    }
    found
}

/// A review that used an attestation by the claim's own author.
fn own_word(
    case: &mut Case<'_>,
    stored: &StoredRecord,
    took: &Attested,
    (gate, check): (&str, &str),
) {
    if stored.record.act != Act::Review {
        return;
    }
    let claim = stored.record.reviews.as_ref();
    let claim = claim.and_then(|link| case.chain.follow(link));
    let claimant = claim.and_then(|claim| claim.record.author.as_deref());
    if claimant.is_some_and(|claimant| same_person(claimant, &took.author)) {
        let other = mail(&took.author).unwrap_or(&took.author);
        case.log.find(
            &rule::SAME_AUTHOR,
            &stored.path,
            format!("{gate} {check} rests on the word of {other}, who made the claim"),
            "another person's word",
        );
    }
}
