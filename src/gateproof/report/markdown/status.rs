//! The STATUS block of a gate: WHAT with what is EXPECTED, HOW and WHERE, and no result.
//!
//! `audit` renders blocks again and compares them: a change of this text makes old documents
//! differ from their records.

use super::escape::{code, code_cell, comment, fence, neutralise, prose};
use super::{FreshClone, changed_values, command_line, commit_text, partial_selection};
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
    body.push_str(&what(record, gate, title));
    body.push_str(&expected(&checks));
    body.push_str(&how(record, gate, &checks));
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

fn what(record: &RunRecord, gate: &str, title: &str) -> String {
    let title = match title {
        "" => String::new(),
        title => format!(" — {}", prose(title)),
    };
    let mut out = format!(
        "### WHAT is claimed, and EXPECTED outcomes\n\n**{}**{title} (phase {}).\n\n",
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
    out + &words(record, gate)
}

/// What the claim file says of the gate, and what git says was changed for it.
fn words(record: &RunRecord, gate: &str) -> String {
    let mut found = record.words.iter();
    let Some(words) = found.find(|words| words.gate == gate) else {
        return String::new();
    };
    let mut out = String::new();
    for paragraph in words.why.split("\n\n").filter(|it| !it.trim().is_empty()) {
        let lines: Vec<&str> = paragraph.split_whitespace().collect();
        out.push_str(&format!("{}\n\n", prose(&lines.join(" "))));
    }
    if !words.after.is_empty() {
        let gates: Vec<String> = words.after.iter().map(|gate| prose(gate)).collect();
        out.push_str(&format!("- **After:** {}\n", gates.join(", ")));
    }
    if let Some(owner) = &words.owner {
        out.push_str(&format!("- **Owner:** {}\n", prose(owner)));
    }
    for changed in &words.changed {
        let lines: Vec<&str> = changed.split_whitespace().collect();
        out.push_str(&format!("- **Changed:** {}\n", prose(&lines.join(" "))));
    }
    if let Some(since) = &words.since {
        let commit = since.commit.get(..12).unwrap_or(&since.commit);
        let mut files: Vec<String> = since.files.iter().take(FILES).map(|it| code(it)).collect();
        match since.files.len().saturating_sub(FILES) {
            0 if files.is_empty() => files.push("none".to_owned()),
            0 => {}
            more => files.push(format!("and {more} more")),
        }
        out.push_str(&format!(
            "- **Changed files** since the claim of {} at {}: {}\n",
            prose(&since.gate),
            code(commit),
            files.join(", ")
        ));
    }
    if out.ends_with("\n\n") || out.is_empty() {
        return out;
    }
    out + "\n"
}

/// So many changed files are named.
const FILES: usize = 20;

fn how(record: &RunRecord, gate: &str, checks: &[&CheckRecord]) -> String {
    let mut script = String::new();
    let cold = FreshClone::of(record);
    let lines = || {
        let of_fixtures = checks.iter().flat_map(|check| fixtures_of(record, check));
        let of_fixtures = of_fixtures.flatten().filter_map(|step| step.by_hand);
        let of_checks = checks.iter().map(|check| check.reproduce.clone());
        of_checks.chain(of_fixtures)
    };
    if let Some(made) = cold.made_for(lines()) {
        script.push_str(&format!("# In a fresh clone of the commit:\n{made}\n"));
    }
    if lines().any(|line| line.contains("ssh ")) {
        script.push_str("# Another OpenSSH configuration: export GATEPROOF_SSH_CONFIG=FILE\n");
        script.push_str(SSH);
    }
    for (n, check) in checks.iter().enumerate() {
        let same = |other: Option<&&CheckRecord>| other.is_some_and(|o| o.with == check.with);
        // One disturbance serves all checks in a row that need it, also by hand.
        if !same(n.checked_sub(1).and_then(|before| checks.get(before))) {
            script.push_str(&disturb(record, check, &cold));
        }
        script.push_str(&by_hand(n + 1, check, &cold));
        if !same(checks.get(n + 1)) {
            script.push_str(&restore(record, check, &cold));
        }
    }
    format!(
        "### HOW to verify (cold-clone commands)\n\nAll of it, in a clone of the commit below: {}\n\n\
         <details><summary>Or each check by hand, in bash</summary>\n\n{}\n</details>\n\n",
        code(&command_line(record, gate)),
        fence("bash", &script)
    )
}

/// What lets the lines of HOW take another OpenSSH configuration than the user's own. A line does not
/// read what is pasted behind it; only a script is read by the host.
const SSH: &str = "ssh_script() { command ssh ${GATEPROOF_SSH_CONFIG:+-F \"$GATEPROOF_SSH_CONFIG\"} \"$@\"; }\n\
                   ssh() { ssh_script \"$@\" < /dev/null; }\n";

/// A line or a here-document as it is pasted.
fn pasted(text: &str, cold: &FreshClone) -> String {
    let text = text.trim();
    let (head, rest) = match text.split_once('\n') {
        None => return text::visible(cold.line(text).trim()),
        Some(parts) => parts,
    };
    let head = match head.strip_prefix("ssh ") {
        Some(to) => format!("ssh_script {to}"),
        None => cold.line(head),
    };
    let rest = rest.split('\n').map(text::visible);
    let lines = [text::visible(head.trim())].into_iter().chain(rest);
    lines.collect::<Vec<_>>().join("\n")
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
            by_hand: None,
        });
        Some(steps.collect())
    };
    check.with.iter().filter_map(steps).collect()
}

