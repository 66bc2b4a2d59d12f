//! Records against their signatures.

use std::fs;
use std::path::{Path, PathBuf};

use super::evidence_file::{EvidenceFile, EvidenceFiles};
use super::{AuditError, AuditRequest, Case, rule};
use crate::record::signature::{self, AllowedSigners, SignatureResult};
use crate::report::text::time;
use kit::git::{GitError, line};

/// Returns how many files are signed by a person who may sign.
pub(super) fn signatures(
    case: &mut Case<'_>,
    files: &EvidenceFiles<'_>,
) -> Result<usize, AuditError> {
    let (mut good, mut unsigned) = (0, Vec::new());
    for file in &files.all {
        if !file.signature().exists() {
            unsigned.push(file);
        } else if one(case, file)? {
            good += 1;
        }
    }
    let names: Vec<&str> = unsigned.iter().map(|it| &*it.name).collect();
    if case.request.require_signatures {
        for file in unsigned {
            case.log.find(
                &rule::UNSIGNED,
                file.path,
                "no signature",
                case.log.shown(&file.signature()),
            );
        }
    } else if !names.is_empty() {
        case.log.note(files.some(&names, "not signed"));
    }
    Ok(good)
}

/// Whether the signature is that of the author, who may sign.
fn one(case: &mut Case<'_>, file: &EvidenceFile<'_>) -> Result<bool, AuditError> {
    let allowed = case.allowed;
    let read = |path: &Path| {
        fs::read(path).map_err(|source| AuditError::Read {
            path: path.to_owned(),
            source,
        })
    };
    let path = file.signature();
    let bytes = read(file.path)?;
    let author = file.mail();
    let checked = match (allowed, author) {
        (Some(allowed), Some(author)) => {
            signature::verify(&bytes, &path, allowed, author, file.ended)
        }
        _ => signature::intact(&bytes, &path),
    };
    let standing = match checked {
        Ok(standing) => standing,
        Err(error) => {
            case.log
                .unchecked
                .push(format!("{}: {error}", case.log.shown(&path)));
            return Ok(false);
        }
    };
    let key = fs::read(&path)
        .ok()
        .and_then(|armored| signature::fingerprint(&armored));
    let key = key.unwrap_or_else(|| "no key".to_owned());
    let by = author.unwrap_or("nobody that git knew");
    match (standing, allowed) {
        (SignatureResult::Broken { message }, _) => {
            case.log.find(
                &rule::BAD_SIGNATURE,
                &path,
                message.lines().next().unwrap_or_default().trim_end(),
                "a signature of the file beside it, made for `gateproof`",
            );
        }
        (
            SignatureResult::OfOther {
                principals,
                message,
            },
            _,
        ) => {
            let whose = if principals.is_empty() {
                format!("the key {key}, which is nobody's at {}", time(file.ended))
            } else {
                format!("the key {key} of {}", principals.join(", "))
            };
            let message = message.lines().next().unwrap_or_default().trim_end();
            case.log.find(
                &rule::OTHER_SIGNER,
                &path,
                format!("{whose} ({message})"),
                format!("a key of the author, {by}"),
            );
        }
        (SignatureResult::Good, Some(_)) if author.is_some() => return Ok(true),
        (SignatureResult::Good, None) if !case.request.require_signatures => {
            case.log.note(format!(
                "{} is signed with {key}, and no file of allowed signers says whose key that is",
                file.name
            ))
        }
        (SignatureResult::Good, _) => case.log.find(
            &rule::OTHER_SIGNER,
            &path,
            format!("the key {key}; nothing says that it is the key of {by}"),
            "an author, and a line for the mail address in claims/allowed_signers",
        ),
    }
    Ok(false)
}

/// Who may sign in a repository.
pub(super) fn allowed_signers(
    request: &AuditRequest,
    root: &Path,
) -> Result<Option<AllowedSigners>, AuditError> {
    let configured = |name: &str| -> Result<Option<PathBuf>, GitError> {
        let path = line(root, &["config", "--type=path", name])?;
        Ok(path.map(|path| root.join(path)))
    };
    let shipped = root.join("claims/allowed_signers");
    let file = match &request.allowed_signers {
        Some(file) => Some(std::path::absolute(file).unwrap_or_else(|_| file.clone())),
        None if shipped.exists() => Some(shipped),
        None => configured("gpg.ssh.allowedSignersFile")?,
    };
    let Some(file) = file else {
        return Ok(None);
    };
    // A file that cannot be read would make every signature look like somebody else's.
    fs::read(&file).map_err(|source| AuditError::Read {
        path: file.clone(),
        source,
    })?;
    Ok(Some(AllowedSigners {
        file,
        revoked: configured("gpg.ssh.revocationFile")?,
    }))
}
