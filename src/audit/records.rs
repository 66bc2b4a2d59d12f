//! Records against each other, against the clock and against git.

use std::path::{Path, PathBuf};

use super::{Case, TOLERANCE, rule};
use crate::git::GitError;
use crate::record::{Act, FaultKind, SIGNATURE, Stored};
use crate::report::text::time;

/// What the chain itself shows.
pub(super) fn chain(case: &mut Case<'_>) {
    for fault in &case.chain.faults {
        let (rule, expected) = match &fault.kind {
            FaultKind::Unreadable { .. } | FaultKind::NotARecord { .. } => {
                (&rule::DAMAGED, "a run record".to_owned())
            }
            FaultKind::SealBroken | FaultKind::Unsealed => (
                &rule::DAMAGED,
                "the file as it was written and sealed".to_owned(),
            ),
            FaultKind::Renamed { run_id } => (&rule::RENAMED, format!("the name {run_id}.json")),
            FaultKind::Missing { sha256 } => (&rule::LINK, format!("a file with sha256 {sha256}")),
            FaultKind::Moved { .. } => (&rule::LINK, "the file under its own name".to_owned()),
            FaultKind::Changed { expected, .. } => (&rule::LINK, format!("sha256 {expected}")),
            FaultKind::Cycle => (&rule::ORDER, "only records from before".to_owned()),
            FaultKind::NoRecord => (&rule::LONE_SIGNATURE, "the record beside it".to_owned()),
        };
        let mut found = fault.kind.to_string();
        if let FaultKind::Changed { found: sha256, .. } = &fault.kind {
            found.push_str(&format!(" (sha256 {sha256})"));
        }
        let expected = match &fault.by {
            Some(by) => format!("{expected}, as run {by} follows it"),
            None => expected,
        };
        case.log.find(rule, &fault.path, found, expected);
    }
    for stored in &case.chain.records {
        let phase = &stored.record.claim.phase;
        if *phase != case.log.phase {
            case.log.find(
                &rule::FOREIGN,
                &stored.path,
                format!("a record of phase {phase}"),
                format!("records of phase {}", case.log.phase),
            );
        }
        let before = |link| case.chain.follow(link);
        for other in stored.record.follows.iter().filter_map(before) {
            if other.record.ended > stored.record.ended + TOLERANCE {
                case.log.find(
                    &rule::ORDER,
                    &stored.path,
                    format!(
                        "it ended {} and follows run {}, which ended {}",
                        time(stored.record.ended),
                        other.link.run_id,
                        time(other.record.ended)
                    ),
                    "only records from before",
                );
            }
        }
    }
}

/// What git knows of the records' own files: each was added once and is as it was. Returns how
/// many records are in HEAD as they are.
pub(super) fn history(case: &mut Case<'_>) -> Result<usize, GitError> {
    let root = case.repo.root.clone();
    let Some(folder) = below(&root, &case.chain.folder) else {
        case.log.note(
            "the records are outside of the repository: git cannot tell whether one was edited",
        );
        return Ok(0);
    };
    let ours = |path: &str| {
        let name = path
            .strip_prefix(&folder)
            .and_then(|rest| rest.strip_prefix('/'));
        name.is_some_and(|name| {
            let name = name.strip_suffix(SIGNATURE).unwrap_or(name);
            !name.contains('/') && !name.starts_with('.') && name.ends_with(".json")
        })
    };
    let mut touches = case.repo.touches(&folder)?;
    touches.retain(|path, _| ours(path));
    let mut committed = case.repo.committed(&folder)?;
    committed.retain(|path, _| ours(path));

    for (path, touches) in &touches {
        let file = root.join(path);
        let first = &touches[0];
        for touch in &touches[1..] {
            let by = format!("in commit {} at {}", touch.commit, time(touch.time));
            let expected = format!("only commit {}, which added it", first.commit);
            match touch.status {
                'D' => case
                    .log
                    .find(&rule::REMOVED, &file, format!("removed {by}"), expected),
                // The same record on two branches is one record.
                _ if touch.blob == first.blob => {}
                _ => case
                    .log
                    .find(&rule::EDITED, &file, format!("changed {by}"), expected),
            }
        }
        let deleted = touches.iter().any(|touch| touch.status == 'D');
        if !committed.contains_key(path) && !deleted {
            case.log.find(
                &rule::REMOVED,
                &file,
                "lost in a merge: it is in the history and not in HEAD",
                format!("as commit {} added it", first.commit),
            );
        }
        if let Some(stored) = case.chain.records.iter().find(|it| it.path == file)
            && stored.record.ended > first.time + TOLERANCE
        {
            case.log.find(
                &rule::BEFORE_IT_WAS,
                &file,
                format!("the run ended {}", time(stored.record.ended)),
                format!("not after commit {}, of {}", first.commit, time(first.time)),
            );
        }
    }
    compare_with_head(case, &root, &committed)
}

