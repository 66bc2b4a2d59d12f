//! `gateproof list`: the checks of claim files.

use crate::cli::terminal;
use clap::Args;

use claim::outcome::ExitCode;
use claim::{Check, Gate};

use crate::cli::claims::load;
use crate::cli::options::FileOptions;

/// List the gates and checks of claim files, without running anything
///
/// An arrow leads to what must have passed before: `after:` of a gate, `needs:` of a check. Reads the
/// claim files. Writes nothing.
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
            terminal::out(&format!("  {}  {}{}\n", gate.id, gate.title, around(gate)));
            for check in &gate.checks {
                terminal::out(&line(check));
            }
        }
    }
    ExitCode::Success
}

/// What a gate waits for, and whose work it is.
fn around(gate: &Gate) -> String {
    let after = match gate.after.as_slice() {
        [] => String::new(),
        gates => format!(" ← {}", gates.join(", ")),
    };
    let owner = gate.owner.as_ref();
    let owner = owner.map_or_else(String::new, |owner| format!(" (owner: {owner})"));
    after + &owner
}

fn line(check: &Check) -> String {
    let with = if check.with.is_empty() {
        String::new()
    } else {
        format!(", with {}", check.with.join(", "))
    };
    let place = check.on.name();
    let needs = match check.needs.as_slice() {
        [] => String::new(),
        needs => format!(" ← {}", needs.join(", ")),
    };
    format!(
        "    {:<28} {} (on {place}{with}){needs}\n",
        check.id, check.claim
    )
}
