//! Our blocks in documents against the records that they name.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::{Case, rule};
use crate::gate::heading;
use crate::gate::verdict::{Verdict, verdict};
use crate::record::{Act, RunRecord};
use crate::report::documents::{Block, FoundBlock};
use crate::report::markdown::{self, ClaimStanding, escape::code_cell};
use crate::role::{self, EARLIER, JudgedClaim, RecordHeader};

/// Whether a block says what its record says.
pub(super) fn block(case: &mut Case<'_>, file: &Path, block: &FoundBlock) {
    let line = Some(block.lines.start);
    if block.edited {
        case.log.find_at(
            &rule::HAND_EDITED,
            file,
            line,
            format!(
                "the block of {}/{}, run {}, is not what its marker's hash says",
                block.phase, block.gate, block.run_id
            ),
            "the text as gateproof wrote it",
        );
    }
    let Some(stored) = case.chain.find(&block.run_id) else {
        // In older versions a veto or its lifting had no record. Whether it counts is judged as if
        // it was typed.
        if block.kind == "review" && block.gate == "veto" && decides(&block.body) {
            return;
        }
        case.log.find_at(
            &rule::NO_RECORD,
            file,
            line,
            format!(
                "a block of run {}, of which there is no record",
                block.run_id
            ),
            format!("the record {}.json", block.run_id),
        );
        return;
    };
    let record = &stored.record;
    if block.kind == "status" && block.gate.is_empty() && block.phase == record.claim.phase {
        done(case, file, block);
        return;
    }
    if !record.is_run() {
        if !block.edited {
            decision(case, file, block, record);
        }
        return;
    }
    if block.phase != record.claim.phase || !record.has_checks_of(&block.gate) {
        case.log.find_at(
            &rule::OTHER_THAN_RECORD,
            file,
            line,
            format!("a block of {}/{}", block.phase, block.gate),
            format!(
                "a gate of run {} in phase {}",
                block.run_id, record.claim.phase
            ),
        );
        return;
    }
    let differences = rows(block, record);
    let known = !differences.is_empty();
    for (line, found, expected) in differences {
        case.log
            .find_at(&rule::OTHER_THAN_RECORD, file, Some(line), found, expected);
    }
    passed(case, file, block, record);
    // Word for word only where this very version wrote it; an edited one is named already.
    let ours = record.tool == format!("gateproof {}", env!("CARGO_PKG_VERSION"));
    if known || block.edited || !ours {
        return;
    }
    if let Some(rendered) = rendered(case, block, record)
        && let Some((line, found, expected)) = first_difference(block, &rendered.body)
    {
        case.log
            .find_at(&rule::OTHER_THAN_RECORD, file, Some(line), found, expected);
    }
}

/// Whether a gate that STATUS calls PASS has the review that it names.
fn passed(case: &mut Case<'_>, file: &Path, block: &FoundBlock, claim: &RunRecord) {
    let Some(run) = block.input("passed") else {
        return;
    };
    let is_that = |review: &RunRecord| {
        let link = review.reviews.as_ref();
        review.act == Act::Review
            && link.is_some_and(|link| link.run_id == claim.run_id)
            && verdict(review, &block.gate) == Verdict::Pass
    };
    let review = case.chain.find(run).map(|stored| &stored.record);
    if !review.is_some_and(is_that) {
        case.log.find_at(
            &rule::UNBACKED,
            file,
            Some(block.lines.start),
            format!("{} — PASS, judged by the review {run}", block.gate),
            format!("a review of the claim {} that passed it", claim.run_id),
        );
    }
}

/// The block that this version makes of a record, for the kinds that a record alone decides.
fn rendered(case: &Case<'_>, block: &FoundBlock, record: &RunRecord) -> Option<Block> {
    let gate = &block.gate;
    match block.kind.as_str() {
        "status" if record.act == Act::Claim => {
            // Documents of older versions have this only in the text.
            let in_text = || {
                let (_, rest) = block.body.split_once("(re-claim after ")?;
                Some(rest.split_once(", claimed ")?.0)
            };
            let after = block.input("after").or_else(in_text);
            let passed = block.input("passed");
            markdown::claim_block(record, gate, ClaimStanding { after, passed })
        }
        "status" => markdown::status_block(record, gate),
        "journal" => markdown::journal_entry(record, gate),
        "review" => review(case, block, record),
        _ => None,
    }
}

fn review(case: &Case<'_>, block: &FoundBlock, record: &RunRecord) -> Option<Block> {
    let Some(link) = &record.reviews else {
        return role::review_block(record, &block.gate, role::ReviewKind::ReadOnly, None);
    };
    // A claim that is not there is a finding of its own.
    let claim = case.chain.follow(link)?;
    let claim = RecordHeader::of_record(&claim.record, &claim.link.sha256, "");
    let filed = || case.chain.records.iter().flat_map(|it| &it.record.filed);
    let about = |id: &str| filed().find(|it| it.id == id && it.gate == block.gate);
    let earlier = match block.input("earlier") {
        Some(ids) => ids.split(' ').filter_map(about).collect(),
        // Documents of older versions have this only in the text.
        None => {
            let mut lines = block.body.lines();
            let named = lines.find_map(|line| line.strip_prefix(EARLIER));
            let named = named.into_iter().flat_map(|names| names.split(", "));
            named
                .filter_map(|name| about(name.split_once(" (")?.0))
                .collect()
        }
    };
    let judged = JudgedClaim {
        claim: &claim,
        earlier,
    };
    let standing = match block.input("refused") {
        Some(why) => role::ReviewKind::Refused(why.to_owned()),
        None => role::ReviewKind::of(record, Some(&claim)),
    };
    role::review_block(record, &block.gate, standing, Some(&judged))
}