/// How to put the fixtures of a check into force by hand.
fn disturb(record: &RunRecord, check: &CheckRecord, cold: &FreshClone) -> String {
    let mut out = String::new();
    for name in &check.with {
        out.push_str(&format!("# Under the fixture {}:\n", comment(name)));
    }
    for fixture in fixtures_of(record, check) {
        out.push_str(&steps(&fixture, "baseline", "Before", cold));
        out.push_str(&steps(&fixture, "service", "Keep running", cold));
        out.push_str(&steps(&fixture, "do", "Disturb", cold));
        out.push_str(&steps(&fixture, "until", "Wait until", cold));
    }
    out
}

/// How the fixtures are undone, and how to check that everything is back.
fn restore(record: &RunRecord, check: &CheckRecord, cold: &FreshClone) -> String {
    let mut out = String::new();
    for fixture in fixtures_of(record, check).iter().rev() {
        out.push_str(&steps(fixture, "undo", "Restore", cold));
        out.push_str(&steps(fixture, "settled", "Wait until", cold));
        out.push_str(&steps(fixture, "baseline again", "And again", cold));
    }
    out
}

/// The steps of one kind, with what is expected and never what was observed. For a `do` or `undo` that
/// only has to succeed nothing is expected. What runs all the while, and what records of older versions
/// have, stands in comments.
fn steps(fixture: &[PlannedStep], kind: &str, label: &str, cold: &FreshClone) -> String {
    let steps = fixture.iter().filter(|step| step.step == kind);
    steps
        .map(|step| {
            let act = matches!(kind, "do" | "undo") && step.expected == "exit 0";
            let expected = if act {
                String::new()
            } else {
                format!(" (expected: {})", comment(&step.expected))
            };
            let on = comment(&step.on);
            match &step.by_hand {
                Some(line) => {
                    let line = pasted(line, cold);
                    format!("# {label} (on {on}){expected}:\n{line}\n")
                }
                None => format!(
                    "#   {label} (on {on}): {}{expected}\n",
                    comment(&step.asked)
                ),
            }
        })
        .collect()
}

fn by_hand(n: usize, check: &CheckRecord, cold: &FreshClone) -> String {
    let mut out = format!(
        "\n# {n}. {}: {}\n",
        comment(&check.id),
        comment(&check.claim)
    );
    if let Some(wait) = &check.waiting {
        out.push_str(&text::visible(cold.line(wait).trim()));
        out.push('\n');
    }
    let line = pasted(check.script.as_ref().unwrap_or(&check.reproduce), cold);
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

/// One row for each check: what it claims, and what is expected.
fn expected(checks: &[&CheckRecord]) -> String {
    // Records in which nobody looked for teeth have no such column.
    let looked = checks.iter().any(|check| check.teeth.is_some());
    let mut out = String::from(if looked {
        "| # | Check | Claim | Expected | What shows that it can fail |\n|---|---|---|---|---|\n"
    } else {
        "| # | Check | Claim | Expected |\n|---|---|---|---|\n"
    });
    for (n, check) in checks.iter().enumerate() {
        let teeth = match &check.teeth {
            Some(teeth) => format!(" {} |", prose(&teeth.brief())),
            None if looked => " not looked for |".to_owned(),
            None => String::new(),
        };
        out.push_str(&format!(
            "| {} | {} | {} | {} |{teeth}\n",
            n + 1,
            code_cell(&check.id),
            prose(&check.claim),
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
