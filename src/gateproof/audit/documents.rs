//! Documents against the records and against the commits that wrote them.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, Utc};

use super::verdicts::{Heading, earliest, headings};
use super::{AuditError, Case, TOLERANCE, Wish, blocks, rule};
use crate::gate::heading::{self, Reading, When};
use crate::gate::verdict::{Verdict, verdict};
use crate::record::{RunRecord, Stored};
use crate::report::documents::blocks_in;
use crate::report::text::time;
use kit::git::GitError;

/// The documents of a phase: `<kind>-<phase>.md`.
pub(super) const KINDS: [&str; 3] = ["STATUS", "JOURNAL", "REVIEW"];

/// A document as it is.
pub(super) struct Document {
    kind: &'static str,
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Where documents may be, whatever the records say.
pub(super) fn folders(wish: &Wish, root: &Path, reports: &Path) -> Vec<PathBuf> {
    let mut folders = vec![reports.to_owned()];
    for docs in &wish.docs {
        let docs = std::path::absolute(docs).unwrap_or_else(|_| root.join(docs));
        folders.push(fs::canonicalize(&docs).unwrap_or(docs));
    }
    folders
}

/// The documents of the phase.
pub(super) fn read(case: &Case<'_>, folders: &[PathBuf]) -> Result<Vec<Document>, AuditError> {
    let mut folders = folders.to_vec();
    for stored in &case.chain.records {
        let docs = Path::new(&stored.record.claim.docs);
        // A record may say anything; documents are in the repository.
        if docs
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        {
            folders.push(case.repo.root.join(docs));
        }
    }
    folders.sort();
    folders.dedup();
    let mut documents = Vec::new();
    for folder in folders {
        for kind in KINDS {
            let path = folder.join(format!("{kind}-{}.md", case.log.phase));
            match fs::read(&path) {
                Ok(bytes) => documents.push(Document { kind, path, bytes }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(AuditError::Read { path, source }),
            }
        }
    }
    Ok(documents)
}

/// Returns how many blocks of ours and how many verdicts of people there are.
pub(super) fn documents(
    case: &mut Case<'_>,
    documents: &[Document],
) -> Result<(usize, usize), GitError> {
    let (mut blocks, mut verdicts) = (0, 0);
    let mut reviews = Vec::new();
    for document in documents {
        let found = match blocks_in(&document.bytes) {
            Ok(found) => found,
            Err(error) => {
                let line = error.line();
                let said = error.to_string();
                case.log.find_at(
                    &rule::HAND_EDITED,
                    &document.path,
                    line,
                    said,
                    "whole blocks of gateproof",
                );
                Vec::new()
            }
        };
        for block in &found {
            blocks::block(case, &document.path, block);
        }
        blocks += found.len();
        let ours: Vec<_> = found.into_iter().map(|block| block.lines).collect();
        let text = String::from_utf8_lossy(&document.bytes);
        let known = gates(case);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let reading = heading::read(&text, &known);
        let headings = headings(&reading, &ours);
        times(case, document, &headings)?;
        // The journal tells a story; states stand in the other two.
        if document.kind != "JOURNAL" {
            for heading in headings.iter().filter(|it| it.verdict.is_some()) {
                verdicts += 1;
                backing(case, document, heading);
            }
        }
        if document.kind == "REVIEW" {
            reviews.push((document.path.clone(), reading));
        }
    }
    filings(case, &reviews);
    Ok((blocks, verdicts))
}

/// The gates that the records know.
fn gates(case: &Case<'_>) -> Vec<String> {
    let checks = case.chain.records.iter().flat_map(|it| &it.record.checks);
    let mut gates: Vec<String> = checks.map(|check| check.gate.clone()).collect();
    gates.sort();
    gates.dedup();
    gates
}

/// Findings of records and of REVIEW: each stands in both, and so does its closing.
fn filings(case: &mut Case<'_>, reviews: &[(PathBuf, Reading)]) {
    let sound = |run_id: &str| case.chain.is_sound(run_id);
    let filed_in = |id: &str| {
        reviews
            .iter()
            .any(|(_, it)| it.filed.iter().any(|f| f.id == id))
    };
    let closed_in = |id: &String| reviews.iter().any(|(_, it)| it.closed.contains(id));
    let mut one_sided = Vec::new();
    for stored in &case.chain.records {
        let record = &stored.record;
        for finding in record.filed.iter().filter(|it| !filed_in(&it.id)) {
            let found = format!(
                "finding {} of {} stands in the record only",
                finding.id, finding.gate
            );
            let expected = format!("a heading `{} [adversary] …` in REVIEW", finding.id);
            one_sided.push((stored.path.clone(), None, found, expected));
        }
        for id in record.closed.iter().filter(|id| !closed_in(id)) {
            let found = format!("finding {id} is closed in the record only");
            let expected = format!("a line `{id} [adversary] CLOSED` in REVIEW");
            one_sided.push((stored.path.clone(), None, found, expected));
        }
    }
    for (path, reading) in reviews {
        for filing in &reading.filed {
            let has = |stored: &&Stored| {
                sound(&stored.link.run_id) && stored.record.filed.iter().any(|f| f.id == filing.id)
            };
            if case.chain.records.iter().find(has).is_none() {
                let found = format!(
                    "finding {} stands in REVIEW only, and is in nobody's way",
                    filing.id
                );
                let expected =
                    "a review's record that files it: `gateproof review GATE --finding TEXT`";
                one_sided.push((path.clone(), Some(filing.line), found, expected.to_owned()));
            }
        }
    }
    for (path, line, found, expected) in one_sided {
        case.log
            .find_at(&rule::ONE_SIDED, &path, line, found, expected);
    }
}

/// Times in headings against the commit that wrote the line.
fn times(case: &mut Case<'_>, document: &Document, headings: &[Heading]) -> Result<(), GitError> {
    if headings.iter().all(|heading| heading.stamp.is_none()) {
        return Ok(());
    }
    let lines = case.repo.blame(&document.path)?;
    for heading in headings {
        let Some(stamp) = &heading.stamp else {
            continue;
        };
        let commit = lines.get(heading.line - 1).copied().flatten();
        let written: DateTime<Utc> = commit.unwrap_or(case.wish.now);
        let Some(earliest) = earliest(stamp, written) else {
            if let When::Unreadable(text) = stamp {
                case.log.find_at(
                    &rule::NO_TIME,
                    &document.path,
                    Some(heading.line),
                    format!("`{text}` in `{}`", heading.text),
                    "a time",
                );
            }
            continue;
        };
        if earliest > written + TOLERANCE {
            let by = match commit {
                Some(at) => format!("not after the commit that wrote the line, of {}", time(at)),
                None => format!("a time up to now, {}", time(written)),
            };
            case.log.find_at(
                &rule::EARLY_VERDICT,
                &document.path,
                Some(heading.line),
                format!("{} in `{}`", time(earliest), heading.text),
                by,
            );
        }
    }
    Ok(())
}

/// Whether an adversary's record stands behind a verdict.
fn backing(case: &mut Case<'_>, document: &Document, heading: &Heading) {
    let pass = heading.verdict == Some(true);
    let word = if pass { "PASS" } else { "FAIL" };
    let gate = heading.gate.as_str();
    let before = |record: &RunRecord| match &heading.stamp {
        Some(When::Instant(time)) => record.started <= *time + TOLERANCE,
        _ => true,
    };
    let of_gate: Vec<_> = case
        .chain
        .records
        .iter()
        .filter(|stored| case.chain.is_sound(&stored.link.run_id))
        .map(|stored| &stored.record)
        .filter(|record| record.role.as_deref() == Some("adversary"))
        .filter(|record| record.checks.iter().any(|check| check.gate == gate))
        .collect();
    // A FAIL may rest on what the reviewer found besides the checks.
    let backed = of_gate
        .iter()
        .any(|record| before(record) && (!pass || passed(record, gate)));
    if backed {
        return;
    }
    let found = match of_gate.len() {
        0 => format!("{word} of {gate}, and no adversary's record of that gate"),
        _ if of_gate.iter().any(|record| !pass || passed(record, gate)) => {
            format!("{word} of {gate} at a time before its record")
        }
        _ => format!("{word} of {gate}, and no adversary's record in which the whole gate passed"),
    };
    case.log.find_at(
        &rule::UNBACKED,
        &document.path,
        Some(heading.line),
        found,
        match pass {
            true => {
                format!("an adversary's record from before, in which every check of {gate} is PASS")
            }
            false => format!("an adversary's record of {gate} from before"),
        },
    );
}

/// Whether every check of the whole gate passed.
fn passed(record: &RunRecord, gate: &str) -> bool {
    verdict(record, gate) == Verdict::Pass
}
