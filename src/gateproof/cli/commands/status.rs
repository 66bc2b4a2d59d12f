//! `gateproof status`: the state of gates, computed and never typed.

use crate::cli::terminal;
use clap::{Args, ValueEnum};

use crate::gate::state::PhaseStatus;
use crate::report::{hook, phase};
use crate::run::Role;
use claim::codes;
use claim::outcome::{ExitCode, worst};
use kit::console;
use kit::inside::NotInside;

use crate::cli::claims::load;
use crate::cli::gate_state::{KnownSigners, StateOptions, gate_state};
use crate::cli::options::FileOptions;
use crate::cli::progress::refuse;

/// Show the state of every gate, and why it is not done
///
/// Reads the claim files, the records, and STATUS and REVIEW; with --probe also the hosts.
/// Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof status
  gateproof status --probe --exit-code
  gateproof status --hook=builder >&2 || exit 2

Exit codes:
  0  shown; with --exit-code: every gate may be called done
  1  with --exit-code: a gate may not be called done
  2  a claim file is wrong
  6  with --exit-code: as 1, and STALE is all that is in the way")]
pub(crate) struct StatusOptions {
    #[command(flatten)]
    files: FileOptions,
    #[command(flatten)]
    state: StateOptions,
    /// Ask the hosts for boot id and revision, to find out whether they were rebooted or redeployed
    #[arg(long)]
    probe: bool,
    /// End with the state of the gates as exit code
    #[arg(long)]
    exit_code: bool,
    /// For a tool that asks before an agent may stop: in at most 200 tokens what is in the way and what
    /// comes next, nothing where nothing is, and the exit code of --exit-code. With a role: only what that
    /// role can do next
    #[arg(long, value_enum, value_name = "ROLE", num_args = 0..=1, require_equals = true, default_missing_value = "anybody", conflicts_with = "format")]
    hook: Option<HookRole>,
    /// What to print on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: StatusFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StatusFormat {
    Table,
    Markdown,
    Json,
}

/// Who may not stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HookRole {
    Anybody,
    Builder,
    Adversary,
}

impl HookRole {
    fn role(self) -> Option<Role> {
        match self {
            HookRole::Anybody => None,
            HookRole::Builder => Some(Role::Builder),
            HookRole::Adversary => Some(Role::Adversary),
        }
    }
}

pub(crate) async fn status(options: StatusOptions) -> anyhow::Result<ExitCode> {
    let Some(files) = load(&options.files) else {
        return Ok(ExitCode::Invalid);
    };
    let (mut phases, mut known) = (Vec::new(), KnownSigners::default());
    for file in &files {
        phases.push(
            match gate_state(file, &options.state, options.probe, &mut known).await {
                Err(error) if error.is::<NotInside>() => {
                    return Ok(refuse(codes::OUTSIDE, &error.to_string()));
                }
                state => state?.phase,
            },
        );
    }
    if let Some(who) = options.hook {
        let Some(text) = hook(&phases, who.role()) else {
            return Ok(ExitCode::Success);
        };
        terminal::out(&text);
        let code = worst(phases.iter().map(PhaseStatus::exit_code));
        return Ok(code
            .filter(|code| *code != ExitCode::Success)
            .unwrap_or(ExitCode::Failed));
    }
    match options.format {
        StatusFormat::Table => {
            let color = options.files.color.on_stdout();
            let tables: Vec<String> = phases
                .iter()
                .map(|status| phase::table(status, console::width(), color))
                .collect();
            terminal::out(&tables.join("\n"));
        }
        StatusFormat::Markdown => {
            let parts: Vec<String> = phases.iter().map(phase::markdown).collect();
            terminal::out(&parts.join("\n"));
        }
        StatusFormat::Json => {
            let document = phase::json_document(&phases, options.probe)?;
            terminal::out(&format!("{}\n", serde_json::to_string_pretty(&document)?));
        }
    }
    Ok(if options.exit_code {
        worst(phases.iter().map(PhaseStatus::exit_code)).unwrap_or(ExitCode::Failed)
    } else {
        ExitCode::Success
    })
}
