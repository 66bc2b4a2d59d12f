//! `gateproof lift`: the Adversary lifts a veto.

use clap::Args;

use crate::gate::counts::{VetoState, may_lift};
use crate::record::{Act, LiftedVeto};
use claim::codes;
use claim::outcome::ExitCode;

use crate::cli::cold::print_damaged;
use crate::cli::options::one_line;
use crate::cli::progress::refuse;
use crate::cli::review_document::{PhaseOptions, ReviewDocument, redacted};

/// Adversary: lift a veto
///
/// Reads REVIEW and the records of the phase. Writes a record and an entry of REVIEW. Refuses if you
/// have claimed a gate of the phase, or have neither reviewed one nor written the veto.
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
    let mut open = review.vetoes();
    open.retain(VetoState::is_open);
    let veto = match pick(&open, options.veto.as_deref()) {
        Ok(veto) => veto,
        Err(why) => return Ok(refuse(codes::NOT_A_VETO, &why)),
    };
    let mut record = review.decision(Act::Lift);
    record.lifts = Some(LiftedVeto {
        record: review.record_of(veto).map(|stored| stored.link.clone()),
        number: veto.number,
        reason: veto.reason.clone(),
        why: redacted(&options.why),
    });
    if let Err(why) = may_lift(&review.counted(), &record, veto) {
        return Ok(refuse(codes::SAME_HANDS, &why));
    }
    review.write(&record, &options.phase).await
}

/// The open veto that is meant.
fn pick<'v>(open: &'v [VetoState], named: Option<&str>) -> Result<&'v VetoState, String> {
    let names = || {
        let each = open.iter().map(|v| format!("{} ({})", v.name, v.reason));
        each.collect::<Vec<_>>().join(", ")
    };
    match (named, open) {
        (_, []) => Err("no veto is open in the phase".to_owned()),
        (None, [only]) => Ok(only),
        (None, _) => Err(format!(
            "several vetoes are open; name one of them with --veto: {}",
            names()
        )),
        (Some(name), _) => open
            .iter()
            .find(|veto| {
                let number = veto.number.map(|number| number.to_string());
                veto.name.eq_ignore_ascii_case(name) || number.as_deref() == Some(name)
            })
            .ok_or_else(|| format!("{name} is not open; open are {}", names())),
    }
}
