//! DSSE envelopes: signed by a key of an SSH agent so that any reader of DSSE verifies them, and verified.
//!
//! The signature is the raw one over the [`pae`], which `ssh-keygen` cannot make: it signs a digest of
//! its own. `ring`, which TLS brings anyway, verifies.

mod agent;
mod key;
#[cfg(test)]
mod tests;
mod wire;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::record::Signer;
use agent::SshAgent;
use kit::shell;

pub use agent::SshAgentError;
pub use key::{DsseKey, DsseKeyError};

/// Why an envelope was not signed, or not read.
#[derive(Debug, Error)]
pub enum DsseError {
    #[error(transparent)]
    Agent(#[from] SshAgentError),
    #[error("cannot read the key {}: {source}", path.display())]
    ReadKey {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{key}: {fault}")]
    Key { key: String, fault: DsseKeyError },
    /// The key signs, but nothing that a reader of DSSE verifies.
    #[error(
        "{key}: {fault}.\nSign with an ed25519 or ECDSA P-256 key, or sign the Statement itself as a file:
  gateproof statement RUN --bare > statement.json
  ssh-keygen -Y sign -n gateproof -f {file} statement.json
  ssh-keygen -Y verify -f claims/allowed_signers -I you@example.org -n gateproof -s statement.json.sig < statement.json"
    )]
    Unfit {
        key: String,
        /// Its file as a word of a shell, for the recipe.
        file: String,
        fault: DsseKeyError,
    },
    #[error(
        "no SSH agent has the key {key}; add it with `ssh-add`, or name the file of the private key"
    )]
    NotInAgent { key: String },
    #[error("the SSH agent's signature does not verify with the key {key}; nothing is printed")]
    Wrong { key: String },
    #[error("it is not a valid DSSE envelope: {0}")]
    Envelope(String),
}

/// An envelope as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DsseEnvelope {
    /// In base64.
    payload: String,
    payload_type: String,
    signatures: Vec<DsseSignature>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DsseSignature {
    /// A hint for those who have many keys; it is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    /// In base64.
    sig: String,
}

/// DSSE's pre-authentication encoding: what is signed. Lengths are in bytes.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

impl DsseEnvelope {
    /// Puts a payload into an envelope, signed with the signer's key. Without a signer it has no signature:
    /// then it is not an attestation yet.
    ///
    /// The user's agent signs if it has the key; otherwise a private key's file is given to an agent that
    /// ends at once.
    ///
    /// # Errors
    /// [`DsseError`].
    pub fn seal(
        payload_type: &str,
        payload: &[u8],
        signer: Option<&Signer>,
    ) -> Result<DsseEnvelope, DsseError> {
        let bytes = pae(payload_type, payload);
        let signature = signer.map(|signer| sign(&bytes, signer)).transpose()?;
        Ok(DsseEnvelope {
            payload: STANDARD.encode(payload),
            payload_type: payload_type.to_owned(),
            signatures: signature.into_iter().collect(),
        })
    }

    /// Reads an envelope in JSON. Fields that DSSE does not know are ignored, as it demands.
    ///
    /// # Errors
    /// [`DsseError::Envelope`].
    pub fn read(text: &[u8]) -> Result<DsseEnvelope, DsseError> {
        serde_json::from_slice(text).map_err(|error| DsseError::Envelope(error.to_string()))
    }

    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    pub fn signature_count(&self) -> usize {
        self.signatures.len()
    }

    /// The payload itself.
    ///
    /// # Errors
    /// [`DsseError::Envelope`] if it is not base64.
    pub fn payload(&self) -> Result<Vec<u8>, DsseError> {
        decode(&self.payload)
            .ok_or_else(|| DsseError::Envelope("its payload is not base64".to_owned()))
    }

    /// Those of the keys that signed the payload. The ids in the envelope are not asked: they are not
    /// signed.
    ///
    /// # Errors
    /// [`DsseError::Envelope`] if the payload is not base64.
    pub fn signed_by<'k>(&self, keys: &'k [DsseKey]) -> Result<Vec<&'k DsseKey>, DsseError> {
        let bytes = pae(&self.payload_type, &self.payload()?);
        let signatures = self.signatures.iter().filter_map(|it| decode(&it.sig));
        let signatures: Vec<Vec<u8>> = signatures.collect();
        let signed = |key: &&DsseKey| signatures.iter().any(|sig| key.made(sig, &bytes));
        Ok(keys.iter().filter(signed).collect())
    }
}

