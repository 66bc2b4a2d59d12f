//! The JOURNAL entry of a gate: who ran it, the observations, and what was disturbed.
//!
//! `audit` renders entries again and compares them: a change of this text makes old documents
//! differ from their records.

use super::escape::{code, code_cell, fence, prose};
use super::{changed_values, commit_text, line_that_was_run, outcome_label, partial_selection};
use crate::record::{CheckRecord, FixtureRecord, ObservationRecord, RunRecord, StreamRecord};
use crate::report::documents::{Block, Document};
use crate::report::{explain, text};
use claim::outcome::Outcome;
use kit::count::count;

/// The most lines of each stream that an entry quotes; the record has more.
const QUOTED_LINES: usize = 40;
/// The most bytes of each stream that an entry quotes.
const QUOTED_BYTES: usize = 4_000;

/// The entry of one gate of the record for `JOURNAL-<phase>.md`: who, the results, what was
/// disturbed and whether it is back, and each command with its bounded output. See the rules in
/// [`super`].
///
/// `None` when the record has no check of that gate.
pub fn journal_entry(record: &RunRecord, gate: &str) -> Option<Block> {
    let checks: Vec<&CheckRecord> = record.checks_of(gate).collect();
    if checks.is_empty() {
        return None;
    }
    let mut body = format!(
        "## {} — {}: run {}\n\n",
        text::time(record.started),
        prose(gate),
        prose(&record.run_id)
    );
    body.push_str(&who(record));
    body.push_str(&results(record, &checks));
    body.push_str(&disturbed(record, &checks));
    if !record.notes.is_empty() {
        body.push_str("**Notes.**\n\n");
        for note in &record.notes {
            body.push_str(&format!("- {}\n", prose(note)));
        }
        body.push('\n');
    }
    body.push_str(&observations(&checks));
    Some(Block::new(Document::Journal, record, gate, body))
}

fn who(record: &RunRecord) -> String {
    let role = record.role.as_deref().unwrap_or("no role");
    let mut out = format!(
        "- **Who:** {} ({}), {}, with {}\n- **When:** {} to {} ({})\n- **Commit:** {}\n- **Claim file:** {} (sha256 {})\n",
        prose(&record.who),
        prose(role),
        prose(&record.tool),
        code(&line_that_was_run(record)),
        text::time(record.started),
        text::time(record.ended),
        text::run_duration(record),
        commit_text(record),
        code(&record.claim.path),
        code(&record.claim.sha256),
    );
    if let Some(options) = changed_values(record) {
        out.push_str(&format!("- **Not the claimed file:** {}\n", code(&options)));
    }
    if let Some(selection) = partial_selection(record) {
        out.push_str(&format!("- **Not the whole gate:** {}\n", code(selection)));
    }
    for host in &record.hosts {
        let or_unknown = |value: Option<&str>| value.map_or_else(|| "unknown".to_owned(), code);
        let skew = host
            .clock_skew_ms
            .map_or_else(|| "unknown".to_owned(), |ms| format!("{ms} ms"));
        out.push_str(&format!(
            "- **Host:** {} ({}), revision {}, boot {}, clock skew {skew}\n",
            code(&host.name),
            code(&host.destination),
            or_unknown(host.revision.as_deref()),
            or_unknown(host.boot_id.as_deref()),
        ));
    }
    out + "\n"
}

fn results(record: &RunRecord, checks: &[&CheckRecord]) -> String {
    let outcomes: Vec<Outcome> = checks.iter().map(|check| check.outcome).collect();
    let mut out = format!(
        "**Results.** {}; the run ended with exit {} ({}).\n\n\
         | # | Check | Expected | Observed | Result | Time |\n|---|---|---|---|---|---|\n",
        text::tally(&outcomes),
        record.exit_code,
        explain::exit_meaning(record)
    );
    for (n, check) in checks.iter().enumerate() {
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            n + 1,
            code_cell(&check.id),
            code_cell(&text::cut(&text::visible(&text::expected(check)), 240)),
            code_cell(&text::cut(&text::visible(&text::observed(check)), 240)),
            outcome_label(check.outcome),
            text::duration(check.duration_ms)
        ));
    }
    out + "\n"
}

fn disturbed(record: &RunRecord, checks: &[&CheckRecord]) -> String {
    let mut out = String::new();
    for fixture in &record.fixtures {
        if checks
            .iter()
            .any(|check| check.with.contains(&fixture.name))
        {
            out.push_str(&fixture_item(fixture));
        }
    }
    if out.is_empty() {
        return "**Disturbed and restored.** Nothing was disturbed.\n\n".to_owned();
    }
    format!("**Disturbed and restored.**\n\n{out}\n")
}

