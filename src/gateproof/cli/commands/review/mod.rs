//! `gateproof review`: the Adversary judges what is claimed.

mod target;

use crate::cli::terminal;
use std::path::Path;

use clap::Args;

use anyhow::Context;
use chrono::Utc;

use crate::gate::counts::{Attestations, Evidence, worth};
use crate::gate::heading;
use crate::gate::hosts::claimed_hosts;
use crate::record::{Act, FiledFinding, RunRecord, Signer};
use crate::report::documents::Document;
use crate::role::{
    Checkout, CommitRequest, JudgedClaim, RecordHistory, ReviewKind, Verdict, assess, join_reasons,
    review_block, subject,
};
use crate::run::{Purpose, Role, who};
use claim::codes;
use claim::outcome::{ExitCode, worst};
use kit::count::count;
use kit::interrupt::Interrupt;

use crate::cli::claims::current_folder;
use crate::cli::cold::{
    ColdOptions, GateRun, print_clone_notes, print_damaged, run_gate, told_waits,
};
use crate::cli::options::{RUN_EXIT_CODES, one_line};
use crate::cli::progress::refuse;
use crate::cli::publish::{PublishOptions, WrittenFiles, publish};
use crate::cli::review_document::redacted;
use crate::cli::runs::exit_of;
use crate::cli::signing::Trial;
use crate::cli::softening::{SofteningNotes, since_accepted};

use target::{ReviewTarget, choose, prepare};

/// Adversary: run what is claimed from a cold clone of the claimed commit, and judge it
///
/// Reads git (it fetches the upstream branch), the claim's record without its observations, the
/// claim file of the claimed commit, and the hosts. Writes the record and a verdict into REVIEW.
/// The commands of the claim run as you, on this machine and on its hosts: read them first.
/// Refuses if you are the claim's author or run in the author's clone.
#[derive(Clone, Debug, Args)]
#[command(after_help = format!("Examples:
  gateproof review --push
  gateproof review M1 --finding \"the alert goes to nobody\" --push
  gateproof review M1 --close A1 --push

{RUN_EXIT_CODES}"))]
pub(crate) struct ReviewOptions {
    /// The gate (default: every claim that awaits a verdict)
    gate: Option<String>,
    /// The phase, if several phases have the gate
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// File a finding besides the checks; it makes the verdict FAIL (repeatable)
    #[arg(long = "finding", value_name = "TEXT", value_parser = one_line)]
    findings: Vec<String>,
    /// Add a note that decides nothing (repeatable)
    #[arg(long = "note", value_name = "TEXT", value_parser = one_line)]
    notes: Vec<String>,
    /// Close a finding of the gate that you have tested again (repeatable)
    #[arg(long, value_name = "ID", requires = "gate")]
    close: Vec<String>,
    /// Rehearse as the claim's author or in its clone; the run is not a verdict and never counts
    #[arg(long)]
    allow_same_author: bool,
    #[command(flatten)]
    cold: ColdOptions,
    #[command(flatten)]
    publish: PublishOptions,
}

pub(crate) async fn review(options: ReviewOptions) -> anyhow::Result<ExitCode> {
    let here = current_folder()?;
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    let checkout = match Checkout::read(&here).await {
        Ok(checkout) => checkout,
        Err(why) => return Ok(refuse(codes::NOT_CLAIMABLE, &kit::error_chain(&why))),
    };
    if let Err(why) = checkout.may_review() {
        return Ok(refuse(codes::NOT_CLAIMABLE, &kit::error_chain(&why)));
    }
    print_clone_notes(&checkout, Purpose::Review);
    let upstream = RecordHistory::read(&checkout.root, &[&checkout.upstream_commit], false).await?;
    // A verdict that is written and not pushed yet counts, too.
    let known = RecordHistory::read(&checkout.root, &[&checkout.upstream_commit], true).await?;
    print_damaged(&known);
    let requested = (options.gate.as_deref(), options.phase.as_deref());
    let chosen = match choose(&upstream, &known, &checkout, requested).await {
        Ok(chosen) => chosen,
        Err(why) => return Ok(refuse(codes::NO_CLAIM, &why)),
    };
    if chosen.len() > 1 && !options.findings.is_empty() {
        let why = "several gates await a verdict; name the GATE that the finding is about";
        return Ok(refuse(codes::COMMAND_LINE, why));
    }
    let (rehearse, color) = (options.allow_same_author, options.cold.color);
    let mut targets = Vec::new();
    for (gate, claim) in chosen {
        let filed = known.filed(&claim.claim.phase, gate);
        let unknown = options
            .close
            .iter()
            .find(|id| !filed.iter().any(|f| f.id == **id));
        if let Some(id) = unknown {
            let why = format!("--close {id}: no such finding was filed about {gate}");
            return Ok(refuse(codes::COMMAND_LINE, &why));
        }
        match prepare(gate, claim, &checkout, rehearse, color).await? {
            Ok(target) => targets.push(target),
            Err(code) => return Ok(code),
        }
    }
    let signer = options.cold.signer(&checkout.root)?;
    let author = checkout.author.as_deref();
    let trial = Trial::of(&checkout.root, author, signer.as_ref())?;
    for target in targets
        .iter()
        .filter(|it| it.standing == ReviewKind::Verdict)
    {
        let claimants: Vec<String> = target.claim.author.iter().cloned().collect();
        if let Some(why) = trial.refuses("the review", &claimants) {
            return Ok(refuse(codes::NOT_SIGNED, &why));
        }
    }
    let reviewing = Reviewing {
        options: &options,
        checkout: &checkout,
        known: &known,
        signer: signer.as_ref(),
        interrupt: &interrupt,
    };
    let mut codes = Vec::new();
    for target in &targets {
        if codes.contains(&ExitCode::Unrestored) || interrupt.signal().is_some() {
            terminal::err(&format!("{}: not run\n", target.gate));
            codes.push(ExitCode::CouldNotCheck);
            continue;
        }
        codes.push(reviewing.judge(target).await?);
    }
    Ok(worst(codes).unwrap_or(ExitCode::CouldNotCheck))
}

