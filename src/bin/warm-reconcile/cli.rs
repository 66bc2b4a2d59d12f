//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use gateproof::reconcile::Version;

const EXIT_CODES: &str = "Exit codes:
  0   as it should be
  1   probe: no answer
  2   the command line or the app file is wrong; nothing was done
  10  held
  30  not healthy, or refused
  40  could not be decided";

/// The health-gated deployer for Docker Swarm apps. So far it looks, and is told; it does not
/// deploy yet.
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
    /// Release a held app
    Release {
        /// The app
        app: String,
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

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).map_err(|error| error.to_string())
}
