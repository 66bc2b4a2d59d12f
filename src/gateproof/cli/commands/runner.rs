//! `gateproof runner`: the scripts that run on hosts.

use crate::cli::terminal;
use clap::Args;

use claim::outcome::ExitCode;

/// Print the scripts that gateproof runs on hosts, to read before you trust them
///
/// Reads no file. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  printed")]
pub(crate) struct RunnerOptions {}

pub(crate) fn runner() -> ExitCode {
    terminal::out(reach::host::runner_script());
    terminal::out("\n# --- the agent that undoes a disturbance on the host if we are gone ---\n\n");
    terminal::out(reach::undo::agent_script());
    ExitCode::Success
}