/// DSSE lets writers choose between the two alphabets.
fn decode(text: &str) -> Option<Vec<u8>> {
    let standard = STANDARD.decode(text);
    standard.or_else(|_| URL_SAFE.decode(text)).ok()
}

fn sign(bytes: &[u8], signer: &Signer) -> Result<DsseSignature, DsseError> {
    let named = signer.key();
    let (key, agent) = key_and_agent(signer, &named)?;
    let signature = agent.sign(&key.to_ssh(), bytes)?;
    // What another reader would refuse does not leave this program.
    let signature = key.signature(&signature).filter(|it| key.made(it, bytes));
    let signature = signature.ok_or(DsseError::Wrong { key: named })?;
    Ok(DsseSignature {
        keyid: Some(key.keyid()),
        sig: STANDARD.encode(signature),
    })
}

/// The key, and an agent that has it.
fn key_and_agent(signer: &Signer, named: &str) -> Result<(DsseKey, SshAgent), DsseError> {
    let unfit = |fault| match fault {
        DsseKeyError::Kind { .. } => DsseError::Unfit {
            key: named.to_owned(),
            file: signer.file().map_or_else(
                || "KEY.pub".to_owned(),
                |file| shell::quote(&file.display().to_string()),
            ),
            fault,
        },
        fault => DsseError::Key {
            key: named.to_owned(),
            fault,
        },
    };
    let source = Source::of(signer)?;
    let public = source.public.as_deref().map(DsseKey::from_line);
    let public = public.transpose().map_err(unfit)?;
    if let (Some(key), Some(agent)) = (&public, SshAgent::of_user()) {
        // An agent that is gone is no reason not to use the file.
        let keys = match (agent.keys(), &source.private) {
            (Err(_), Some(_)) => Vec::new(),
            (keys, _) => keys?,
        };
        if keys.contains(&key.to_ssh()) {
            return Ok((key.clone(), agent));
        }
    }
    let Some(file) = source.private else {
        let key = named.to_owned();
        return Err(DsseError::NotInAgent { key });
    };
    let agent = SshAgent::with(&file)?;
    // A certificate beside the key is listed as well.
    let mut keys = agent.keys()?.into_iter().map(|key| DsseKey::from_ssh(&key));
    let first = keys.next().unwrap_or(Err(DsseKeyError::Empty));
    let key = first.or_else(|fault| keys.find_map(Result::ok).ok_or(fault));
    Ok((key.map_err(unfit)?, agent))
}

/// Where a signer's key is.
struct Source {
    /// The public key, as a line.
    public: Option<String>,
    private: Option<PathBuf>,
}

impl Source {
    fn of(signer: &Signer) -> Result<Source, DsseError> {
        let Some(file) = signer.file() else {
            let public = signer.public().map(str::to_owned);
            let private = None;
            return Ok(Source { public, private });
        };
        let text = read(file)?;
        if text.trim_start().starts_with("-----BEGIN") {
            let mut public = file.as_os_str().to_owned();
            public.push(".pub");
            return Ok(Source {
                public: fs::read_to_string(public).ok(),
                private: Some(file.to_owned()),
            });
        }
        Ok(Source {
            public: Some(text),
            private: None,
        })
    }
}

/// The text of a file with a key.
///
/// # Errors
/// [`DsseError::ReadKey`].
fn read(path: &Path) -> Result<String, DsseError> {
    fs::read_to_string(path).map_err(|source| {
        let path = path.to_owned();
        DsseError::ReadKey { path, source }
    })
}

/// The public keys in a file; [`DsseKey::read_all`] has the forms.
///
/// # Errors
/// [`DsseError::ReadKey`], [`DsseError::Key`].
pub fn read_keys(path: &Path) -> Result<Vec<DsseKey>, DsseError> {
    DsseKey::read_all(&read(path)?).map_err(|fault| DsseError::Key {
        key: path.display().to_string(),
        fault,
    })
}
