//! Whether what is about to be signed, or not, would count: asked before anything is run or written.

use std::path::Path;

use chrono::Utc;

use crate::gate::counts::{Signature, Signed, Signers, not_signed};
use crate::gate::sources::{self, SignedFile};
use crate::record::Signer;

/// What an author would sign with, tried once for a command: a key may ask for a passphrase or a
/// touch each time.
pub(crate) struct Trial {
    author: Option<String>,
    signers: Signers,
    signature: Signature,
}

impl Trial {
    /// Signs a trial, because only the key's own program knows what it makes.
    ///
    /// # Errors
    /// When the key cannot sign, or git cannot be asked.
    pub(crate) fn of(
        root: &Path,
        author: Option<&str>,
        signer: Option<&Signer>,
    ) -> anyhow::Result<Trial> {
        let signers = sources::signers(root, None)?;
        let signature = if signers.is_empty() && signers.gone.is_empty() {
            Signature::Missing
        } else {
            trial(root, author, signer, &signers)?
        };
        Ok(Trial {
            author: author.map(str::to_owned),
            signers,
            signature,
        })
    }

    /// Why nothing of that author would count. `what` is `the claim`, `the review` …; `claimants`
    /// are the authors of the claims that it is about.
    pub(crate) fn refuses(&self, what: &str, claimants: &[String]) -> Option<String> {
        let signed = Signed {
            what,
            author: self.author.as_deref(),
            signature: &self.signature,
        };
        not_signed(signed, &self.signers, claimants).map(|why| why.to_string())
    }
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
