//! `gateproof lift`: the Adversary lifts a veto.

use chrono::Utc;
use clap::Args;

use crate::role::{Veto, entry_id, lift_block, open_vetoes, veto_subject};
use claim::codes;
use claim::outcome::ExitCode;

use crate::cli::cold::print_damaged;
use crate::cli::options::one_line;
use crate::cli::progress::refuse;
use crate::cli::review_document::{PhaseOptions, ReviewDocument, redacted};

/// Adversary: lift a veto
///
/// Reads REVIEW of the phase and the records of its claims. Writes an entry into REVIEW. Refuses
/// if you have claimed a gate of the phase.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof lift \"a restore was shown in run 20261121T174530Z-1a2b\" --veto V1 --push

Exit codes:
  0  lifted
  2  refused")]
pub(crate) struct LiftOptions {
    /// Why it may be lifted: what you observed
    #[arg(value_parser = one_line)]
    why: String,
    /// The veto to lift, if several are open: V2
    #[arg(long, value_name = "VETO")]
    veto: Option<String>,
    #[command(flatten)]
    phase: PhaseOptions,
}

pub(crate) async fn lift(options: LiftOptions) -> anyhow::Result<ExitCode> {
    let review = match ReviewDocument::open(&options.phase).await? {
        Ok(review) => review,
        Err(code) => return Ok(code),
    };
    let history = review.here.history().await?;
    print_damaged(&history);
    let claims = history.claims();
    let mine = claims
        .iter()
        .find(|(phase, _, claim)| *phase == review.phase && review.here.is_mine(claim));
    if let Some((_, gate, _)) = mine {
        let why = format!("you have claimed {gate}: only the Adversary lifts a veto");
        return Ok(refuse(codes::SAME_HANDS, &why));
    }
    let open = open_vetoes(&review.text);
    let veto = match pick(&open, options.veto.as_deref()) {
        Ok(veto) => veto,
        Err(why) => return Ok(refuse(codes::NOT_A_VETO, &why)),
    };
    let (at, why) = (Utc::now(), redacted(&options.why));
    let author = review.author();
    let block = lift_block(&review.phase, veto, &why, &author, at, &entry_id(at));
    let subject = veto_subject(&review.phase, &format!("V{} lifted: {why}", veto.number));
    review.write(&block, subject, &options.phase).await?;
    Ok(ExitCode::Success)
}

/// The open veto that is meant.
fn pick<'v>(open: &'v [Veto], named: Option<&str>) -> Result<&'v Veto, String> {
    let names = || {
        let each = open.iter().map(|v| format!("V{} ({})", v.number, v.reason));
        each.collect::<Vec<_>>().join(", ")
    };
    match (named, open) {
        (_, []) => Err("no veto is open in the phase".to_owned()),
        (None, [only]) => Ok(only),
        (None, _) => Err(format!(
            "several vetoes are open; name one of them with --veto: {}",
            names()
        )),
        (Some(name), _) => {
            let number = name.trim_start_matches(['V', 'v']);
            open.iter()
                .find(|veto| veto.number.to_string() == number)
                .ok_or_else(|| format!("{name} is not open; open are {}", names()))
        }
    }
}
