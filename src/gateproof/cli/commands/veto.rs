//! `gateproof veto`: the Adversary forbids DONE.

use crate::cli::terminal;
use clap::Args;

use crate::gate::counts::VetoState;
use crate::record::{Act, VetoWords};
use crate::role::vetoed_gates;
use claim::outcome::ExitCode;

use crate::cli::options::one_line;
use crate::cli::review_document::{PhaseOptions, ReviewDocument, redacted};

/// Adversary: forbid that the phase is called done, until you lift the veto
///
/// Reads REVIEW and the records of the phase. Writes a record and an entry of REVIEW, and with
/// --list nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof veto \"the backup was never restored\" --until \"a restore was shown\" --push
  gateproof veto --list

Exit codes:
  0  written; with --list: no veto is open
  1  with --list: a veto is open
  2  refused")]
pub(crate) struct VetoOptions {
    /// Why the phase must not be done
    #[arg(required_unless_present = "list", value_parser = one_line)]
    reason: Option<String>,
    /// The condition under which you are going to lift it
    #[arg(long, value_name = "CONDITION", value_parser = one_line)]
    until: Option<String>,
    /// List the vetoes of the phase
    #[arg(long, conflicts_with_all = ["reason", "until"])]
    list: bool,
    #[command(flatten)]
    phase: PhaseOptions,
}

pub(crate) async fn veto(options: VetoOptions) -> anyhow::Result<ExitCode> {
    let review = match ReviewDocument::open(&options.phase).await? {
        Ok(review) => review,
        Err(code) => return Ok(code),
    };
    let Some(reason) = options.reason.as_deref().map(redacted) else {
        return Ok(list(&review.vetoes()));
    };
    let known: Vec<&str> = review.gates.iter().map(String::as_str).collect();
    let mut record = review.decision(Act::Veto);
    record.veto = Some(VetoWords {
        gates: vetoed_gates(&reason, &known),
        until: options.until.as_deref().map(redacted),
        reason,
    });
    review.write(&record, &options.phase).await
}

fn list(vetoes: &[VetoState]) -> ExitCode {
    for veto in vetoes {
        let state = match &veto.lifted {
            Some(what) => format!("lifted by {what}"),
            None => "OPEN".to_owned(),
        };
        terminal::out(&format!("{}  {state}  {}\n", veto.name, veto.reason));
        for why in &veto.ignored {
            terminal::out(&format!("    {why}\n"));
        }
    }
    if vetoes.iter().any(VetoState::is_open) {
        ExitCode::Failed
    } else {
        ExitCode::Success
    }
}