/// What the reviews of one command have in common.
struct Reviewing<'r> {
    options: &'r ReviewOptions,
    checkout: &'r Checkout,
    known: &'r RecordHistory,
    signer: Option<&'r Signer>,
    interrupt: &'r Interrupt,
}

impl Reviewing<'_> {
    /// Runs the gate and writes down the verdict.
    async fn judge(&self, target: &ReviewTarget<'_>) -> anyhow::Result<ExitCode> {
        let (gate, file) = (target.gate, &target.file);
        let mut written = WrittenFiles::new(&self.checkout.root, &file.docs);
        let role = Role::Adversary;
        if let Err(error) = written.would_take(&[Document::Review], &file.phase, gate, role, false)
        {
            return Ok(refuse(codes::NOT_CLAIMABLE, &kit::error_chain(&*error)));
        }
        let path = written.place(Document::Review, &file.phase)?.path();
        if !self.options.cold.quiet() {
            introduce(target);
        }
        let softened = self.softened(target).await;
        if !self.options.cold.quiet() {
            terminal::err(&softened.shown);
        }
        let run = GateRun {
            role,
            act: Act::Review,
            claimed_by: Some(target.claim.claimed_by()),
        };
        let (cold, interrupt) = (&self.options.cold, self.interrupt);
        let waits = told_waits(file, gate, self.checkout, cold).await?;
        let mut record = run_gate(file, gate, &target.repository, run, cold, interrupt).await?;
        // What demands less than before is read first.
        record.notes.splice(0..0, softened.notes);
        record.notes.extend(waits);
        record.reviews = Some(target.claim.link());
        record.claimed_hosts = claimed_hosts(file, gate, &target.claim.hosts);
        record.notes.extend(target.notes.clone());
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let first = self.known.next_finding(&file.phase, &text);
        add_remarks(&mut record, target, self.options, first);
        let kind = kind_of(&record, target);
        let verdict = self.verdict(&mut record, target, &kind);
        written.record(&record, self.signer).await?;
        let judged = JudgedClaim {
            claim: target.claim,
            earlier: self.known.filed(&file.phase, gate),
        };
        if let Some(block) = review_block(&record, gate, kind, Some(&judged)) {
            written.block(&block, role, false)?;
        }
        self.publish(target, &record, &written).await?;
        self.report(target, &record, verdict, &path);
        if verdict == Verdict::Pass {
            for id in open_findings(&judged, &record, &text) {
                terminal::err(&format!(
                    "{id} is still open; `gateproof review {gate} --close {id}` closes it\n"
                ));
            }
        }
        Ok(verdict.exit_code(exit_of(&record)))
    }

    /// What the claim file demands less of than where the gate was last accepted.
    async fn softened(&self, target: &ReviewTarget<'_>) -> SofteningNotes {
        let of = (&target.file, target.gate);
        let root = &self.checkout.root;
        SofteningNotes::of(since_accepted(root, self.known, of, Some(target.claim)).await)
    }

    /// The verdict, and what the record says of it: only a verdict is recorded as one.
    fn verdict(
        &self,
        record: &mut RunRecord,
        target: &ReviewTarget<'_>,
        kind: &ReviewKind,
    ) -> Verdict {
        let mut assessment = assess(record, target.gate);
        if let ReviewKind::Refused(why) = kind {
            terminal::err(&format!("{}: it does not count: {why}\n", target.gate));
            assessment.verdict = Verdict::Undecided;
        }
        let undecided = assessment.verdict == Verdict::Undecided;
        if undecided {
            let why = join_reasons(&assessment.reasons);
            terminal::err(&format!("{}: no verdict: {why}\n", target.gate));
        }
        if undecided || *kind == ReviewKind::Rehearsal {
            record.act = Act::Verify;
            for id in &self.options.close {
                terminal::err(&format!("{id} stays open: this run is not a verdict\n"));
            }
        } else {
            record.closed.clone_from(&self.options.close);
        }
        assessment.verdict
    }

    async fn publish(
        &self,
        target: &ReviewTarget<'_>,
        record: &RunRecord,
        written: &WrittenFiles<'_>,
    ) -> anyhow::Result<()> {
        let commit = CommitRequest {
            subject: subject(record, target.gate, None),
            body: format!(
                "Commit: {}\nClaim: {}\nRun: {}",
                target.commit(),
                target.claim.run_id,
                record.run_id
            ),
            files: &written.files,
        };
        let (options, quiet) = (&self.options.publish, self.options.cold.quiet());
        let root = &self.checkout.root;
        publish(root, Some(self.checkout), commit, options, quiet).await
    }

    fn report(&self, target: &ReviewTarget<'_>, record: &RunRecord, verdict: Verdict, path: &Path) {
        if record.act == Act::Review {
            let path = path.strip_prefix(&self.checkout.root).unwrap_or(path);
            terminal::err(&format!(
                "{}: {}, as {} says\n",
                target.gate,
                verdict.name(),
                path.display()
            ));
        }
    }
}

