//! The `gateproof` program: reads the command line, runs, prints, and ends with an exit code
//! that tells the causes apart.

mod attest;
mod audit;
mod ci;
mod claim;
mod console;
mod diff;
mod inbox;
mod options;
mod review;
mod roles;
mod signing;
mod stand_in;
mod statement;
mod status;
mod undo;
mod verify;
mod veto;
mod watch;

use clap::Parser;

use ::claim::codes;
use ::claim::outcome::ExitCode;

use options::{Cli, Command};

/// Runs the program; its exit code tells the causes apart.
pub fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return options::refuse(&error),
    };
    let code = match cli.command {
        Command::Verify(options) => with_runtime(verify::verify(options)),
        Command::Claim(options) => with_runtime(claim::claim(options)),
        Command::Review(options) => with_runtime(review::review(options)),
        Command::Attest(options) => with_runtime(attest::attest(options)),
        Command::Diff(options) => with_runtime(diff::diff(options)),
        Command::Veto(options) => with_runtime(veto::veto(options)),
        Command::Lift(options) => with_runtime(veto::lift(options)),
        Command::Check(options) => verify::check(&options),
        Command::List(options) => verify::list(&options),
        Command::Status(options) => with_runtime(status::status(options)),
        Command::Done(options) => with_runtime(status::done(options)),
        Command::Audit(options) => with_runtime(audit::audit(options)),
        Command::Statement(options) => with_runtime(statement::statement(options)),
        Command::Explain { code } => explain(code.as_deref()),
        Command::Undo(options) => with_runtime(undo::undo(options)),
        Command::Ci(options) => with_runtime(ci::ci(*options)),
        Command::Watch(options) => with_runtime(watch::watch(options)),
        Command::Inbox(command) => with_runtime(inbox::inbox(command)),
        Command::Runner => {
            console::out(reach::host::runner_script());
            console::out("\n# --- what waits on a host to undo a disturbance without us ---\n\n");
            console::out(reach::undo::agent_script());
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
        for rule in crate::audit::rule::ALL {
            console::out(&format!("{}  {}\n", rule.code, rule.title));
        }
        for entry in codes::all() {
            console::out(&format!("{}  {}\n", entry.code.0, entry.title));
        }
        return ExitCode::Success;
    };
    if let Some(entry) = codes::find(text) {
        let body = console::wrap(entry.text, 88);
        console::out(&format!("{}  {}\n\n{body}\n", entry.code.0, entry.title));
        return ExitCode::Success;
    }
    if let Some(rule) = crate::audit::rule::find(text) {
        let body = console::wrap(rule.text, 88);
        console::out(&format!("{}  {}\n\n{body}\n", rule.code, rule.title));
        return ExitCode::Success;
    }
    console::err(&format!(
        "gateproof: `{text}` is not a known code; `gateproof explain` lists them all\n"
    ));
    ExitCode::Invalid
}
