//! `gateproof veto`: the Adversary forbids DONE.

use crate::cli::terminal;
use chrono::Utc;
use clap::Args;

use crate::role::{entry_id, open_vetoes, veto_block, veto_subject, vetoes};
use claim::outcome::ExitCode;

use crate::cli::options::one_line;
use crate::cli::review_document::{PhaseOptions, ReviewDocument, redacted};

/// Adversary: forbid that the phase is called done, until you lift the veto
///
/// Reads REVIEW of the phase. Writes an entry into it, and with --list nothing.
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
        return Ok(list(&review.text));
    };
    let at = Utc::now();
    let until = options.until.as_deref().map(redacted);
    let block = veto_block(
        &review.phase,
        &reason,
        until.as_deref(),
        &review.author(),
        at,
        &entry_id(at),
    );
    let subject = veto_subject(&review.phase, &format!("VETO {reason}"));
    review.write(&block, subject, &options.phase).await?;
    Ok(ExitCode::Success)
}

fn list(text: &str) -> ExitCode {
    for veto in vetoes(text) {
        let state = match veto.lifted_at {
            Some(line) => format!("lifted at line {line}"),
            None => "OPEN".to_owned(),
        };
        terminal::out(&format!("V{}  {state}  {}\n", veto.number, veto.reason));
    }
    if open_vetoes(text).is_empty() {
        ExitCode::Success
    } else {
        ExitCode::Failed
    }
}
