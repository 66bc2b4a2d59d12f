//! Documents against the records and against the commits that wrote them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, Utc};

use super::{AuditError, AuditRequest, Case, TOLERANCE, blocks, rule};
use crate::gate::counts::{self, Evidence};
use crate::gate::heading::{self, Reading, StatedState, Statement, When};
use crate::gate::sources;
use crate::gate::verdict::{Verdict, verdict};
use crate::record::{Act, RunRecord, StoredRecord};
use crate::report::documents::{blocks_in, untouched};
use crate::report::text::time;
use kit::git::GitError;

/// The documents of a phase: `<kind>-<phase>.md`.
pub(super) const KINDS: [&str; 3] = ["STATUS", "JOURNAL", "REVIEW"];

/// A document as it is.
pub(super) struct AuditedDocument {
    kind: &'static str,
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Where documents may be, whatever the records say.
pub(super) fn folders(request: &AuditRequest, root: &Path, reports: &Path) -> Vec<PathBuf> {
    let mut folders = vec![reports.to_owned()];
    for docs in &request.docs {
        let docs = std::path::absolute(docs).unwrap_or_else(|_| root.join(docs));
        folders.push(fs::canonicalize(&docs).unwrap_or(docs));
    }
    folders
}

/// The documents of the phase.
pub(super) fn read(
    case: &Case<'_>,
    folders: &[PathBuf],
) -> Result<Vec<AuditedDocument>, AuditError> {
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
            // What is behind a link is not what the repository has.
            if fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
                continue;
            }
            match fs::read(&path) {
                Ok(bytes) => documents.push(AuditedDocument { kind, path, bytes }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(AuditError::Read { path, source }),
            }
        }
    }
    Ok(documents)
}

/// Returns how many of our blocks and how many typed verdicts there are.
pub(super) fn documents(
    case: &mut Case<'_>,
    documents: &[AuditedDocument],
) -> Result<(usize, usize), GitError> {
    let (mut blocks, mut verdicts) = (0, 0);
    let mut shown = Vec::new();
    let mut reviews = Vec::new();
    for document in documents {
        let found = match blocks_in(&document.bytes) {
            Ok(found) => found,
            Err(error) => {
                let line = error.line();
                let found = error.to_string();
                case.log.find_at(
                    &rule::HAND_EDITED,
                    &document.path,
                    line,
                    found,
                    "whole blocks of gateproof",
                );
                Vec::new()
            }
        };
        for block in &found {
            blocks::block(case, &document.path, block);
        }
        blocks += found.len();
        shown.extend(found.iter().map(|block| block.run_id.clone()));
        let text = String::from_utf8_lossy(&document.bytes);
        let known = gates(case);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let reading = heading::read(&text, &known);
        let by_hand = |it: &&Statement| !found.iter().any(|ours| ours.lines.contains(&it.line));
        let statements: Vec<&Statement> = reading.statements.iter().filter(by_hand).collect();
        times(case, document, &statements)?;
        // The journal is a log; states stand in the other two.
        if document.kind != "JOURNAL" {
            for statement in statements {
                if matches!(statement.state, StatedState::Pass | StatedState::Fail) {
                    verdicts += 1;
                    backing(case, document, statement);
                }
            }
        }
        if document.kind == "REVIEW" {
            decisions(case, document, &reading)?;
            reviews.push((document.path.clone(), reading));
        }
    }
    filings(case, &reviews);
    unseen(case, documents, &shown)?;
    Ok((blocks, verdicts))
}

/// Reviews whose verdict no REVIEW shows, and documents that are links: what is shown there is not
/// what the repository has. A phase that never had a REVIEW has none to miss.
fn unseen(
    case: &mut Case<'_>,
    documents: &[AuditedDocument],
    shown: &[String],
) -> Result<(), GitError> {
    let name = format!("REVIEW-{}.md", case.log.phase);
    let review = documents.iter().any(|document| document.kind == "REVIEW");
    let mut expected = review;
    let records = case.chain.records.iter();
    let folders: BTreeSet<&str> = records.map(|it| it.record.claim.docs.as_str()).collect();
    for docs in folders {
        let path = case.repo.root.join(docs).join(&name);
        let link = fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink());
        expected |= link || case.repo.had(&path)?;
    }
    if !expected {
        return Ok(());
    }
    let missing: Vec<_> = case
        .chain
        .records
        .iter()
        .filter(|stored| stored.record.act == Act::Review && stored.record.reviews.is_some())
        .filter(|stored| !shown.contains(&stored.link.run_id))
        .map(|stored| (stored.path.clone(), stored.link.run_id.clone()))
        .collect();
    for (path, run_id) in missing {
        case.log.find_at(
            &rule::NOT_IN_REVIEW,
            &path,
            None,
            format!("the review of run {run_id}, and no entry of it in {name}"),
            "the entry that `gateproof review` wrote",
        );
    }
    Ok(())
}

