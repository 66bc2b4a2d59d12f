//! `gateproof statement`: a record as an in-toto Statement, and whether one is signed.

use crate::cli::terminal;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::Value;

use crate::dsse::{self, DsseEnvelope};
use crate::report::statement::{self, PAYLOAD_TYPE};
use claim::outcome::ExitCode;

use crate::cli::claims::current_folder;
use crate::cli::options::SigningOptions;
use crate::cli::stored;

/// Print a record as an in-toto Statement in a DSSE envelope, or verify one
///
/// The signature is the raw one that DSSE asks for, by an ed25519 or ECDSA P-256 key in your SSH agent or in
/// a file. Reads the record and the records of its phase, or the envelope. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  printed; without a signing key the envelope has no signature
  1  --verify: none of the keys signed it
  3  there is no such record, it is damaged or not about a commit, the key signs no envelope, or the
     envelope or key cannot be read")]
pub(crate) struct StatementOptions {
    /// The id of the run, or the file of its record
    #[arg(required_unless_present = "verify", conflicts_with = "verify")]
    run: Option<String>,
    /// Print the Statement itself, without an envelope and unsigned
    #[arg(long, conflicts_with = "verify")]
    bare: bool,
    /// Print the Statement of this envelope if one of the keys of --key signed it
    #[arg(long, value_name = "FILE", requires = "keys")]
    verify: Option<PathBuf>,
    /// A file of public keys for --verify: lines of SSH, or one key in PEM
    #[arg(long = "key", value_name = "FILE", requires = "verify")]
    keys: Option<PathBuf>,
    #[command(flatten)]
    signing: SigningOptions,
    /// Where records are (default: reports/ of the current folder)
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

pub(crate) fn statement(options: &StatementOptions) -> anyhow::Result<ExitCode> {
    if let (Some(envelope), Some(keys)) = (&options.verify, &options.keys) {
        return verify(envelope, keys);
    }
    let run = options.run.as_deref().unwrap_or_default();
    let stored = stored::find(run, options.reports.as_deref())?;
    let statement = statement::statement(&stored.record, &stored.link)?;
    if options.bare {
        terminal::out(&format!("{statement:#}\n"));
        return Ok(ExitCode::Success);
    }
    let signer = options.signing.signer(true, &current_folder()?)?;
    let payload = statement.to_string();
    let envelope = DsseEnvelope::seal(PAYLOAD_TYPE, payload.as_bytes(), signer.as_ref())?;
    if signer.is_none() {
        terminal::err("the envelope has no signature; sign it with --sign KEY\n");
    }
    terminal::out(&format!("{}\n", serde_json::to_string_pretty(&envelope)?));
    Ok(ExitCode::Success)
}

/// Prints what was verified, and nothing else, on standard output.
fn verify(file: &Path, keys: &Path) -> anyhow::Result<ExitCode> {
    let keys = dsse::read_keys(keys)?;
    let named = file.display();
    let text = std::fs::read(file).with_context(|| format!("read the envelope {named}"))?;
    let envelope = DsseEnvelope::read(&text).with_context(|| named.to_string())?;
    let signed_by = envelope
        .signed_by(&keys)
        .with_context(|| named.to_string())?;
    if signed_by.is_empty() {
        terminal::err(&match envelope.signature_count() {
            0 => format!("{named}: the envelope has no signature\n"),
            count => format!("{named}: none of the keys made a signature in it ({count} there)\n"),
        });
        return Ok(ExitCode::Failed);
    }
    let kind = envelope.payload_type();
    if kind != PAYLOAD_TYPE {
        bail!("{named}: its payload has the type {kind:?}, and a Statement has {PAYLOAD_TYPE}");
    }
    let statement: Value = serde_json::from_slice(&envelope.payload()?)
        .with_context(|| format!("{named}: its payload is not a Statement"))?;
    for key in signed_by {
        let key = key.fingerprint();
        terminal::err(&format!("{named}: good signature by the key {key}\n"));
    }
    terminal::out(&format!("{statement:#}\n"));
    Ok(ExitCode::Success)
}
