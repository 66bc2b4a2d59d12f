//! `verify --accept`: snapshots of claim files take on what a run saw.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use similar::Algorithm;
use similar::udiff::unified_diff;
use thiserror::Error;

use crate::cli::terminal;
use crate::record::{AcceptedSnapshot, CheckRecord, ObservationRecord, RunRecord, StreamRecord};
use claim::ClaimFile;
use claim::accept::{NotAccepted, RedMatcher, Replacement, SeenTexts, accepted, rewritten};
use claim::codes;
use claim::outcome::Outcome;
use kit::inside::{Inside, NotInside};
use kit::redact::REDACTED;
use kit::yaml::codes::Code;
use kit::{atomic, digest};

/// Lines around a difference.
const CONTEXT: usize = 3;

/// Why no snapshot of a claim file can be rewritten.
#[derive(Debug, Error)]
pub(crate) enum AcceptError {
    #[error(
        "--accept is for people: this is a CI job (`CI` is set), and a claim that takes on what it sees shows nothing"
    )]
    OnCi,
    #[error(
        "--accept: {} is not in a git repository with a commit, where a change can be looked at and taken back", .0.display()
    )]
    NoRepository(PathBuf),
    #[error("--accept")]
    Place(#[from] NotInside),
    #[error("--accept: {} is read-only; make it writable (`chmod u+w`)", .0.display())]
    ReadOnly(PathBuf),
    #[error(
        "{} was changed while its checks ran, and is left as it is: run again", .0.display()
    )]
    Changed(PathBuf),
    #[error("{} is left as it is: {why}", path.display())]
    CannotWrite { path: PathBuf, why: NotAccepted },
    #[error("{} cannot be written: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl AcceptError {
    /// Before a run.
    pub(crate) fn code(&self) -> Code {
        match self {
            AcceptError::Place(_) | AcceptError::NoRepository(_) => codes::OUTSIDE,
            _ => codes::COMMAND_LINE,
        }
    }
}

/// Whether the snapshots of a claim file may be rewritten; `root` is the top of its repository. Asked
/// before anything is run.
///
/// # Errors
/// [`AcceptError`].
pub(crate) fn may_accept(
    file: &ClaimFile,
    root: Option<&Path>,
    folder: &Path,
) -> Result<(), AcceptError> {
    let set = |name: &str| {
        std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
    };
    if set("CI") || set("GITHUB_ACTIONS") {
        return Err(AcceptError::OnCi);
    }
    let path = &file.source.path;
    let root = root.ok_or_else(|| AcceptError::NoRepository(path.clone()))?;
    let place = place(file, root, folder)?.path();
    let found = fs::symlink_metadata(&place).map_err(|source| AcceptError::Io {
        path: path.clone(),
        source,
    })?;
    if found.permissions().readonly() {
        return Err(AcceptError::ReadOnly(path.clone()));
    }
    Ok(())
}

/// The claim file as a place in its repository, with no link on the way.
fn place(file: &ClaimFile, root: &Path, folder: &Path) -> Result<Inside, AcceptError> {
    let whole = folder.join(&file.source.path);
    // The way to the repository may have links, such as `/tmp` on some systems; the way inside may not.
    let top = [root.to_owned(), fs::canonicalize(root).unwrap_or_default()];
    let inside = top.iter().find_map(|top| {
        let relative = whole.strip_prefix(top).ok()?;
        Some(Inside::of(top, relative))
    });
    match inside {
        Some(place) => Ok(place?),
        None => {
            let parent = whole.parent().and_then(|it| fs::canonicalize(it).ok());
            let name = whole.file_name();
            let (Some(parent), Some(name)) = (parent, name) else {
                return Err(AcceptError::NoRepository(file.source.path.clone()));
            };
            let relative = parent.strip_prefix(&top[1]).map(|it| it.join(name));
            match relative {
                Ok(relative) => Ok(Inside::of(&top[1], &relative)?),
                Err(_) => Err(AcceptError::NoRepository(file.source.path.clone())),
            }
        }
    }
}