/// What was meant to lift a veto or to close a finding, and does not.
fn decisions(
    case: &mut Case<'_>,
    document: &AuditedDocument,
    reading: &Reading,
) -> Result<(), GitError> {
    let evidence = Evidence {
        lines: sources::writers(&case.repo.root, None, &document.path, reading)?,
        blocks: untouched(&document.bytes),
        ..case.evidence.clone()
    };
    let vetoes = counts::vetoes(case.counted, reading, &evidence);
    let liftings = vetoes.iter().flat_map(|veto| veto.ignored.iter().cloned());
    let closings = counts::closings(case.counted, reading, &evidence);
    let closings = closings.ignored.into_iter().map(|(_, why)| why);
    for why in liftings.chain(closings) {
        case.log.find(
            &rule::TYPED,
            &document.path,
            why.to_string(),
            "what the Adversary lifts or closes, by `gateproof lift` or `gateproof review --close`",
        );
    }
    Ok(())
}

/// The gates that the records know.
fn gates(case: &Case<'_>) -> Vec<String> {
    let checks = case.chain.records.iter().flat_map(|it| &it.record.checks);
    let mut gates: Vec<String> = checks.map(|check| check.gate.clone()).collect();
    gates.sort();
    gates.dedup();
    gates
}

/// Findings of records and of REVIEW: each is in both, and so is its closing.
fn filings(case: &mut Case<'_>, reviews: &[(PathBuf, Reading)]) {
    let sound = |run_id: &str| case.chain.is_sound(run_id);
    let filed_in = |id: &str| {
        reviews
            .iter()
            .any(|(_, it)| it.filed.iter().any(|f| f.id == id))
    };
    let closed_in = |id: &String| {
        let mut lines = reviews.iter().flat_map(|(_, it)| &it.closed);
        lines.any(|line| line.id == *id)
    };
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
            let has = |stored: &&StoredRecord| {
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

/// Times typed in statements, against the commit that wrote the line.
fn times(
    case: &mut Case<'_>,
    document: &AuditedDocument,
    statements: &[&Statement],
) -> Result<(), GitError> {
    if statements.iter().all(|it| it.typed.is_none()) {
        return Ok(());
    }
    let commits = sources::blame(&case.repo.root, None, &document.path)?;
    for statement in statements {
        let Some(typed) = &statement.typed else {
            continue;
        };
        let line = Some(statement.line);
        if let When::Unreadable(text) = typed {
            let found = format!("`{text}` in `{}`", statement.text);
            let path = &document.path;
            case.log
                .find_at(&rule::NO_TIME, path, line, found, "a time");
            continue;
        }
        let commit = commits.get(statement.line - 1);
        let commit = commit.and_then(|(_, by)| Some(by.as_ref()?.at));
        let written: DateTime<Utc> = commit.unwrap_or(case.request.now);
        let Some(earliest) = typed.earliest(written) else {
            continue;
        };
        if earliest > written + TOLERANCE {
            let expected = match commit {
                Some(at) => format!("not after the commit that wrote the line, of {}", time(at)),
                None => format!("a time up to now, {}", time(written)),
            };
            let found = format!("{} in `{}`", time(earliest), statement.text);
            let path = &document.path;
            case.log
                .find_at(&rule::EARLY_VERDICT, path, line, found, expected);
        }
    }
    Ok(())
}

/// Whether an Adversary's record is behind a typed verdict.
fn backing(case: &mut Case<'_>, document: &AuditedDocument, statement: &Statement) {
    let pass = statement.state == StatedState::Pass;
    let word = if pass { "PASS" } else { "FAIL" };
    let gate = statement.gate.as_str();
    let before = |record: &RunRecord| match &statement.typed {
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
        .filter(|record| record.has_checks_of(gate))
        .collect();
    // A FAIL may rest on what the reviewer found besides the checks.
    let supports = |record: &RunRecord| !pass || passed(record, gate);
    if of_gate.iter().any(|it| before(it) && supports(it)) {
        return;
    }
    let found = if of_gate.is_empty() {
        format!("{word} of {gate}, and no adversary's record of that gate")
    } else if of_gate.iter().any(|record| supports(record)) {
        format!("{word} of {gate} at a time before its record")
    } else {
        format!("{word} of {gate}, and no adversary's record in which the whole gate passed")
    };
    let expected = if pass {
        format!("an adversary's record from before, in which every check of {gate} is PASS")
    } else {
        format!("an adversary's record of {gate} from before")
    };
    let line = Some(statement.line);
    case.log
        .find_at(&rule::UNBACKED, &document.path, line, found, expected);
}

/// Whether every check of the whole gate passed.
fn passed(record: &RunRecord, gate: &str) -> bool {
    verdict(record, gate) == Verdict::Pass
}
