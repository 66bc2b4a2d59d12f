//! `gateproof audit`: are the records what was recorded?

use crate::cli::terminal;
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

use crate::audit::{self, AuditRequest};
use claim::outcome::ExitCode;

use crate::cli::claims::current_folder;
use crate::cli::options::ListingFormat;

/// Check the records against each other, their signatures, git history and the documents
///
/// Reads reports/, the documents and the git history of the current repository. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof audit
  gateproof audit demo --require-signatures

Exit codes:
  0  clean
  1  something is wrong; `gateproof explain CODE` explains each finding
  3  nothing, or not everything, could be audited")]
pub(crate) struct AuditOptions {
    /// Audit only this phase
    phase: Option<String>,
    /// What to print on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: ListingFormat,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Make an unsigned record a finding
    #[arg(long)]
    require_signatures: bool,
    /// Who may sign (default: claims/allowed_signers, else git's gpg.ssh.allowedSignersFile)
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,
    /// Where records are (default: reports/ of the repository)
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
    /// A folder of documents, besides those that the records name (repeatable)
    #[arg(long, value_name = "DIR")]
    docs: Vec<PathBuf>,
}

pub(crate) fn audit(options: AuditOptions) -> anyhow::Result<ExitCode> {
    let audit = audit::audit(&AuditRequest {
        folder: current_folder()?,
        reports: options.reports,
        docs: options.docs,
        phase: options.phase,
        require_signatures: options.require_signatures,
        allowed_signers: options.allowed_signers,
        now: Utc::now(),
    })?;
    if options.json || options.format == ListingFormat::Json {
        terminal::out(&format!("{}\n", serde_json::to_string_pretty(&audit)?));
    } else {
        terminal::out(&audit::text(&audit));
    }
    Ok(if !audit.findings.is_empty() {
        ExitCode::Failed
    } else if !audit.unchecked.is_empty() {
        ExitCode::CouldNotCheck
    } else {
        ExitCode::Success
    })
}
