//! The `gateproof` program: reads the command line, runs, prints, and ends with an exit code
//! that tells the causes apart.

mod cli;
mod console;
mod stand_in;
mod undo;
mod verify;

use clap::Parser;

use gateproof::claim::codes::{ALL, Code};
use gateproof::outcome::ExitCode;

use cli::{Cli, Command};

fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::refuse(&error),
    };
    let code = match cli.command {
        Command::Verify(options) => with_runtime(verify::verify(options)),
        Command::Check(options) => verify::check(&options),
        Command::List(options) => verify::list(&options),
        Command::Explain { code } => explain(code.as_deref()),
        Command::Undo(options) => with_runtime(undo::undo(options)),
        Command::Runner => {
            console::out(gateproof::host::runner_script());
            console::out("\n# --- what waits on a host to undo a disturbance without us ---\n\n");
            console::out(gateproof::undo::agent_script());
            ExitCode::Success
        }
        Command::StandIn(command) => with_runtime(stand_in::stand_in(command)),
    };
    std::process::ExitCode::from(code as u8)
}

/// Runs a future to its end; what could not even begin could not be checked.
fn with_runtime(future: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let result = runtime.block_on(future);
            // Nothing that still waits for a blocking call may keep the program from ending.
            runtime.shutdown_background();
            result
        });
    result.unwrap_or_else(|error| {
        console::err(&format!("gateproof: {error:#}\n"));
        ExitCode::CouldNotCheck
    })
}

fn explain(code: Option<&str>) -> ExitCode {
    let Some(text) = code else {
        for entry in ALL {
            console::out(&format!("{}  {}\n", entry.code.0, entry.title));
        }
        return ExitCode::Success;
    };
    if let Some(entry) = Code::find(text) {
        let body = console::wrap(entry.text, 88);
        console::out(&format!("{}  {}\n\n{body}\n", entry.code.0, entry.title));
        return ExitCode::Success;
    }
    console::err(&format!(
        "gateproof: `{text}` is no code; `gateproof explain` lists them all\n"
    ));
    ExitCode::Invalid
}
