//! Options that several commands share. The options of one command live with the command.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::cli::terminal;
use crate::record::{SignError, Signer};
use crate::report::{RUN_REPORTS, RunReport};
use crate::run::Selection;
use kit::console::Color;
use kit::text::Scope;
use reach::host::ReachOptions;

/// The exit codes of a run, as `--help` shows them.
pub(crate) const RUN_EXIT_CODES: &str = "Exit codes:
  0  every check that was to run passed
  1  FAIL: a claim does not hold
  2  the claim file or the command line is wrong; nothing was run
  3  ERROR: something could not be checked, or nothing passed
  4  TOOTHLESS: a check passed that cannot fail
  5  UNRESTORED: something was disturbed and is not back
  6  STALE: an earlier PASS no longer counts";

#[derive(Clone, Debug, Args)]
pub(crate) struct FileOptions {
    /// The claim files (default: every *.yaml and *.yml of claims/)
    #[arg(value_name = "FILES")]
    pub(crate) files: Vec<PathBuf>,
    /// Set a variable that the file defines under `vars:` (repeatable)
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    vars: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) color: ColorOption,
}

impl FileOptions {
    /// These files, without variables.
    pub(crate) fn of(files: Vec<PathBuf>, color: ColorOption) -> Self {
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

fn variable(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write NAME=VALUE".to_owned())
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ColorOption {
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    color: ColorName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ColorName {
    Auto,
    Always,
    Never,
}

impl ColorOption {
    /// For commands without the option.
    pub(crate) const AUTO: ColorOption = ColorOption {
        color: ColorName::Auto,
    };

    pub(crate) fn on_stdout(self) -> bool {
        self.choice().on_stdout()
    }

    pub(crate) fn on_stderr(self) -> bool {
        self.choice().on_stderr()
    }

    fn choice(self) -> Color {
        match self.color {
            ColorName::Auto => Color::Auto,
            ColorName::Always => Color::Always,
            ColorName::Never => Color::Never,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SelectionOptions {
    /// Run only this gate (repeatable)
    #[arg(long, value_name = "ID")]
    gate: Vec<String>,
    /// Run only checks with this tag (repeatable)
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
}

impl SelectionOptions {
    pub(crate) fn selection(&self, checks: &[String]) -> Selection {
        Selection {
            gates: self.gate.clone(),
            checks: checks.to_vec(),
            tags: self.tag.clone(),
            failed: None,
        }
    }
}

/// How hosts are reached.
#[derive(Clone, Debug, Args)]
pub(crate) struct HostOptions {
    /// Use this OpenSSH configuration file instead of your own
    #[arg(long, value_name = "FILE", env = "GATEPROOF_SSH_CONFIG")]
    ssh_config: Option<PathBuf>,
    /// How long to wait for a host to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    connect_timeout: Duration,
}

impl HostOptions {
    pub(crate) fn reach(&self) -> ReachOptions {
        ReachOptions {
            ssh_config: self.ssh_config.clone(),
            connect_timeout: self.connect_timeout,
        }
    }
}

/// How checks are run that may disturb a host.
#[derive(Clone, Debug, Args)]
pub(crate) struct AskOptions {
    /// Allow checks whose effect cannot be undone
    #[arg(long, value_enum, value_name = "EFFECT")]
    allow: Vec<AllowedEffect>,
    #[command(flatten)]
    pub(crate) hosts: HostOptions,
    /// How long to wait for a host that somebody else disturbs (default: not at all)
    #[arg(long, value_name = "DURATION", default_value = "0s", hide_default_value = true, value_parser = humantime::parse_duration)]
    pub(crate) wait_lease: Duration,
    /// How many checks that only observe run side by side (default: what each place bears; 1: one
    /// after the other)
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) progress: ProgressOption,
}

impl AskOptions {
    pub(crate) fn allows_destructive(&self) -> bool {
        self.allow.contains(&AllowedEffect::Destructive)
    }
}

/// How checks are run whose record may be signed.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) ask: AskOptions,
    #[command(flatten)]
    pub(crate) signing: SigningOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AllowedEffect {
    Destructive,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ProgressOption {
    /// Do not print progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// What is written besides standard output.
#[derive(Clone, Debug, Args)]
pub(crate) struct OutputOptions {
    /// What to print on standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = run_report())]
    pub(crate) format: &'static RunReport,
    /// Also write a JUnit XML report to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Also write a page to look at to this file, which needs nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Where records go (default: reports/ of the repository)
    #[arg(long, value_name = "DIR")]
    pub(crate) reports: Option<PathBuf>,
    /// Write no record
    #[arg(long)]
    pub(crate) no_record: bool,
    /// Hide the value of this variable of the environment everywhere, whatever its name (repeatable;
    /// also GATEPROOF_SECRETS=NAME,NAME)
    #[arg(long = "secret", value_name = "NAME")]
    pub(crate) secrets: Vec<String>,
}

impl OutputOptions {
    /// Hides what `--secret` names, from here on. Says which of the variables are not set.
    pub(crate) fn hide_secrets(&self) {
        for name in crate::secrets::learn_environment(&self.secrets) {
            terminal::err(&format!(
                "--secret {name}: the environment has no such variable, so nothing is hidden for it\n"
            ));
        }
    }
}

pub(crate) fn run_report() -> impl TypedValueParser<Value = &'static RunReport> {
    let names = RUN_REPORTS
        .iter()
        .map(|report| PossibleValue::new(report.name).help(report.help));
    PossibleValuesParser::new(names)
        .try_map(|name| RunReport::named(&name).ok_or("there is no such report"))
}

/// The format of a command that prints a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListingFormat {
    /// For people
    #[value(alias = "text")]
    Table,
    Json,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SigningOptions {
    /// Sign with this SSH key: the file of a private key, or a public key whose private part is in
    /// your agent (default in a role: git's own key where gpg.format is ssh)
    #[arg(long = "sign", value_name = "KEY", env = "GATEPROOF_SIGNING_KEY")]
    key: Option<String>,
    /// Sign nothing, whatever is configured
    #[arg(long)]
    no_sign: bool,
}

impl SigningOptions {
    /// The signer: the named key, else git's own. Without a role only a named key signs, so that
    /// a run that only looks at a claim never asks for a passphrase.
    pub(crate) fn signer(
        &self,
        in_a_role: bool,
        folder: &Path,
    ) -> Result<Option<Signer>, SignError> {
        match &self.key {
            _ if self.no_sign => Ok(None),
            Some(key) if !key.is_empty() => Signer::with_key(key).map(Some),
            _ if in_a_role => Signer::from_git(folder),
            _ => Ok(None),
        }
    }
}

/// Reads an option's text: one line, which must not be empty.
pub(crate) fn one_line(text: &str) -> Result<String, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return Err("write at least one word".to_owned());
    }
    Ok(words.join(" "))
}