fn compare_with_head(
    case: &mut Case<'_>,
    root: &Path,
    committed: &std::collections::BTreeMap<String, String>,
) -> Result<usize, GitError> {
    let (there, gone): (Vec<_>, Vec<_>) = committed
        .keys()
        .cloned()
        .partition(|path| root.join(path).is_file());
    for path in gone {
        case.log.find(
            &rule::REMOVED,
            &root.join(path),
            "it is not in the working tree",
            "as in HEAD",
        );
    }
    let blobs = case.repo.blobs(&there)?;
    let mut same = Vec::new();
    for (path, blob) in there.iter().zip(blobs) {
        if committed[path] == blob {
            same.push(root.join(path));
        } else {
            case.log.find(
                &rule::NOT_COMMITTED_SO,
                &root.join(path),
                format!("blob {blob}"),
                format!("blob {}, as in HEAD", committed[path]),
            );
        }
    }
    let records = &case.chain.records;
    let new = |stored: &&Stored| {
        let path = below(root, &stored.path);
        path.is_none_or(|path| !committed.contains_key(&path))
    };
    let new: Vec<&str> = records
        .iter()
        .filter(new)
        .map(|it| it.link.run_id.as_str())
        .collect();
    if !new.is_empty() {
        let runs = few(&new);
        let noun = if new.len() == 1 {
            "record is"
        } else {
            "records are"
        };
        case.log.note(format!(
            "{} {noun} not in HEAD, and git does not guard them: {runs}",
            new.len()
        ));
    }
    Ok(records.iter().filter(|it| same.contains(&it.path)).count())
}

/// Times that cannot be.
pub(super) fn times(case: &mut Case<'_>) {
    let now = case.wish.now;
    for stored in &case.chain.records {
        let record = &stored.record;
        let latest = record.started.max(record.ended);
        if latest > now + TOLERANCE {
            case.log.find(
                &rule::FUTURE,
                &stored.path,
                format!("a run until {}", time(latest)),
                format!("a time up to now, {}", time(now)),
            );
        }
        if record.ended < record.started {
            case.log.find(
                &rule::BACKWARDS,
                &stored.path,
                format!(
                    "began {}, ended {}",
                    time(record.started),
                    time(record.ended)
                ),
                "an end after the beginning",
            );
        }
    }
}

/// The commit that each record speaks of, and the claim file there.
pub(super) fn commits(case: &mut Case<'_>) -> Result<(), GitError> {
    for stored in &case.chain.records {
        let record = &stored.record;
        let Some(state) = &record.repository else {
            case.log.note(format!(
                "run {} was in no repository: no commit says what was checked",
                stored.link.run_id
            ));
            continue;
        };
        let commit = state.commit.as_str();
        let Some(made) = case.repo.commit_time(commit)? else {
            case.log.find(
                &rule::NO_COMMIT,
                &stored.path,
                format!("commit {commit}, which is not here"),
                "a commit of this repository",
            );
            continue;
        };
        if !case.repo.reaches(commit, state.branch.as_deref())? {
            let branch = state
                .branch
                .as_deref()
                .map_or_else(String::new, |branch| format!(" or of {branch}"));
            case.log.find(
                &rule::UNREACHABLE,
                &stored.path,
                format!("commit {commit}, which no longer is"),
                format!("a commit in the history of HEAD{branch}"),
            );
        }
        if record.started + TOLERANCE < made {
            case.log.find(
                &rule::OLD_EVIDENCE,
                &stored.path,
                format!("the run began {}", time(record.started)),
                format!("not before commit {commit}, of {}", time(made)),
            );
        }
        claim_file(case, stored, commit, state.dirty)?;
    }
    Ok(())
}

fn claim_file(
    case: &mut Case<'_>,
    stored: &Stored,
    commit: &str,
    dirty: bool,
) -> Result<(), GitError> {
    let claim = &stored.record.claim;
    let there = case.repo.file_digest(commit, &claim.path)?;
    if there.as_ref() == Some(&claim.sha256) {
        return Ok(());
    }
    let found = format!("a run of {} with sha256 {}", claim.path, claim.sha256);
    // Whoever only looks may look at what is not committed yet; the record says so itself.
    if stored.record.act == Act::Verify && dirty {
        case.log.note(format!(
            "run {}: the claim file was not committed as it was run",
            stored.link.run_id
        ));
        return Ok(());
    }
    let expected = match there {
        Some(sha256) => format!("sha256 {sha256}, as at commit {commit}"),
        None => format!("a file at commit {commit}, which has none of that name"),
    };
    case.log
        .find(&rule::CLAIM_DIGEST, &stored.path, found, expected);
    Ok(())
}

/// The path from the top, as git writes it.
fn below(root: &Path, path: &Path) -> Option<String> {
    let path: PathBuf = path.strip_prefix(root).ok()?.to_owned();
    path.to_str().map(str::to_owned)
}

/// Some of many, on one line.
pub(super) fn few(names: &[&str]) -> String {
    let shown = names.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        0..=3 => shown,
        more => format!("{shown} and {} more", more - 3),
    }
}
