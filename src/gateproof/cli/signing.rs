//! `--sign` and `--no-sign`: who signs what is written.

use std::path::Path;

use clap::Args;

use crate::record::{SignError, Signer};

/// Who signs.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SigningOptions {
    /// Sign the record with this SSH key (a private key's file, or a public key whose private
    /// part is in your agent); runs in a role are signed with git's key where gpg.format=ssh
    #[arg(long = "sign", value_name = "KEY", env = "GATEPROOF_SIGNING_KEY")]
    key: Option<String>,
    /// Sign nothing, whatever is configured
    #[arg(long)]
    no_sign: bool,
}

impl SigningOptions {
    /// The signer: the key that was named, else git's own. Without a role only the former, so
    /// that a look at a claim never asks for a passphrase.
    pub(crate) fn signer(
        &self,
        in_a_role: bool,
        folder: &Path,
    ) -> Result<Option<Signer>, SignError> {
        match &self.key {
            _ if self.no_sign => Ok(None),
            Some(key) if !key.is_empty() => Signer::with_key(key).map(Some),
            _ if in_a_role => Signer::from_git(folder),
            _ => Ok(None),
        }
    }
}
