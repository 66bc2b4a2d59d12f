//! `gateproof audit`: are the records what was recorded?

use std::path::PathBuf;

use anyhow::Context;
use chrono::Utc;
use clap::Args;

use crate::audit::{self, AuditRequest};
use claim::outcome::ExitCode;

use crate::cli::console;

pub(crate) const EXIT_CODES: &str = "Exit codes:
  0  clean
  1  something is not as it should be; `gateproof explain CODE` tells more
  3  nothing, or not everything, could be audited";

#[derive(Clone, Debug, Args)]
pub(crate) struct AuditOptions {
    /// One phase; all of them without it
    phase: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// An unsigned record is a finding
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

pub(crate) async fn audit(options: AuditOptions) -> anyhow::Result<ExitCode> {
    let audit = audit::audit(&AuditRequest {
        folder: std::env::current_dir().context("find the current folder")?,
        reports: options.reports,
        docs: options.docs,
        phase: options.phase,
        require_signatures: options.require_signatures,
        allowed_signers: options.allowed_signers,
        now: Utc::now(),
    })?;
    match options.json {
        true => console::out(&format!("{}\n", serde_json::to_string_pretty(&audit)?)),
        false => console::out(&audit::text(&audit)),
    }
    Ok(
        match (audit.findings.is_empty(), audit.unchecked.is_empty()) {
            (false, _) => ExitCode::Failed,
            (true, false) => ExitCode::CouldNotCheck,
            (true, true) => ExitCode::Success,
        },
    )
}
