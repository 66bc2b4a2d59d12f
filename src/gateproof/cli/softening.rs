//! What claim files demand less of than at an earlier commit: reading both, and saying it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::claims::is_claim_file;
use crate::report::text;
use crate::role::{RecordHeader, RecordHistory};
use claim::ClaimFile;
use claim::softening::{Softening, softenings, unacknowledged};
use kit::count::count_of;
use kit::git;
use kit::text::Scope;
use kit::yaml::source::Source;

/// The commit that a revision names.
///
/// # Errors
/// In words, where it names none.
pub(crate) async fn commit_of(root: &Path, revision: &str) -> Result<String, String> {
    let object = format!("{revision}^{{commit}}");
    let args = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &object,
    ];
    let answer = git::ask(root, &args).await;
    answer.map_err(|_| format!("`{revision}` names no commit that is in this clone"))
}

/// The claim files of a commit: those that are named (relative to the top folder), or those of `claims/`.
///
/// # Errors
/// In words, where one cannot be read.
pub(crate) async fn files_at(
    root: &Path,
    commit: &str,
    named: &[PathBuf],
) -> Result<Vec<ClaimFile>, String> {
    let list = ["ls-tree", "-r", "--name-only", "-z", commit];
    let listed = git::ask(root, &list).await;
    let listed = listed.map_err(|error| kit::error_chain(&error))?;
    let wanted = |path: &Path| {
        let shipped = path.parent() == Some(Path::new("claims")) && is_claim_file(path);
        if named.is_empty() {
            shipped
        } else {
            named.iter().any(|it| it == path)
        }
    };
    let mut files = Vec::new();
    for path in listed
        .split('\0')
        .map(Path::new)
        .filter(|path| wanted(path))
    {
        files.push(file_at(root, commit, path).await?);
    }
    Ok(files)
}

/// One claim file of a commit.
///
/// # Errors
/// In words, where it is not there or is not a claim file.
pub(crate) async fn file_at(root: &Path, commit: &str, path: &Path) -> Result<ClaimFile, String> {
    let object = format!("{commit}:{}", path.display());
    let text = git::ask(root, &["cat-file", "blob", &object]).await;
    let text = text.map_err(|error| kit::error_chain(&error))?;
    let source = Source {
        path: path.to_owned(),
        text,
    };
    claim::read::parse(Arc::new(source), &Scope::new()).map_err(|invalid| {
        format!(
            "at {} this is not a claim file that this version reads:\n{}",
            short(commit),
            invalid.render(false).trim_end()
        )
    })
}

/// What became softer since an earlier claim.
pub(crate) struct SinceClaim {
    /// The commit of that claim.
    pub(crate) commit: String,
    /// What concerns the gate: its own changes, and those of what its checks stand on.
    pub(crate) found: Vec<Softening>,
}

/// What a gate demands less of than where it was last accepted: the newest claim that a review passed, else
/// the first claim. `None` where there is no earlier claim.
///
/// # Errors
/// In words, where the earlier file cannot be read.
pub(crate) async fn since_accepted(
    root: &Path,
    history: &RecordHistory,
    (file, gate): (&ClaimFile, &str),
    claim: Option<&RecordHeader>,
) -> Result<Option<SinceClaim>, String> {
    let Some(base) = accepted(history, &file.phase, gate, claim) else {
        return Ok(None);
    };
    let Some(state) = &base.repository else {
        return Ok(None);
    };
    let commit = state.commit.clone();
    let path = Path::new(&base.claim.path);
    let before = file_at(root, &commit, path).await.map_err(|why| {
        format!(
            "nothing tells whether {gate} demands less than at {}: {why}",
            short(&commit)
        )
    })?;
    let mut found = softenings(&[&before], &[file]);
    found.retain(|it| concerns(it, gate));
    Ok(Some(SinceClaim { commit, found }))
}

/// What a claim or a review says of it, before anything is run and in its record.
#[derive(Default)]
pub(crate) struct SofteningNotes {
    /// For the terminal; empty where there is nothing to say.
    pub(crate) shown: String,
    /// For the record, one note a change.
    pub(crate) notes: Vec<String>,
}

impl SofteningNotes {
    pub(crate) fn of(since: Result<Option<SinceClaim>, String>) -> SofteningNotes {
        match since {
            Ok(None) => SofteningNotes::default(),
            Ok(Some(since)) if since.found.is_empty() => SofteningNotes::default(),
            Ok(Some(SinceClaim { commit, found })) => SofteningNotes {
                shown: format!(
                    "since the claim at {}: {}\n{}",
                    short(&commit),
                    tally(&found),
                    lines(&found)
                ),
                notes: found
                    .iter()
                    .map(|it| format!("since the claim at {}: {}", short(&commit), line(it)))
                    .collect(),
            },
            Err(why) => SofteningNotes {
                shown: format!("note: {why}\n"),
                notes: vec![why],
            },
        }
    }
}

/// A change of another gate is that gate's own affair.
fn concerns(softening: &Softening, gate: &str) -> bool {
    let of = softening.of.as_str();
    let shared = of == "file" || of.starts_with("fixture ") || of.starts_with("host ");
    shared || of.split('/').next() == Some(gate)
}

/// The claim that the file is held against: before `claim`, if that is given.
fn accepted<'h>(
    history: &'h RecordHistory,
    phase: &str,
    gate: &str,
    claim: Option<&RecordHeader>,
) -> Option<&'h RecordHeader> {
    let earlier: Vec<&RecordHeader> = history
        .all()
        .take_while(|it| claim.is_none_or(|claim| it.run_id != claim.run_id))
        .filter(|it| it.claim.phase == phase && it.claims(gate))
        .collect();
    let passed = |it: &&&RecordHeader| {
        history
            .review(it)
            .is_some_and(|review| review.exit_code == 0)
    };
    let newest = earlier.iter().rev().find(passed);
    newest.or_else(|| earlier.first()).copied()
}

/// The changes as lines for people; nothing where there are none.
pub(crate) fn lines(all: &[Softening]) -> String {
    all.iter().map(|it| format!("  {}\n", line(it))).collect()
}

/// One change on one line.
pub(crate) fn line(softening: &Softening) -> String {
    let Softening {
        of, what, was, now, ..
    } = softening;
    let change = match (was.is_empty(), now.is_empty()) {
        (false, false) => format!("{was} → {now}"),
        (false, true) => format!("{was} → nothing"),
        (true, _) => format!("now: {now}"),
    };
    let note = softening.note.iter().map(|note| format!(" ({note})"));
    let reason = softening
        .acknowledged
        .iter()
        .map(|why| format!("; its author says: {why}"));
    let more: String = note.chain(reason).collect();
    text::visible(&format!(
        "{:<9}  {of}  {what}: {change}{more}",
        softening.gravity.name()
    ))
}

/// `3 changes demand less, 1 without a reason; 2 changes ask something else`.
pub(crate) fn tally(all: &[Softening]) -> String {
    let softer = all.iter().filter(|it| it.gravity.is_softer()).count();
    let open = unacknowledged(all).count();
    let changed = all.len() - softer;
    let less = count_of(softer, "change demands", "changes demand");
    let mut parts = vec![match open {
        0 => format!("{less} less"),
        open => format!("{less} less, {open} without a reason in `softened:`"),
    }];
    if changed > 0 {
        let other = count_of(changed, "change asks", "changes ask");
        parts.push(format!("{other} something else"));
    }
    parts.join("; ")
}

/// A commit as people write it.
pub(crate) fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}
