//! The command line. `commands/` has a file for each command with its options and its help;
//! what several commands need is beside it. Only this room prints.

mod accept;
mod claims;
mod cold;
mod commands;
mod failed;
mod gate_state;
mod inboxes;
mod live;
mod options;
mod progress;
mod publish;
mod review_document;
mod runs;
mod signing;
mod softening;
mod store;
mod stored;
mod terminal;
mod watched;

use clap::Parser;

use claim::outcome::ExitCode;

use options::RUN_EXIT_CODES;

/// Claims as code: run them, distrust them, record the results.
#[derive(Debug, Parser)]
#[command(name = "gateproof", version, after_help = RUN_EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

/// Runs the program. Its exit code tells the causes of failure apart.
pub fn main() -> std::process::ExitCode {
    crate::secrets::learn_arguments(std::env::args_os());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version end here, too. A closed terminal changes nothing.
            terminal::usage(&error);
            return u8::try_from(error.exit_code()).unwrap_or(2).into();
        }
    };
    let ended = kit::runtime::block_on(cli.command.work()).map_err(anyhow::Error::from);
    let code = ended.and_then(|ended| ended).unwrap_or_else(|error| {
        progress::report_error(&*error);
        // What could not even begin could not be checked.
        ExitCode::CouldNotCheck
    });
    (code as u8).into()
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    /// clap checks its own rules only when a command line is parsed, and then only in debug
    /// builds.
    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_reads_and_writes_and_how_it_ends() {
        fn check(command: &clap::Command, path: &str) {
            let leaf = command.get_subcommands().next().is_none();
            if leaf && !command.is_hide_set() {
                let about = command.get_long_about().or_else(|| command.get_about());
                let about = about.map(ToString::to_string).unwrap_or_default();
                for word in ["Reads", "Writes"] {
                    assert!(about.contains(word), "{path}: {about}");
                }
                let after = command.get_after_help().map(ToString::to_string);
                let after = after.unwrap_or_default();
                assert!(after.contains("Exit codes:"), "{path}: {after}");
            }
            for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
                check(sub, &format!("{path} {}", sub.get_name()));
            }
        }
        check(&Cli::command(), "gateproof");
    }
}
