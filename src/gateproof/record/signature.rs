//! Checking signatures: whether one is intact, whose it is, and whether that person may sign.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::sign::{NAMESPACE, SignError};
use kit::git;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedSigners {
    /// A file as `ssh-keygen(1)` describes under ALLOWED SIGNERS.
    pub file: PathBuf,
    /// Keys that were revoked: a file of public keys, or a KRL.
    pub revoked: Option<PathBuf>,
}

/// Whether a signature belongs to its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureResult {
    Good,
    /// It belongs to other bytes, or is not a signature.
    Broken {
        message: String,
    },
}

/// Whether the signature is that of `principal` over `bytes`, and was allowed at that time.
///
/// # Errors
/// [`SignError`] when it could not be checked.
pub fn allows(
    bytes: &[u8],
    signature: &Path,
    allowed: &AllowedSigners,
    principal: &str,
    at: DateTime<Utc>,
) -> Result<bool, SignError> {
    // Without a zone and in UTC: releases before 9.1 do not know `Z`.
    let time = format!("-Overify-time={}", at.format("%Y%m%d%H%M%S"));
    let mut command = keygen("verify", signature);
    command.arg(&time).args(["-n", NAMESPACE, "-I", principal]);
    command.arg("-f").arg(&allowed.file);
    if let Some(revoked) = &allowed.revoked {
        command.arg("-r").arg(revoked);
    }
    Ok(run(&mut command, Some(bytes))?.0)
}

/// Whether the signature belongs to the bytes, whoever made it: [`SignatureResult::Good`] or
/// [`SignatureResult::Broken`].
///
/// # Errors
/// [`SignError`] when it could not be checked.
pub fn intact(bytes: &[u8], signature: &Path) -> Result<SignatureResult, SignError> {
    let broken = |message: &str| SignatureResult::Broken {
        message: message.to_owned(),
    };
    let armored = match std::fs::read(signature) {
        Ok(armored) => armored,
        Err(error) => return Ok(broken(&error.to_string())),
    };
    if let Err(message) = unarmored(&armored) {
        return Ok(broken(message));
    }
    let mut command = keygen("check-novalidate", signature);
    let (good, message) = run(command.args(["-n", NAMESPACE]), Some(bytes))?;
    Ok(if good {
        SignatureResult::Good
    } else {
        broken(&message)
    })
}

/// The bytes of an armored signature. Only the form that `ssh-keygen` writes is accepted, so that no
/// byte of the file can be changed unnoticed.
fn unarmored(armored: &[u8]) -> Result<Vec<u8>, &'static str> {
    let text = std::str::from_utf8(armored).map_err(|_| "it is not text")?;
    let body = text
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_prefix('\n'))
        .and_then(|rest| rest.strip_suffix('\n'))
        .and_then(|rest| rest.strip_suffix(END))
        .and_then(|rest| rest.strip_suffix('\n'))
        .ok_or("it does not stand between the lines of an SSH signature and nothing else")?;
    let lines: Vec<&str> = body.split('\n').collect();
    let width = lines[0].len();
    let (last, full) = lines.split_last().ok_or("it is empty")?;
    if full.iter().any(|line| line.len() != width) || last.is_empty() || last.len() > width {
        return Err("its lines are not of one width");
    }
    STANDARD
        .decode(lines.concat())
        .map_err(|_| "it is not base64")
}

/// The public key that made an armored signature, in the form of `PROTOCOL.sshsig`.
///
/// # Errors
/// Why it is not a signature in the one form that `ssh-keygen` writes.
pub fn key(armored: &[u8]) -> Result<Vec<u8>, String> {
    let blob = unarmored(armored)?;
    // Six bytes of magic, four of version, then the public key as a string.
    let key = blob.strip_prefix(b"SSHSIG").and_then(|rest| {
        let (length, rest) = rest.get(4..)?.split_first_chunk::<4>()?;
        rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)
    });
    key.map(<[u8]>::to_vec)
        .ok_or_else(|| "it has no public key".to_owned())
}

/// The fingerprint of a public key, as `ssh-keygen -l` shows it.
pub fn fingerprint(key: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key)))
}

fn keygen(act: &str, signature: &Path) -> Command {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", act, "-s"]).arg(signature);
    command.env("TZ", "UTC").env("LC_ALL", "C");
    command
}

/// Whether it succeeded, and what it printed.
fn run(command: &mut Command, input: Option<&[u8]>) -> Result<(bool, String), SignError> {
    let output = git::feed(command, input).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => SignError::NoProgram {
            program: "ssh-keygen".to_owned(),
        },
        _ => SignError::Io {
            program: "ssh-keygen".to_owned(),
            source,
        },
    })?;
    let good = output.status.success();
    let message = if good {
        output.stdout
    } else {
        [output.stderr, output.stdout].concat()
    };
    let message = String::from_utf8_lossy(&message).trim().to_owned();
    Ok((good, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARMORED: &str =
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAA\nAQAAAANhYmM=\n-----END SSH SIGNATURE-----\n";

    #[test]
    fn only_the_one_form_of_the_armor_is_taken() {
        assert_eq!(
            unarmored(ARMORED.as_bytes()).unwrap(),
            b"SSHSIG\0\0\0\x01\0\0\0\x03abc"
        );
        for other in [
            ARMORED.replace("AAAA\n", "AAAA\r\n"),
            ARMORED.replace("AAAA\nAQ", "AAAAAQ").replace("lH", "lH\n"),
            ARMORED.replace("YmM=", "YmN="),
            format!("{ARMORED}\n"),
            format!(" {ARMORED}"),
            ARMORED.trim_end().to_owned(),
            String::new(),
        ] {
            assert!(unarmored(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn the_fingerprint_is_that_of_the_key_in_the_signature() {
        // printf abc | sha256sum | xxd -r -p | base64
        assert_eq!(
            fingerprint(&key(ARMORED.as_bytes()).unwrap()),
            "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0"
        );
        assert!(key(b"").is_err());
    }
}
