//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::run::{Role, Selection};
use kit::text::Scope;

const EXIT_CODES: &str = "Exit codes:
  0  everything that was to run passed
  1  FAIL: a claim does not hold
  2  the claim file or the command line is wrong; nothing was run
  3  ERROR: something could not be checked, or nothing passed
  4  TOOTHLESS: a check passed that cannot fail
  5  UNRESTORED: something was disturbed and is not back
  6  STALE: an earlier PASS no longer counts";

/// Claims as code: run them, disbelieve them, record what was seen.
#[derive(Debug, Parser)]
#[command(name = "gateproof", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the checks of claim files and say what holds
    #[command(after_help = EXIT_CODES)]
    Verify(VerifyOptions),
    /// Builder: run gates from a cold clone of HEAD, and claim those that pass
    #[command(after_help = EXIT_CODES)]
    Claim(crate::cli::claim::ClaimOptions),
    /// Adversary: run what is claimed from a cold clone of the claimed commit, and judge it
    #[command(after_help = EXIT_CODES)]
    Review(crate::cli::review::ReviewOptions),
    /// Put your word for a `human:` check on record: what you looked at, and what you saw
    Attest(crate::cli::attest::AttestOptions),
    /// Compare a claim's run with its review, value by value; 0 equal, 1 different
    Diff(crate::cli::diff::DiffOptions),
    /// Adversary: forbid DONE until it is lifted
    Veto(crate::cli::veto::VetoOptions),
    /// Adversary: lift a veto
    Lift(crate::cli::veto::LiftOptions),
    /// Read claim files and say what is wrong with them; runs nothing
    Check(FileOptions),
    /// List the checks of claim files; runs nothing
    List(FileOptions),
    /// Say for every gate what state it is in, and why it is not done
    Status(crate::cli::status::StatusOptions),
    /// Write `## DONE` with its evidence into STATUS, if nothing is in the way
    Done(crate::cli::status::DoneOptions),
    /// Hold the records against themselves, their signatures, git and the documents
    #[command(after_help = crate::cli::audit::EXIT_CODES)]
    Audit(crate::cli::audit::AuditOptions),
    /// Print a record as an in-toto Statement in a DSSE envelope
    Statement(crate::cli::statement::StatementOptions),
    /// Explain a code such as GP2201; without one, list all codes
    Explain {
        /// The code
        code: Option<String>,
    },
    /// Run as the push job: observe, annotate, report, disturb nothing
    #[command(after_help = EXIT_CODES)]
    Ci(Box<crate::cli::ci::CiOptions>),
    /// Follow the upstream and tell when a gate is claimed or reviewed
    Watch(crate::cli::watch::WatchOptions),
    /// Send and read messages between Builder and Adversary
    #[command(subcommand)]
    Inbox(crate::cli::inbox::InboxCommand),
    /// List what earlier runs left disturbed, and undo it
    #[command(after_help = crate::cli::undo::EXIT_CODES)]
    Undo(crate::cli::undo::UndoOptions),
    /// Print the scripts that gateproof runs on hosts, to read before they are trusted
    Runner,
    /// The quickstart's stand-in of a proxy host, on loopback
    #[command(subcommand)]
    StandIn(StandInCommand),
}

/// Which files, with which variables.
#[derive(Clone, Debug, Args)]
pub(crate) struct FileOptions {
    /// Claim files; every *.yaml of claims/ without them
    pub(crate) files: Vec<PathBuf>,
    /// Set a variable of `vars:`
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    vars: Vec<(String, String)>,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) color: Color,
}

impl FileOptions {
    /// These files, without variables.
    pub(crate) fn of(files: Vec<PathBuf>, color: Color) -> Self {
        FileOptions {
            files,
            vars: Vec::new(),
            color,
        }
    }

    pub(crate) fn overrides(&self) -> Scope {
        self.vars.iter().cloned().collect()
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyOptions {
    #[command(flatten)]
    pub(crate) files: FileOptions,
    /// Only this gate (repeatable)
    #[arg(long, value_name = "ID")]
    gate: Vec<String>,
    /// Only this check, and those it needs (repeatable)
    #[arg(long, value_name = "ID")]
    check: Vec<String>,
    /// Only checks with this tag (repeatable)
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// The role you run as: builder writes STATUS and JOURNAL; adversary REVIEW, no
    /// verdict; ci only observes
    #[arg(long = "as", value_enum, value_name = "ROLE")]
    pub(crate) role: Option<RoleName>,
    /// Check this revision in place of HEAD
    #[arg(long, value_name = "REV", conflicts_with = "worktree")]
    pub(crate) at: Option<String>,
    /// Run `on: clone` in the tree as it is; never counts towards a gate
    #[arg(long)]
    pub(crate) worktree: bool,
    /// Allow checks that cannot be undone
    #[arg(long, value_enum, value_name = "EFFECT")]
    pub(crate) allow: Vec<Allowed>,
    /// Another ssh configuration than your own
    #[arg(long, value_name = "FILE", env = "GATEPROOF_SSH_CONFIG")]
    pub(crate) ssh_config: Option<PathBuf>,
    /// How long to wait for a host to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) connect_timeout: Duration,
    /// How long to wait for a host that somebody else disturbs (default: not at all)
    #[arg(long, value_name = "DURATION", default_value = "0s", hide_default_value = true, value_parser = humantime::parse_duration)]
    pub(crate) wait_lease: Duration,
    /// Where records go (default: reports/ of the repository)
    #[arg(long, value_name = "DIR")]
    pub(crate) reports: Option<PathBuf>,
    /// Write no record
    #[arg(long, conflicts_with = "role")]
    pub(crate) no_record: bool,
    #[command(flatten)]
    pub(crate) signing: crate::cli::signing::SigningOptions,
    /// Overwrite blocks of STATUS that were edited by hand
    #[arg(long, requires = "role")]
    pub(crate) force: bool,
    /// Write a JUnit XML report
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
    /// Do not tell what is going on
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl VerifyOptions {
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            gates: self.gate.clone(),
            checks: self.check.clone(),
            tags: self.tag.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    Builder,
    Adversary,
    Ci,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::Builder => Role::Builder,
            RoleName::Adversary => Role::Adversary,
            RoleName::Ci => Role::Ci,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allowed {
    Destructive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum StandInCommand {
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

fn variable(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write NAME=VALUE".to_owned())
}

/// Says what is wrong with the command line. Help and version are no errors.
pub(crate) fn refuse(error: &clap::Error) -> std::process::ExitCode {
    // A closed terminal is no reason to fail differently.
    let _ = error.print();
    std::process::ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
