//! Signing with the user's SSH key, in OpenSSH's own signature format (`PROTOCOL.sshsig`).
//!
//! The user's own `ssh-keygen -Y sign` does it, asked in the same way as git asks it for signed
//! commits: agents, hardware keys, passphrases, certificates and `gpg.ssh.program` work as they do
//! for commits.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use kit::git::{self, GitError};

/// The namespace of our signatures: a signature made for another purpose does not count.
pub const NAMESPACE: &str = "gateproof";

/// Why something could not be signed, or a signature could not be checked.
#[derive(Debug, Error)]
pub enum SignError {
    #[error(
        "there is no signing key `{key}`: {source}; name the file of a private key, or of a public key whose private part is in the agent"
    )]
    NoKey {
        /// The key, as it was named.
        key: String,
        source: io::Error,
    },
    #[error("`{program}` is not installed, or not in the PATH; it comes with OpenSSH")]
    NoProgram { program: String },
    #[error("`{program} -Y {act}` with the key {key} failed: {message}")]
    Refused {
        program: String,
        /// `sign`, `verify` …
        act: &'static str,
        /// The key, or the file of allowed signers.
        key: String,
        message: String,
    },
    #[error("cannot hand the text to be signed over to `{program}`: {source}")]
    Io { program: String, source: io::Error },
    #[error(transparent)]
    Git(#[from] GitError),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    key: Key,
    program: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    /// A file with a private key, or with a public one whose private part is in the agent.
    File(PathBuf),
    /// A public key in words; its private part is in the agent.
    Public(String),
}

impl Signer {
    /// Signs with a key: the file of a private key, the file of a public key or the public key
    /// itself (`ssh-ed25519 AAAA…`, as git takes it) when the private part is in the agent.
    ///
    /// # Errors
    /// [`SignError::NoKey`].
    pub fn with_key(key: &str) -> Result<Signer, SignError> {
        Signer::new(key, PathBuf::from("ssh-keygen"))
    }

    /// Signs as git would sign in that folder: `user.signingkey`, where `gpg.format` is `ssh`.
    /// `None` where it is not, or where there is no key.
    ///
    /// # Errors
    /// [`SignError::NoKey`], [`SignError::Git`].
    pub fn from_git(folder: &Path) -> Result<Option<Signer>, SignError> {
        let ask = |words: &[&str]| git::line(folder, &[&["config"], words].concat());
        if ask(&["gpg.format"])?.as_deref() != Some("ssh") {
            return Ok(None);
        }
        // As a path, so that git expands a leading `~`.
        let Some(key) = ask(&["--type=path", "user.signingkey"])? else {
            return Ok(None);
        };
        let program = ask(&["--type=path", "gpg.ssh.program"])?;
        let program = program.unwrap_or_else(|| "ssh-keygen".to_owned());
        // git reads a relative name from the top of the working tree.
        let key = if key.starts_with("ssh-") || key.starts_with("key::") {
            key
        } else {
            folder.join(key).display().to_string()
        };
        Signer::new(&key, PathBuf::from(program)).map(Some)
    }

    fn new(key: &str, program: PathBuf) -> Result<Signer, SignError> {
        let public = key.strip_prefix("key::");
        if let Some(public) = public.or_else(|| key.starts_with("ssh-").then_some(key)) {
            let key = Key::Public(public.to_owned());
            return Ok(Signer { key, program });
        }
        match fs::metadata(key) {
            Ok(_) => Ok(Signer {
                // ssh-keygen is run in another folder.
                key: Key::File(std::path::absolute(key).unwrap_or_else(|_| key.into())),
                program,
            }),
            Err(source) => Err(SignError::NoKey {
                key: key.to_owned(),
                source,
            }),
        }
    }

    /// The key, as a person knows it.
    pub fn key(&self) -> String {
        match &self.key {
            Key::File(path) => path.display().to_string(),
            Key::Public(key) => key.split_whitespace().take(2).collect::<Vec<_>>().join(" "),
        }
    }

    /// The file of the key, private or public, unless the key is given in words.
    pub fn file(&self) -> Option<&Path> {
        match &self.key {
            Key::File(path) => Some(path),
            Key::Public(_) => None,
        }
    }

    /// The public key, if it is given in words.
    pub fn public(&self) -> Option<&str> {
        match &self.key {
            Key::File(_) => None,
            Key::Public(key) => Some(key),
        }
    }

    /// The armored signature of the bytes in [`NAMESPACE`].
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SignError> {
        let program = self.program.display().to_string();
        let io = |source| SignError::Io {
            program: program.clone(),
            source,
        };
        let folder = tempfile::Builder::new()
            .prefix("gateproof-sign-")
            .tempdir()
            .map_err(io)?;
        let text = folder.path().join("record");
        fs::write(&text, bytes).map_err(io)?;
        let mut command = Command::new(&self.program);
        command.args(["-Y", "sign", "-n", NAMESPACE, "-f"]);
        match &self.key {
            Key::File(path) => command.arg(path),
            Key::Public(key) => {
                let file = folder.path().join("key.pub");
                fs::write(&file, format!("{key}\n")).map_err(io)?;
                command.arg(file).arg("-U")
            }
        };
        // A passphrase is asked for on the terminal itself, not on standard input.
        let output = git::feed(command.arg(&text), None).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SignError::NoProgram {
                program: program.clone(),
            },
            _ => io(error),
        })?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(SignError::Refused {
                program,
                act: "sign",
                key: self.key(),
                message: if message.is_empty() {
                    output.status.to_string()
                } else {
                    message
                },
            });
        }
        fs::read(folder.path().join("record.sig")).map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_there_is_refused_before_anything_is_signed() {
        let error = Signer::with_key("no/such/key").unwrap_err();
        assert!(matches!(error, SignError::NoKey { .. }), "{error}");
    }

    #[test]
    fn a_public_key_in_words_is_taken_as_git_takes_it() {
        for text in ["ssh-ed25519 AAAA me@here", "key::ssh-ed25519 AAAA me@here"] {
            assert_eq!(Signer::with_key(text).unwrap().key(), "ssh-ed25519 AAAA");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        fs::write(&key, "").unwrap();
        let program = folder.path().join("ssh-keygen-of-nobody");
        let signer = Signer::new(&key.display().to_string(), program).unwrap();
        let error = signer.sign(b"text").unwrap_err();
        assert!(matches!(error, SignError::NoProgram { .. }), "{error}");
    }
}
