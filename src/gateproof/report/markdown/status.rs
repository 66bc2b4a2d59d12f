//! The STATUS block of a gate: WHAT, HOW, EXPECTED and WHERE, and no result.
//!
//! `audit` renders blocks again and compares them: a change of this text makes old documents
//! differ from their records.

use super::escape::{code, code_cell, comment, fence, neutralise, prose};
use super::{changed_values, command_line, commit_text, partial_selection};
use crate::record::{CheckRecord, FixtureRecord, RunRecord};
use crate::report::documents::{Block, Document};
use crate::report::text;

/// The block of one gate of the record for `STATUS-<phase>.md`: what is claimed, the commands
/// that verify it from a cold clone, what to expect, and the commit. It has no observation and no
/// outcome; see the rules in [`super`].
///
/// `None` when the record has no check of that gate.
pub fn status_block(record: &RunRecord, gate: &str) -> Option<Block> {
    let (_, title) = text::gates(record)
        .into_iter()
        .find(|(name, _)| *name == gate)?;
    let checks: Vec<&CheckRecord> = record.checks_of(gate).collect();
    let mut body = what(record, gate, title, &checks);
    body.push_str(&how(record, gate, &checks));
    body.push_str(&expected(&checks));
    body.push_str(&where_(record, &checks));
    Some(Block::new(Document::Status, record, gate, body))
}

/// The STATUS block of a claim that was made: the state, in a form that people and watchers know,
/// and then as [`status_block`]. `after` says what a renewed claim comes after, such as `A1`.
///
/// `None` if the record is not of a claim ([`Act::Claim`](crate::record::Act)), or has no check of
/// that gate.
pub fn claim_block(record: &RunRecord, gate: &str, after: Option<&str>) -> Option<Block> {
    if record.act != crate::record::Act::Claim {
        return None;
    }
    let mut block = status_block(record, gate)?;
    let inputs = after.map(|after| ("after".to_owned(), after.to_owned()));
    block.inputs.extend(inputs);
    let (word, tail) = match after {
        Some(after) => ("RE-CLAIMED", format!("re-claim after {}, ", prose(after))),
        None => ("CLAIMED", String::new()),
    };
    let body = format!(
        "Gate: **{} {word}, awaiting Adversary** ({tail}claimed {}, run {})\n\n\
         Verify it from a clone of your own: {}\n\n{}",
        prose(gate),
        record.ended.format("%Y-%m-%dT%H:%MZ"),
        prose(&record.run_id),
        code(&format!("gateproof review {}", kit::shell::quote(gate))),
        *block.body
    );
    block.body = crate::secrets::redact_known(&body);
    Some(block)
}

fn what(record: &RunRecord, gate: &str, title: &str, checks: &[&CheckRecord]) -> String {
    let title = match title {
        "" => String::new(),
        title => format!(" — {}", prose(title)),
    };
    let mut out = format!(
        "### WHAT is claimed\n\n**{}**{title} (phase {}).\n\n",
        prose(gate),
        prose(&text::titled(&record.claim.phase, &record.claim.title))
    );
    if let Some(options) = changed_values(record) {
        out.push_str(&format!("**Not the claimed file:** {}\n\n", code(&options)));
    }
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
        let same = |other: Option<&&CheckRecord>| other.is_some_and(|o| o.with == check.with);
        // One disturbance serves all checks in a row that need it, also by hand.
        if !same(n.checked_sub(1).and_then(|before| checks.get(before))) {
            script.push_str(&disturb(record, check));
        }
        script.push_str(&by_hand(n + 1, check));
        if !same(checks.get(n + 1)) {
            script.push_str(&restore(record, check));
        }
    }
    format!(
        "### HOW to verify (cold-clone commands)\n\n{}\n",
        fence("bash", &script)
    )
}

fn fixtures_of<'r>(record: &'r RunRecord, check: &CheckRecord) -> Vec<&'r FixtureRecord> {
    let named = |name: &String| record.fixtures.iter().find(|fixture| fixture.name == *name);
    check.with.iter().filter_map(named).collect()
}

/// How to put the fixtures of a check into force by hand.
fn disturb(record: &RunRecord, check: &CheckRecord) -> String {
    let mut out = String::new();
    for name in &check.with {
        out.push_str(&format!("# Under the fixture {}:\n", comment(name)));
    }
    for fixture in fixtures_of(record, check) {
        out.push_str(&steps(fixture, "baseline", "Before"));
        out.push_str(&steps(fixture, "do", "Disturb"));
        out.push_str(&steps(fixture, "until", "Wait until"));
    }
    out
}

/// How the fixtures are undone, and how to check that everything is back.
fn restore(record: &RunRecord, check: &CheckRecord) -> String {
    let mut out = String::new();
    for fixture in fixtures_of(record, check).into_iter().rev() {
        out.push_str(&steps(fixture, "undo", "Restore"));
        out.push_str(&steps(fixture, "settled", "Wait until"));
        out.push_str(&steps(fixture, "baseline again", "And again"));
    }
    out
}

/// The steps of one kind as comments, with what is expected and never what was observed. For a
/// `do` or `undo` that only has to succeed nothing is expected.
fn steps(fixture: &FixtureRecord, kind: &str, label: &str) -> String {
    let steps = fixture.steps.iter().filter(|step| step.step == kind);
    steps
        .map(|step| {
            let act = matches!(kind, "do" | "undo") && step.expected == "exit 0";
            let expected = if act {
                String::new()
            } else {
                format!(" (expected: {})", comment(&step.expected))
            };
            format!(
                "#   {label} (on {}): {}{expected}\n",
                comment(&fixture.on),
                comment(&step.asked)
            )
        })
        .collect()
}

fn by_hand(n: usize, check: &CheckRecord) -> String {
    let mut out = format!("# {n}. {}: {}\n", comment(&check.id), comment(&check.claim));
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
    out
}

fn expected(checks: &[&CheckRecord]) -> String {
    // Records in which nobody looked for teeth have no such column.
    let looked = checks.iter().any(|check| check.teeth.is_some());
    let mut out = String::from("### EXPECTED outcomes\n\n");
    out.push_str(if looked {
        "| Check | Expected | What shows that it can fail |\n|---|---|---|\n"
    } else {
        "| Check | Expected |\n|---|---|\n"
    });
    for check in checks {
        let teeth = match &check.teeth {
            Some(teeth) => format!(" {} |", prose(teeth.word())),
            None if looked => " not looked for |".to_owned(),
            None => String::new(),
        };
        out.push_str(&format!(
            "| {} | {} |{teeth}\n",
            code_cell(&check.id),
            code_cell(&check.expected)
        ));
    }
    out + "\n"
}

fn where_(record: &RunRecord, checks: &[&CheckRecord]) -> String {
    let mut out = format!(
        "### WHERE (commit sha)\n\n- Commit: {}\n- Claim file: {} (sha256 {})\n",
        commit_text(record),
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
