//! `gateproof check`: what is wrong with claim files.

use crate::cli::terminal;
use clap::Args;

use claim::Check;
use claim::outcome::ExitCode;
use claim::teeth::{proposed_control, unwitnessed};
use kit::count::count;

use crate::cli::claims::load;
use crate::cli::options::FileOptions;

/// Check claim files and show every error, without running anything
///
/// Reads the claim files. Writes nothing. Says beside each file which of its checks pass also where nothing
/// is found, with a control that would show it, and what is waived.
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
        for gate in &file.gates {
            for check in &gate.checks {
                for line in remarks(check) {
                    terminal::out(&format!("  {} {}: {line}\n", gate.id, check.id));
                }
            }
        }
    }
    ExitCode::Success
}

/// What the words of a check tell of its teeth: that nothing shows that it looks in the right place, with a
/// control that would, and what is waived of it.
fn remarks(check: &Check) -> Vec<String> {
    let toothless = unwitnessed(check, &check.scope).filter(|_| check.skip.is_none());
    let toothless = toothless.map(|why| {
        let control = proposed_control(check).map(|control| format!("; for example `{control}`"));
        format!("toothless: {why}{}", control.unwrap_or_default())
    });
    let teeth = check.teeth_waived.iter().map(|waiver| ("teeth", waiver));
    let waived = check.waived.iter().map(|(code, waiver)| (*code, waiver));
    let waived = teeth.chain(waived);
    let waived =
        waived.map(|(of, waiver)| format!("{of} waived until {}: {}", waiver.until, waiver.reason));
    toothless.into_iter().chain(waived).collect()
}
