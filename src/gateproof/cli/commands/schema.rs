//! `gateproof schema`: the JSON Schema of a format.

use clap::{Args, ValueEnum};

use crate::cli::terminal;
use claim::outcome::ExitCode;

/// Print the JSON Schema of claim files
///
/// For editors and validators. Reads no file. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof schema > claim.schema.json

In a claim file, for editors with a YAML language server:
  # yaml-language-server: $schema=../claim.schema.json

Exit codes:
  0  printed
  2  there is no such schema")]
pub(crate) struct SchemaOptions {
    /// The format
    #[arg(value_enum, default_value_t = Format::Claim)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Claim files
    Claim,
}

pub(crate) fn schema(options: &SchemaOptions) -> ExitCode {
    let schema = match options.format {
        Format::Claim => claim::read::schema(),
    };
    terminal::out(&format!("{schema:#}\n"));
    ExitCode::Success
}
