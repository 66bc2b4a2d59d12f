//! `gateproof review`: the Adversary judges what is claimed.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::gate::heading;
use crate::record::{Act, FiledFinding, RunRecord, Signer};
use crate::report::documents::{Block, Document};
use crate::role::{
    Checkout, CommitRequest, JudgedClaim, RecordHeader, RecordHistory, ReviewKind, Verdict, assess,
    dependence, join_reasons, review_block, subject,
};
use crate::run::{Purpose, Repository, Role};
use claim::ClaimFile;
use claim::outcome::{ExitCode, worst};
use kit::interrupt::Interrupt;
use kit::redact::Redactor;
use kit::yaml::codes::Code;

use crate::cli::console;
use crate::cli::roles::{How, Publish, Written, exit_of, load, notes_of, publish, run_gate, told};
use crate::cli::verify::refuse;

#[derive(Clone, Debug, Args)]
pub(crate) struct ReviewOptions {
    /// The gate; else everything that is claimed and awaits a verdict
    gate: Option<String>,
    /// The phase, where several have the gate
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// Something you found besides the checks; makes the verdict FAIL (repeatable)
    #[arg(long = "finding", value_name = "TEXT", value_parser = words)]
    findings: Vec<String>,
    /// Something worth noting that decides nothing (repeatable)
    #[arg(long = "note", value_name = "TEXT", value_parser = words)]
    notes: Vec<String>,
    /// Close a finding of the gate that you have tested again (repeatable)
    #[arg(long, value_name = "ID", requires = "gate")]
    close: Vec<String>,
    /// Run also as the claim's author or in its clone; is no verdict and counts for nobody
    #[arg(long)]
    allow_same_author: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    publish: Publish,
}

/// A text with something in it, on one line.
pub(crate) fn words(text: &str) -> Result<String, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.is_empty() {
        true => Err("say it in words".to_owned()),
        false => Ok(words.join(" ")),
    }
}

/// A claim to be judged, with all that was found out before anything is run.
struct Target<'h> {
    gate: &'h str,
    claim: &'h RecordHeader,
    file: ClaimFile,
    repository: Arc<Repository>,
    notes: Vec<String>,
    standing: ReviewKind,
}

pub(crate) async fn review(wish: ReviewOptions) -> anyhow::Result<ExitCode> {
    let here = std::env::current_dir().context("find the current folder")?;
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    let checkout = match Checkout::read(&here).await {
        Ok(checkout) => checkout,
        Err(why) => return Ok(refuse(Code::NOT_CLAIMABLE, &why.to_string())),
    };
    if let Err(why) = checkout.may_review() {
        return Ok(refuse(Code::NOT_CLAIMABLE, &why.to_string()));
    }
    notes_of(&checkout, Purpose::Review);
    let upstream = RecordHistory::read(&checkout.root, &[&checkout.upstream_commit], false).await?;
    // A verdict that is written and not pushed yet is one.
    let known = RecordHistory::read(&checkout.root, &[&checkout.upstream_commit], true).await?;
    told(&known);
    let chosen = match choose(&upstream, &known, &checkout, &wish).await {
        Ok(chosen) => chosen,
        Err(why) => return Ok(refuse(Code::NO_CLAIM, &why)),
    };
    if chosen.len() > 1 && !wish.findings.is_empty() {
        let why = "several gates await a verdict; say which GATE the finding is about";
        return Ok(refuse(Code::COMMAND_LINE, why));
    }
    let mut targets = Vec::new();
    for (gate, claim) in chosen {
        let filed = known.filed(&claim.claim.phase, gate);
        let unknown = wish
            .close
            .iter()
            .find(|id| !filed.iter().any(|f| f.id == **id));
        if let Some(id) = unknown {
            let why = format!("--close {id}: no such finding was filed about {gate}");
            return Ok(refuse(Code::COMMAND_LINE, &why));
        }
        match target(gate, claim, &checkout, &wish).await? {
            Ok(target) => targets.push(target),
            Err(code) => return Ok(code),
        }
    }
    let signer = wish.how.signer(&checkout.root)?;
    let mut codes = Vec::new();
    for target in &targets {
        if codes.contains(&ExitCode::Unrestored) || interrupt.signal().is_some() {
            console::err(&format!("{}: not run\n", target.gate));
            codes.push(ExitCode::CouldNotCheck);
            continue;
        }
        codes.push(
            judge(
                target,
                &known,
                &checkout,
                &wish,
                (&interrupt, signer.as_ref()),
            )
            .await?,
        );
    }
    Ok(worst(codes).unwrap_or(ExitCode::CouldNotCheck))
}

