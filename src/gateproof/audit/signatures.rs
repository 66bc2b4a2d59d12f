//! Records and attestations against their signatures, by the rule that decides what counts
//! ([`crate::gate::counts`]).

use std::path::{Path, PathBuf};

use super::evidence_file::{EvidenceFile, EvidenceFiles};
use super::rule::Rule;
use super::{AuditError, AuditRequest, Case, rule};
use crate::gate::counts::{Signature, Signed, Signers, SignersOf, count, not_signed};
use crate::gate::reason::Reason;
use crate::gate::sources;
use crate::record::StoredRecord;

/// Returns how many records are signed by a person who may sign.
pub(super) fn records(case: &mut Case<'_>, files: &EvidenceFiles<'_>) -> usize {
    // Also a record with another fault has a signature that fits or not.
    let all: Vec<&StoredRecord> = case.chain.records.iter().collect();
    let counted = count(&all, case.evidence);
    let mut good = 0;
    let mut unsigned = Vec::new();
    for (stored, file) in case.chain.records.iter().zip(&files.all) {
        let refused = counted.refused.iter();
        let mut refused = refused.filter(|(it, _)| std::ptr::eq(*it, stored));
        let refused = refused.next().map(|(_, why)| why.clone());
        let signature = case.evidence.signatures.get(&stored.record.run_id);
        let signature = signature.cloned().unwrap_or_default();
        good += usize::from(one(case, file, &signature, refused, &mut unsigned));
    }
    tell_unsigned(case, files, &unsigned);
    tell_unnamed(case, files);
    good
}

/// The same of attestations.
pub(super) fn attestations(case: &mut Case<'_>, files: &EvidenceFiles<'_>, digests: &[&str]) {
    let mut unsigned = Vec::new();
    for (file, sha256) in files.all.iter().zip(digests) {
        let signature = case.evidence.attestations.signature(sha256);
        let signed = Signed {
            what: &file.name,
            author: file.author,
            signature: &signature,
        };
        let refused = not_signed(signed, &case.evidence.signers, &[]);
        one(case, file, &signature, refused, &mut unsigned);
    }
    tell_unsigned(case, files, &unsigned);
}

/// Whether a file is signed by its author. One that is not signed, and need not be, is collected.
fn one<'f>(
    case: &mut Case<'_>,
    file: &EvidenceFile<'f>,
    signature: &Signature,
    refused: Option<Reason>,
    unsigned: &mut Vec<(String, &'f Path)>,
) -> bool {
    let path = file.signature();
    let required = case.request.require_signatures;
    if let Some(why) = refused {
        refusal(case, file, &path, &why);
        return false;
    }
    let signers = &case.evidence.signers;
    match signature {
        Signature::Missing => unsigned.push((file.name.clone(), file.path)),
        Signature::Broken(_) => {}
        Signature::Unchecked(why) => {
            let told = format!("{}: {why}", case.log.shown(&path));
            case.log.unchecked.push(told);
        }
        Signature::By { lines, .. } if !lines.is_empty() => return true,
        Signature::By { key, .. } if required => {
            let by = file.mail().unwrap_or("nobody that git knew");
            case.log.find(
                &rule::OTHER_SIGNER,
                &path,
                format!("the key {key}; nothing says that it is the key of {by}"),
                "an author, and a line for the mail address in claims/allowed_signers",
            );
        }
        Signature::By { key, .. } if signers.is_empty() => case.log.note(format!(
            "{} is signed with {key}, and no file of allowed signers says whose key that is",
            file.name
        )),
        Signature::By { .. } => {}
    }
    false
}

/// What a reason is about a signature.
pub(super) enum OfSignature {
    /// A finding of that rule, and what was expected.
    Finding(&'static Rule, &'static str),
    /// Nobody could look.
    Unchecked,
}

/// What a reason says about a signature, if it is about one.
pub(super) fn of_signature(why: &Reason) -> Option<OfSignature> {
    let (rule, expected) = match why {
        Reason::Unsigned { .. } => (&rule::UNSIGNED, "a signature of its author"),
        Reason::BrokenSignature { .. } => (
            &rule::BAD_SIGNATURE,
            "a signature of the file beside it, made for `gateproof`",
        ),
        Reason::OtherSigner { .. } => (&rule::OTHER_SIGNER, "a key of the author"),
        Reason::SignerLineOfClaimant { .. } | Reason::SignerLineOfNobody { .. } => (
            &rule::SIGNER_LINE,
            "a line that somebody else than the claim's author has committed",
        ),
        Reason::SignatureUnchecked { .. } => return Some(OfSignature::Unchecked),
        _ => return None,
    };
    Some(OfSignature::Finding(rule, expected))
}

/// Reports why a file does not count.
fn refusal(case: &mut Case<'_>, file: &EvidenceFile<'_>, path: &Path, why: &Reason) {
    let Some(OfSignature::Finding(rule, expected)) = of_signature(why) else {
        let told = format!("{}: {why}", case.log.shown(path));
        case.log.unchecked.push(told);
        return;
    };
    let (at, expected) = match why {
        Reason::Unsigned { .. } => (file.path, case.log.shown(path)),
        Reason::OtherSigner { .. } => {
            let by = file.mail().unwrap_or("nobody that git knew");
            (path, format!("{expected}, {by}"))
        }
        _ => (path, expected.to_owned()),
    };
    case.log.find(rule, at, why.to_string(), expected);
}

fn tell_unsigned(case: &mut Case<'_>, files: &EvidenceFiles<'_>, unsigned: &[(String, &Path)]) {
    let names: Vec<&str> = unsigned.iter().map(|(name, _)| name.as_str()).collect();
    if case.request.require_signatures {
        for (_, path) in unsigned {
            let expected = case.log.shown(&crate::record::signature_of(path));
            case.log
                .find(&rule::UNSIGNED, path, "no signature", expected);
        }
    } else if !names.is_empty() {
        case.log.note(files.some(&names, "not signed"));
    }
}

/// The authors of records whom the file does not name.
fn tell_unnamed(case: &mut Case<'_>, files: &EvidenceFiles<'_>) {
    let signers = &case.evidence.signers;
    if signers.of != SignersOf::Repository {
        return;
    }
    let authors = files.all.iter().filter_map(|file| file.author);
    let authors: Vec<&str> = authors.collect();
    let mut unnamed: Vec<&str> = authors;
    unnamed.retain(|author| !signers.is_empty() && !signers.must_sign(author));
    unnamed.sort_unstable();
    unnamed.dedup();
    let notes = unnamed.iter().map(|author| {
        format!(
            "{} does not name {author}, so anybody could have written what stands under that name",
            signers.file
        )
    });
    let notes: Vec<String> = notes.collect();
    for note in notes {
        case.log.note(note);
    }
}

/// Who wrote the lines of allowed signers, and when.
pub(super) fn lines(signers: &Signers) -> Vec<String> {
    let lines = signers.lines.iter();
    let lines = lines.filter(|_| signers.of == SignersOf::Repository);
    lines.map(|line| signers.told(line)).collect()
}

/// Who may sign in a repository.
pub(super) fn signers(request: &AuditRequest, root: &Path) -> Result<Signers, AuditError> {
    Ok(match &request.allowed_signers {
        Some(file) => {
            let file: PathBuf = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            sources::of_reader(&file, SignersOf::Reader)?
        }
        None => sources::signers(root, None)?,
    })
}
