//! `gateproof diff`: a claim's run and its review, value by value.

use crate::cli::terminal;
use std::path::Path;

use clap::Args;

use crate::role::{Comparison, LocalClone, RecordHeader, RecordHistory, compare};
use claim::codes;
use claim::outcome::ExitCode;
use kit::console;

use crate::cli::claims::current_folder;
use crate::cli::cold::print_damaged;
use crate::cli::options::ListingFormat;
use crate::cli::progress::refuse;

/// Compare a claim's run with its review, value by value
///
/// Reads the records of the claim and of your own review. You must have run the gate yourself
/// first. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  every value is equal
  1  a value differs
  2  there is no such claim, or no review of it that you may see")]
pub(crate) struct DiffOptions {
    /// The gate (default: every gate that you have run)
    gate: Option<String>,
    /// The phase, if several phases have the gate
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// Show equal values, too
    #[arg(long)]
    all: bool,
    /// Show durations, too
    #[arg(long)]
    durations: bool,
    /// What to print on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: ListingFormat,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

pub(crate) async fn diff(options: DiffOptions) -> anyhow::Result<ExitCode> {
    let folder = current_folder()?;
    let Some(here) = LocalClone::find(&folder).await else {
        let why = "the current folder is not in a git repository";
        return Ok(refuse(codes::NOT_CLAIMABLE, why));
    };
    let history = here.history().await?;
    print_damaged(&history);
    let requested = |phase: &str, gate: &str| {
        options.phase.as_deref().is_none_or(|p| p == phase)
            && options.gate.as_deref().is_none_or(|g| g == gate)
    };
    let mut pairs: Vec<(&str, &RecordHeader, &RecordHeader)> = Vec::new();
    let mut claimed = false;
    for (phase, gate, claim) in history.claims() {
        if requested(phase, gate) {
            claimed = true;
            let all = here.is_mine(claim);
            let own = history.run_of(claim, |run| all || here.is_mine(run));
            pairs.extend(own.map(|review| (gate, claim, review)));
        }
    }
    if pairs.is_empty() {
        let gate = options.gate.as_deref().unwrap_or("GATE");
        return Ok(if claimed {
            let why = format!(
                "there is no review that you may see to compare the claim with: run `gateproof review {gate}` first"
            );
            refuse(codes::NO_OWN_RECORD, &why)
        } else {
            refuse(codes::NO_CLAIM, &format!("no record claims {gate}"))
        });
    }
    show(&here.root, &pairs, &options).await
}

async fn show(
    root: &Path,
    pairs: &[(&str, &RecordHeader, &RecordHeader)],
    options: &DiffOptions,
) -> anyhow::Result<ExitCode> {
    let mut all: Vec<Comparison> = Vec::new();
    for (gate, claim, review) in pairs {
        let claim = RecordHistory::whole(root, claim).await?;
        let review = RecordHistory::whole(root, review).await?;
        all.push(compare(&claim, &review, gate));
    }
    if options.json || options.format == ListingFormat::Json {
        terminal::out(&format!("{}\n", serde_json::to_string_pretty(&all)?));
    } else {
        for compared in &all {
            terminal::out(&compared.table(console::width(), options.all, options.durations));
        }
    }
    Ok(if all.iter().all(|compared| compared.equal) {
        ExitCode::Success
    } else {
        ExitCode::Failed
    })
}
