//! Whether what is about to be signed, or not, would count: asked before anything is run or written.

use std::path::Path;

use chrono::Utc;

use crate::gate::counts::{Signature, Signed, Signers, not_signed};
use crate::gate::sources::{self, SignedFile};
use crate::record::Signer;

/// Why nothing of that author would count with that signer. `what` is `the claim`, `the review` …;
/// `claimants` are the authors of the claims that it is about. The key signs a trial, because only
/// its own program knows what it makes.
///
/// # Errors
/// When the key cannot sign, or git cannot be asked.
pub(crate) fn would_not_count(
    root: &Path,
    what: &str,
    author: Option<&str>,
    signer: Option<&Signer>,
    claimants: &[String],
) -> anyhow::Result<Option<String>> {
    let signers = sources::signers(root, None)?;
    if signers.is_empty() && signers.gone.is_empty() {
        return Ok(None);
    }
    let signature = trial(root, author, signer, &signers)?;
    let signed = Signed {
        what,
        author,
        signature: &signature,
    };
    Ok(not_signed(signed, &signers, claimants).map(|why| why.to_string()))
}

fn trial(
    root: &Path,
    author: Option<&str>,
    signer: Option<&Signer>,
    signers: &Signers,
) -> anyhow::Result<Signature> {
    let Some(signer) = signer else {
        return Ok(Signature::Missing);
    };
    let bytes = b"a trial, before anything is run\n".to_vec();
    let file = SignedFile {
        key: String::new(),
        author: author.map(str::to_owned),
        at: Utc::now(),
        signature: Some(signer.sign(&bytes)?),
        bytes,
    };
    let found = sources::signatures(root, &[file], signers)?;
    Ok(found.into_values().next().unwrap_or_default())
}
