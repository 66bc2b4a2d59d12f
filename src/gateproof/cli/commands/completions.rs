//! `gateproof completions`: what a shell needs to complete the command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::{Cli, terminal};
use claim::outcome::ExitCode;

/// Print the completions for a shell
///
/// Reads no file. Writes nothing: put what it prints where your shell looks for completions.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof completions bash > ~/.local/share/bash-completion/completions/gateproof
  gateproof completions zsh > ~/.zfunc/_gateproof
  gateproof completions fish > ~/.config/fish/completions/gateproof.fish

Exit codes:
  0  printed
  2  there is no such shell")]
pub(crate) struct CompletionsOptions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn completions(options: &CompletionsOptions) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "gateproof", &mut text);
    terminal::out(&String::from_utf8_lossy(&text));
    ExitCode::Success
}
