//! `gateproof list`: the checks of claim files.

use crate::cli::terminal;
use clap::Args;

use claim::Check;
use claim::outcome::ExitCode;

use crate::cli::claims::load;
use crate::cli::options::FileOptions;

/// List the gates and checks of claim files, without running anything
///
/// Reads the claim files. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  every file is valid
  2  a file is wrong")]
pub(crate) struct ListOptions {
    #[command(flatten)]
    files: FileOptions,
}

pub(crate) fn list(options: &ListOptions) -> ExitCode {
    let Some(files) = load(&options.files) else {
        return ExitCode::Invalid;
    };
    for file in &files {
        terminal::out(&format!("{}\n", file.source.path.display()));
        for gate in &file.gates {
            terminal::out(&format!("  {}  {}\n", gate.id, gate.title));
            for check in &gate.checks {
                terminal::out(&line(check));
            }
        }
    }
    ExitCode::Success
}

fn line(check: &Check) -> String {
    let with = if check.with.is_empty() {
        String::new()
    } else {
        format!(", with {}", check.with.join(", "))
    };
    let place = check.on.name();
    format!("    {:<28} {} (on {place}{with})\n", check.id, check.claim)
}
