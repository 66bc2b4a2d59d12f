//! `gateproof stand-in`: the quickstart's stand-in of a proxy host. See [`crate::stand_in`] for
//! why it is part of the program, and why `--help` does not show it.

use crate::cli::terminal;
use clap::{Args, Subcommand};

use claim::outcome::ExitCode;

/// The quickstart's stand-in of a proxy host, on loopback
#[derive(Clone, Debug, Args)]
#[command(hide = true)]
pub(crate) struct StandInOptions {
    #[command(subcommand)]
    command: StandInCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum StandInCommand {
    /// Serve the proxy and its control port until stopped
    Serve,
    /// Change the number of replicas: dashboard=0, proxy=1
    Scale {
        /// The address that `serve` printed after `control`
        #[arg(long)]
        control: String,
        /// NAME=REPLICAS
        change: String,
    },
    /// List the services with their replicas
    Ps {
        /// The address that `serve` printed after `control`
        #[arg(long)]
        control: String,
    },
}

pub(crate) async fn stand_in(options: StandInOptions) -> anyhow::Result<ExitCode> {
    let (control, args) = match options.command {
        StandInCommand::Serve => {
            crate::stand_in::serve(std::io::stdout()).await?;
            return Ok(ExitCode::Success);
        }
        StandInCommand::Scale { control, change } => (control, vec!["scale".to_owned(), change]),
        StandInCommand::Ps { control } => (control, vec!["ps".to_owned()]),
    };
    let output = crate::stand_in::command(&control, &args).await?;
    terminal::out(&output);
    Ok(ExitCode::Success)
}
