//! Which claims are judged, and everything that is checked about a claim before it is run.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::report::documents::Document;
use crate::role::{Checkout, RecordHeader, RecordHistory, ReviewKind, dependence};
use crate::run::Repository;
use claim::ClaimFile;
use claim::codes;
use claim::outcome::ExitCode;
use kit::count::count;

use crate::cli::claims::load_from_tree;
use crate::cli::options::ColorOption;
use crate::cli::progress::refuse;

/// A claim that is ready to be judged.
pub(super) struct ReviewTarget<'h> {
    pub(super) gate: &'h str,
    pub(super) claim: &'h RecordHeader,
    pub(super) file: ClaimFile,
    pub(super) repository: Arc<Repository>,
    pub(super) notes: Vec<String>,
    pub(super) standing: ReviewKind,
}

impl ReviewTarget<'_> {
    /// The claimed commit.
    pub(super) fn commit(&self) -> &str {
        commit_of(self.claim)
    }
}

fn commit_of(claim: &RecordHeader) -> &str {
    claim.repository.as_ref().map_or("", |r| r.commit.as_str())
}

/// The claims to judge, or why there are none.
pub(super) async fn choose<'h>(
    upstream: &'h RecordHistory,
    known: &RecordHistory,
    checkout: &Checkout,
    (gate, phase): (Option<&str>, Option<&str>),
) -> Result<Vec<(&'h str, &'h RecordHeader)>, String> {
    let is = |requested: Option<&str>, name: &str| requested.is_none_or(|other| other == name);
    let mut found: Vec<(&str, &RecordHeader)> = upstream
        .claims()
        .into_iter()
        .filter(|(of, name, _)| is(phase, of) && is(gate, name))
        .map(|(_, gate, claim)| (gate, claim))
        .collect();
    let awaits = |claim: &RecordHeader| known.review(claim).is_none();
    let Some(gate) = gate else {
        let claimed = found.len();
        found.retain(|(_, claim)| awaits(claim));
        if found.is_empty() {
            return Err(format!(
                "no claim on {} awaits a verdict ({} in all); name a GATE to judge it again",
                checkout.upstream,
                count(claimed, "claim")
            ));
        }
        return Ok(found);
    };
    if found.len() > 1 && found.iter().any(|(_, claim)| awaits(claim)) {
        found.retain(|(_, claim)| awaits(claim));
    }
    match found.as_slice() {
        [] => Err(why_not_claimed(gate, upstream, checkout).await),
        [_] => Ok(found),
        several => {
            let phases = several.iter().map(|(_, claim)| claim.claim.phase.as_str());
            Err(format!(
                "{gate} is claimed in the phases {}; name one of them with --phase",
                phases.collect::<Vec<_>>().join(" and ")
            ))
        }
    }
}

async fn why_not_claimed(gate: &str, upstream: &RecordHistory, checkout: &Checkout) -> String {
    let mut why = format!("no record on {} claims {gate}", checkout.upstream);
    let documents = checkout.status_documents_claiming(gate).await;
    if !documents.is_empty() {
        why.push_str(&format!(
            "; {} calls it claimed, but no record shows a run: the Builder claims with `gateproof claim {gate} --commit --push`",
            documents.join(" and ")
        ));
    }
    let others: Vec<&str> = upstream.claims().iter().map(|(_, gate, _)| *gate).collect();
    if !others.is_empty() {
        why.push_str(&format!("; claimed are {}", others.join(", ")));
    }
    why
}

/// Checks everything that can be wrong with a claim before it is run; a refusal is printed. With
/// `rehearse` also the claim's author may run it.
pub(super) async fn prepare<'h>(
    gate: &'h str,
    claim: &'h RecordHeader,
    checkout: &Checkout,
    rehearse: bool,
    color: ColorOption,
) -> anyhow::Result<Result<ReviewTarget<'h>, ExitCode>> {
    let (mine, author) = (checkout.clone_id.as_deref(), checkout.author.as_deref());
    let ties = dependence(claim, mine, author);
    let shown: Vec<String> = ties.iter().map(ToString::to_string).collect();
    if !ties.is_empty() && !rehearse {
        let why = format!(
            "{gate}: {} (--allow-same-author rehearses, and judges nothing)",
            shown.join("; ")
        );
        return Ok(Err(refuse(codes::SAME_HANDS, &why)));
    }
    let mut notes: Vec<String> = shown
        .iter()
        .map(|tie| format!("not independent: {tie}; this run counts for nobody"))
        .collect();
    let commit = commit_of(claim);
    if !checkout.has(commit).await {
        let why = format!(
            "{gate}: the claimed commit {commit} is not on {}, so others may not be able to fetch it",
            checkout.upstream
        );
        return Ok(Err(refuse(codes::NO_CLAIM, &why)));
    }
    let repository = Arc::new(Repository::cold(&checkout.root, commit).await?);
    let tree = repository
        .clone_folder()
        .await
        .context("clone the claimed commit")?;
    let path = Path::new(&claim.claim.path);
    let Some(file) = load_from_tree(&tree, path, color) else {
        return Ok(Err(ExitCode::Invalid));
    };
    if file.source.digest() != claim.claim.sha256 {
        let why = format!(
            "{gate}: the claim's record and its commit do not belong together: {} has another sha256 there than the record says",
            path.display()
        );
        return Ok(Err(refuse(codes::NO_CLAIM, &why)));
    }
    notes.extend(notes_about(claim, gate, &file, checkout).await);
    let standing = if ties.is_empty() {
        ReviewKind::Verdict
    } else {
        ReviewKind::Rehearsal
    };
    Ok(Ok(ReviewTarget {
        gate,
        claim,
        file,
        repository,
        notes,
        standing,
    }))
}

/// What else a reader should know about the claim.
async fn notes_about(
    claim: &RecordHeader,
    gate: &str,
    file: &ClaimFile,
    checkout: &Checkout,
) -> Vec<String> {
    let mut notes = Vec::new();
    let (upstream, commit) = (&checkout.upstream, commit_of(claim));
    if !checkout
        .is_unchanged_upstream(commit, &claim.claim.path)
        .await
    {
        notes.push(format!(
            "the claim file has changed on {upstream}; the one of the claimed commit was run"
        ));
    }
    let docs = file.docs.to_string_lossy();
    let since = checkout.commits_since(commit, &docs).await;
    if since > 0 {
        notes.push(format!(
            "{} on {upstream} after the claimed one: more than documents changed, and that was not judged",
            count(since, "commit")
        ));
    }
    let path = format!("{docs}/{}", Document::Status.file_name(&file.phase));
    let status = checkout.upstream_text(&path).await.unwrap_or_default();
    let begin = format!("<!-- gateproof:begin status {}/{gate} run=", file.phase);
    let marker = status.lines().find_map(|line| line.strip_prefix(&begin));
    match marker.and_then(|rest| rest.split(' ').next()) {
        Some(run) if run == claim.run_id => {}
        Some(run) => notes.push(format!(
            "STATUS shows run {run}, and the newest claim is of run {}, which was judged",
            claim.run_id
        )),
        None => notes.push(format!("STATUS on {upstream} has no block of this claim")),
    }
    notes
}
