//! What shells and `man` know of the command line. No app file is read for it.

use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::options::Cli;

/// The completions for a shell.
pub(super) fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "warm-reconcile", &mut text);
    text
}

/// The manual page.
pub(super) fn manual() -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    Man::new(Cli::command()).render(&mut text)?;
    Ok(text)
}

/// Writes a manual page for each command into a folder, which is made if it is missing.
pub(super) fn manuals(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("make the folder {}", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("write the pages into {}", folder.display()))
}
