//! Who made the records, attestations and REVIEW lines of a phase.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use super::blame::blame;
use super::signers::{SignedFile, SignersError, signatures};
use crate::gate::counts::{DocumentBlock, Evidence, Signature, Signers};
use crate::record::{
    ATTESTATIONS, RecordFault, RecordFaultKind, StoredAttestation, StoredRecord, read_attestations,
    signature_of,
};
use crate::report::documents::blocks_in;
use kit::digest;
use kit::git::{self, GitError};

/// What is known about who made the records of a phase, its attestations, and the lines of REVIEW.
///
/// # Errors
/// [`SignersError`].
pub fn evidence(
    root: &Path,
    signers: Signers,
    phase: &str,
    records: &[StoredRecord],
    review: &Path,
) -> Result<Evidence, SignersError> {
    let folder = root.join(ATTESTATIONS).join(phase);
    let (attestations, _) =
        read_attestations(&folder).map_err(|source| cannot_read(&folder, source))?;
    let signatures = of_records(root, &signers, records)?;
    let attestations = of_attestations(root, &signers, &attestations)?;
    let lines = blame(root, None, review)?;
    let text = match fs::read(review) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(cannot_read(review, source)),
    };
    Ok(Evidence {
        signers,
        signatures,
        attestations,
        lines: lines.into_iter().map(|(_, by)| by).collect(),
        blocks: blocks(&text),
    })
}

/// The blocks of a document. One with broken markers has none, so that its headings are as good as
/// typed.
pub(crate) fn blocks(document: &[u8]) -> Vec<DocumentBlock> {
    let found = blocks_in(document).unwrap_or_default();
    let found = found.into_iter().filter(|block| !block.edited);
    found
        .map(|block| DocumentBlock {
            lines: block.lines,
            run_id: block.run_id,
        })
        .collect()
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
        let record = &stored.record;
        files.push(SignedFile {
            key: record.run_id.clone(),
            author: record.author.clone(),
            at: record.ended,
            bytes: same(&stored.path, &stored.link.sha256)?,
            signature: optional(&stored.signature())?,
        });
    }
    signatures(root, &files, signers)
}

/// What the signatures of attestations are worth, by the digest of their file.
///
/// # Errors
/// [`SignersError`].
pub(crate) fn of_attestations(
    root: &Path,
    signers: &Signers,
    attestations: &[StoredAttestation],
) -> Result<BTreeMap<String, Signature>, SignersError> {
    let mut files = Vec::new();
    for stored in attestations {
        files.push(SignedFile {
            key: stored.sha256.clone(),
            author: Some(stored.attestation.author.clone()),
            at: stored.attestation.at,
            bytes: same(&stored.path, &stored.sha256)?,
            signature: optional(&signature_of(&stored.path))?,
        });
    }
    signatures(root, &files, signers)
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