fn fixture_item(fixture: &FixtureRecord) -> String {
    let mark = if fixture.restored { "✅" } else { "🚨" };
    let mut out = format!("- {mark} {}\n", prose(&explain::fixture_line(fixture)));
    for step in &fixture.steps {
        let held = if step.held {
            ""
        } else {
            " — **did not hold**"
        };
        out.push_str(&format!(
            "  - {}: {} → {} ({}, {}){held}\n",
            prose(&step.step),
            code(&step.asked),
            code(&step.observed),
            count(step.attempts, "attempt"),
            text::duration(step.duration_ms)
        ));
    }
    if let Some(remedy) = &fixture.remedy {
        out.push_str(&format!("  - **To be done by hand:** {}\n", code(remedy)));
    }
    out
}

/// What was seen of each check: first of those that are not PASS; the others are folded.
fn observations(checks: &[&CheckRecord]) -> String {
    let (passed, others): (Vec<_>, Vec<_>) = (1..)
        .zip(checks)
        .partition(|(_, check)| check.outcome == Outcome::Pass);
    let mut out = String::from("**Observations.**\n");
    for (n, check) in others {
        out.push_str(&observation(n, check));
    }
    if !passed.is_empty() {
        out.push_str(&format!(
            "\n<details><summary>{} that passed</summary>\n",
            count(passed.len(), "check")
        ));
        for (n, check) in passed {
            out.push_str(&observation(n, check));
        }
        out.push_str("\n</details>\n");
    }
    out
}

fn observation(n: usize, check: &CheckRecord) -> String {
    let mut out = format!(
        "\n**{n}. {}** — {}: {}, {}, {}\n\n",
        code(&check.id),
        prose(&check.claim),
        outcome_label(check.outcome),
        count(check.attempts, "attempt"),
        text::duration(check.duration_ms)
    );
    let line = text::visible(check.reproduce.trim());
    let prompt = if line.starts_with("human:") { "" } else { "$ " };
    let mut transcript = format!("{prompt}{line}\n");
    match &check.observation {
        None => transcript.push_str(&format!("→ {}\n", text::visible(&check.observed))),
        Some(ObservationRecord::Command {
            exit,
            signal,
            stdout,
            stderr,
        }) => {
            transcript.push_str(&quoted(stdout));
            if stderr.bytes > 0 {
                transcript.push_str("→ standard error:\n");
                transcript.push_str(&quoted(stderr));
            }
            match (exit, signal) {
                (_, Some(signal)) => transcript.push_str(&format!("→ ended by signal {signal}\n")),
                (Some(exit), None) => transcript.push_str(&format!("→ exit {exit}\n")),
                (None, None) => transcript.push_str("→ no ending was seen\n"),
            }
        }
        Some(ObservationRecord::Http(answers)) => {
            for answer in answers {
                let what = match (answer.status, &answer.no_answer) {
                    (Some(status), _) => format!("HTTP {status}"),
                    (None, cause) => format!(
                        "no answer: {} ({})",
                        cause.as_deref().unwrap_or("cause unknown"),
                        answer.detail.as_deref().unwrap_or("no detail")
                    ),
                };
                let line = format!(
                    "→ from {}: {what}, {}",
                    answer.vantage,
                    text::duration(answer.duration_ms)
                );
                transcript.push_str(&text::visible(&line));
                transcript.push('\n');
                transcript.push_str(&answer.body.as_ref().map(quoted).unwrap_or_default());
            }
        }
    }
    out.push_str(&fence("", &transcript));
    for finding in &check.findings {
        out.push_str(&format!("\n- {}", prose(&finding.subject)));
        // A finding that is only a note has neither.
        if !finding.expected.is_empty() || !finding.observed.is_empty() {
            out.push_str(&format!(
                ": expected {}, observed {}",
                code(&finding.expected),
                code(&finding.observed)
            ));
        }
        if let Some(note) = &finding.note {
            out.push_str(&format!(" — {}", prose(note)));
        }
        if let Some(place) = &finding.place {
            out.push_str(&format!(" ({})", code(place)));
        }
    }
    if !check.findings.is_empty() {
        out.push('\n');
    }
    if let Some(control) = &check.control {
        let verdict = if control.red {
            "as declared"
        } else {
            "**not as declared: the check has no teeth**"
        };
        out.push_str(&format!(
            "\n- control: expected {}, observed {}, {verdict}\n",
            code(&control.expected),
            code(&control.observed)
        ));
    }
    out
}

/// The beginning of a stream, and how much more there was.
fn quoted(stream: &StreamRecord) -> String {
    let mut end = stream.text.len().min(QUOTED_BYTES);
    while !stream.text.is_char_boundary(end) {
        end -= 1;
    }
    if let Some((line_end, _)) = stream.text[..end].match_indices('\n').nth(QUOTED_LINES - 1) {
        end = line_end + 1;
    }
    let mut out = stream.text[..end].to_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    if end < stream.text.len() {
        out.push_str(&format!(
            "→ … the first {end} of {} bytes; the record of the run has more\n",
            stream.bytes
        ));
    } else if stream.truncated {
        out.push_str(&format!(
            "→ … the first {end} of {} bytes; the rest was not kept\n",
            stream.bytes
        ));
    }
    out
}