/// The block of a veto or a lifting.
fn decision(case: &mut Case<'_>, file: &Path, block: &FoundBlock, record: &RunRecord) {
    let ours = record.tool == format!("gateproof {}", env!("CARGO_PKG_VERSION"));
    let rendered = role::decision_block(record).filter(|_| ours);
    let differs = rendered.and_then(|rendered| first_difference(block, &rendered.body));
    if let Some((line, found, expected)) = differs {
        case.log
            .find_at(&rule::OTHER_THAN_RECORD, file, Some(line), found, expected);
    }
}

/// Whether a block holds one veto, or the lifting of one.
fn decides(body: &str) -> bool {
    let veto = heading::read(body, &[]).vetoes;
    veto.len() == 1 && veto[0].is_open() || body.starts_with("## Lifted @")
}

static CITED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"run `([^`]+)` \(sha256 `([0-9a-f]{12})`\)").expect("the pattern is valid")
});

/// Whether the evidence under `## DONE` is that of the records.
fn done(case: &mut Case<'_>, file: &Path, block: &FoundBlock) {
    let mut cited = 0;
    for (n, line) in block.body.lines().enumerate() {
        for (_, [run, digest]) in CITED.captures_iter(line).map(|it| it.extract()) {
            cited += 1;
            let there = case.chain.find(run).map(|it| it.link.sha256.as_str());
            if !there.is_some_and(|sha256| sha256.starts_with(digest)) {
                let expected = match there {
                    Some(sha256) => format!("sha256 {sha256}"),
                    None => format!("the record {run}.json"),
                };
                case.log.find_at(
                    &rule::OTHER_THAN_RECORD,
                    file,
                    Some(block.lines.start + 1 + n),
                    format!("evidence of run {run} with sha256 {digest}…"),
                    expected,
                );
            }
        }
    }
    if cited < 2 {
        case.log.find_at(
            &rule::UNBACKED,
            file,
            Some(block.lines.start),
            "`## DONE` without its evidence",
            "a claim and a review for every gate, as `gateproof done` writes them",
        );
    }
}

/// The first line that differs: where, what is there, what should be.
fn first_difference(block: &FoundBlock, body: &str) -> Option<(usize, String, String)> {
    let show = |line: Option<&str>| {
        line.map_or_else(|| "nothing more".to_owned(), |line| format!("`{line}`"))
    };
    let (mut there, mut should) = (block.body.lines(), body.lines());
    for line in block.lines.start + 1.. {
        match (there.next(), should.next()) {
            (None, None) => return None,
            (one, other) if one == other => {}
            (one, other) => return Some((line, show(one), show(other))),
        }
    }
    None
}

/// The rows of the results against the record: where they differ, what is there and what should
/// be. A block without a table of results (STATUS) has none.
fn rows(block: &FoundBlock, record: &RunRecord) -> Vec<(usize, String, String)> {
    let checks: Vec<_> = record
        .checks
        .iter()
        .filter(|check| check.gate == block.gate)
        .collect();
    let (mut columns, mut seen, mut differences) = (None, Vec::new(), Vec::new());
    for (n, text) in block.body.lines().enumerate() {
        let line = block.lines.start + 1 + n;
        let Some(cells) = cells(text) else {
            columns = None;
            continue;
        };
        let column = |name: &str| cells.iter().position(|cell| cell == name);
        if let (Some(check), Some(result)) = (column("Check"), column("Result")) {
            columns = Some((check, result));
            continue;
        }
        let Some((check, result)) = columns else {
            continue;
        };
        let (Some(id), Some(result)) = (cells.get(check), cells.get(result)) else {
            continue;
        };
        if id.bytes().all(|b| b == b'-' || b == b':') {
            continue;
        }
        match checks.iter().find(|check| code_cell(&check.id) == *id) {
            None => differences.push((
                line,
                format!("a row of {id}"),
                format!("the checks of run {}", record.run_id),
            )),
            Some(check) => {
                seen.push(&check.id);
                let outcome = check.outcome.name();
                if !result.split_whitespace().any(|word| word == outcome) {
                    differences.push((
                        line,
                        format!("{id}: {result}"),
                        format!("{outcome}, as in the record of run {}", record.run_id),
                    ));
                }
            }
        }
    }
    if !seen.is_empty() {
        for check in checks.iter().filter(|check| !seen.contains(&&check.id)) {
            differences.push((
                block.lines.start,
                format!("no row of {}", code_cell(&check.id)),
                format!(
                    "{}, as in the record of run {}",
                    check.outcome.name(),
                    record.run_id
                ),
            ));
        }
    }
    differences
}

/// The cells of a table's row.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in inner.chars() {
        if c == '|' && !escaped {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    Some(
        cells
            .into_iter()
            .map(|cell| cell.trim().to_owned())
            .collect(),
    )
}
