//! Blocks of ours in documents against the records that they name.

use std::path::Path;

use super::{Case, rule};
use crate::record::RunRecord;
use crate::report::documents::{Block, Standing};
use crate::report::markdown::{self, escape::code_cell};

/// Whether a block says what its record says.
pub(super) fn block(case: &mut Case<'_>, file: &Path, block: &Standing) {
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
    if block.phase != record.claim.phase
        || !record.checks.iter().any(|check| check.gate == block.gate)
    {
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
    // Word for word only where this very version wrote it; an edited one is named already.
    let ours = record.tool == format!("gateproof {}", env!("CARGO_PKG_VERSION"));
    if known || block.edited || !ours {
        return;
    }
    if let Some(rendered) = rendered(&block.kind, record, &block.gate)
        && let Some((line, found, expected)) = first_difference(block, &rendered.body)
    {
        case.log
            .find_at(&rule::OTHER_THAN_RECORD, file, Some(line), found, expected);
    }
}

/// The block that this version makes of a record, for the kinds that a record alone decides.
fn rendered(kind: &str, record: &RunRecord, gate: &str) -> Option<Block> {
    match kind {
        "status" => markdown::status_block(record, gate),
        "journal" => markdown::journal_entry(record, gate),
        _ => None,
    }
}

/// The first line that differs: where, what is there, what should be.
fn first_difference(block: &Standing, body: &str) -> Option<(usize, String, String)> {
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
fn rows(block: &Standing, record: &RunRecord) -> Vec<(usize, String, String)> {
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