/// What the run amounts to, by the rule that decides what counts. Whether the signature counts was
/// asked before it was run.
fn kind_of(record: &RunRecord, target: &ReviewTarget<'_>) -> ReviewKind {
    if target.standing != ReviewKind::Verdict {
        return target.standing.clone();
    }
    let claim = target.claim.facts(target.gate);
    let evidence = Evidence {
        attestations: Attestations::OfThisRun,
        ..Evidence::default()
    };
    let worth = worth(&claim.gate_spec(), &claim, record, &evidence, Utc::now());
    ReviewKind::by_rule(None, &worth)
}

/// Prints who claims what, for a reviewer who does not know the project.
fn introduce(target: &ReviewTarget<'_>) {
    let (claim, file) = (target.claim, &target.file);
    let gate = file.gates.iter().find(|gate| gate.id == target.gate);
    let (title, checks) = gate.map_or(("", 0), |gate| (&*gate.title, gate.checks.len()));
    let commit = target.commit();
    let text = format!(
        "{} of phase {}, claimed by {} at {}: {title}\n{} of {} at commit {}, from a cold clone, without the Builder's observations\n",
        target.gate,
        file.phase,
        claim.author.as_deref().unwrap_or(&claim.who),
        crate::report::time(claim.ended),
        count(checks, "check"),
        claim.claim.path,
        commit.get(..12).unwrap_or(commit),
    ) + &runs_as(target, commit);
    // Names and titles come from somebody else.
    terminal::err(&text.replace(|c: char| c.is_control() && c != '\n', "␦"));
}

/// Whose rights the commands of the claim get, and where: they are the Builder's, and the reviewer
/// runs them.
fn runs_as(target: &ReviewTarget<'_>, commit: &str) -> String {
    let gate = target.file.gates.iter().find(|gate| gate.id == target.gate);
    let mut places: Vec<&str> = Vec::new();
    for check in gate.into_iter().flat_map(|gate| &gate.checks) {
        let place = match check.on.name() {
            "local" => "this machine",
            "clone" => "this machine (in the clone)",
            name => name,
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    format!(
        "its commands now run as {} on {}; to read them first: git show {}:{}\n",
        who(),
        places.join(", "),
        commit.get(..12).unwrap_or(commit),
        target.claim.claim.path
    )
}

/// The findings about the gate that are closed neither now nor before.
fn open_findings<'c>(judged: &JudgedClaim<'c>, record: &RunRecord, review: &str) -> Vec<&'c str> {
    let before = heading::read(review, &[]).closed;
    let closed = |id: &str| {
        let before = before.iter().map(|line| &line.id);
        let mut all = record.closed.iter().chain(before);
        all.any(|other| other == id)
    };
    let ids = judged.earlier.iter().map(|finding| finding.id.as_str());
    ids.filter(|id| !closed(id)).collect()
}

/// Adds the reviewer's notes and findings to the record, without what looks like a secret.
/// `first` is the number of the first finding.
fn add_remarks(
    record: &mut RunRecord,
    target: &ReviewTarget<'_>,
    options: &ReviewOptions,
    first: u32,
) {
    let notes = options.notes.iter().map(|note| redacted(note));
    record.notes.extend(notes);
    if target.standing == ReviewKind::Rehearsal {
        let findings = options.findings.iter();
        let notes = findings.map(|text| format!("found, and not filed: {}", redacted(text)));
        record.notes.extend(notes);
        return;
    }
    record.filed = (first..)
        .zip(&options.findings)
        .map(|(number, text)| FiledFinding {
            id: format!("A{number}"),
            gate: target.gate.to_owned(),
            text: redacted(text),
        })
        .collect();
    if !record.filed.is_empty() && record.exit_code == 0 {
        // A reader of the exit code alone must not take it for a PASS.
        record.exit_code = ExitCode::Failed as u8;
    }
}
