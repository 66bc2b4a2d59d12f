//! `gateproof man`: the manual pages.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::Man;

use crate::cli::{Cli, terminal};
use claim::outcome::ExitCode;

/// Print the manual page, or write the pages of all commands into a folder
///
/// Reads no file. Writes the pages into the folder of --into, one a command.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof man | man -l -
  gateproof man --into ~/.local/share/man/man1

Exit codes:
  0  printed or written
  3  a page could not be written")]
pub(crate) struct ManOptions {
    /// Write a page for each command into this folder, which is made if it is missing
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

pub(crate) fn man(options: &ManOptions) -> anyhow::Result<ExitCode> {
    let Some(folder) = &options.into else {
        let mut text = Vec::new();
        Man::new(Cli::command()).render(&mut text)?;
        terminal::out(&String::from_utf8_lossy(&text));
        return Ok(ExitCode::Success);
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("make the folder {}", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("write the pages into {}", folder.display()))?;
    Ok(ExitCode::Success)
}
