//! `gateproof diff`: a claim's run and its review, value by value.

use std::path::Path;

use anyhow::Context;
use clap::Args;

use crate::role::{Comparison, LocalClone, RecordHeader, RecordHistory, compare};
use claim::outcome::ExitCode;
use kit::yaml::codes::Code;

use crate::cli::console;
use crate::cli::roles::told;
use crate::cli::verify::refuse;

#[derive(Clone, Debug, Args)]
pub(crate) struct DiffOptions {
    /// The gate; else every one that you have run
    gate: Option<String>,
    /// The phase, where several have the gate
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// Show also what is equal
    #[arg(long)]
    all: bool,
    /// Print every value as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn diff(wish: DiffOptions) -> anyhow::Result<ExitCode> {
    let folder = std::env::current_dir().context("find the current folder")?;
    let Some(here) = LocalClone::find(&folder).await else {
        return Ok(refuse(Code::NOT_CLAIMABLE, "this is no git repository"));
    };
    let history = here.history().await?;
    told(&history);
    let wanted = |phase: &str, gate: &str| {
        wish.phase.as_deref().is_none_or(|p| p == phase)
            && wish.gate.as_deref().is_none_or(|g| g == gate)
    };
    let mut pairs: Vec<(&str, &RecordHeader, &RecordHeader)> = Vec::new();
    let mut claimed = false;
    for (phase, gate, claim) in history.claims() {
        if wanted(phase, gate) {
            claimed = true;
            let all = here.is_mine(claim);
            let own = history.run_of(claim, |run| all || here.is_mine(run));
            pairs.extend(own.map(|review| (gate, claim, review)));
        }
    }
    if pairs.is_empty() {
        let gate = wish.gate.as_deref().unwrap_or("GATE");
        return Ok(match claimed {
            true => refuse(
                Code::NO_OWN_RECORD,
                &format!(
                    "there is no record of a review to compare the claim with that you may see: run `gateproof review {gate}` first"
                ),
            ),
            false => refuse(Code::NO_CLAIM, &format!("no record claims {gate}")),
        });
    }
    show(&here.root, &pairs, &wish).await
}

async fn show(
    root: &Path,
    pairs: &[(&str, &RecordHeader, &RecordHeader)],
    wish: &DiffOptions,
) -> anyhow::Result<ExitCode> {
    let mut all: Vec<Comparison> = Vec::new();
    for (gate, claim, review) in pairs {
        let claim = RecordHistory::whole(root, claim).await?;
        let review = RecordHistory::whole(root, review).await?;
        all.push(compare(&claim, &review, gate));
    }
    if wish.json {
        console::out(&format!("{}\n", serde_json::to_string_pretty(&all)?));
    } else {
        for compared in &all {
            console::out(&compared.table(console::width(), wish.all));
        }
    }
    Ok(match all.iter().all(|compared| compared.equal) {
        true => ExitCode::Success,
        false => ExitCode::Failed,
    })
}