/// The claims to judge, or why there are none.
async fn choose<'h>(
    upstream: &'h RecordHistory,
    known: &RecordHistory,
    checkout: &Checkout,
    wish: &ReviewOptions,
) -> Result<Vec<(&'h str, &'h RecordHeader)>, String> {
    let phase = |name: &str| wish.phase.as_deref().is_none_or(|wanted| wanted == name);
    let wanted = |name: &str| wish.gate.as_deref().is_none_or(|wanted| wanted == name);
    let mut found: Vec<(&str, &RecordHeader)> = upstream
        .claims()
        .into_iter()
        .filter(|(p, gate, _)| phase(p) && wanted(gate))
        .map(|(_, gate, claim)| (gate, claim))
        .collect();
    let awaits = |claim: &RecordHeader| known.review(claim).is_none();
    match &wish.gate {
        None => {
            let claimed = found.len();
            found.retain(|(_, claim)| awaits(claim));
            if found.is_empty() {
                return Err(format!(
                    "nothing on {} awaits a verdict ({claimed} claim(s), each with one); name a GATE to judge it again",
                    checkout.upstream
                ));
            }
        }
        Some(gate) => {
            if found.len() > 1 && found.iter().any(|(_, claim)| awaits(claim)) {
                found.retain(|(_, claim)| awaits(claim));
            }
            if found.len() > 1 {
                let phases: Vec<&str> = found.iter().map(|(_, c)| c.claim.phase.as_str()).collect();
                return Err(format!(
                    "{gate} is claimed in the phases {}; say which with --phase",
                    phases.join(" and ")
                ));
            }
            if found.is_empty() {
                return Err(nothing(gate, upstream, checkout).await);
            }
        }
    }
    Ok(found)
}

/// Why a gate that was asked for is not claimed.
async fn nothing(gate: &str, upstream: &RecordHistory, checkout: &Checkout) -> String {
    let mut why = format!("no record on {} claims {gate}", checkout.upstream);
    let told = checkout.status_documents_claiming(gate).await;
    if !told.is_empty() {
        why.push_str(&format!(
            "; {} calls it claimed, but nobody was shown to have run it: the Builder claims with `gateproof claim {gate} --commit --push`",
            told.join(" and ")
        ));
    }
    let others: Vec<&str> = upstream.claims().iter().map(|(_, gate, _)| *gate).collect();
    if !others.is_empty() {
        why.push_str(&format!("; claimed are {}", others.join(", ")));
    }
    why
}

/// Looks at everything that can be wrong with a claim before it is run; what is wrong is told.
async fn target<'h>(
    gate: &'h str,
    claim: &'h RecordHeader,
    checkout: &Checkout,
    wish: &ReviewOptions,
) -> anyhow::Result<Result<Target<'h>, ExitCode>> {
    let (mine, author) = (checkout.clone_id.as_deref(), checkout.author.as_deref());
    let ties = dependence(claim, mine, author);
    let shown: Vec<String> = ties.iter().map(ToString::to_string).collect();
    if !ties.is_empty() && !wish.allow_same_author {
        let why = format!(
            "{gate}: {} (--allow-same-author rehearses, and judges nothing)",
            shown.join("; ")
        );
        return Ok(Err(refuse(Code::SAME_HANDS, &why)));
    }
    let mut notes: Vec<String> = shown
        .iter()
        .map(|tie| format!("not independent: {tie}; this run counts for nobody"))
        .collect();
    let commit = claim.repository.as_ref().map_or("", |r| r.commit.as_str());
    if !checkout.has(commit).await {
        let why = format!(
            "{gate}: the claimed commit {commit} is not on {}, so nobody can be sure to get it",
            checkout.upstream
        );
        return Ok(Err(refuse(Code::NO_CLAIM, &why)));
    }
    let repository = Arc::new(Repository::cold(&checkout.root, commit).await?);
    let tree = repository
        .clone_folder()
        .await
        .context("clone the claimed commit")?;
    let path = Path::new(&claim.claim.path);
    let Some(file) = load(&tree, path, wish.how.color) else {
        return Ok(Err(ExitCode::Invalid));
    };
    if file.source.digest() != claim.claim.sha256 {
        let why = format!(
            "{gate}: the claim's record and its commit do not belong together: {} has another sha256 there than the record says",
            path.display()
        );
        return Ok(Err(refuse(Code::NO_CLAIM, &why)));
    }
    notes.extend(about(claim, gate, &file, checkout, commit).await);
    Ok(Ok(Target {
        gate,
        claim,
        file,
        repository,
        notes,
        standing: match ties.is_empty() {
            true => ReviewKind::Verdict,
            false => ReviewKind::Rehearsal,
        },
    }))
}