/// Rewrites the snapshots by which alone a check of the run is red, shows the difference, and notes
/// in the record what was done. Such a run has no gates.
///
/// # Errors
/// [`AcceptError`]; then the claim file is as it was.
pub(crate) fn accept(
    file: &ClaimFile,
    root: &Path,
    folder: &Path,
    record: &mut RunRecord,
) -> Result<(), AcceptError> {
    record.gates.clear();
    let mut replacements = Vec::new();
    let mut names = Vec::new();
    for check in &record.checks {
        if check.outcome != Outcome::Fail {
            continue;
        }
        let name = format!("{}/{}", check.gate, check.id);
        match of_check(file, check) {
            Ok(found) => {
                replacements.extend(found);
                names.push((check.gate.clone(), check.id.clone()));
            }
            Err(why) => record.notes.push(format!("not accepted: {name}: {why}")),
        }
    }
    if replacements.is_empty() {
        record
            .notes
            .push("--accept: no snapshot was rewritten".to_owned());
        return Ok(());
    }
    let path = || file.source.path.clone();
    let before = &file.source.text;
    let after = rewritten(before, &replacements)
        .map_err(|why| AcceptError::CannotWrite { path: path(), why })?;
    write(file, root, folder, &after)?;
    let claim_sha256 = digest::sha256(&after);
    for (gate, check) in names {
        record.notes.push(format!(
            "accepted: the snapshot of {gate}/{check} is now what was seen; run again to see that it holds"
        ));
        record.accepted.push(AcceptedSnapshot {
            gate,
            check,
            claim_sha256: claim_sha256.clone(),
        });
    }
    let shown = file.source.path.display().to_string();
    let names = (format!("a/{shown}"), format!("b/{shown}"));
    let header = Some((names.0.as_str(), names.1.as_str()));
    terminal::err(&unified_diff(
        Algorithm::Myers,
        before,
        &after,
        CONTEXT,
        header,
    ));
    Ok(())
}

/// Whole, or not at all.
fn write(file: &ClaimFile, root: &Path, folder: &Path, text: &str) -> Result<(), AcceptError> {
    let path = &file.source.path;
    let io = |source| AcceptError::Io {
        path: path.clone(),
        source,
    };
    let place = place(file, root, folder)?.path();
    if fs::read(&place).map_err(io)? != file.source.text.as_bytes() {
        return Err(AcceptError::Changed(path.clone()));
    }
    let mode = fs::metadata(&place).map_err(io)?.permissions();
    let parent = place.parent().unwrap_or(Path::new("."));
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let staged = atomic::stage(parent, &name, text.as_bytes()).map_err(io)?;
    staged.as_file().set_permissions(mode).map_err(io)?;
    staged.persist(&place).map_err(|error| io(error.error))?;
    atomic::sync_folder(parent).map_err(io)
}

/// What to write for one check that failed.
fn of_check(file: &ClaimFile, record: &CheckRecord) -> Result<Vec<Replacement>, NotAccepted> {
    let mut gates = file.gates.iter().filter(|gate| gate.id == record.gate);
    let check = gates
        .next()
        .and_then(|gate| gate.checks.iter().find(|check| check.id == record.id))
        // An expanded check that is known only in a run.
        .ok_or(NotAccepted::Shared)?;
    let red = record.findings.iter().map(|finding| {
        let at = finding.place.as_deref().and_then(line_and_column);
        at.map(|at| RedMatcher {
            at,
            part: finding.subject.clone(),
        })
        .ok_or_else(|| NotAccepted::OtherMatcher(finding.subject.clone()))
    });
    let red: Vec<RedMatcher> = red.collect::<Result<_, _>>()?;
    if red.is_empty() {
        return Err(NotAccepted::OtherMatcher("what it captures".to_owned()));
    }
    accepted(file, check, &red, &seen(record))
}

/// Of `file:line:column`.
fn line_and_column(place: &str) -> Option<(usize, usize)> {
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    Some((parts.next()?.parse().ok()?, column))
}

fn seen(record: &CheckRecord) -> SeenTexts {
    match &record.observation {
        Some(ObservationRecord::Command { stdout, stderr, .. }) => SeenTexts {
            stdout: whole(stdout),
            stderr: whole(stderr),
            body: None,
        },
        Some(ObservationRecord::Http(answers)) => SeenTexts {
            body: match answers.as_slice() {
                [one] => one.body.as_ref().and_then(whole),
                _ => None,
            },
            ..SeenTexts::default()
        },
        None => SeenTexts::default(),
    }
}

/// The text as it was seen; nothing where the record has less, or something else.
fn whole(stream: &StreamRecord) -> Option<String> {
    let same = !stream.truncated
        && !stream.text.contains(REDACTED)
        && !stream.text.contains(char::REPLACEMENT_CHARACTER);
    same.then(|| stream.text.clone())
}
