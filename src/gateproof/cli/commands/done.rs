//! `gateproof done`: writes `## DONE` with its evidence.

use crate::cli::terminal;
use std::path::PathBuf;

use clap::Args;

use crate::gate::state::PhaseStatus;
use crate::record::RunRecord;
use crate::report::documents::{Block, Document, Written, blocks_in};
use crate::report::markdown::{ClaimStanding, claim_block};
use crate::report::phase;
use crate::role::{CommitRequest, LocalClone, other_role};
use crate::run::Role;
use claim::codes;
use claim::outcome::{ExitCode, worst};
use kit::inside::{Inside, NotInside};
use kit::{console, git};

use crate::cli::claims::{current_folder, load};
use crate::cli::gate_state::{KnownSigners, StateOptions, gate_state};
use crate::cli::options::{ColorOption, FileOptions};
use crate::cli::progress::refuse;
use crate::cli::publish::{PublishOptions, publish};

/// Write `## DONE` with its evidence into STATUS, if nothing is in the way
///
/// Reads the claim files of the phase, the records, STATUS and REVIEW, and the hosts. Writes the
/// DONE block into STATUS. DONE is the Builder's word: refuses if you have reviewed a gate of the
/// phase.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  written, or already there with the same evidence
  1  a gate may not be called done; nothing was written
  2  the claim file or the command line is wrong
  6  as 1, and STALE is all that is in the way")]
pub(crate) struct DoneOptions {
    /// The phase
    phase: String,
    /// Its claim file (default: those of claims/; repeatable)
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    state: StateOptions,
    /// Overwrite a DONE block that was edited by hand
    #[arg(long)]
    force: bool,
    /// Write it also if you have reviewed a gate of the phase
    #[arg(long)]
    allow_reviewer: bool,
    #[command(flatten)]
    publish: PublishOptions,
    #[command(flatten)]
    color: ColorOption,
}

pub(crate) async fn done(options: DoneOptions) -> anyhow::Result<ExitCode> {
    let Some(mut files) = load(&FileOptions::of(options.files.clone(), options.color)) else {
        return Ok(ExitCode::Invalid);
    };
    files.retain(|file| file.phase == options.phase);
    if files.is_empty() {
        let why = format!(
            "no claim file has the phase `{}`; name it with --file",
            options.phase
        );
        return Ok(refuse(codes::UNKNOWN_SELECTION, &why));
    }
    let here = LocalClone::find(&current_folder()?).await;
    if let Some(here) = here.as_ref().filter(|_| !options.allow_reviewer) {
        let (history, author) = (here.history().await?, here.author.as_deref());
        if let Some(why) = other_role(&history, &options.phase, author, Role::Builder) {
            let why = format!("{why}; --allow-reviewer writes it all the same");
            return Ok(refuse(codes::SAME_HANDS, &why));
        }
    }
    let upstream = match &here {
        Some(here) => match options.publish.upstream(&here.root).await {
            Ok(upstream) => upstream,
            Err(why) => return Ok(refuse(codes::NOT_CLAIMABLE, &kit::error_chain(&why))),
        },
        None => None,
    };
    let (mut known, mut claims) = (KnownSigners::default(), Vec::new());
    let mut phases = Vec::new();
    let mut paths = Vec::new();
    for file in &files {
        let report = match gate_state(file, &options.state, true, &mut known).await {
            Err(error) if error.is::<NotInside>() => {
                return Ok(refuse(codes::OUTSIDE, &error.to_string()));
            }
            state => state?,
        };
        claims.extend(report.claims);
        phases.push(report.phase);
        paths.push(report.status);
    }
    paths.sort_by_key(Inside::path);
    paths.dedup();
    let [path] = paths.as_slice() else {
        let why = "the claim files of the phase have different `docs:`, so it has several STATUS documents";
        return Ok(refuse(codes::COMMAND_LINE, why));
    };
    let Some(block) = phase::done_block(&phases) else {
        let color = options.color.on_stderr();
        for status in &phases {
            terminal::err(&phase::table(status, console::width(), color));
        }
        terminal::err("not done; nothing was written\n");
        return Ok(worst(phases.iter().map(PhaseStatus::exit_code)).unwrap_or(ExitCode::Failed));
    };
    let mut blocks = passed_blocks(path, &phases, &claims);
    blocks.push(block);
    let status = Document::Status.open(path, Some(Role::Builder))?;
    let verb = match status.write(&blocks, options.force)? {
        Written::Created | Written::Updated => "wrote",
        Written::Unchanged => "unchanged",
    };
    let folder = current_folder()?;
    let path = path.path();
    let shown = path.strip_prefix(&folder).unwrap_or(&path);
    terminal::out(&format!("{verb} {}\n", shown.display()));
    terminal::err(&whose(&phases));
    if let Some(here) = here {
        let file = path.strip_prefix(&here.root).unwrap_or(&path);
        let files = [file.display().to_string()];
        let names: Vec<&str> = phases
            .iter()
            .flat_map(|phase| phase.gates.iter().map(|gate| gate.gate.as_str()))
            .collect();
        let commit = CommitRequest {
            subject: format!("done({}): {} PASS", options.phase, names.join("+")),
            body: String::new(),
            files: &files,
        };
        let differs = git::ask(&here.root, &["status", "--porcelain", "--", &files[0]]).await?;
        if !differs.is_empty() {
            publish(
                &here.root,
                upstream.as_ref(),
                commit,
                &options.publish,
                true,
            )
            .await?;
        }
    }
    Ok(ExitCode::Success)
}

/// The blocks of the gates, with PASS in their headings: STATUS says of each gate what `## DONE` says.
fn passed_blocks(path: &Inside, phases: &[PhaseStatus], claims: &[RunRecord]) -> Vec<Block> {
    let text = std::fs::read(path.path()).unwrap_or_default();
    let there = blocks_in(&text).unwrap_or_default();
    let gates = phases.iter().flat_map(|phase| &phase.gates);
    let blocks = gates.filter_map(|gate| {
        let (cited, verdict) = (gate.claim.as_ref()?, gate.verdict.as_ref()?);
        let claim = claims.iter().find(|it| it.run_id == cited.run_id)?;
        let mut same = there.iter();
        let same = same
            .find(|it| it.kind == "status" && it.run_id == claim.run_id && it.gate == gate.gate);
        let standing = ClaimStanding {
            after: same.and_then(|block| block.input("after")),
            passed: Some(&verdict.run_id),
        };
        claim_block(claim, &gate.gate, standing)
    });
    blocks.collect()
}

/// Whose work is done, and who has judged it.
fn whose(phases: &[PhaseStatus]) -> String {
    let gates = phases.iter().flat_map(|phase| &phase.gates);
    let lines = gates.filter_map(|gate| {
        let (claim, verdict) = (gate.claim.as_ref()?, gate.verdict.as_ref()?);
        let teeth = verdict.teeth.map_or_else(String::new, |shown| {
            format!(
                "; of {shown} of {} checks something shows that they can fail",
                verdict.checks
            )
        });
        Some(format!(
            "{}: the work of {}, judged by {}{teeth}\n",
            gate.gate, claim.by, verdict.by
        ))
    });
    // Names come from somebody else.
    let lines: String = lines.collect();
    lines.replace(|c: char| c.is_control() && c != '\n', "␦")
}