/// What else a reader should know of the claim.
async fn about(
    claim: &RecordHeader,
    gate: &str,
    file: &ClaimFile,
    checkout: &Checkout,
    commit: &str,
) -> Vec<String> {
    let mut notes = Vec::new();
    let upstream = &checkout.upstream;
    if !checkout
        .is_unchanged_upstream(commit, &claim.claim.path)
        .await
    {
        notes.push(format!(
            "the claim file of today's {upstream} is another one than that of the claimed commit, which was run"
        ));
    }
    let docs = file.docs.to_string_lossy();
    let since = checkout.commits_since(commit, &docs).await;
    if since > 0 {
        notes.push(format!(
            "{since} commit(s) on {upstream} after the claimed one change more than documents: they were not judged"
        ));
    }
    let path = format!("{docs}/{}", Document::Status.file_name(&file.phase));
    let status = checkout.upstream_text(&path).await.unwrap_or_default();
    let begin = format!("<!-- gateproof:begin status {}/{gate} run=", file.phase);
    let told = status.lines().find_map(|line| line.strip_prefix(&begin));
    match told.and_then(|rest| rest.split(' ').next()) {
        Some(run) if run == claim.run_id => {}
        Some(run) => notes.push(format!(
            "STATUS tells of run {run}, and the newest claim is of run {}, which was judged",
            claim.run_id
        )),
        None => notes.push(format!("STATUS on {upstream} has no block of this claim")),
    }
    notes
}

/// Runs the gate and writes down what it amounts to.
async fn judge(
    target: &Target<'_>,
    known: &RecordHistory,
    checkout: &Checkout,
    wish: &ReviewOptions,
    (interrupt, signer): (&Interrupt, Option<&Signer>),
) -> anyhow::Result<ExitCode> {
    let (gate, file) = (target.gate, &target.file);
    let mut written = Written::into(&checkout.root, &file.docs);
    let path = written.path(Document::Review, &file.phase);
    let opened = Document::Review.open(&path, Some(Role::Adversary))?;
    opened.would_take(&[before(&file.phase, gate)], false)?;

    if !wish.how.quiet {
        introduce(target);
    }
    let besides = Some(target.claim.claimed_by());
    let act = (Role::Adversary, Act::Review, besides);
    let run = run_gate(file, gate, &target.repository, act, &wish.how, interrupt);
    let mut record = run.await?;
    record.reviews = Some(target.claim.link());
    record.notes.extend(target.notes.clone());
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let first = known.next_finding(&file.phase, &text);
    say(&mut record, target, wish, first);
    let assessment = assess(&record, gate);
    let said = assessment.verdict;
    if said == Verdict::Undecided {
        let why = join_reasons(&assessment.reasons);
        console::err(&format!("{gate}: no verdict: {why}\n"));
    }
    if said == Verdict::Undecided || target.standing == ReviewKind::Rehearsal {
        record.act = Act::Verify; // only a verdict is recorded as one
        for id in &wish.close {
            console::err(&format!("{id} stays open: this run is no verdict\n"));
        }
    } else {
        record.closed.clone_from(&wish.close);
    }
    written.record(&record, signer).await?;
    let judged = JudgedClaim {
        claim: target.claim,
        earlier: known.filed(&file.phase, gate),
    };
    if let Some(block) = review_block(&record, gate, target.standing, Some(&judged)) {
        written.block(&block, Role::Adversary, false)?;
    }
    let commit = CommitRequest {
        subject: subject(&record, gate, None),
        body: format!(
            "Commit: {}\nClaim: {}\nRun: {}",
            target.claim.repository.as_ref().map_or("", |r| &r.commit),
            target.claim.run_id,
            record.run_id
        ),
        files: &written.files,
    };
    publish(
        &checkout.root,
        Some(checkout),
        commit,
        &wish.publish,
        wish.how.quiet,
    )
    .await?;
    let path = path.strip_prefix(&checkout.root).unwrap_or(&path);
    if record.act == Act::Review {
        let name = said.name();
        console::err(&format!("{gate}: {name}, as {} says\n", path.display()));
    }
    if said == Verdict::Pass {
        for id in open_findings(&judged, &record, &text) {
            console::err(&format!(
                "{id} is still open; `gateproof review {gate} --close {id}` closes it\n"
            ));
        }
    }
    Ok(said.exit_code(exit_of(&record)))
}

