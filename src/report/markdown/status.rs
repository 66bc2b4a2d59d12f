//! The STATUS block of a gate: WHAT, HOW, EXPECTED and WHERE, and no result.

use super::escape::{code, code_cell, comment, fence, neutralise, prose};
use super::{command_line, commit_words, partial_selection};
use crate::record::{CheckRecord, FixtureRecord, RunRecord};
use crate::report::documents::{Block, Document};
use crate::report::text;

/// The block of one gate of the record for `STATUS-<phase>.md`: what is claimed, the commands
/// that verify it from a cold clone, what to expect, and the commit. It holds no observation and
/// no outcome, so that it does not anchor who verifies; see the rules in [`super`].
///
/// `None` when the record has no check of that gate.
pub fn status_block(record: &RunRecord, gate: &str) -> Option<Block> {
    let (_, title) = text::gates(record)
        .into_iter()
        .find(|(name, _)| *name == gate)?;
    let checks: Vec<&CheckRecord> = record.checks.iter().filter(|c| c.gate == gate).collect();
    let mut body = what(record, gate, title, &checks);
    body.push_str(&how(record, gate, &checks));
    body.push_str(&expected(&checks));
    body.push_str(&where_(record, &checks));
    Some(Block::new(Document::Status, record, gate, body))
}

fn what(record: &RunRecord, gate: &str, title: &str, checks: &[&CheckRecord]) -> String {
    let mut out = format!(
        "### WHAT is claimed\n\n**{}** — {} (phase {}: {}).\n\n",
        prose(gate),
        prose(title),
        prose(&record.claim.phase),
        prose(&record.claim.title)
    );
    if let Some(selection) = partial_selection(record) {
        out.push_str(&format!(
            "**Not the whole gate:** only what {} selects.\n\n",
            code(selection)
        ));
    }
    for (n, check) in checks.iter().enumerate() {
        out.push_str(&format!(
            "{}. {}: {}\n",
            n + 1,
            code(&check.id),
            prose(&check.claim)
        ));
    }
    out + "\n"
}

fn how(record: &RunRecord, gate: &str, checks: &[&CheckRecord]) -> String {
    let mut script = String::from("# All of it, in a clone of the commit below:\n");
    script.push_str(&command_line(record, gate));
    script.push_str("\n\n# Or each check by hand:\n");
    for (n, check) in checks.iter().enumerate() {
        script.push_str(&by_hand(record, n + 1, check));
    }
    format!(
        "### HOW to verify (cold-clone commands)\n\n{}\n",
        fence("bash", &script)
    )
}

fn by_hand(record: &RunRecord, n: usize, check: &CheckRecord) -> String {
    let mut out = format!("# {n}. {}: {}\n", comment(&check.id), comment(&check.claim));
    let fixtures: Vec<&FixtureRecord> = check
        .with
        .iter()
        .filter_map(|name| record.fixtures.iter().find(|fixture| fixture.name == *name))
        .collect();
    for name in &check.with {
        out.push_str(&format!("# Under the fixture {}:\n", comment(name)));
    }
    for fixture in &fixtures {
        for step in fixture.steps.iter().filter(|step| step.step == "do") {
            out.push_str(&format!(
                "#   Disturb (on {}): {}\n",
                comment(&fixture.on),
                comment(&step.asked)
            ));
        }
    }
    let line = text::visible(check.reproduce.trim());
    if line.starts_with("human:") {
        out.push_str("# ");
    }
    out.push_str(&line);
    out.push('\n');
    if neutralise(&line) != line {
        out.push_str(
            "# (A backslash was put into the line above, so that it does not read as a gate state;\n\
             # the claim file has the exact text.)\n",
        );
    }
    out.push_str(&format!("# EXPECTED: {}\n", comment(&check.expected)));
    for fixture in fixtures.iter().rev() {
        for step in fixture.steps.iter().filter(|step| step.step == "undo") {
            out.push_str(&format!(
                "#   Restore (on {}): {}\n",
                comment(&fixture.on),
                comment(&step.asked)
            ));
        }
    }
    out
}

fn expected(checks: &[&CheckRecord]) -> String {
    let mut out = String::from("### EXPECTED outcomes\n\n| Check | Expected |\n|---|---|\n");
    for check in checks {
        out.push_str(&format!(
            "| {} | {} |\n",
            code_cell(&check.id),
            code_cell(&check.expected)
        ));
    }
    out + "\n"
}

fn where_(record: &RunRecord, checks: &[&CheckRecord]) -> String {
    let mut out = format!(
        "### WHERE (commit sha)\n\n- Commit: {}\n- Claim file: {} (sha256 {})\n",
        commit_words(record),
        code(&record.claim.path),
        code(&record.claim.sha256)
    );
    let used = |name: &str| {
        checks.iter().any(|check| check.on == name)
            || record.fixtures.iter().any(|fixture| {
                fixture.on == name
                    && checks
                        .iter()
                        .any(|check| check.with.contains(&fixture.name))
            })
    };
    for host in record.hosts.iter().filter(|host| used(&host.name)) {
        let revision = host.revision.as_deref().map_or_else(
            || "revision unknown".to_owned(),
            |r| format!("revision {}", code(r)),
        );
        out.push_str(&format!(
            "- Host {} ({}): {revision}\n",
            code(&host.name),
            code(&host.destination)
        ));
    }
    out
}
