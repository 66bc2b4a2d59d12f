//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand};

use crate::Version;

const EXIT_CODES: &str = "Exit codes:
  0   current or upgraded, and healthy
  1   probe: no answer
  2   the command line or the app file is wrong; nothing was done
  10  held: an upgrade waits for a person
  20  rolled back: the version before runs, healthy
  30  degraded: not healthy, or refused
  40  could not be decided, or not carried on; run it again";

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
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring an app to its newest version, healthy, or back to the one before
    Run {
        /// The app
        app: String,
        /// Carry out this plan, and nothing if the world has moved since it was made
        #[arg(long, value_name = "FILE", conflicts_with = "converge")]
        plan: Option<PathBuf>,
        /// Deploy the running version again when its tag or environment has changed
        #[arg(long)]
        converge: bool,
    },
    /// What `run` would do; writes nothing but the tags that it fetches
    Plan {
        /// The app
        app: String,
        /// As with `run --converge`
        #[arg(long)]
        converge: bool,
    },
    /// Back to the version that was healthy before; the one that runs is quarantined
    Rollback {
        /// The app
        app: String,
    },
    /// Bring a run that was cut short to its end, and begin nothing new
    Resume {
        /// The app
        app: String,
        /// Begin the way back of a run that ended degraded anew, with all its tries
        ///
        /// A rollback that failed is not tried again by itself: each try takes the app down and
        /// restores its data anew, and only a person can say that what stood in its way (a full
        /// disk, a container on the volume, a lost image) is gone. What lies on the volumes is
        /// set aside first.
        #[arg(long)]
        again: bool,
    },
    /// The snapshots of a stateful app's volumes: lists them
    Snapshot {
        /// The app
        app: String,
        #[command(subcommand)]
        what: Option<SnapshotCommand>,
    },
    /// What is wanted of an app
    Spec {
        /// The app
        app: String,
    },
    /// Ask once: prints the status, or 999 when there was no answer
    Probe {
        /// An app, asked as its gate asks, or any URL
        #[arg(value_name = "APP|URL")]
        target: String,
        /// Connect to this address in place of what the URL's host resolves to
        #[arg(long)]
        resolve: Option<String>,
        /// Accept any certificate
        #[arg(long)]
        insecure: bool,
        /// The deadline
        #[arg(long, default_value = "10s", value_parser = humantime::parse_duration)]
        timeout: Duration,
    },
    /// Show that an app's gate lets the right app through and nothing else
    ProveGate {
        /// The app
        app: String,
        /// The version that the right app has
        #[arg(long, default_value = "5.1.1+v3.6.15", value_parser = version)]
        version: Version,
    },
    /// Does the health probe depend on a unit that starts after us?
    CheckOrder {
        /// The app
        app: String,
        /// Folders of unit files, the most important first
        #[arg(long, value_name = "DIR", default_values = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"])]
        units: Vec<PathBuf>,
        /// Read the output of `systemctl show '*'` from this file in place of unit files
        #[arg(long, value_name = "FILE", conflicts_with = "units")]
        show: Option<PathBuf>,
    },
    /// Alerts that were raised: lists the unseen ones
    Alerts {
        #[command(subcommand)]
        what: Option<AlertCommand>,
    },
    /// Keep an app as it is until it is released
    Hold {
        /// The app
        app: String,
        /// Why
        reason: String,
    },
    /// Release a held app, or a version from quarantine
    Release {
        /// The app
        app: String,
        /// Let this version out of quarantine, so that it is tried again
        #[arg(long, value_name = "VERSION", value_parser = version)]
        quarantined: Option<Version>,
    },
    /// Acknowledge a version that was held for its major rise or its notes
    Ack {
        /// The app
        app: String,
        /// The version
        #[arg(value_parser = version)]
        version: Version,
    },
    /// What is on record: last-good, holds, the last run, alerts
    Status {
        /// One app; all without it
        app: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// All, the seen ones, too
    All,
    /// One, whole
    Show {
        /// Its file name
        file: String,
    },
    /// Put one aside as seen
    Seen {
        /// Its file name
        file: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotCommand {
    /// All, and which of them `rollback` would restore
    List,
    /// Read all of each and compare it with its manifest
    Verify,
    /// Restore each into a scratch folder and compare every file with the manifest
    Rehearse {
        /// Where the scratch folder is made (default: beside the snapshot); it is removed again
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
