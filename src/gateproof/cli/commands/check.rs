//! `gateproof check`: what is wrong with claim files.

use crate::cli::terminal;
use clap::Args;

use claim::outcome::ExitCode;
use kit::count::count;

use crate::cli::claims::load;
use crate::cli::options::FileOptions;

/// Check claim files and show every error, without running anything
///
/// Reads the claim files. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  every file is valid
  2  a file is wrong; every error was printed with its place and its code")]
pub(crate) struct CheckOptions {
    #[command(flatten)]
    files: FileOptions,
}

pub(crate) fn check(options: &CheckOptions) -> ExitCode {
    let Some(files) = load(&options.files) else {
        return ExitCode::Invalid;
    };
    for file in &files {
        let checks: usize = file.gates.iter().map(|gate| gate.checks.len()).sum();
        terminal::out(&format!(
            "{}: {}, {}\n",
            file.source.path.display(),
            count(file.gates.len(), "gate"),
            count(checks, "check")
        ));
    }
    ExitCode::Success
}
