//! Records and attestations against the clock and against git.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::evidence_file::{EvidenceFile, EvidenceFiles};
use super::{Case, TOLERANCE, rule};
use crate::record::SIGNATURE;
use crate::report::text::time;
use kit::git::GitError;

/// Git's history of the files: each was added once and never changed. Returns how many of a
/// folder's files are in HEAD as they are.
pub(super) fn history(case: &mut Case<'_>, files: &EvidenceFiles<'_>) -> Result<usize, GitError> {
    let root = case.repo.root.clone();
    let Some(folder) = below(&root, files.folder) else {
        case.log.note(format!(
            "the {} are outside of the repository: git cannot tell whether one was edited",
            files.noun
        ));
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
        if let Some(evidence) = files.all.iter().find(|it| it.path == file)
            && evidence.ended > first.time + TOLERANCE
        {
            case.log.find(
                &rule::BEFORE_IT_WAS,
                &file,
                format!("{} ended {}", evidence.name, time(evidence.ended)),
                format!("not after commit {}, of {}", first.commit, time(first.time)),
            );
        }
    }
    compare_with_head(case, &root, &committed, files)
}

fn compare_with_head(
    case: &mut Case<'_>,
    root: &Path,
    committed: &BTreeMap<String, String>,
    files: &EvidenceFiles<'_>,
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
    let new = |file: &&EvidenceFile<'_>| {
        let path = below(root, file.path);
        path.is_none_or(|path| !committed.contains_key(&path))
    };
    let new: Vec<&str> = files.all.iter().filter(new).map(|it| &*it.name).collect();
    if !new.is_empty() {
        let what = "not in HEAD, where git would guard them";
        case.log.note(files.some(&new, what));
    }
    let same = |file: &&EvidenceFile<'_>| same.iter().any(|path| path == file.path);
    Ok(files.all.iter().filter(same).count())
}

/// Times that cannot be.
pub(super) fn times(case: &mut Case<'_>, files: &[EvidenceFile<'_>]) {
    let now = case.request.now;
    for file in files {
        let latest = file.began.max(file.ended);
        if latest > now + TOLERANCE {
            case.log.find(
                &rule::FUTURE,
                file.path,
                format!("{} until {}", file.name, time(latest)),
                format!("a time up to now, {}", time(now)),
            );
        }
        if file.ended < file.began {
            case.log.find(
                &rule::BACKWARDS,
                file.path,
                format!("began {}, ended {}", time(file.began), time(file.ended)),
                "an end after the beginning",
            );
        }
    }
}

/// The commit that each file speaks of, and the claim file there.
pub(super) fn commits(case: &mut Case<'_>, files: &[EvidenceFile<'_>]) -> Result<(), GitError> {
    for file in files {
        let Some(commit) = file.commit else {
            case.log.note(format!(
                "{} was in no repository: no commit says what was checked",
                file.name
            ));
            continue;
        };
        let Some(made) = case.repo.commit_time(commit)? else {
            case.log.find(
                &rule::NO_COMMIT,
                file.path,
                format!("commit {commit}, which is not here"),
                "a commit of this repository",
            );
            continue;
        };
        if !case.repo.reaches(commit, file.branch)? {
            let branch = file
                .branch
                .map_or_else(String::new, |branch| format!(" or of {branch}"));
            case.log.find(
                &rule::UNREACHABLE,
                file.path,
                format!("commit {commit}, which no longer is"),
                format!("a commit in the history of HEAD{branch}"),
            );
        }
        if file.began + TOLERANCE < made {
            case.log.find(
                &rule::OLD_EVIDENCE,
                file.path,
                format!("{} began {}", file.name, time(file.began)),
                format!("not before commit {commit}, of {}", time(made)),
            );
        }
        claim_file(case, file, commit)?;
    }
    Ok(())
}

fn claim_file(case: &mut Case<'_>, file: &EvidenceFile<'_>, commit: &str) -> Result<(), GitError> {
    let (path, sha256) = file.claim;
    let there = case.repo.file_digest(commit, path)?;
    if there.as_deref() == Some(sha256) {
        return Ok(());
    }
    if file.loose {
        case.log.note(format!(
            "{}: the claim file was not committed as it was run",
            file.name
        ));
        return Ok(());
    }
    let expected = match there {
        Some(sha256) => format!("sha256 {sha256}, as at commit {commit}"),
        None => format!("a file at commit {commit}, which has none of that name"),
    };
    let found = format!("{path} with sha256 {sha256}");
    case.log
        .find(&rule::CLAIM_DIGEST, file.path, found, expected);
    Ok(())
}

/// The path from the top, as git writes it.
fn below(root: &Path, path: &Path) -> Option<String> {
    let path: PathBuf = path.strip_prefix(root).ok()?.to_owned();
    path.to_str().map(str::to_owned)
}
