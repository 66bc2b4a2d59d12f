//! `gateproof statement`: a record as an in-toto Statement.

use crate::cli::terminal;
use std::path::PathBuf;

use clap::Args;

use crate::report::statement;
use claim::outcome::ExitCode;

use crate::cli::claims::current_folder;
use crate::cli::options::SigningOptions;
use crate::cli::stored;

/// Print a record as an in-toto Statement in a DSSE envelope
///
/// Reads the record and the records of its phase. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  printed; without a signing key the envelope has no signature
  3  there is no such record, it is damaged, or it is not about a commit")]
pub(crate) struct StatementOptions {
    /// The id of the run, or the file of its record
    run: String,
    /// Print the Statement itself, without an envelope and unsigned
    #[arg(long)]
    bare: bool,
    #[command(flatten)]
    signing: SigningOptions,
    /// Where records are (default: reports/ of the current folder)
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

pub(crate) fn statement(options: &StatementOptions) -> anyhow::Result<ExitCode> {
    let stored = stored::find(&options.run, options.reports.as_deref())?;
    let statement = statement::statement(&stored.record, &stored.link)?;
    if options.bare {
        terminal::out(&format!("{statement:#}\n"));
        return Ok(ExitCode::Success);
    }
    let signer = options.signing.signer(true, &current_folder()?)?;
    let envelope = statement::envelope(&statement, signer.as_ref())?;
    if signer.is_none() {
        terminal::err("the envelope has no signature; sign it with --sign KEY\n");
    }
    terminal::out(&format!("{envelope:#}\n"));
    Ok(ExitCode::Success)
}
