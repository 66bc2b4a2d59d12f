//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::Version;

const EXIT_CODES: &str = "Exit codes:
  0   current or upgraded, and healthy
  1   probe: no answer, or a broken one
  2   the command line or the app file is invalid; nothing was done
  10  held: an upgrade waits for a person
  20  rolled back: the version before runs, healthy
  30  degraded: not healthy, or refused
  40  not decided, or not finished; run it again";

/// The health-gated deployer for Docker Swarm apps.
///
/// `warm-reconcile APP` is short for `warm-reconcile run APP`.
#[derive(Debug, Parser)]
#[command(name = "warm-reconcile", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// The app file (default: /etc/warm-reconcile/apps.yaml where it exists)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Asked,
}

/// What is asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    #[command(flatten)]
    Of(Command),
    #[command(flatten)]
    Page(PageCommand),
}

/// What the command line itself answers; no app file is read for it.
#[derive(Debug, Subcommand)]
pub(crate) enum PageCommand {
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write the pages of all commands into a folder
    Man {
        /// Write a page for each command into this folder, which is made if it is missing
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring an app to its newest version, healthy, or back to the one before
    Run {
        /// The app
        app: String,
        /// Carry out this plan, unless something has changed since it was made
        #[arg(long, value_name = "FILE", conflicts_with = "converge")]
        plan: Option<PathBuf>,
        /// Deploy the running version again when its tag or environment has changed
        #[arg(long)]
        converge: bool,
    },
    /// Show what `run` would do; writes nothing but the tags that it fetches
    Plan {
        /// The app
        app: String,
        /// Plan for `run --converge`
        #[arg(long)]
        converge: bool,
    },
    /// Go back to the version that was healthy before, and put the running one into quarantine
    Rollback {
        /// The app
        app: String,
    },
    /// Finish a run that was interrupted, and begin nothing new
    Resume {
        /// The app
        app: String,
        /// Try a rollback that failed once more, with all its tries
        ///
        /// A failed rollback is not repeated automatically: each try takes the app down and
        /// restores its data again, and only a person can say that the cause (a full disk, a
        /// container on the volume, a lost image) is gone. The data on the volumes is set aside
        /// first.
        #[arg(long)]
        again: bool,
    },
    /// List, verify or rehearse the snapshots of a stateful app's volumes
    Snapshot {
        /// The app
        app: String,
        #[command(subcommand)]
        what: Option<SnapshotCommand>,
    },
    /// Print an app's settings
    Spec {
        /// The app
        app: String,
    },
    /// Send one probe; prints the status, 999 for no answer, or broken for one that cannot be read
    Probe {
        /// An app, probed as its gate does it, or any URL
        #[arg(value_name = "APP|URL")]
        target: String,
        /// Connect to this address in place of what the URL's host resolves to
        #[arg(long)]
        resolve: Option<String>,
        /// Accept any certificate
        #[arg(long)]
        insecure: bool,
        /// The deadline of the probe
        #[arg(long, default_value = "10s", value_parser = humantime::parse_duration)]
        timeout: Duration,
    },
    /// Show that an app's gate passes the right version and nothing else
    ProveGate {
        /// The app
        app: String,
        /// The version to be accepted
        #[arg(long, default_value = "5.1.1+v3.6.15", value_parser = version)]
        version: Version,
        /// Keep the proof: the gate counts as armed until its settings or the program change
        #[arg(long)]
        arm: bool,
    },
    /// Check whether the health probe depends on a unit that starts after this app's own
    CheckOrder {
        /// The app
        app: String,
        /// Folders of unit files, the one with the highest priority first
        #[arg(long, value_name = "DIR", default_values = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"])]
        units: Vec<PathBuf>,
        /// Read the output of `systemctl show '*'` from this file instead of unit files
        #[arg(long, value_name = "FILE", conflicts_with = "units")]
        show: Option<PathBuf>,
    },
    /// Check what the app's driver takes for granted of its tools and of this host; reads only
    CheckDriver {
        /// The app
        app: String,
    },
    /// List the unseen alerts, or show and archive alerts
    Alerts {
        #[command(subcommand)]
        what: Option<AlertCommand>,
    },
    /// Hold an app: leave it as it is until it is released
    Hold {
        /// The app
        app: String,
        /// The reason, for others
        reason: String,
    },
    /// Release a held app, or a version from quarantine
    Release {
        /// The app
        app: String,
        /// Release this version from quarantine, so that it is tried again
        #[arg(long, value_name = "VERSION", value_parser = version)]
        quarantined: Option<Version>,
    },
    /// Pin an app to a version: the next run deploys it, and later runs stay on it
    Pin {
        /// The app
        app: String,
        /// The version
        #[arg(value_parser = version)]
        version: Version,
    },
    /// Let a pinned app follow the newest version again
    Unpin {
        /// The app
        app: String,
    },
    /// List the runs that changed something, the newest first
    History {
        /// The app
        app: String,
    },
    /// Allow a version that was held for a major rise or for its release notes
    Ack {
        /// The app
        app: String,
        /// The version
        #[arg(value_parser = version)]
        version: Version,
    },
    /// Show what is on record: last-good, holds, the last run, ignored tags
    Status {
        /// One app (default: all)
        app: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// List all alerts, seen ones included
    All,
    /// Print one alert
    Show {
        /// Its file name
        file: String,
    },
    /// Archive an alert as seen
    Seen {
        /// Its file name
        file: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotCommand {
    /// List all, and which of them `rollback` would restore
    List,
    /// Read each snapshot and compare it with its manifest
    Verify,
    /// Restore each snapshot into a scratch folder and compare every file with the manifest
    Rehearse {
        /// Where to make the scratch folder (default: beside the snapshot); it is removed afterwards
        #[arg(long, value_name = "DIR")]
        scratch: Option<PathBuf>,
    },
}

/// The arguments with `run` put in where an app's name stands in a command's place. An app that
/// is named as a command needs the long form.
pub(crate) fn with_default(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut all: Vec<OsString> = arguments.collect();
    let command = Cli::command();
    let is_command = |word: &str| {
        word == "help"
            || command
                .get_subcommands()
                .any(|known| known.get_name() == word)
    };
    let mut at = 1;
    while let Some(word) = all.get(at).map(|word| word.to_string_lossy().into_owned()) {
        match word.as_str() {
            // Its value is the next word.
            "--config" => at += 2,
            "--" => break,
            flag if flag.starts_with('-') => at += 1,
            word => {
                if !is_command(word) {
                    all.insert(at, "run".into());
                }
                break;
            }
        }
    }
    all
}

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let all = with_default(text.split(' ').map(OsString::from));
        let all: Vec<_> = all.iter().map(|word| word.to_string_lossy()).collect();
        all.join(" ")
    }

    #[test]
    fn an_app_alone_is_run_and_a_command_stays_one() {
        for (given, meant) in [
            ("wr traefik", "wr run traefik"),
            ("wr --json traefik", "wr --json run traefik"),
            ("wr --config f traefik", "wr --config f run traefik"),
            (
                "wr --config=f traefik --plan p",
                "wr --config=f run traefik --plan p",
            ),
            ("wr status", "wr status"),
            ("wr --config run plan x", "wr --config run plan x"),
            ("wr help", "wr help"),
            ("wr --help", "wr --help"),
            ("wr", "wr"),
        ] {
            assert_eq!(words(given), meant);
        }
    }
}
