//! Who made the records, attestations and REVIEW lines of a phase.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use super::blame::blame;
use super::signers::{SignedFile, SignersError, signatures};
use crate::gate::counts::{
    Attestations, DocumentBlock, Evidence, Signature, SignedAttestation, Signers, WrittenBy,
};
use crate::gate::heading::Reading;
use crate::record::{
    ATTESTATIONS, RecordFault, RecordFaultKind, StoredAttestation, StoredRecord, read_attestations,
    signature_of,
};
use kit::digest;
use kit::git::{self, GitError};

/// What REVIEW of a phase says, for who wrote its lines.
#[derive(Clone, Copy, Debug)]
pub struct ReviewText<'r> {
    pub path: &'r Path,
    pub reading: &'r Reading,
    /// The blocks that gateproof wrote.
    pub blocks: &'r [DocumentBlock],
}

/// What is known about who made the records of a phase, its attestations, and the lines of REVIEW.
///
/// # Errors
/// [`SignersError`].
pub fn evidence(
    root: &Path,
    signers: Signers,
    phase: &str,
    records: &[StoredRecord],
    review: ReviewText<'_>,
) -> Result<Evidence, SignersError> {
    let folder = root.join(ATTESTATIONS).join(phase);
    let (attestations, _) =
        read_attestations(&folder).map_err(|source| cannot_read(&folder, source))?;
    Ok(Evidence {
        signatures: of_records(root, &signers, records)?,
        attestations: of_attestations(root, &signers, attestations)?,
        signers,
        lines: writers(root, None, review.path, review.reading)?,
        blocks: review.blocks.to_vec(),
    })
}

/// Who wrote the lines of REVIEW, where anything rests on it: git is slow to say it of a long file.
///
/// # Errors
/// [`GitError`] when git cannot be asked.
pub(crate) fn writers(
    root: &Path,
    revision: Option<&str>,
    review: &Path,
    reading: &Reading,
) -> Result<Vec<Option<WrittenBy>>, GitError> {
    if reading.vetoes.is_empty() && reading.closed.is_empty() {
        return Ok(Vec::new());
    }
    let lines = blame(root, revision, review)?;
    Ok(lines.into_iter().map(|(_, by)| by).collect())
}

/// What the signatures of records are worth, by run.
///
/// # Errors
/// [`SignersError`].
pub(crate) fn of_records(
    root: &Path,
    signers: &Signers,
    records: &[StoredRecord],
) -> Result<BTreeMap<String, Signature>, SignersError> {
    let mut files = Vec::new();
    for stored in records {
        let bytes = same(&stored.path, &stored.link.sha256)?;
        let signature = optional(&stored.signature())?;
        files.push(SignedFile::of_record(&stored.record, bytes, signature));
    }
    signatures(root, &files, signers)
}

/// Attestations, with what their signatures are worth.
///
/// # Errors
/// [`SignersError`].
pub(crate) fn of_attestations(
    root: &Path,
    signers: &Signers,
    attestations: Vec<StoredAttestation>,
) -> Result<Attestations, SignersError> {
    let mut files = Vec::new();
    for stored in attestations {
        let bytes = same(&stored.path, &stored.sha256)?;
        let signature = optional(&signature_of(&stored.path))?;
        files.push((stored, bytes, signature));
    }
    signed_attestations(root, signers, files)
}

/// The same for files that were read elsewhere: each with its bytes, and those of its signature.
///
/// # Errors
/// [`SignersError`].
pub(crate) fn signed_attestations(
    root: &Path,
    signers: &Signers,
    files: Vec<(StoredAttestation, Vec<u8>, Option<Vec<u8>>)>,
) -> Result<Attestations, SignersError> {
    let (mut stored, mut signed) = (Vec::new(), Vec::new());
    for (one, bytes, signature) in files {
        signed.push(SignedFile {
            key: one.sha256.clone(),
            author: Some(one.attestation.author.clone()),
            at: one.attestation.at,
            bytes,
            signature,
        });
        stored.push(one);
    }
    let found = signatures(root, &signed, signers)?;
    let each = stored.into_iter().map(|stored| {
        // A copy of a file has the signature of the file.
        let signature = found.get(&stored.sha256).cloned().unwrap_or_default();
        (
            stored.sha256.clone(),
            SignedAttestation { stored, signature },
        )
    });
    Ok(Attestations::Files(each.collect()))
}

/// The bytes of a file that was read before.
fn same(path: &Path, sha256: &str) -> Result<Vec<u8>, SignersError> {
    let bytes = fs::read(path).map_err(|source| cannot_read(path, source))?;
    if digest::sha256(&bytes) == sha256 {
        Ok(bytes)
    } else {
        let source = io::Error::other("it was changed meanwhile");
        Err(cannot_read(path, source))
    }
}

fn optional(path: &Path) -> Result<Option<Vec<u8>>, SignersError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(cannot_read(path, source)),
    }
}

fn cannot_read(path: &Path, source: io::Error) -> SignersError {
    SignersError::Read {
        path: path.to_owned(),
        source,
    }
}

/// The records of a folder that the history of HEAD has and the folder has not any more, and those
/// that a commit changed. Git knows nothing of a folder outside of the repository.
///
/// # Errors
/// [`GitError`] when git cannot be asked.
pub fn taken_away(root: &Path, folder: &Path) -> Result<Vec<RecordFault>, GitError> {
    let Some(below) = folder.strip_prefix(root).ok().and_then(Path::to_str) else {
        return Ok(Vec::new());
    };
    let words = [
        "log",
        "--full-history",
        "--format=%x00commit %H",
        "--name-status",
        "--no-renames",
        "--no-show-signature",
        "-z",
        "HEAD",
        "--",
        below,
    ];
    let told = match git::read(root, &words) {
        Ok(told) => told,
        // There is no commit yet.
        Err(GitError::Failed { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let told = String::from_utf8_lossy(&told);
    let (mut commit, mut found) = ("", Vec::<RecordFault>::new());
    let mut seen = BTreeSet::new();
    let mut parts = told.split('\0');
    while let Some(part) = parts.next() {
        if let Some(hash) = part.strip_prefix("commit ") {
            commit = hash.get(..12).unwrap_or(hash);
            continue;
        }
        // The status, and its path behind it.
        let status = part.trim_start_matches('\n');
        if status.len() != 1 {
            continue;
        }
        let Some(path) = parts.next() else { break };
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_record = name.ends_with(".json") || name.ends_with(".json.sig");
        if !is_record || name.starts_with('.') || !seen.insert((status, path)) {
            continue;
        }
        let whole = root.join(path);
        let commit = commit.to_owned();
        let kind = if status == "M" {
            RecordFaultKind::Rewritten { commit }
        } else if !whole.exists() && !found.iter().any(|it| it.path == whole) {
            RecordFaultKind::Gone { commit }
        } else {
            continue;
        };
        found.push(RecordFault {
            path: whole,
            by: None,
            kind,
        });
    }
    Ok(found)
}
