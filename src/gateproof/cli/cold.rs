//! What `claim` and `review` share: running one gate from a cold clone, and what they say about
//! the clone and the records.

use crate::cli::terminal;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::record::{Act, ClaimedBy, RunRecord, Signer};
use crate::report::table;
use crate::role::{Checkout, RecordHistory};
use crate::run::{Options, Purpose, Repository, Role, Selection};
use claim::ClaimFile;
use kit::console;
use kit::interrupt::Interrupt;

use crate::cli::gate_state::waits_for;
use crate::cli::options::{ColorOption, RunOptions};
use crate::cli::runs;
use crate::cli::watched::Watched;

#[derive(Clone, Debug, Args)]
pub(crate) struct ColdOptions {
    #[command(flatten)]
    pub(crate) run: RunOptions,
    #[command(flatten)]
    pub(crate) color: ColorOption,
}

impl ColdOptions {
    /// The signer of the record; it is found before anything is run.
    pub(crate) fn signer(&self, root: &std::path::Path) -> anyhow::Result<Option<Signer>> {
        self.run
            .signing
            .signer(true, root)
            .context("sign the record (--no-sign leaves it unsigned)")
    }

    pub(crate) fn quiet(&self) -> bool {
        self.run.ask.progress.quiet
    }
}

/// In which role a gate is run, and for what.
pub(crate) struct GateRun {
    pub(crate) role: Role,
    pub(crate) act: Act,
    /// Of a review: whose claim it is.
    pub(crate) claimed_by: Option<ClaimedBy>,
}

/// Runs one gate from the clone, prints progress and the table.
pub(crate) async fn run_gate(
    file: &ClaimFile,
    gate: &str,
    repository: &Arc<Repository>,
    run: GateRun,
    cold: &ColdOptions,
    interrupt: &Interrupt,
) -> anyhow::Result<RunRecord> {
    let tree = repository
        .clone_folder()
        .await
        .context("clone the commit")?;
    let options = Options {
        role: Some(run.role),
        act: run.act,
        selection: Selection {
            gates: vec![gate.to_owned()],
            ..Selection::default()
        },
        reach: cold.run.ask.hosts.reach(),
        folder: tree,
        repository: Some(repository.clone()),
        besides: run.claimed_by,
        allow_destructive: cold.run.ask.allows_destructive(),
        program: std::env::current_exe().ok(),
        teeth: true,
        lease_wait: cold.run.ask.wait_lease,
        jobs: cold.run.ask.jobs,
        fail_fast: false,
        shuffle: None,
        activity: Default::default(),
    };
    let record = runs::run(file, &options, interrupt, cold.quiet(), Watched::No).await;
    let table = table(&record, console::width(), cold.color.on_stdout());
    terminal::out(&format!("\n{table}\n"));
    Ok(record)
}

/// Prints which gates must have passed before this one and have not. What is said goes into the record,
/// too.
pub(crate) async fn told_waits(
    file: &ClaimFile,
    gate: &str,
    checkout: &Checkout,
    cold: &ColdOptions,
) -> anyhow::Result<Vec<String>> {
    let waits = waits_for(file, gate, &checkout.root, &cold.run.ask.hosts).await?;
    for what in &waits {
        terminal::err(&format!("note: {what}\n"));
    }
    Ok(waits)
}

/// Prints what is wrong with the clone and does not keep the command from going on.
pub(crate) fn print_clone_notes(checkout: &Checkout, purpose: Purpose) {
    for finding in checkout.remarks(purpose) {
        terminal::err(&format!("note: {}; {}\n", finding.what, finding.remedy));
    }
}

/// Prints which records are missing or damaged, and so do not count.
pub(crate) fn print_damaged(history: &RecordHistory) {
    for what in &history.damaged {
        terminal::err(&format!("does not count: {what}\n"));
    }
}
