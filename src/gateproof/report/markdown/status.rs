//! The STATUS block of a gate: WHAT, HOW, EXPECTED and WHERE, and no result.
//!
//! `audit` renders blocks again and compares them: a change of this text makes old documents
//! differ from their records.

use super::escape::{code, code_cell, comment, fence, neutralise, prose};
use super::{changed_values, command_line, commit_text, partial_selection};
use crate::record::{CheckRecord, PlannedStep, RunRecord};
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
    let mut body = format!("## Gate: {}\n\n", prose(gate));
    body.push_str(&what(record, gate, title, &checks));
    body.push_str(&how(record, gate, &checks));
    body.push_str(&expected(&checks));
    body.push_str(&where_(record, &checks));
    Some(Block::new(Document::Status, record, gate, body))
}

/// What has become of a claim, as STATUS tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimStanding<'s> {
    /// What a renewed claim comes after, such as `A1`.
    pub after: Option<&'s str>,
    /// The run of the review that passed it, once the phase is done.
    pub passed: Option<&'s str>,
}

/// The STATUS block of a claim that was made: as [`status_block`], with the state in its heading, in
/// a form that people and watchers know.
///
/// `None` if the record is not of a claim ([`Act::Claim`](crate::record::Act)), or has no check of
/// that gate.
pub fn claim_block(record: &RunRecord, gate: &str, standing: ClaimStanding<'_>) -> Option<Block> {
    if record.act != crate::record::Act::Claim {
        return None;
    }
    let mut block = status_block(record, gate)?;
    let ClaimStanding { after, passed } = standing;
    let named = [("after", after), ("passed", passed)];
    let inputs = named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    block.inputs.extend(inputs);
    let state = match (passed, after) {
        (Some(_), _) => "PASS".to_owned(),
        (None, Some(_)) => "RE-CLAIMED, awaiting Adversary".to_owned(),
        (None, None) => "CLAIMED, awaiting Adversary".to_owned(),
    };
    let again = after.map_or_else(String::new, |after| {
        format!(" as a re-claim after {}", prose(after))
    });
    let next = match passed {
        Some(review) => format!("Judged by the review {}.", prose(review)),
        None => format!(
            "Verify it from a clone of your own: {}",
            code(&format!("gateproof review {}", kit::shell::quote(gate)))
        ),
    };
    let heading = format!("## Gate: {}\n", prose(gate));
    let rest = block.body.strip_prefix(&*heading).unwrap_or(&block.body);
    let body = format!(
        "## Gate: {} — {state}\n\nClaimed {}, run {}{again}. {next}\n{rest}",
        prose(gate),
        record.ended.format("%Y-%m-%dT%H:%MZ"),
        prose(&record.run_id),
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

/// The steps of the fixtures of a check: as the claim file has them, so that they do not depend on
/// how far a run came. Records of older versions have only the steps that were taken.
fn fixtures_of(record: &RunRecord, check: &CheckRecord) -> Vec<Vec<PlannedStep>> {
    let steps = |name: &String| {
        let mut planned = record.planned_fixtures.iter();
        if let Some(planned) = planned.find(|it| it.name == *name) {
            return Some(planned.steps.clone());
        }
        let mut taken = record.fixtures.iter();
        let taken = taken.find(|fixture| fixture.name == *name)?;
        let steps = taken.steps.iter().map(|step| PlannedStep {
            step: step.step.clone(),
            on: taken.on.clone(),
            asked: step.asked.clone(),
            expected: step.expected.clone(),
        });
        Some(steps.collect())
    };
    check.with.iter().filter_map(steps).collect()
}

/// How to put the fixtures of a check into force by hand.
fn disturb(record: &RunRecord, check: &CheckRecord) -> String {
    let mut out = String::new();
    for name in &check.with {
        out.push_str(&format!("# Under the fixture {}:\n", comment(name)));
    }
    for fixture in fixtures_of(record, check) {
        out.push_str(&steps(&fixture, "baseline", "Before"));
        out.push_str(&steps(&fixture, "service", "Keep running"));
        out.push_str(&steps(&fixture, "do", "Disturb"));
        out.push_str(&steps(&fixture, "until", "Wait until"));
    }
    out
}

/// How the fixtures are undone, and how to check that everything is back.
fn restore(record: &RunRecord, check: &CheckRecord) -> String {
    let mut out = String::new();
    for fixture in fixtures_of(record, check).iter().rev() {
        out.push_str(&steps(fixture, "undo", "Restore"));
        out.push_str(&steps(fixture, "settled", "Wait until"));
        out.push_str(&steps(fixture, "baseline again", "And again"));
    }
    out
}

/// The steps of one kind as comments, with what is expected and never what was observed. For a
/// `do` or `undo` that only has to succeed nothing is expected.
fn steps(fixture: &[PlannedStep], kind: &str, label: &str) -> String {
    let steps = fixture.iter().filter(|step| step.step == kind);
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
                comment(&step.on),
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
    out.push_str(&format!(
        "# EXPECTED: {}\n",
        comment(&text::expected(check))
    ));
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
            code_cell(&text::expected(check))
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