/// Who claims what, for whoever never saw the project.
fn introduce(target: &Target<'_>) {
    let (claim, file) = (target.claim, &target.file);
    let gate = file.gates.iter().find(|gate| gate.id == target.gate);
    let (title, checks) = gate.map_or(("", 0), |gate| (&*gate.title, gate.checks.len()));
    let commit = claim.repository.as_ref().map_or("", |r| r.commit.as_str());
    let text = format!(
        "{} of phase {}, claimed by {} at {}: {title}\n{checks} {} of {} at commit {}, from a cold clone, without what the Builder saw\n",
        target.gate,
        file.phase,
        claim.author.as_deref().unwrap_or(&claim.who),
        crate::report::time(claim.ended),
        if checks == 1 { "check" } else { "checks" },
        claim.claim.path,
        commit.get(..12).unwrap_or(commit),
    );
    // Names and titles are somebody else's words.
    let clean: String = text
        .chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '␦'
            } else {
                c
            }
        })
        .collect();
    console::err(&clean);
}

/// What was filed about the gate and closed neither now nor before.
fn open_findings<'c>(judged: &JudgedClaim<'c>, record: &RunRecord, review: &str) -> Vec<&'c str> {
    let before = heading::read(review, &[]).closed;
    let closed = |id: &str| {
        let mut all = record.closed.iter().chain(&before);
        all.any(|other| other == id)
    };
    let ids = judged.earlier.iter().map(|finding| finding.id.as_str());
    ids.filter(|id| !closed(id)).collect()
}

fn before(phase: &str, gate: &str) -> Block {
    Block {
        document: Document::Review,
        phase: phase.to_owned(),
        gate: gate.to_owned(),
        run_id: "before".to_owned(),
        inputs: Vec::new(),
        body: "\n".to_owned(),
    }
}

/// Puts what the reviewer says into the record, without what looks like a secret.
fn say(record: &mut RunRecord, target: &Target<'_>, wish: &ReviewOptions, first: u32) {
    let redactor = Redactor::new(Vec::<String>::new());
    let clean = |text: &String| redactor.text(text).into_owned();
    record.notes.extend(wish.notes.iter().map(clean));
    if target.standing == ReviewKind::Rehearsal {
        let words = |text: &String| format!("found, and not filed: {}", clean(text));
        record.notes.extend(wish.findings.iter().map(words));
        return;
    }
    record.filed = (first..)
        .zip(&wish.findings)
        .map(|(number, text)| FiledFinding {
            id: format!("A{number}"),
            gate: target.gate.to_owned(),
            text: clean(text),
        })
        .collect();
    if !record.filed.is_empty() && record.exit_code == 0 {
        // Whoever reads nothing but the code must not take it for a PASS.
        record.exit_code = ExitCode::Failed as u8;
    }
}
